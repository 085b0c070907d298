#include "api/lenient_option.h"

#include "base/error.h"
#include <mullama/types.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

namespace mullama::api {
namespace {

/// What numbers outside a range stand for.
struct Tolerance {
    std::string_view name;
    double least;
    double below;  ///< In place of all that is less.
    double most;
};

constexpr double kIntMost = std::numeric_limits<std::int32_t>::max();
constexpr double kFloatMost = std::numeric_limits<float>::max();

constexpr std::array kTolerances = {
    Tolerance{"num_predict", -2, -1, kIntMost},
    Tolerance{"num_thread", 0, 0, kIntMost},
    Tolerance{"num_gpu", -1, -1, kIntMost},
    Tolerance{"temperature", 0, 0, kFloatMost},
    Tolerance{"top_k", 0, 0, kIntMost},
    Tolerance{"top_p", 0, 0, 1},
    Tolerance{"min_p", 0, 0, 1},
    Tolerance{"typical_p", 0, 0, 1},
    Tolerance{"xtc_probability", 0, 0, 1},
    Tolerance{"xtc_threshold", 0, 0, 1},
    Tolerance{"dynatemp_range", 0, 0, kFloatMost},
    Tolerance{"repeat_last_n", -1, -1, kIntMost},
    Tolerance{"repeat_penalty", 1e-6, 1, kFloatMost},
    Tolerance{"dry_base", 1, 1.75, kFloatMost},
    Tolerance{"dry_penalty_last_n", -1, -1, kIntMost},
    Tolerance{"mirostat", 0, 0, 2},
    Tolerance{"adaptive_target", -kFloatMost, -1, 1},
    Tolerance{"priority", -kPriorityMax, -kPriorityMax, kPriorityMax},
    Tolerance{"draft_num_predict", -1, -1, kIntMost},
};

json::value fit(const Tolerance& tolerance, const json::value& value) {
    const auto number = value.to_number<double>();
    if (number < tolerance.least) return tolerance.below;
    return number > tolerance.most ? json::value(tolerance.most) : value;
}

/// The lower 32 bits of a whole number; nothing where it is infinite.
std::optional<std::uint32_t> low_bits(const json::value& value) {
    if (const auto* number = value.if_int64()) return static_cast<std::uint32_t>(*number);
    if (const auto* number = value.if_uint64()) return static_cast<std::uint32_t>(*number);
    constexpr double kRange = 4294967296.0;
    const double rest = std::fmod(std::trunc(value.get_double()), kRange);
    if (!std::isfinite(rest)) return std::nullopt;
    return static_cast<std::uint32_t>(rest < 0 ? rest + kRange : rest);
}

// All bits set draw a new one, as -1 does.
json::value fit_seed(const json::value& value) {
    const std::optional<std::uint32_t> seed = low_bits(value);
    if (!seed) return value;
    return *seed == std::numeric_limits<std::uint32_t>::max() ? json::value(-1)
                                                              : json::value(*seed);
}

struct SamplerName {
    std::string_view name;
    char letter;
    std::string_view other = {};
};

// Source: common_sampler_types_from_names() and common_sampler_type_to_chr() in sampling.cpp of
//         llama.cpp.
constexpr std::array kSamplerNames = {
    SamplerName{"penalties", 'e'},
    SamplerName{"dry", 'd'},
    SamplerName{"top_n_sigma", 's'},
    SamplerName{"top_k", 'k'},
    SamplerName{"typ_p", 'y', "typ"},
    SamplerName{"top_p", 'p', "nucleus"},
    SamplerName{"min_p", 'm'},
    SamplerName{"xtc", 'x'},
    SamplerName{"temperature", 't', "temp"},
    SamplerName{"infill", 'i'},
    SamplerName{"adaptive_p", 'a'},
};

/// In lower case, without what stands between words.
std::string bare(std::string_view name) {
    std::string text;
    for (const char c : name) {
        if (c == '_' || c == '-') continue;
        text += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return text;
}

bool is_called(const SamplerName& sampler, std::string_view bare_name) {
    return bare_name == bare(sampler.name) ||
           (!sampler.other.empty() && bare_name == sampler.other);
}

void add_known(json::array& samplers, auto is_it) {
    const auto found = std::ranges::find_if(kSamplerNames, is_it);
    if (found != kSamplerNames.end()) samplers.emplace_back(json::string_view(found->name));
}

/// A list of the samplers that are known, by the names that the library has for them.
json::value fit_samplers(const json::value& value) {
    json::array samplers;
    if (const auto* letters = value.if_string()) {
        for (const char c : *letters) {
            if (samplers.size() > kSamplersMax) break;  // refused later
            add_known(samplers, [c](const SamplerName& each) { return each.letter == c; });
        }
        return samplers;
    }
    const auto* names = value.if_array();
    if (names == nullptr) return value;
    for (const json::value& element : *names) {
        const auto* text = element.if_string();
        if (text == nullptr) return value;
        const std::string name = bare({text->data(), text->size()});
        add_known(samplers, [&](const SamplerName& each) { return is_called(each, name); });
    }
    return samplers;
}

}  // namespace

Result<void> check_option_range(std::string_view name, double number, std::string_view text) {
    const auto range = std::ranges::find(kTolerances, name, &Tolerance::name);
    if (range == kTolerances.end()) return {};
    if (number >= range->least && number <= range->most) return {};
    const bool is_less = number < range->least;
    return fail(
        ErrorCode::kInvalidArgument,
        "{} is {}: the {} is {}",
        name,
        text,
        is_less ? "least" : "most",
        is_less ? range->least : range->most
    );
}

json::value fit_option(std::string_view name, const json::value& value) {
    if (name == "samplers") return fit_samplers(value);
    if (!value.is_number()) return value;
    if (name == "seed") return fit_seed(value);
    const auto tolerance = std::ranges::find(kTolerances, name, &Tolerance::name);
    return tolerance == kTolerances.end() ? value : fit(*tolerance, value);
}

}  // namespace mullama::api
