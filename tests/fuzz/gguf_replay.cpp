// Runs the fuzz target over its corpus and over mutations of it without libFuzzer:
//   fuzz_gguf_replay MUTATIONS [SEED]
// The same numbers give the same inputs. Fails where a good file is refused or a broken one
// accepted.

#include "tests/fuzz/gguf_corpus.h"
#include "tests/fuzz/gguf_fuzz.h"
#include "tests/fuzz/mutator.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

using mullama::test::CorpusFile;
using mullama::test::gguf_corpus;
using mullama::test::Mutator;
using mullama::test::try_gguf;

int replay_corpus(const std::vector<CorpusFile>& corpus) {
    int wrong = 0;
    for (const CorpusFile& file : corpus) {
        const bool good = file.name.starts_with("good-");
        if (try_gguf(file.bytes) == good) continue;
        std::fprintf(stderr, "%s was %s\n", file.name.c_str(), good ? "refused" : "accepted");
        ++wrong;
    }
    return wrong;
}

}  // namespace

int main(int argc, char** argv) {
    const std::uint64_t mutations = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 10'000;
    Mutator mutator(argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1);
    const std::vector<CorpusFile> corpus = gguf_corpus();
    const int wrong = replay_corpus(corpus);
    std::uint64_t accepted = 0;
    for (std::uint64_t i = 0; i < mutations; ++i) {
        const CorpusFile& start = corpus[mutator.below(corpus.size())];
        if (try_gguf(mutator.mutate(start.bytes))) ++accepted;
    }
    std::printf(
        "%zu corpus files, %llu mutations, %llu of them accepted\n",
        corpus.size(),
        static_cast<unsigned long long>(mutations),
        static_cast<unsigned long long>(accepted)
    );
    return wrong == 0 ? 0 : 1;
}
