#pragma once

#include <mullama/gguf.h>
#include <mullama/model.h>
#include <mullama/result.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mullama {

/// Whether a model's file must have a value.
enum class Need : std::uint8_t { kOptional, kRequired };

/// The numbers that a file gives its architecture, by keys without the architecture's name:
/// "block_count" for "llama.block_count". What the caller overrides stands in for them.
/// Lifetime: borrows the file and the overrides.
class ModelValues {
  public:
    ModelValues(const GgufFile& file, std::span<const MetadataOverride> overrides);

    /// The architecture's name; empty where the file has none.
    std::string_view architecture() const;
    /// The whole key.
    std::string key(std::string_view name) const { return prefix_ + std::string(name); }

    std::optional<std::int64_t> integer(std::string_view key) const;
    std::optional<double> real(std::string_view key) const;
    /// A value for one layer, from a number or from a list with one for each layer.
    std::optional<std::int64_t> for_layer(std::string_view key, std::int64_t layer) const;

    /// Errors:  kCorrupt: not in [low, high], or missing and required.
    Result<void> check(
        std::string_view key, std::int64_t low, std::int64_t high, Need need = Need::kOptional
    ) const;
    /// Errors:  kCorrupt: neither a number nor a list of one for each layer, in [0, high].
    Result<void> check_layers(std::string_view key, std::int64_t layers, std::int64_t high) const;

  private:
    const GgufFile& file_;
    std::span<const MetadataOverride> overrides_;
    std::string prefix_;
};

/// The architecture's name in the file; empty where there is none.
std::string architecture_of(const GgufFile& file);

}  // namespace mullama
