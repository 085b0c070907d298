#include "server/http_request.h"

#include <algorithm>

namespace mullama::server {
namespace {

char to_lower(char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

}  // namespace

bool equals_ignoring_case(std::string_view left, std::string_view right) {
    return std::ranges::equal(left, right, {}, to_lower, to_lower);
}

std::optional<std::string_view> Request::header(std::string_view name) const {
    const auto has_name = [&](const Header& header) {
        return equals_ignoring_case(header.name, name);
    };
    const auto found = std::ranges::find_if(headers, has_name);
    if (found == headers.end()) return std::nullopt;
    return found->value;
}

}  // namespace mullama::server
