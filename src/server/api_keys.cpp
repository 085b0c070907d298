#include "server/api_keys.h"

#include "base/error.h"
#include "base/sha256.h"
#include <mullama/types.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>

namespace mullama::server {
namespace {

constexpr std::string_view kSpaces = " \t\r";
constexpr std::string_view kBearer = "Bearer ";

/// Takes the next word from the front of `line`; empty at its end or at a comment.
std::string_view take_word(std::string_view& line) {
    line.remove_prefix(std::min(line.find_first_not_of(kSpaces), line.size()));
    if (line.starts_with('#')) line = {};
    const std::string_view word = line.substr(0, line.find_first_of(kSpaces));
    line.remove_prefix(word.size());
    return word;
}

std::optional<Scope> read_scope(std::string_view word) {
    if (word == "infer") return Scope::kInfer;
    if (word == "manage") return Scope::kManage;
    return std::nullopt;
}

std::optional<std::int32_t> read_priority(std::string_view word) {
    constexpr std::string_view kName = "priority=";
    if (!word.starts_with(kName)) return std::nullopt;
    word.remove_prefix(kName.size());
    std::int32_t priority = 0;
    const char* const end = word.data() + word.size();
    const auto [stop, error] = std::from_chars(word.data(), end, priority);
    const bool is_number = error == std::errc() && stop == end;
    const bool is_in_range = priority >= -kPriorityMax && priority <= kPriorityMax;
    return is_number && is_in_range ? std::optional(priority) : std::nullopt;
}

bool equal_in_constant_time(std::string_view left, std::string_view right) {
    if (left.size() != right.size()) return false;
    unsigned char difference = 0;
    for (std::size_t i = 0; i < left.size(); ++i) {
        difference = static_cast<unsigned char>(difference | (left[i] ^ right[i]));
    }
    return difference == 0;
}

std::string_view key_of(const Request& request) {
    const std::string_view authorization = request.header("Authorization").value_or("");
    if (equals_ignoring_case(authorization.substr(0, kBearer.size()), kBearer)) {
        std::string_view rest = authorization.substr(kBearer.size());
        rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
        return rest;
    }
    return request.header("x-api-key").value_or("");
}

}  // namespace

Result<ApiKeys::Key> ApiKeys::read_key(std::string_view key, std::string_view words, int line) {
    std::optional<Scope> scope;
    std::optional<std::int32_t> priority;
    for (auto word = take_word(words); !word.empty(); word = take_word(words)) {
        if (!scope) {
            scope = read_scope(word);
            if (scope) continue;
        }
        if (!priority) {
            priority = read_priority(word);
            if (priority) continue;
        }
        return fail(
            ErrorCode::kInvalidArgument,
            "line {} of the API keys has something else than a key, its scope and its priority: "
            "write infer or manage and priority=N, from {} to {}, behind the key, or nothing",
            line,
            -kPriorityMax,
            kPriorityMax
        );
    }
    return Key{sha256_hex(key), scope.value_or(Scope::kInfer), priority.value_or(0)};
}

Result<ApiKeys> ApiKeys::parse(std::string_view text) {
    ApiKeys parsed;
    for (int number = 1; !text.empty(); ++number) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const std::string_view key = take_word(line);
        if (key.empty()) continue;
        Result<Key> read = read_key(key, line, number);
        if (!read) return std::move(read).error();
        parsed.keys_.push_back(std::move(read).value());
    }
    if (parsed.empty()) {
        return fail(ErrorCode::kInvalidArgument, "there are no API keys: write one on each line");
    }
    return parsed;
}

Result<std::string> ApiKeys::read(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (!file.is_open() || file.bad()) {
        return fail(
            errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
            "the API keys in {} cannot be read: {}",
            path.string(),
            std::strerror(errno)
        );
    }
    const Result<ApiKeys> parsed = parse(text);
    if (!parsed) {
        return fail(parsed.error().code, "{}: {}", path.string(), parsed.error().message);
    }
    return text.ends_with('\n') ? text : text + "\n";
}

Access ApiKeys::check(const Request& request, Scope needed) const {
    if (empty()) return Access::kAllowed;
    const std::string hash = sha256_hex(key_of(request));
    Access access = Access::kUnknownKey;
    for (const Key& key : keys_) {
        if (!equal_in_constant_time(hash, key.sha256)) continue;
        const bool reaches = needed == Scope::kInfer || key.scope == Scope::kManage;
        if (access != Access::kAllowed) access = reaches ? Access::kAllowed : Access::kOutOfScope;
    }
    return access;
}

std::optional<std::int32_t> ApiKeys::priority_least(const Request& request) const {
    if (empty()) return std::nullopt;
    const std::string hash = sha256_hex(key_of(request));
    std::int32_t least = kPriorityMax;
    for (const Key& key : keys_) {
        if (equal_in_constant_time(hash, key.sha256)) least = std::min(least, key.priority);
    }
    return least;
}

}  // namespace mullama::server
