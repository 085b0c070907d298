#include "api/duration.h"

#include "api/json_writer.h"
#include "base/error.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace mullama::api {
namespace {

using std::chrono::nanoseconds;

struct Unit {
    std::string_view name;
    double ns;
};
constexpr std::array<Unit, 8> kUnits = {{
    {"ns", 1.0},
    {"us", 1e3},
    {"\xC2\xB5s", 1e3},
    {"\xCE\xBCs", 1e3},
    {"ms", 1e6},
    {"s", 1e9},
    {"m", 60e9},
    {"h", 3600e9},
}};

std::string quoted(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

nanoseconds saturated(double ns) {
    constexpr double kMax = 9.2e18;
    if (ns >= kMax) return nanoseconds::max();
    if (ns <= -kMax) return nanoseconds::min();
    return nanoseconds(static_cast<std::int64_t>(ns));
}

Error invalid(std::string_view text) {
    return fail(ErrorCode::kInvalidArgument, "time: invalid duration {}", quoted(text));
}

/// Takes digits with at most one point from the front of `rest`.
std::optional<double> take_number(std::string_view& rest) {
    const std::size_t end = std::min(rest.find_first_not_of("0123456789."), rest.size());
    double value = 0.0;
    const auto [stop, error] =
        std::from_chars(rest.data(), rest.data() + end, value, std::chars_format::fixed);
    if (error != std::errc() || stop != rest.data() + end) return std::nullopt;
    rest.remove_prefix(end);
    return value;
}

}  // namespace

Result<nanoseconds> parse_go_duration(std::string_view text) {
    std::string_view rest = text;
    const bool negative = rest.starts_with('-');
    if (negative || rest.starts_with('+')) rest.remove_prefix(1);
    if (rest == "0") return nanoseconds(0);
    if (rest.empty()) return invalid(text);
    double sum = 0.0;
    while (!rest.empty()) {
        const std::optional<double> number = take_number(rest);
        if (!number) return invalid(text);
        const std::size_t end = std::min(rest.find_first_of("0123456789."), rest.size());
        const std::string_view name = rest.substr(0, end);
        if (name.empty()) {
            return fail(
                ErrorCode::kInvalidArgument, "time: missing unit in duration {}", quoted(text)
            );
        }
        const auto* unit = std::ranges::find(kUnits, name, &Unit::name);
        if (unit == kUnits.end()) {
            return fail(
                ErrorCode::kInvalidArgument,
                "time: unknown unit {} in duration {}",
                quoted(name),
                quoted(text)
            );
        }
        sum += *number * unit->ns;
        rest.remove_prefix(end);
    }
    return saturated(negative ? -sum : sum);
}

std::string format_go_duration(nanoseconds duration) {
    if (duration == nanoseconds(0)) return "0s";
    std::string text = duration < nanoseconds(0) ? "-" : "";
    const double ns = std::abs(static_cast<double>(duration.count()));
    if (ns < 1e3) return fmt::format("{}{}ns", text, ns);
    if (ns < 1e6) return fmt::format("{}{}\xC2\xB5s", text, ns / 1e3);
    if (ns < 1e9) return fmt::format("{}{}ms", text, ns / 1e6);
    const double minutes = std::floor(ns / 60e9);
    const double hours = std::floor(minutes / 60);
    if (hours > 0) text += fmt::format("{:.0f}h", hours);
    if (minutes > 0) text += fmt::format("{:.0f}m", minutes - hours * 60);
    return text + fmt::format("{}s", ns / 1e9 - minutes * 60);
}

Result<nanoseconds> parse_keep_alive(const json::value& value) {
    if (value.is_number()) return saturated(value.to_number<double>() * 1e9);
    if (const auto* text = value.if_string()) {
        return parse_go_duration({text->data(), text->size()});
    }
    const std::string_view type = value.is_bool()    ? "bool"
                                  : value.is_array() ? "[]interface {}"
                                                     : "map[string]interface {}";
    return fail(ErrorCode::kInvalidArgument, "Unsupported type: '{}'", type);
}

Result<nanoseconds> parse_keep_alive_text(std::string_view text) {
    double seconds = 0.0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error == std::errc() && stop == text.data() + text.size()) return saturated(seconds * 1e9);
    return parse_go_duration(text);
}

}  // namespace mullama::api
