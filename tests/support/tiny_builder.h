#pragma once

#include <mullama/gguf.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace mullama::test {

/// Throws std::runtime_error with the message of an error.
void expect_done(const Result<void>& result);

/// Builds a GGUF file of random float32 tensors; each tensor's numbers follow from the seed and its
/// place alone. Every method throws std::runtime_error where GgufWriter refuses.
/// Threads: thread-compatible.
class TinyBuilder {
  public:
    explicit TinyBuilder(std::uint64_t seed) : seed_(seed) {}

    void set(const std::string& key, GgufValue value);
    void set_u32(const std::string& key, std::int64_t value);

    /// A matrix whose rows keep the size of what they multiply: uniform numbers of variance
    /// 1 / row length.
    void matrix(const std::string& name, std::int64_t row_length, std::int64_t rows);
    /// A vector of uniform numbers in [middle - spread, middle + spread).
    void vector(const std::string& name, std::int64_t length, float middle, float spread);
    /// A convolution over `side` x `side` pixels of 3 channels, to scale as matrix().
    void convolution(const std::string& name, std::int64_t side, std::int64_t outputs);
    /// Uniform numbers in [middle - spread, middle + spread).
    void uniform(
        const std::string& name, std::vector<std::int64_t> shape, float middle, float spread
    );

    void write(const std::filesystem::path& path) const;

  private:
    std::uint64_t seed_;
    std::uint64_t tensors_ = 0;
    GgufWriter writer_;
};

}  // namespace mullama::test
