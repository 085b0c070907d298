#pragma once

#include <mullama/result.h>
#include <mullama/types.h>

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace mullama {

/// Says how many tokens the prompt of these messages has.
using PromptLength = std::function<Result<std::size_t>(std::span<const Message>)>;

/// Drops the oldest messages until the prompt of the rest has at most `limit` tokens. System
/// messages and the last message always stay. `length` is called O(log n) times: dropping more
/// never makes a prompt longer. Errors: kInvalidArgument: it does not fit with everything dropped.
/// Those of `length`.
Result<std::vector<Message>> fit_messages(
    std::vector<Message> messages, std::size_t limit, const PromptLength& length
);

/// The messages that always stay: system ones and the last.
std::vector<Message> least_messages(const std::vector<Message>& messages);

}  // namespace mullama
