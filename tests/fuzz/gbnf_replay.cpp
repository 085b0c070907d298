// Runs the fuzz target over its corpus and over mutations of it without libFuzzer:
//   fuzz_gbnf_replay MUTATIONS [SEED]
// The same numbers give the same inputs. Fails where a grammar of the corpus is refused, or where
// no mutation of them is one.

#include "tests/fuzz/gbnf_fuzz.h"
#include "tests/fuzz/mutator.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

int main(int argc, char** argv) {
    using namespace mullama::test;
    const std::uint64_t mutations = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 10'000;
    Mutator mutator(argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1);
    const auto corpus = gbnf_corpus();
    bool right = true;
    for (const std::string_view grammar : corpus) {
        if (try_gbnf(grammar)) continue;
        std::fprintf(stderr, "refused: %s\n", std::string(grammar).c_str());
        right = false;
    }
    std::uint64_t accepted = 0;
    for (std::uint64_t i = 0; i < mutations; ++i) {
        const auto start = std::as_bytes(std::span(corpus[mutator.below(corpus.size())]));
        const Bytes bytes = mutator.mutate({start.begin(), start.end()});
        if (try_gbnf({reinterpret_cast<const char*>(bytes.data()), bytes.size()})) ++accepted;
    }
    std::printf(
        "%zu grammars, %llu mutations, %llu of them accepted\n",
        corpus.size(),
        static_cast<unsigned long long>(mutations),
        static_cast<unsigned long long>(accepted)
    );
    return right && (accepted > 0 || mutations == 0) ? 0 : 1;
}
