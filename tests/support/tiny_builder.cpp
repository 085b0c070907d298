#include "tests/support/tiny_builder.h"

#include <cmath>
#include <cstring>
#include <random>
#include <span>
#include <stdexcept>
#include <utility>

namespace mullama::test {

void expect_done(const Result<void>& result) {
    if (!result) throw std::runtime_error(result.error().message);
}

void TinyBuilder::set(const std::string& key, GgufValue value) {
    expect_done(writer_.set(key, std::move(value)));
}

void TinyBuilder::set_u32(const std::string& key, std::int64_t value) {
    set(key, static_cast<std::uint32_t>(value));
}

void TinyBuilder::matrix(const std::string& name, std::int64_t row_length, std::int64_t rows) {
    uniform(name, {row_length, rows}, 0.0F, std::sqrt(3.0F / static_cast<float>(row_length)));
}

void TinyBuilder::vector(const std::string& name, std::int64_t length, float middle, float spread) {
    uniform(name, {length}, middle, spread);
}

void TinyBuilder::convolution(const std::string& name, std::int64_t side, std::int64_t outputs) {
    const auto inputs = static_cast<float>(3 * side * side);
    uniform(name, {side, side, 3, outputs}, 0.0F, std::sqrt(3.0F / inputs));
}

void TinyBuilder::uniform(
    const std::string& name, std::vector<std::int64_t> shape, float middle, float spread
) {
    const std::uint64_t seed = seed_ * 1'000'003 + tensors_++;
    const auto fill = [seed, middle, spread](std::span<std::byte> out) -> Result<void> {
        // The standard's distributions differ between libraries, its engines do not.
        std::mt19937_64 engine(seed);
        for (std::size_t i = 0; i + sizeof(float) <= out.size(); i += sizeof(float)) {
            const float unit = static_cast<float>(engine() >> 40) * 0x1p-23F - 1.0F;
            const float number = middle + spread * unit;
            std::memcpy(&out[i], &number, sizeof number);
        }
        return {};
    };
    expect_done(writer_.add_tensor(name, GgufTensorType::kF32, std::move(shape), fill));
}

void TinyBuilder::write(const std::filesystem::path& path) const {
    expect_done(writer_.write(path));
}

}  // namespace mullama::test
