#pragma once

#include "server/http_request.h"
#include <mullama/result.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mullama::server {

/// What a key opens.
enum class Scope {
    kInfer,   ///< Asking models.
    kManage,  ///< That, and pulling, creating and deleting them.
};

/// What a request may do.
enum class Access {
    kAllowed,
    kUnknownKey,  ///< 401: it has no key, or one that is not known.
    kOutOfScope,  ///< 403: its key does not reach that far.
};

/// The keys that open a server. Only their hashes are kept.
/// Immutable, thread-safe.
class ApiKeys {
  public:
    /// No keys: everything is allowed.
    ApiKeys() = default;

    /// Reads one key a line, after it "infer" (as without a word) or "manage", and "priority=N"
    /// (0);
    /// '#' begins a comment at the start of a line or after a space.
    /// Errors: kInvalidArgument: another word behind a key, or no key at all. The message names the
    ///         line and no key.
    static Result<ApiKeys> parse(std::string_view text);

    /// The text of a file of keys, checked by itself.
    /// Errors: those of parse(), with the file's name. kNotFound, kIo: the file cannot be read.
    static Result<std::string> read(const std::filesystem::path& path);

    /// Whether there are none.
    bool empty() const { return keys_.empty(); }

    /// Whether a request's key, from "Authorization: Bearer <key>" or "x-api-key: <key>", opens
    /// `needed`. Takes as long for every key, known or not.
    Access check(const Request& request, Scope needed) const;

    /// The lowest priority that requests with this one's key may have; unset where there are no
    /// keys.
    std::optional<std::int32_t> priority_least(const Request& request) const;

  private:
    struct Key {
        std::string sha256;
        Scope scope;
        std::int32_t priority;
    };

    static Result<Key> read_key(std::string_view key, std::string_view words, int line);

    std::vector<Key> keys_;
};

}  // namespace mullama::server
