#include "cli/model_options.h"

#include "base/error.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <variant>

#include <fmt/ranges.h>

namespace mullama::cli {
namespace {

/// The field that an option sets.
using Target = std::variant<
    std::int32_t SamplingOptions::*,
    float SamplingOptions::*,
    std::optional<std::uint32_t> SamplingOptions::*,
    std::optional<std::int32_t> LoadSettings::*,
    std::optional<bool> LoadSettings::*,
    std::int32_t OptionValues::*,
    std::vector<std::string> OptionValues::*>;

struct Option {
    std::string_view name;
    Target target;
    std::string_view help;
};

const std::array kOptions = {
    Option{"num_ctx", &LoadSettings::num_ctx, "Context length in tokens (default 4096)"},
    Option{
        "num_predict",
        &OptionValues::max_tokens,
        "Most tokens to generate, -1 = until the context is full"
    },
    Option{
        "seed",
        &SamplingOptions::seed,
        "Start of the random draw, the same seed gives the same text"
    },
    Option{"stop", &OptionValues::stop, "Text that ends the answer, may be given several times"},
    Option{
        "temperature",
        &SamplingOptions::temperature,
        "Creativity, 0 = always the likeliest token (default 0.8)"
    },
    Option{
        "top_k",
        &SamplingOptions::top_k,
        "Choose among the k likeliest tokens, 0 = all (default 40)"
    },
    Option{
        "top_p",
        &SamplingOptions::top_p,
        "Choose among tokens with this total probability (default 0.9)"
    },
    Option{
        "min_p",
        &SamplingOptions::min_p,
        "Least probability next to the likeliest token's (default 0)"
    },
    Option{
        "typical_p", &SamplingOptions::typical_p, "Locally typical sampling, 1 = off (default 1)"
    },
    Option{
        "repeat_last_n",
        &SamplingOptions::repeat_last_n,
        "Tokens that penalties look back over, -1 = all (default 64)"
    },
    Option{
        "repeat_penalty",
        &SamplingOptions::repeat_penalty,
        "Penalty for repeated tokens, 1 = off (default 1)"
    },
    Option{
        "presence_penalty",
        &SamplingOptions::presence_penalty,
        "Penalty for tokens seen before (default 0)"
    },
    Option{
        "frequency_penalty",
        &SamplingOptions::frequency_penalty,
        "Penalty for each time a token was seen (default 0)"
    },
    Option{
        "mirostat",
        &SamplingOptions::mirostat,
        "1 or 2 = Mirostat instead of top_k, top_p and min_p (default 0)"
    },
    Option{
        "mirostat_tau",
        &SamplingOptions::mirostat_tau,
        "Mirostat's target surprise in bits (default 5)"
    },
    Option{
        "mirostat_eta", &SamplingOptions::mirostat_eta, "Mirostat's learning rate (default 0.1)"
    },
    Option{
        "num_thread", &LoadSettings::num_thread, "CPU threads, 0 = one for each core (default 0)"
    },
    Option{
        "num_batch", &LoadSettings::num_batch, "Prompt tokens computed at a time (default 2048)"
    },
    Option{"num_gpu", &LoadSettings::num_gpu, "Layers to put on GPUs, -1 = all (default -1)"},
    Option{
        "main_gpu", &LoadSettings::main_gpu, "The GPU to use where there are several (default 0)"
    },
    Option{
        "use_mmap",
        &LoadSettings::use_mmap,
        "Map the model file into memory (default: where it suits)"
    },
};

std::string known_names() {
    std::vector<std::string_view> names;
    for (const Option& option : kOptions) names.push_back(option.name);
    return fmt::format("{}", fmt::join(names, ", "));
}

std::string_view type_of(const Target& target) {
    struct Names {
        std::string_view operator()(float SamplingOptions::*) const { return "float"; }
        std::string_view operator()(std::optional<bool> LoadSettings::*) const { return "bool"; }
        std::string_view operator()(std::vector<std::string> OptionValues::*) const {
            return "string";
        }
        std::string_view operator()(std::int32_t SamplingOptions::*) const { return "int"; }
        std::string_view operator()(std::optional<std::uint32_t> SamplingOptions::*) const {
            return "int";
        }
        std::string_view operator()(std::optional<std::int32_t> LoadSettings::*) const {
            return "int";
        }
        std::string_view operator()(std::int32_t OptionValues::*) const { return "int"; }
    };
    return std::visit(Names(), target);
}

template <typename T>
std::optional<T> parse_number(const std::string& text) {
    T value{};
    const char* end = text.data() + text.size();
    auto [stopped, failed] = std::from_chars(text.data(), end, value);
    if (failed != std::errc() || stopped != end) return std::nullopt;
    return value;
}

std::optional<float> parse_float(const std::string& text) {
    std::optional<float> value = parse_number<float>(text);
    return value && std::isfinite(*value) ? value : std::nullopt;
}

// The spellings that Go's strconv.ParseBool takes.
std::optional<bool> parse_bool(const std::string& text) {
    constexpr std::array kTrue = {"1", "t", "T", "true", "TRUE", "True"};
    constexpr std::array kFalse = {"0", "f", "F", "false", "FALSE", "False"};
    if (std::ranges::find(kTrue, text) != kTrue.end()) return true;
    if (std::ranges::find(kFalse, text) != kFalse.end()) return false;
    return std::nullopt;
}

/// Puts a text into the field that an option sets; false where it is not of the field's type.
struct Setter {
    OptionValues& values;
    const std::string& text;

