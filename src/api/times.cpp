#include "api/times.h"

#include <ctime>
#include <string_view>

#include <fmt/format.h>

namespace mullama::api {

std::string format_rfc3339(WallTime time) {
    using std::chrono::nanoseconds;
    const auto since = std::chrono::duration_cast<nanoseconds>(time.time_since_epoch());
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
    const std::time_t whole = seconds.count();
    std::tm utc{};
    gmtime_r(&whole, &utc);
    std::string text = fmt::format(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        utc.tm_year + 1900,
        utc.tm_mon + 1,
        utc.tm_mday,
        utc.tm_hour,
        utc.tm_min,
        utc.tm_sec
    );
    const auto fraction = (since - seconds).count();
    if (fraction > 0) {
        text += fmt::format(".{:09}", fraction);
        text.erase(text.find_last_not_of('0') + 1);
    }
    return text + "Z";
}

std::optional<std::int64_t> parse_rfc3339(const std::string& text) {
    std::tm time{};
    const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &time);
    if (rest == nullptr) return std::nullopt;
    if (*rest == '.') {
        ++rest;
        while (*rest >= '0' && *rest <= '9') ++rest;
    }
    const std::int64_t local = timegm(&time);
    if (std::string_view(rest) == "Z") return local;
    if (*rest != '+' && *rest != '-') return std::nullopt;
    std::tm offset{};
    const char* end = strptime(rest + 1, "%H:%M", &offset);
    if (end == nullptr || *end != '\0') return std::nullopt;
    const std::int64_t offset_s = offset.tm_hour * 3600LL + offset.tm_min * 60LL;
    return *rest == '+' ? local - offset_s : local + offset_s;
}

std::int64_t unix_seconds(WallTime time) {
    return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace mullama::api
