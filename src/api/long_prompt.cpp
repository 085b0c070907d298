#include "api/long_prompt.h"

#include <charconv>
#include <system_error>

namespace mullama::api {
namespace {

/// Takes `words` and the number behind them from the beginning of a text.
std::optional<std::int64_t> take_number(std::string_view& text, std::string_view words) {
    if (!text.starts_with(words)) return std::nullopt;
    text.remove_prefix(words.size());
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

}  // namespace

// The sentences are those of make_sequence() and fit_messages().
std::optional<LongPrompt> read_long_prompt(std::string_view message) {
    std::string_view rest = message;
    if (const auto least = take_number(rest, "the last message alone needs more than the ")) {
        return LongPrompt{.context_length = *least};
    }
    const auto tokens = take_number(rest, "prompt has ");
    const auto length = take_number(rest, " tokens, context is ");
    if (!tokens || !length) return std::nullopt;
    return LongPrompt{tokens, *length};
}

}  // namespace mullama::api
