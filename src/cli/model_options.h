#pragma once

#include <mullama/result.h>
#include <mullama/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mullama::cli {

/// Options that take effect while a model is loaded. Unset ones are left to the library.
struct LoadSettings {
    std::optional<std::int32_t> num_ctx;
    std::optional<std::int32_t> num_batch;
    std::optional<std::int32_t> num_thread;
    std::optional<std::int32_t> num_gpu;
    std::optional<std::int32_t> main_gpu;
    std::optional<bool> use_mmap;

    friend bool operator==(const LoadSettings&, const LoadSettings&) = default;
};

/// All options of a run.
struct OptionValues {
    LoadSettings load;
    SamplingOptions sampling;
    std::int32_t max_tokens = -1;
    std::vector<std::string> stop;
};

/// What `--option KEY=VALUE` and `/set parameter KEY VALUE` set, under Ollama's names.
/// Threads: thread-compatible.
class ModelOptions {
  public:
    /// Sets one option. A list (stop) becomes `values`; the others take one value.
    /// Errors: kInvalidArgument: unknown, with the known ones named; no value or too many; not of
    ///         the option's type.
    Result<void> set(std::string_view name, std::span<const std::string> values);

    /// Sets one option from "KEY=VALUE". A list grows by VALUE.
    /// Errors: as set(), and where there is no '='.
    Result<void> set(std::string_view assignment);

    const OptionValues& values() const { return values_; }

    /// What was set, as the user wrote it, by name.
    const std::map<std::string, std::string>& given() const { return given_; }

  private:
    OptionValues values_;
    std::map<std::string, std::string> given_;
};

/// One option for people to read.
struct OptionHelp {
    std::string_view name;
    std::string_view type;  ///< "int", "float", "bool" or "string".
    std::string_view help;
};

/// All options that ModelOptions knows, in the order to print them.
std::vector<OptionHelp> option_help();

}  // namespace mullama::cli
