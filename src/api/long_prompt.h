#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace mullama::api {

/// What an error says of a prompt that does not fit the context.
struct LongPrompt {
    /// Unset where only its last message was looked at.
    std::optional<std::int64_t> tokens = {};
    std::int64_t context_length = 0;

    friend bool operator==(const LongPrompt&, const LongPrompt&) = default;
};

/// Reads that out of an error's sentence, for dialects with a name for it; nothing where it is
/// about something else.
std::optional<LongPrompt> read_long_prompt(std::string_view message);

}  // namespace mullama::api
