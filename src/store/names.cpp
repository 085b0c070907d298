#include "store/names.h"

namespace mullama::store {

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return result;
}

std::string with_tag(std::string_view name) {
    const bool has_tag = name.find(':') != std::string_view::npos;
    return std::string(name) + (has_tag ? "" : ":latest");
}

}  // namespace mullama::store
