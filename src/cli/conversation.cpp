#include "cli/conversation.h"

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

SamplingOptions Conversation::sampling() const {
    SamplingOptions sampling = options.values().sampling;
    sampling.grammar = grammar;
    return sampling;
}

}  // namespace mullama::cli
