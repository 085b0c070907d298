#pragma once

#include <cstddef>
#include <span>

namespace mullama::test {

/// Reads `bytes` as a GGUF file. Where it is accepted, uses every part of it, writes it again and
/// expects the same content back. Aborts where something does not hold, as a fuzzer wants it.
/// Returns: whether the file was accepted.
bool try_gguf(std::span<const std::byte> bytes);

}  // namespace mullama::test

/// libFuzzer's entry.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size);