    template <typename T>
    static bool store(const std::optional<T>& parsed, auto& field) {
        if (parsed) field = *parsed;
        return parsed.has_value();
    }

    bool operator()(std::int32_t SamplingOptions::* field) const {
        return store(parse_number<std::int32_t>(text), values.sampling.*field);
    }
    bool operator()(float SamplingOptions::* field) const {
        return store(parse_float(text), values.sampling.*field);
    }
    bool operator()(std::optional<std::uint32_t> SamplingOptions::* field) const {
        // Ollama's -1 asks for a new seed each time.
        if (text == "-1") {
            values.sampling.*field = std::nullopt;
            return true;
        }
        return store(parse_number<std::uint32_t>(text), values.sampling.*field);
    }
    bool operator()(std::optional<std::int32_t> LoadSettings::* field) const {
        return store(parse_number<std::int32_t>(text), values.load.*field);
    }
    bool operator()(std::optional<bool> LoadSettings::* field) const {
        return store(parse_bool(text), values.load.*field);
    }
    bool operator()(std::int32_t OptionValues::* field) const {
        return store(parse_number<std::int32_t>(text), values.*field);
    }
    bool operator()(std::vector<std::string> OptionValues::* field) const {
        if (!text.empty()) (values.*field).push_back(text);
        return !text.empty();
    }
};

bool is_list(const Option& option) {
    return std::holds_alternative<std::vector<std::string> OptionValues::*>(option.target);
}

Result<const Option*> find_option(std::string_view name) {
    auto found = std::ranges::find(kOptions, name, &Option::name);
    if (found != kOptions.end()) return &*found;
    return fail(
        ErrorCode::kInvalidArgument,
        "unknown parameter '{}': the known ones are {}",
        name,
        known_names()
    );
}

Result<void> assign(const Option& option, const std::string& text, OptionValues& values) {
    if (std::visit(Setter{values, text}, option.target)) return {};
    return fail(
        ErrorCode::kInvalidArgument,
        "invalid value '{}' for {}: it takes {} {}",
        text,
        option.name,
        type_of(option.target) == "int" ? "an" : "a",
        type_of(option.target)
    );
}

}  // namespace

Result<void> ModelOptions::set(std::string_view name, std::span<const std::string> values) {
    Result<const Option*> option = find_option(name);
    if (!option) return option.error();
    if (values.empty() || (values.size() > 1 && !is_list(**option))) {
        return fail(
            ErrorCode::kInvalidArgument, "{} takes one value, {} were given", name, values.size()
        );
    }
    OptionValues changed = values_;
    if (is_list(**option)) changed.stop.clear();
    for (const std::string& value : values) MULLAMA_TRY(assign(**option, value, changed));
    values_ = std::move(changed);
    given_[std::string(name)] = fmt::format("{}", fmt::join(values, ", "));
    return {};
}

Result<void> ModelOptions::set(std::string_view assignment) {
    std::size_t equals = assignment.find('=');
    if (equals == std::string_view::npos) {
        return fail(ErrorCode::kInvalidArgument, "'{}' is not of the form KEY=VALUE", assignment);
    }
    Result<const Option*> option = find_option(assignment.substr(0, equals));
    if (!option) return option.error();
    std::vector<std::string> values;
    if (is_list(**option)) values = values_.stop;
    values.emplace_back(assignment.substr(equals + 1));
    return set((*option)->name, values);
}

std::vector<OptionHelp> option_help() {
    std::vector<OptionHelp> help;
    for (const Option& option : kOptions) {
        help.push_back({option.name, type_of(option.target), option.help});
    }
    return help;
}

}  // namespace mullama::cli
