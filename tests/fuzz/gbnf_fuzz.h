#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace mullama::test {

/// Grammars of every kind, to begin from.
std::span<const std::string_view> gbnf_corpus();

/// Checks `text` as a GBNF grammar and rewrites it, as for an answer. Aborts where something does
/// not hold, as a fuzzer wants it.
/// Returns: whether it is a grammar.
bool try_gbnf(std::string_view text);

}  // namespace mullama::test

/// libFuzzer's entry.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size);
