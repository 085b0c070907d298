#include "server/llamacpp_completion.h"

#include "base/error.h"
#include "server/infill.h"
#include "server/mixed_tokens.h"
#include "server/plain_text.h"

#include <algorithm>
#include <utility>

namespace mullama::server {
namespace {

namespace dialect = api::llamacpp;
using Prompts = std::vector<std::vector<Token>>;

constexpr std::size_t kAnswersMax = 512;

Result<void> check_count(std::size_t prompts, std::size_t each) {
    if (prompts * each <= kAnswersMax) return {};
    return fail(
        ErrorCode::kInvalidArgument,
        "{} prompts with {} answers each are too many: the most is {} answers",
        prompts,
        each,
        kAnswersMax
    );
}

/// The text of a prompt, special tokens shown.
std::string shown_text(const std::vector<Token>& tokens, const LoadedModel& model) {
    std::string text;
    for (const Token token : tokens) text += model.model().vocab().piece(token, /*special=*/true);
    return text;
}

Result<GenerateRequest> request_of(const dialect::CompletionCall& call, const ModelChoice& choice) {
    GenerateRequest request = call.request;
    apply(choice.options, request);
    if (call.json_schema.empty()) return request;
    Result<std::string> grammar = plain_grammar(call.json_schema);
    if (!grammar) return std::move(grammar).error();
    request.sampling.grammar = std::move(grammar).value();
    return request;
}

api::AnswerStart start_of(
    const std::vector<Token>& prompt,
    const GenerateRequest& request,
    const ModelChoice& choice,
    const LoadedModel& model
) {
    const std::int32_t most = model.engine()->info().context_length;
    api::AnswerStart start{
        .model = choice.model.name,
        .prompt = shown_text(prompt, model),
        .prompt_tokens = static_cast<std::int32_t>(prompt.size()),
        .context_length =
            request.context_length == 0 ? most : std::min(request.context_length, most),
        .options = choice.options.values(),
    };
    start.options.sampling = request.sampling;
    return start;
}

Result<std::vector<StartedAnswer>> start_all(
    const dialect::CompletionCall& call,
    const Prompts& prompts,
    const ModelChoice& choice,
    const LoadedModel& model
) {
    const Result<GenerateRequest> request = request_of(call, choice);
    if (!request) return request.error();
    std::vector<StartedAnswer> started;
    for (const std::vector<Token>& prompt : prompts) {
        GenerateRequest next = *request;
        for (std::int32_t i = 0; i < call.choices; ++i) {
            next.tokens = prompt;
            Result<EventStream> events = model.generate(next);
            if (!events) return std::move(events).error();
            StartedAnswer& answer =
                started.emplace_back(StartedAnswer{std::move(events).value(), AnswerParser(nullptr)}
                );
            answer.prompt_tokens = prompt.size();
            answer.about = start_of(prompt, next, choice, model);
            if (next.sampling.seed) ++*next.sampling.seed;
        }
    }
    return started;
}

}  // namespace

Result<std::vector<StartedAnswer>> start_completion(
    const dialect::CompletionCall& call, const ModelChoice& choice, const LoadedModel& model
) {
    MULLAMA_TRY(check_count(call.prompts.size(), static_cast<std::size_t>(call.choices)));
    Prompts prompts;
    for (const api::MixedPrompt& prompt : call.prompts) {
        auto tokens = tokens_of(prompt, model.tokenizer(), true, true);
        if (!tokens) return std::move(tokens).error();
        prompts.push_back(std::move(tokens).value());
    }
    return start_all(call, prompts, choice, model);
}

Result<std::vector<StartedAnswer>> start_infill(
    const dialect::InfillCall& call, const ModelChoice& choice, const LoadedModel& model
) {
    if (model.engine() == nullptr) {
        return fail(ErrorCode::kUnsupported, "{} cannot generate text", choice.model.name);
    }
    auto tokens = infill_tokens(
        call, gap_tokens(model.model().vocab()), model.tokenizer(), infill_tokens_max(choice, model)
    );
    if (!tokens) return std::move(tokens).error();
    return start_all(call, {std::move(tokens).value()}, choice, model);
}

}  // namespace mullama::server
