#pragma once

#include <mullama/batch.h>
#include <mullama/context.h>
#include <mullama/model.h>
#include <mullama/sampler.h>
#include <mullama/types.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>

/// What tests of the engine on real models share.
namespace mullama::test {

inline constexpr std::int32_t kAnswerTokens = 16;

// Kernels round differently for batches of different shapes: where an answer from a shared batch
// leaves the one computed alone, the two tokens must have been as good as equal by this much. One
// logit of a real model is about 20.
inline constexpr float kLogitTolerance = 0.5F;

/// Says always the likeliest token.
inline GenerateRequest greedy(const std::string& prompt, std::int32_t max_tokens = kAnswerTokens) {
    GenerateRequest request;
    request.prompt = prompt;
    request.max_tokens = max_tokens;
    request.sampling = sampling_greedy();
    request.ignore_eos = true;
    return request;
}

inline Context make_context(const Model& model) {
    ContextOptions options;
    options.context_length = 1024;
    options.threads = 1;
    return Context::create(model, options).value();
}

/// The logits after `tokens`, by nothing but a Context.
inline std::vector<float> logits_after(Context& context, std::span<const Token> tokens) {
    context.memory().clear();
    Batch batch;
    Position position = 0;
    for (const Token token : tokens) {
        const bool last = static_cast<std::size_t>(position) + 1 == tokens.size();
        batch.add(token, position++, 0, last).value();
    }
    context.decode(batch).value();
    const auto row = context.logits(-1).value();
    return {row.begin(), row.end()};
}

inline Token best_of(std::span<const float> logits) {
    return static_cast<Token>(std::ranges::max_element(logits) - logits.begin());
}

/// How `answer` differs from `alone`; nothing where it is the same, or leaves it where the two
/// tokens were as good as equal.
inline std::string difference(
    const Model& model,
    const std::string& prompt,
    const std::vector<Token>& answer,
    const std::vector<Token>& alone,
    float tolerance = kLogitTolerance
) {
    if (answer.size() != alone.size()) {
        return fmt::format("{} tokens in place of {}", answer.size(), alone.size());
    }
    const auto [here, there] = std::ranges::mismatch(answer, alone);
    if (here == answer.end()) return "";
    auto tokens = model.vocab().tokenize(prompt, true, true).value();
    tokens.insert(tokens.end(), answer.begin(), here);
    auto context = make_context(model);
    const auto logits = logits_after(context, tokens);
    const float logit = logits[static_cast<std::size_t>(*here)];
    const float logit_alone = logits[static_cast<std::size_t>(*there)];
    if (std::abs(logit - logit_alone) <= tolerance) return "";
    return fmt::format(
        "token {} of the answer to '{}' has a logit of {}, alone {}",
        here - answer.begin(),
        prompt,
        logit,
        logit_alone
    );
}

}  // namespace mullama::test
