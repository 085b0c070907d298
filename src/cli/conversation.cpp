#include "cli/conversation.h"

#include "base/error.h"

namespace mullama::cli {

std::vector<Message> Conversation::all_messages() const {
    std::vector<Message> all;
    if (!system.empty()) all.push_back({"system", system});
    all.insert(all.end(), messages.begin(), messages.end());
    return all;
}

std::string Conversation::plain_text() const {
    std::string text;
    for (const Message& message : messages) text += message.content;
    return text;
}

Result<void> Conversation::check_plain() const {
    if (system.empty()) return {};
    return fail(
        ErrorCode::kUnsupported,
        "the model {} has no chat template, so it cannot follow a system message: leave it out",
        model
    );
}

Error Conversation::cannot_see() const {
    return fail(
        ErrorCode::kUnsupported,
        "the model {} cannot see images: leave their paths out of the prompt",
        model
    );
}

}  // namespace mullama::cli
