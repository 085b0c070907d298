#include "server/ollama_generate.h"

#include "base/error.h"
#include "server/conversation.h"
#include "server/infill.h"
#include "server/plain_text.h"

#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace mullama::server {
namespace {

using api::ollama::GenerateCall;

/// How a model reads the prompt.
enum class Form { kGap, kTemplate, kPlain };

Result<Form> form_of(
    const GenerateCall& call, const ModelChoice& choice, const LoadedModel& model
) {
    const std::string& name = call.use.model;
    if (model.engine() == nullptr) {
        return fail(ErrorCode::kUnsupported, "\"{}\" does not support generate", name);
    }
    if (call.request.thinking == Thinking::kOn && !model.chat_abilities().thinking) {
        return fail(ErrorCode::kUnsupported, "\"{}\" does not support thinking", name);
    }
    if (!call.suffix.empty()) {
        if (model.can_infill()) return Form::kGap;
        return fail(ErrorCode::kUnsupported, "{} does not support insert", name);
    }
    if (!call.raw && model.has_chat_template()) return Form::kTemplate;
    if (!call.raw) MULLAMA_TRY(check_reads_plain(choice.model.settings, name));
    MULLAMA_TRY(check_vision(!call.images.empty(), choice, name));
    return Form::kPlain;
}

/// The conversation that a prompt stands for, behind the talk that "context" holds.
Result<ChatRequest> chat_of(
    const GenerateCall& call, const ModelChoice& choice, const LoadedModel& model
) {
    ChatRequest request = call.request;
    ModelChoice own = choice;
    if (!call.system.empty()) own.model.settings.system = call.system;
    if (!call.context.empty()) own.model.settings.messages.clear();
    request.messages = {{.role = "user", .content = call.prompt, .images = call.images}};
    request.lead = text_of(call.context, model);
    return prepare_chat(std::move(request), own, model, call.use.model);
}

Result<GenerateRequest> plain_request(
    const GenerateCall& call, const ModelChoice& choice, const LoadedModel& model
) {
    GenerateRequest request;
    request.overflow = call.request.overflow;
    apply(choice.options, request);
    request.prompt = text_of(call.context, model) + call.prompt;
    request.top_logprobs = call.request.top_logprobs;
    Result<std::string> grammar = plain_grammar(call.request.format);
    if (!grammar) return std::move(grammar).error();
    if (!grammar->empty()) request.sampling.grammar = std::move(grammar).value();
    return request;
}

/// The prompt for a gap; where it may be cut, what is next to the gap stays.
Result<std::vector<Token>> gap_prompt(
    const GenerateCall& call, const ModelChoice& choice, const LoadedModel& model
) {
    GapTokens gap = gap_tokens(model.model().vocab());
    gap.repository = kNoToken;  // there are no files beside it
    gap.file = kNoToken;
    api::llamacpp::InfillCall infill;
    infill.prefix = {{.text = call.prompt}};
    infill.suffix = {{.text = call.suffix}};
    const std::int32_t most = call.request.truncate ? infill_tokens_max(choice, model)
                                                    : std::numeric_limits<std::int32_t>::max();
    return infill_tokens(infill, gap, model.tokenizer(), most);
}

Result<StartedAnswer> start_gap(
    const GenerateCall& call, const ModelChoice& choice, const LoadedModel& model
) {
    Result<std::vector<Token>> prompt = gap_prompt(call, choice, model);
    if (!prompt) return std::move(prompt).error();
    Result<GenerateRequest> request = plain_request(call, choice, model);
    if (!request) return std::move(request).error();
    request->tokens = *prompt;
    request->overflow = {};
    Result<EventStream> events = model.generate(std::move(request).value());
    if (!events) return std::move(events).error();
    StartedAnswer started{std::move(events).value(), AnswerParser(nullptr)};
    if (!call.raw) started.context = std::move(prompt).value();
    return started;
}

Result<StartedAnswer> start_templated(
    const GenerateCall& call, const ModelChoice& choice, const LoadedModel& model
) {
    const Result<ChatRequest> request = chat_of(call, choice, model);
    if (!request) return request.error();
    Result<ChatAnswer> answered = model.answer(*request);
    if (!answered) return std::move(answered).error();
    const std::size_t tokens = answered->prompt_tokens;
    return StartedAnswer{
        std::move(answered->events),
        std::move(answered->parser),
        tokens,
        std::move(answered->prompt),
    };
}

Result<StartedAnswer> start_plain(
    const GenerateCall& call, const ModelChoice& choice, const LoadedModel& model
) {
    const Result<GenerateRequest> request = plain_request(call, choice, model);
    if (!request) return request.error();
    Result<EventStream> events = model.generate(*request, call.images);
    if (!events) return std::move(events).error();
    StartedAnswer started{std::move(events).value(), AnswerParser(nullptr)};
    if (call.raw) return started;
    Result<std::vector<Token>> prompt = model.tokenizer().encode(request->prompt, true, true);
    if (prompt) started.context = std::move(prompt).value();
    return started;
}

Result<std::string> templated_prompt(
    const GenerateCall& call, const ModelChoice& choice, const LoadedModel& model
) {
    const Result<ChatRequest> request = chat_of(call, choice, model);
    if (!request) return request.error();
    Result<ChatPrompt> prompt = model.render(*request);
    if (!prompt) return std::move(prompt).error();
    return std::move(prompt->text);
}

}  // namespace

Result<StartedAnswer> start_generate(
    const GenerateCall& call, const ModelChoice& choice, const LoadedModel& model
) {
    const Result<Form> form = form_of(call, choice, model);
    if (!form) return form.error();
    if (*form == Form::kGap) return start_gap(call, choice, model);
    if (*form == Form::kTemplate) return start_templated(call, choice, model);
    return start_plain(call, choice, model);
}

Result<std::string> generate_prompt(
    const GenerateCall& call, const ModelChoice& choice, const LoadedModel& model
) {
    const Result<Form> form = form_of(call, choice, model);
    if (!form) return form.error();
    if (*form == Form::kTemplate) return templated_prompt(call, choice, model);
    if (*form == Form::kGap) {
        const Result<std::vector<Token>> prompt = gap_prompt(call, choice, model);
        if (!prompt) return prompt.error();
        return text_of(*prompt, model);
    }
    std::string prompt;
    for (std::size_t i = 0; i < call.images.size(); ++i) prompt += fmt::format("[img-{}]", i);
    return prompt + text_of(call.context, model) + call.prompt;
}

}  // namespace mullama::server
