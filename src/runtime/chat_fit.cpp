#include "runtime/chat_fit.h"

#include "base/error.h"

#include <utility>

namespace mullama {
namespace {

bool droppable(const std::vector<Message>& messages, std::size_t index) {
    return messages[index].role != "system" && index + 1 < messages.size();
}

std::vector<Message> without_oldest(const std::vector<Message>& messages, std::size_t dropped) {
    std::vector<Message> rest;
    rest.reserve(messages.size());
    for (std::size_t i = 0; i < messages.size(); ++i) {
        if (dropped > 0 && droppable(messages, i)) {
            --dropped;
        } else {
            rest.push_back(messages[i]);
        }
    }
    return rest;
}

// How many of the oldest messages may go, in rising order: the talk that is left begins with a
// user's turn, as templates that want roles to alternate ask for.
std::vector<std::size_t> allowed_drops(const std::vector<Message>& messages) {
    std::vector<std::size_t> drops;
    std::size_t dropped = 0;
    for (std::size_t i = 0; i < messages.size(); ++i) {
        if (messages[i].role == "system") continue;
        const bool last = i + 1 == messages.size();
        if (dropped > 0 && (last || messages[i].role == "user")) drops.push_back(dropped);
        ++dropped;
    }
    return drops;
}

}  // namespace

Result<std::vector<Message>> fit_messages(
    std::vector<Message> messages, std::size_t limit, const PromptLength& length
) {
    auto whole = length(messages);
    if (!whole) return std::move(whole).error();
    if (*whole <= limit) return messages;

    const std::vector<std::size_t> drops = allowed_drops(messages);
    std::size_t low = 0;  // drops[low] is the first that may fit
    std::size_t high = drops.size();
    while (low < high) {
        const std::size_t middle = low + (high - low) / 2;
        auto tokens = length(without_oldest(messages, drops[middle]));
        if (!tokens) return std::move(tokens).error();
        if (*tokens <= limit) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    if (low == drops.size()) {
        return fail(
            ErrorCode::kInvalidArgument,
            "the last message alone needs more than the {} tokens of the context: raise num_ctx or "
            "shorten it",
            limit
        );
    }
    return without_oldest(messages, drops[low]);
}

std::vector<Message> least_messages(const std::vector<Message>& messages) {
    return without_oldest(messages, messages.size());
}

}  // namespace mullama
