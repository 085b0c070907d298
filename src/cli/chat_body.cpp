#include "cli/chat_body.h"

#include "api/base64.h"
#include "api/json_writer.h"

#include <charconv>
#include <cstdint>

namespace mullama::cli {
namespace {

using api::JsonWriter;

void write_message(JsonWriter& out, const Message& message) {
    out.begin_object().field("role", message.role).field("content", message.content);
    if (!message.thinking.empty()) out.field("thinking", message.thinking);
    if (!message.images.empty()) {
        out.key("images").begin_array();
        for (const std::string& image : message.images) out.value(api::encode_base64(image));
        out.end_array();
    }
    out.end_object();
}

/// What all bodies have in common.
JsonWriter begin(const Conversation& conversation) {
    JsonWriter out;
    out.begin_object().field("model", conversation.model);
    if (!conversation.options.given().empty()) {
        out.raw_field("options", conversation.options.to_json());
    }
    if (!conversation.keep_alive.empty()) {
        out.raw_field("keep_alive", keep_alive_json(conversation.keep_alive));
    }
    return out;
}

void write_manner(JsonWriter& out, const Conversation& conversation) {
    if (conversation.format == "json") {
        out.field("format", conversation.format);
    } else if (!conversation.format.empty()) {
        out.raw_field("format", conversation.format);
    }
    if (conversation.think == "true" || conversation.think == "false") {
        out.field("think", conversation.think == "true");
    } else if (!conversation.think.empty()) {
        out.field("think", conversation.think);
    }
}

}  // namespace

std::string chat_body(const Conversation& conversation) {
    JsonWriter out = begin(conversation);
    write_manner(out, conversation);
    out.key("messages").begin_array();
    for (const Message& message : conversation.all_messages()) write_message(out, message);
    out.end_array().end_object();
    return out.take();
}

std::string continue_body(const Conversation& conversation) {
    JsonWriter out = begin(conversation);
    write_manner(out, conversation);
    out.field("raw", true).field("prompt", conversation.plain_text()).end_object();
    return out.take();
}

std::string load_body(const Conversation& conversation) {
    JsonWriter out = begin(conversation);
    out.end_object();
    return out.take();
}

std::string keep_alive_json(std::string_view text) {
    std::int64_t seconds = 0;
    const char* end = text.data() + text.size();
    const auto [stopped, failed] = std::from_chars(text.data(), end, seconds);
    if (failed == std::errc() && stopped == end) return std::to_string(seconds);
    std::string json;
    api::append_json_string(json, text);
    return json;
}

}  // namespace mullama::cli
