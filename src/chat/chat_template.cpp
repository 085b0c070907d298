#include "base/error.h"
#include "llama/handles.h"
#include <mullama/chat.h>

#include <algorithm>
#include <array>
#include <exception>
#include <string_view>
#include <utility>

#include <chat.h>
#include <log.h>

namespace mullama {
namespace {

constexpr int kLogNothing = -1;
constexpr std::array<std::string_view, 4> kRoles = {"system", "user", "assistant", "tool"};

Result<void> check(std::span<const Message> messages) {
    if (messages.empty()) {
        return fail(ErrorCode::kInvalidArgument, "a chat needs at least one message");
    }
    for (const Message& message : messages) {
        if (std::find(kRoles.begin(), kRoles.end(), message.role) == kRoles.end()) {
            return fail(
                ErrorCode::kInvalidArgument,
                "unknown message role \"{}\": use system, user, assistant or tool",
                message.role
            );
        }
    }
    return {};
}

// llama-common writes what it says to stderr; what matters of it is in the exceptions that it
// throws.
void silence_llama_common() {
    static const bool silent = [] {
        common_log_set_verbosity_thold(kLogNothing);
        return true;
    }();
    static_cast<void>(silent);
}

common_chat_templates_inputs inputs_for(std::span<const Message> messages) {
    common_chat_templates_inputs inputs;
    inputs.messages.reserve(messages.size());
    for (const Message& message : messages) {
        common_chat_msg& out = inputs.messages.emplace_back();
        out.role = message.role;
        out.content = message.content;
    }
    if (messages.back().role == "assistant") {
        inputs.add_generation_prompt = false;
        inputs.continue_final_message = COMMON_CHAT_CONTINUATION_AUTO;
    }
    return inputs;
}

}  // namespace

struct ChatTemplate::Impl {
    common_chat_templates_ptr templates;
    std::string source;
};

ChatTemplate::ChatTemplate(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

Result<ChatTemplate> ChatTemplate::parse(const Model& model, const std::string& source) {
    if (source.empty()) {
        return fail(ErrorCode::kInvalidArgument, "the chat template is empty");
    }
    silence_llama_common();
    try {
        auto impl = std::make_shared<Impl>();
        impl->templates = common_chat_templates_init(handle(model), source);
        impl->source = source;
        return ChatTemplate(std::move(impl));
    } catch (const std::exception& error) {
        return fail(
            ErrorCode::kInvalidArgument, "the chat template does not parse: {}", error.what()
        );
    }
}

Result<ChatTemplate> ChatTemplate::from_model(const Model& model) {
    const auto source = model.chat_template();
    if (!source) {
        return fail(
            ErrorCode::kUnsupported,
            "this model has no chat template: it is a base model, so continue a text with "
            "generate, or "
            "set a template of your own"
        );
    }
    auto parsed = parse(model, *source);
    if (!parsed) {
        return Error{ErrorCode::kCorrupt, "the model's " + parsed.error().message.substr(4)};
    }
    return parsed;
}

Result<ChatPrompt> ChatTemplate::render(std::span<const Message> messages) const {
    MULLAMA_TRY(check(messages));
    try {
        auto params = common_chat_templates_apply(impl_->templates.get(), inputs_for(messages));
        return ChatPrompt{std::move(params.prompt), std::move(params.additional_stops)};
    } catch (const std::exception& error) {
        return fail(
            ErrorCode::kInvalidArgument,
            "the chat template refuses these messages: {}",
            error.what()
        );
    }
}

const std::string& ChatTemplate::source() const {
    return impl_->source;
}

bool ChatTemplate::supports_thinking() const {
    return common_chat_templates_support_enable_thinking(impl_->templates.get());
}

}  // namespace mullama
