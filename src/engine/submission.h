#pragma once

#include "engine/decoder.h"
#include "engine/sequence.h"
#include <mullama/result.h>
#include <mullama/tokenizer.h>
#include <mullama/types.h>

#include <memory>

namespace mullama {

/// Bounds on the stop strings of a request.
inline constexpr std::size_t kStopStringsMax = 64;
inline constexpr std::size_t kStopStringBytesMax = 1024;

/// Checks a request, tokenizes its prompt and makes its sampler: all that needs no computing by the
/// model. The result lacks only its stream and the time.
/// Errors:  kInvalidArgument: see Engine::submit(); and those of Tokenizer::encode() and
///          Decoder::make_sampler().
/// Threads: any.
Result<std::unique_ptr<Sequence>> make_sequence(
    GenerateRequest request, const Tokenizer& tokenizer, const Decoder& decoder
);

}  // namespace mullama
