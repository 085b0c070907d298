#include "store/names.h"

#include <algorithm>
#include <cstddef>

namespace mullama::store {
namespace {

constexpr std::size_t kPartMax = 80;
constexpr std::size_t kHostMax = 350;

bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Letters, digits and what `marks` has beside; the first is no mark.
bool is_part(std::string_view part, std::string_view marks, std::size_t length_max) {
    if (part.empty() || part.size() > length_max || !is_letter_or_digit(part.front())) return false;
    return std::ranges::all_of(part, [&](char c) {
        return is_letter_or_digit(c) || marks.find(c) != std::string_view::npos;
    });
}

bool is_valid(const ModelName& name) {
    return is_part(name.host, "-.:", kHostMax) && is_part(name.space, "-", kPartMax) &&
           is_part(name.model, "-.", kPartMax) && is_part(name.tag, "-.", kPartMax);
}

}  // namespace

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return result;
}

std::string with_tag(std::string_view name) {
    const std::size_t slash = name.rfind('/');
    const std::size_t last = slash == std::string_view::npos ? 0 : slash;
    const bool has_tag = name.find(':', last) != std::string_view::npos;
    return std::string(name) + (has_tag ? "" : ":latest");
}

std::optional<ModelName> ModelName::parse(std::string_view text) {
    ModelName name;
    const std::size_t scheme = text.find("://");
    if (scheme != std::string_view::npos) text.remove_prefix(scheme + 3);
    const std::size_t last = text.rfind('/');
    std::string_view model = last == std::string_view::npos ? text : text.substr(last + 1);
    const std::size_t colon = model.find(':');
    if (colon != std::string_view::npos) {
        name.tag = model.substr(colon + 1);
        model = model.substr(0, colon);
    }
    name.model = model;
    if (last != std::string_view::npos) {
        const std::string_view before = text.substr(0, last);
        const std::size_t first = before.rfind('/');
        name.space = first == std::string_view::npos ? before : before.substr(first + 1);
        if (first != std::string_view::npos) name.host = before.substr(0, first);
    }
    if (!is_valid(name)) return std::nullopt;
    return name;
}

std::string ModelName::text() const {
    const ModelName defaults;
    const bool is_home = lower(host) == defaults.host;
    std::string text = model + ":" + tag;
    if (is_home && lower(space) == defaults.space) return text;
    text = space + "/" + text;
    return is_home ? text : host + "/" + text;
}

}  // namespace mullama::store
