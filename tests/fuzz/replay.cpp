// Runs the fuzz target over its corpus and over mutations of it without libFuzzer:
//   fuzz_gguf_replay MUTATIONS [SEED]
// The same numbers give the same inputs. Fails where a good file is refused or a broken one
// accepted.

#include "tests/fuzz/gguf_corpus.h"
#include "tests/fuzz/gguf_fuzz.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>

namespace {

using mullama::test::CorpusFile;
using mullama::test::gguf_corpus;
using mullama::test::try_gguf;
using Bytes = std::vector<std::byte>;

class Mutator {
  public:
    explicit Mutator(std::uint64_t seed) : random_(seed) {}

    Bytes mutate(Bytes bytes) {
        const std::size_t changes = 1 + below(4);
        for (std::size_t i = 0; i < changes; ++i) change(bytes);
        return bytes;
    }

    std::size_t below(std::size_t limit) { return random_() % limit; }

  private:
    void change(Bytes& bytes) {
        if (bytes.empty()) bytes.resize(1);
        switch (below(6)) {
            case 0:
                bytes[below(bytes.size())] ^= static_cast<std::byte>(1U << below(8));
                break;
            case 1:
                bytes[below(bytes.size())] = static_cast<std::byte>(below(256));
                break;
            case 2:
                overwrite<std::uint32_t>(bytes);
                break;
            case 3:
                overwrite<std::uint64_t>(bytes);
                break;
            case 4:
                bytes.resize(below(bytes.size()) + 1);
                break;
            case 5:
                repeat(bytes);
                break;
        }
    }

    // Puts a number that tends to break arithmetic over a random place.
    template <typename T>
    void overwrite(Bytes& bytes) {
        const std::uint64_t numbers[] = {
            0,
            1,
            2,
            3,
            7,
            8,
            9,
            12,
            13,
            31,
            32,
            33,
            255,
            65536,
            bytes.size(),
            UINT64_MAX,
            UINT64_MAX / 2,
            UINT64_MAX - 31,
            std::uint64_t{1} << below(64),
        };
        const auto number = static_cast<T>(numbers[below(std::size(numbers))]);
        const auto source = std::as_bytes(std::span<const T, 1>(&number, 1));
        const std::size_t place = below(bytes.size());
        const std::size_t count = std::min(sizeof(T), bytes.size() - place);
        std::copy_n(source.begin(), count, bytes.begin() + static_cast<std::ptrdiff_t>(place));
    }

    // Inserts a piece of the file once more.
    void repeat(Bytes& bytes) {
        const std::size_t start = below(bytes.size());
        const std::size_t count = 1 + below(std::min<std::size_t>(bytes.size() - start, 64));
        const Bytes piece(
            bytes.begin() + static_cast<std::ptrdiff_t>(start),
            bytes.begin() + static_cast<std::ptrdiff_t>(start + count)
        );
        const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(below(bytes.size()));
        bytes.insert(place, piece.begin(), piece.end());
    }

    std::mt19937_64 random_;
};

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
