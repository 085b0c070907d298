#include "cli/human_format.h"

#include <array>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

namespace mullama::cli {
namespace {

// `value / 10^digits` without trailing zeros behind the point.
std::string decimal(std::uint64_t value, int digits) {
    std::uint64_t unit = 1;
    for (int i = 0; i < digits; ++i) unit *= 10;
    std::string fraction = fmt::format("{:0{}}", value % unit, digits);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    std::string whole = fmt::format("{}", value / unit);
    return digits == 0 || fraction.empty() ? whole : whole + "." + fraction;
}

std::string rounded_age(std::int64_t age_s) {
    if (age_s < 1) return "Less than a second";
    if (age_s == 1) return "1 second";
    if (age_s < 60) return fmt::format("{} seconds", age_s);
    std::int64_t minutes = age_s / 60;
    if (minutes == 1) return "About a minute";
    if (minutes < 60) return fmt::format("{} minutes", minutes);
    std::int64_t hours = (age_s + 1800) / 3600;
    if (hours == 1) return "About an hour";
    if (hours < 48) return fmt::format("{} hours", hours);
    std::int64_t days = hours / 24;
    if (hours < 24 * 7 * 2) return fmt::format("{} days", days);
    if (hours < 24 * 30 * 2) return fmt::format("{} weeks", days / 7);
    if (hours < 24 * 365 * 2) return fmt::format("{} months", days / 30);
    return fmt::format("{} years", days / 365);
}

}  // namespace

std::string go_duration(std::int64_t duration_ns) {
    constexpr std::uint64_t kSecond = 1'000'000'000;
    if (duration_ns == 0) return "0s";
    std::string sign = duration_ns < 0 ? "-" : "";
    std::uint64_t ns = static_cast<std::uint64_t>(duration_ns);
    if (duration_ns < 0) ns = 0 - ns;
    if (ns < 1'000) return fmt::format("{}{}ns", sign, ns);
    if (ns < 1'000'000) return sign + decimal(ns, 3) + "µs";
    if (ns < kSecond) return sign + decimal(ns, 6) + "ms";
    std::uint64_t minutes = ns / (60 * kSecond);
    std::string text = sign;
    if (minutes >= 60) text += fmt::format("{}h", minutes / 60);
    if (minutes > 0) text += fmt::format("{}m", minutes % 60);
    return text + decimal(ns % (60 * kSecond), 9) + "s";
}

std::string human_bytes(std::int64_t size_bytes) {
    struct Unit {
        double bytes;
        std::string_view name;
    };
    constexpr std::array<Unit, 4> kUnits = {{{1e12, "TB"}, {1e9, "GB"}, {1e6, "MB"}, {1e3, "KB"}}};
    double size = static_cast<double>(size_bytes);
    for (const Unit& unit : kUnits) {
        if (size < unit.bytes) continue;
        double value = size / unit.bytes;
        if (value < 10 && value != std::trunc(value)) {
            return fmt::format("{:.1f} {}", value, unit.name);
        }
        return fmt::format("{} {}", static_cast<std::int64_t>(value), unit.name);
    }
    return fmt::format("{} B", size_bytes);
}

std::string human_number(std::uint64_t count) {
    double value = static_cast<double>(count);
    if (count >= 1'000'000'000) {
        return count % 1'000'000'000 == 0 ? fmt::format("{:.0f}B", value / 1e9)
                                          : fmt::format("{:.1f}B", value / 1e9);
    }
    if (count >= 1'000'000) {
        return count % 1'000'000 == 0 ? fmt::format("{:.0f}M", value / 1e6)
                                      : fmt::format("{:.2f}M", value / 1e6);
    }
    if (count >= 1'000) return fmt::format("{:.0f}K", value / 1e3);
    return fmt::format("{}", count);
}

std::string human_age(std::int64_t age_s) {
    return age_s < 0 ? rounded_age(-age_s) + " from now" : rounded_age(age_s) + " ago";
}

}  // namespace mullama::cli
