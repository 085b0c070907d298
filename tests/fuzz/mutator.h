#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace mullama::test {

using Bytes = std::vector<std::byte>;

/// Changes bytes here and there. The same seed gives the same changes.
/// Threads: thread-compatible.
class Mutator {
  public:
    explicit Mutator(std::uint64_t seed) : random_(seed) {}

    /// `bytes` with one to four changes.
    Bytes mutate(Bytes bytes);

    /// A number from 0 on and below `limit`.
    std::size_t below(std::size_t limit) { return random_() % limit; }

  private:
    void change(Bytes& bytes);
    template <typename T>
    void overwrite(Bytes& bytes);
    void repeat(Bytes& bytes);

    std::mt19937_64 random_;
};

}  // namespace mullama::test
