#include "api/options.h"

#include "api/json_writer.h"
#include "api/lenient_option.h"
#include "base/error.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <type_traits>
#include <variant>

#include <fmt/ranges.h>

namespace mullama::api {
namespace {

/// The field that an option sets.
using Target = std::variant<
    std::int32_t SamplingOptions::*,
    float SamplingOptions::*,
    std::optional<std::uint32_t> SamplingOptions::*,
    std::optional<std::int32_t> LoadSettings::*,
    std::optional<bool> LoadSettings::*,
    std::optional<std::string> LoadSettings::*,
    std::int32_t OptionValues::*,
    bool OptionValues::*,
    std::string SamplingOptions::*,
    std::vector<std::string> SamplingOptions::*,
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
        "Most tokens to generate, -1 = as many as the context allows"
    },
    Option{
        "num_keep",
        &OptionValues::keep_tokens,
        "Tokens of the prompt that stay where the context is too short, -1 = all (default 4)"
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
        "adaptive_target",
        &SamplingOptions::adaptive_target,
        "Probability near which the sampler adaptive_p draws, below 0 = any (default -1)"
    },
    Option{
        "adaptive_decay",
        &SamplingOptions::adaptive_decay,
        "How much of its history adaptive_p keeps for each token (default 0.9)"
    },
    Option{
        "min_keep",
        &SamplingOptions::min_keep,
        "Tokens that top_p, min_p, typical_p and XTC leave at least (default 0)"
    },
    Option{
        "top_n_sigma",
        &SamplingOptions::top_n_sigma,
        "Keep logits within n standard deviations of the best, -1 = all (default -1)"
    },
    Option{
        "xtc_probability",
        &SamplingOptions::xtc_probability,
        "Chance of excluding top choices, 0 = never (default 0)"
    },
    Option{
        "xtc_threshold",
        &SamplingOptions::xtc_threshold,
        "Probability from which a token is a top choice (default 0.1)"
    },
    Option{
        "dynatemp_range",
        &SamplingOptions::dynatemp_range,
        "Temperature by entropy within +- this range, 0 = off (default 0)"
    },
    Option{
        "dynatemp_exponent",
        &SamplingOptions::dynatemp_exponent,
        "Shape of the temperature by entropy (default 1)"
    },
    Option{
        "dry_multiplier",
        &SamplingOptions::dry_multiplier,
        "DRY penalty for going on with a repetition, 0 = off (default 0)"
    },
    Option{"dry_base", &SamplingOptions::dry_base, "Growth of the DRY penalty (default 1.75)"},
    Option{
        "dry_allowed_length",
        &SamplingOptions::dry_allowed_length,
        "Tokens of a repetition that DRY leaves alone (default 2)"
    },
    Option{
        "dry_penalty_last_n",
        &SamplingOptions::dry_penalty_last_n,
        "Tokens that DRY looks back over, -1 = all (default 64)"
    },
    Option{
        "dry_sequence_breakers",
        &SamplingOptions::dry_sequence_breakers,
        "Text that ends a repetition, may be given several times"
    },
    Option{
        "samplers",
        &SamplingOptions::samplers,
        "Order of the samplers, those not named are off, may be given several times"
    },
    Option{"grammar", &SamplingOptions::grammar, "GBNF grammar that the answer follows"},
    Option{"regex", &SamplingOptions::regex, "Regular expression that the answer matches"},
    Option{
        "ignore_eos", &OptionValues::ignore_eos, "Go on where the model would end (default false)"
    },
    Option{
        "cache_prompt",
        &OptionValues::cache_prompt,
        "Spare the tokens that earlier requests begin with too (default true)"
    },
    Option{
        "priority",
        &OptionValues::priority,
        "Requests with a lower number go first, -1000 to 1000 (default 0)"
    },
    Option{
        "draft_num_predict",
        &OptionValues::draft_max,
        "Tokens guessed and verified in a step, 0 = none, -1 = as many as the server allows, none "
        "where a seed is given (default -1)"
    },
    Option{
        "draft_model",
        &LoadSettings::draft_model,
        "A smaller model with the same vocabulary that guesses tokens (default: the model's own)"
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

struct TypeName {
    template <typename Class>
    std::string_view operator()(float Class::*) const {
        return "float";
    }
    template <typename Class>
    std::string_view operator()(std::int32_t Class::*) const {
        return "int";
    }
    template <typename Class, typename T>
    std::string_view operator()(std::optional<T> Class::*) const {
        if (std::is_same_v<T, std::string>) return "string";
        return std::is_same_v<T, bool> ? "bool" : "int";
    }
    template <typename Class>
    std::string_view operator()(bool Class::*) const {
        return "bool";
    }
    template <typename Class>
    std::string_view operator()(std::string Class::*) const {
        return "string";
    }
    template <typename Class>
    std::string_view operator()(std::vector<std::string> Class::*) const {
        return "string";
    }
};

std::string_view type_of(const Target& target) {
    return std::visit(TypeName(), target);
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
    bool operator()(std::optional<std::string> LoadSettings::* field) const {
        values.load.*field = text;
        return true;
    }
    bool operator()(std::int32_t OptionValues::* field) const {
        return store(parse_number<std::int32_t>(text), values.*field);
    }
    bool operator()(bool OptionValues::* field) const {
        return store(parse_bool(text), values.*field);
    }
    bool operator()(std::string SamplingOptions::* field) const {
        values.sampling.*field = text;
        return true;
    }
    bool operator()(std::vector<std::string> SamplingOptions::* field) const {
        return add(values.sampling.*field);
    }
    bool operator()(std::vector<std::string> OptionValues::* field) const {
        return add(values.*field);
    }
    bool add(std::vector<std::string>& list) const {
        if (!text.empty()) list.push_back(text);
        return !text.empty();
    }
};

/// Empties the list that an option sets.
struct Cleaner {
    OptionValues& values;

    void operator()(std::vector<std::string> SamplingOptions::* field) const {
        (values.sampling.*field).clear();
    }
    void operator()(std::vector<std::string> OptionValues::* field) const {
        (values.*field).clear();
    }
    template <typename Field>
    void operator()(Field) const {}
};

bool is_list(const Option& option) {
    return std::holds_alternative<std::vector<std::string> OptionValues::*>(option.target) ||
           std::holds_alternative<std::vector<std::string> SamplingOptions::*>(option.target);
}

const Option* find_option(std::string_view name) {
    const auto found = std::ranges::find(kOptions, name, &Option::name);
    return found == kOptions.end() ? nullptr : &*found;
}

Result<const Option*> known_option(std::string_view name) {
    if (const Option* option = find_option(name)) return option;
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

Error wrong_type(std::string_view name, std::string_view type) {
    return fail(ErrorCode::kInvalidArgument, "option \"{}\" must be of type {}", name, type);
}

Result<std::vector<std::string>> texts_of_list(std::string_view name, const json::value& value) {
    const auto* list = value.if_array();
    if (list == nullptr) return wrong_type(name, "array");
    std::vector<std::string> texts;
    for (const json::value& element : *list) {
        const auto* text = element.if_string();
        if (text == nullptr) {
            return fail(
                ErrorCode::kInvalidArgument, "option \"{}\" must be of an array of strings", name
            );
        }
        texts.emplace_back(text->data(), text->size());
    }
    return texts;
}

// As the command line has it; Ollama cuts a fraction off where an integer is wanted.
Result<std::string> text_of(const Option& option, const json::value& value) {
    const std::string_view type = type_of(option.target);
    if (type == "string") {
        const auto* text = value.if_string();
        if (text == nullptr) return wrong_type(option.name, "string");
        return std::string(text->data(), text->size());
    }
    if (type == "bool") {
        if (!value.is_bool()) return wrong_type(option.name, "boolean");
        return std::string(value.get_bool() ? "true" : "false");
    }
    const auto* real = value.if_double();
    if (type == "float") {
        if (!value.is_number()) return wrong_type(option.name, "float32");
        return fmt::format("{}", value.to_number<double>());
    }
    if (!value.is_number()) return wrong_type(option.name, "integer");
    return real == nullptr ? to_text(value) : fmt::format("{:.0f}", std::trunc(*real));
}

}  // namespace

Result<void> Options::set(std::string_view name, std::span<const std::string> values) {
    Result<const Option*> option = known_option(name);
    if (!option) return option.error();
    if (values.empty() || (values.size() > 1 && !is_list(**option))) {
        return fail(
            ErrorCode::kInvalidArgument, "{} takes one value, {} were given", name, values.size()
        );
    }
    OptionValues changed = values_;
    std::visit(Cleaner{changed}, (*option)->target);
    for (const std::string& value : values) MULLAMA_TRY(assign(**option, value, changed));
    values_ = std::move(changed);
    given_[std::string(name)] = {values.begin(), values.end()};
    return {};
}

Result<void> Options::set(std::string_view assignment) {
    std::size_t equals = assignment.find('=');
    if (equals == std::string_view::npos) {
        return fail(ErrorCode::kInvalidArgument, "'{}' is not of the form KEY=VALUE", assignment);
    }
    Result<const Option*> option = known_option(assignment.substr(0, equals));
    if (!option) return option.error();
    std::vector<std::string> values;
    const auto before = given_.find((*option)->name);
    if (is_list(**option) && before != given_.end()) values = before->second;
    values.emplace_back(assignment.substr(equals + 1));
    Options changed = *this;
    MULLAMA_TRY(changed.set((*option)->name, values));
    const std::string& text = values.back();
    const auto number = parse_number<double>(text);
    if (number) MULLAMA_TRY(check_option_range((*option)->name, *number, text));
    *this = std::move(changed);
    return {};
}

Result<void> Options::set(std::string_view name, const json::value& value) {
    const Option* option = find_option(name);
    if (option == nullptr || value.is_null()) return {};
    if (is_list(*option)) {
        Result<std::vector<std::string>> texts = texts_of_list(name, value);
        if (!texts) return std::move(texts).error();
        std::erase(*texts, "");
        if (!texts->empty()) return set(name, *texts);
        clear_list(name);
        return {};
    }
    Result<std::string> text = text_of(*option, value);
    if (!text) return std::move(text).error();
    return set(name, std::span(&*text, 1));
}

Result<void> Options::set_leniently(std::string_view name, const json::value& value) {
    return set(name, fit_option(name, value));
}

void Options::clear_list(std::string_view name) {
    std::visit(Cleaner{values_}, find_option(name)->target);
    given_[std::string(name)].clear();
}

void Options::merge(const Options& over) {
    for (const auto& [name, texts] : over.given_) {
        if (texts.empty()) {
            clear_list(name);
            continue;
        }
        // It has been checked there.
        [[maybe_unused]] const Result<void> set_again = set(name, std::span(texts));
    }
    const auto& biases = over.values_.sampling.logit_bias;
    if (!biases.empty() || !over.text_biases_.empty()) set_logit_bias(biases, over.text_biases_);
    if (over.values_.adapters) set_adapters(*over.values_.adapters, over.named_adapters_);
}

void Options::set_logit_bias(std::vector<LogitBias> biases, std::vector<TextBias> texts) {
    values_.sampling.logit_bias = std::move(biases);
    text_biases_ = std::move(texts);
}

void Options::set_adapters(std::vector<AdapterUse> adapters, std::vector<NamedAdapters> named) {
    values_.adapters = std::move(adapters);
    named_adapters_ = std::move(named);
}

void Options::bound_priority(std::int32_t least) {
    values_.priority = has("priority") ? std::max(values_.priority, least) : least;
}

std::string Options::to_json() const {
    JsonWriter out;
    out.begin_object();
    for (const auto& [name, texts] : given_) {
        const Option& option = *find_option(name);
        out.key(name);
        if (is_list(option)) {
            out.begin_array();
            for (const std::string& text : texts) out.value(text);
            out.end_array();
            continue;
        }
        const std::string_view type = type_of(option.target);
        const std::string& text = texts.front();
        if (type == "bool") {
            out.value(*parse_bool(text));
        } else if (type == "string") {
            out.value(text);
        } else {
            // Written anew: JSON has fewer forms of numbers than the command line.
            out.value(*parse_number<double>(text));
        }
    }
    out.end_object();
    return out.take();
}

std::vector<OptionHelp> option_help() {
    std::vector<OptionHelp> help;
    for (const Option& option : kOptions) {
        help.push_back({option.name, type_of(option.target), option.help});
    }
    return help;
}

}  // namespace mullama::api
