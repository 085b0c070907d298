#include "server/plain_text.h"

#include "base/error.h"
#include <mullama/answer_format.h>

#include <utility>

namespace mullama::server {
namespace {

constexpr std::size_t kAnswersMax = 512;

Result<EventStream> begin(
    const api::CompletionCall& call,
    const api::Prompt& prompt,
    GenerateRequest request,
    const LoadedModel& model
) {
    if (call.suffix) {
        const std::string prefix =
            prompt.tokens.empty() ? prompt.text : text_of(prompt.tokens, model);
        return model.infill({prefix, *call.suffix, std::move(request)});
    }
    request.prompt = prompt.text;
    request.tokens = prompt.tokens;
    return model.generate(std::move(request));
}

}  // namespace

Result<std::string> plain_grammar(const std::string& format) {
    if (format.empty()) return std::string();
    return grammar_from_format(format);
}

Result<std::vector<StartedAnswer>> start_completions(
    const api::CompletionCall& call, const ModelChoice& choice, const LoadedModel& model
) {
    const auto each = static_cast<std::size_t>(call.best_of);
    if (call.prompts.size() * each > kAnswersMax) {
        return fail(
            ErrorCode::kInvalidArgument,
            "{} prompts with {} answers each are too many: the most is {} answers",
            call.prompts.size(),
            each,
            kAnswersMax
        );
    }
    Result<std::string> grammar = plain_grammar(call.format);
    if (!grammar) return std::move(grammar).error();
    GenerateRequest request = call.request;
    apply(choice.options, request);
    if (!grammar->empty()) request.sampling.grammar = std::move(grammar).value();
    if (call.best_of > call.choices && !request.top_logprobs) request.top_logprobs = 0;
    std::vector<StartedAnswer> started;
    for (const api::Prompt& prompt : call.prompts) {
        GenerateRequest next = request;
        for (std::size_t i = 0; i < each; ++i) {
            Result<EventStream> events = begin(call, prompt, next, model);
            if (!events) return std::move(events).error();
            StartedAnswer& answer =
                started.emplace_back(StartedAnswer{std::move(events).value(), AnswerParser(nullptr)}
                );
            if (call.echo) {
                answer.lead = prompt.tokens.empty() ? prompt.text : text_of(prompt.tokens, model);
            }
            if (next.sampling.seed) ++*next.sampling.seed;
        }
    }
    return started;
}

std::string text_of(const std::vector<Token>& tokens, const LoadedModel& model) {
    std::string text;
    const Vocab& vocab = model.model().vocab();
    for (const Token token : tokens) {
        // Tokenizing the text adds it again.
        if (text.empty() && vocab.add_bos() && token == vocab.bos()) continue;
        text += vocab.piece(token, /*special=*/true);
    }
    return text;
}

}  // namespace mullama::server
