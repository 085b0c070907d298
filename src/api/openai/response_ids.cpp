#include "api/openai/response_ids.h"

#include <algorithm>

namespace mullama::api::openai {
namespace {

constexpr std::size_t kKeyLength = 32;
constexpr std::size_t kCallLength = 24;

}  // namespace

ResponseIds::ResponseIds(std::uint64_t seed) : source_(seed), key_(source_.next("", kKeyLength)) {}

std::string ResponseIds::item(std::string_view prefix) {
    return std::string(prefix) + key_ + std::to_string(items_++);
}

std::string ResponseIds::call() {
    return source_.next("call_", kCallLength);
}

std::string response_of_item(std::string_view item) {
    const std::size_t mark = item.find('_');
    if (mark == std::string_view::npos) return {};
    const std::string_view key = item.substr(mark + 1);
    const bool is_key = key.size() > kKeyLength && std::ranges::all_of(key, [](char c) {
                            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
                        });
    return is_key ? "resp_" + std::string(key.substr(0, kKeyLength)) : "";
}

}  // namespace mullama::api::openai
