#pragma once

#include "api/answer.h"
#include "api/model_info.h"
#include <mullama/result.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace mullama::test {

/// The seed of all names that the dialects make up.
inline constexpr std::uint64_t kSeed = 7;

/// A moment some milliseconds after the one at which all scripts begin.
api::WallTime moment(std::int64_t offset_ms = 0);

/// One answer as a server brings it to a dialect.
struct Script {
    api::AnswerStart start = {};
    std::vector<api::AnswerDelta> deltas = {};
    api::AnswerEnd end = {};
};

/// Text of several alphabets, with quotes and line breaks of all kinds.
Script text_script();
/// Thinking, then text.
Script thinking_script();
/// A text and two calls, one of which names itself and is written over several lines.
Script calls_script();
/// A call that turns out to be none.
Script broken_call_script();
/// Text with the logprobs of its tokens, one of which ends amid a character, and one without text.
Script logprobs_script();
/// Text that is cut off by its limit.
Script length_script();
/// Text that ends at the stop string "END".
Script stop_script();
/// No text at all.
Script empty_script();
/// Text, and then the engine fails.
Script failing_script();

/// Answers side by side, as one stream.
std::string stream_of(api::AnswerFormat& format, std::vector<Script> scripts);
/// The same answers at once.
std::string whole_of(api::AnswerFormat& format, std::vector<Script> scripts);

/// What is told of a model.
api::ModelInfo sample_model();

/// The call that a test relies on.
template <typename Call>
Call expect_call(Result<Call> call) {
    if (!call) throw std::runtime_error(call.error().message);
    return std::move(call).value();
}

/// The message that a test relies on.
template <typename Call>
std::string expect_refusal(const Result<Call>& call) {
    if (call) throw std::runtime_error("the body is accepted");
    return call.error().message;
}

}  // namespace mullama::test
