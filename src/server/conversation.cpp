#include "server/conversation.h"

#include "base/error.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <utility>

namespace mullama::server {
namespace {

Error go_template_only(std::string_view name) {
    return fail(
        ErrorCode::kUnsupported,
        "\"{}\" has a template in Go's template language only, which is not supported yet",
        name
    );
}

}  // namespace

bool has_images(std::span<const Message> messages) {
    return std::ranges::any_of(messages, [](const Message& message) {
        return !message.images.empty();
    });
}

Result<void> check_vision(bool needed, const ModelChoice& choice, std::string_view name) {
    if (!needed || !choice.request.load.projector.empty()) return {};
    return fail(ErrorCode::kUnsupported, "{} does not support vision", name);
}

Result<ChatRequest> prepare_chat(
    ChatRequest request, const ModelChoice& choice, const LoadedModel& model, std::string_view name
) {
    const store::ModelSettings& settings = choice.model.settings;
    if (!model.has_chat_template()) {
        if (settings.go_template.empty()) {
            return fail(ErrorCode::kUnsupported, "\"{}\" does not support chat", name);
        }
        return go_template_only(name);
    }
    const ChatAbilities abilities = model.chat_abilities();
    if (!request.tools.empty() && !abilities.tools) {
        return fail(ErrorCode::kUnsupported, "{} does not support tools", name);
    }
    if (request.thinking == Thinking::kOn && !abilities.thinking) {
        return fail(ErrorCode::kUnsupported, "\"{}\" does not support thinking", name);
    }
    MULLAMA_TRY(check_vision(has_images(request.messages), choice, name));
    auto& messages = request.messages;
    const bool has_system = !messages.empty() && messages.front().role == "system";
    messages.insert(messages.begin(), settings.messages.begin(), settings.messages.end());
    if (!has_system && !settings.system.empty()) {
        messages.insert(messages.begin(), Message{"system", settings.system});
    }
    apply(choice.options, request);
    return request;
}

Result<void> check_reads_plain(const store::ModelSettings& settings, std::string_view name) {
    std::string text = settings.go_template;
    std::erase_if(text, [](unsigned char c) { return std::isspace(c) != 0; });
    if (text.empty() || text == "{{.Prompt}}") return {};
    return go_template_only(name);
}

Result<ChatPrompt> render_chat(
    ChatRequest request, const ModelChoice& choice, const LoadedModel& model, std::string_view name
) {
    Result<ChatRequest> prepared = prepare_chat(std::move(request), choice, model, name);
    if (!prepared) return std::move(prepared).error();
    prepared->truncate = false;
    return model.render(*prepared);
}

Result<std::size_t> count_chat(
    ChatRequest request, const ModelChoice& choice, const LoadedModel& model, std::string_view name
) {
    Result<ChatRequest> prepared = prepare_chat(std::move(request), choice, model, name);
    if (!prepared) return std::move(prepared).error();
    prepared->truncate = false;
    return model.count_tokens(*prepared);
}

Result<std::vector<StartedAnswer>> start_chat(
    const LoadedModel& model, const ChatRequest& request, std::int32_t choices
) {
    std::vector<StartedAnswer> started;
    ChatRequest each = request;
    for (std::int32_t i = 0; i < choices; ++i) {
        Result<ChatAnswer> answered = model.answer(each);
        if (!answered) return std::move(answered).error();
        started.push_back(
            {std::move(answered->events), std::move(answered->parser), answered->prompt_tokens}
        );
        if (each.sampling.seed) ++*each.sampling.seed;
    }
    return started;
}

}  // namespace mullama::server
