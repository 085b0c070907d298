#include "api/id_source.h"

namespace mullama::api {

std::string IdSource::next(std::string_view prefix, std::size_t length) {
    constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789";
    std::string id(prefix);
    for (std::size_t i = 0; i < length; ++i) id += kLetters[random_() % kLetters.size()];
    return id;
}

}  // namespace mullama::api
