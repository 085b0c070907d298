#include "server/embedding.h"

#include "base/error.h"
#include "server/model_use.h"
#include "server/reply.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace mullama::server {
namespace {

using Clock = std::chrono::steady_clock;

// A model that says nothing of how its tokens become one vector is given their mean.
Pooling pooling_of(const Model& model) {
    const bool says = model.metadata(model.architecture() + ".pooling_type").has_value();
    return says ? Pooling::kModel : Pooling::kMean;
}

Normalization normalization_of(std::int32_t order) {
    if (order < 0) return Normalization::kNone;
    if (order == 0) return Normalization::kMaxAbs;
    if (order == 1) return Normalization::kTaxicab;
    return order == 2 ? Normalization::kEuclidean : Normalization::kPNorm;
}

EmbedRequest request_of(const api::EmbedCall& call, const ModelChoice& choice, const Model& model) {
    EmbedRequest request;
    const bool has_tokens = std::ranges::any_of(call.input, [](const api::Prompt& prompt) {
        return !prompt.tokens.empty();
    });
    for (const api::Prompt& prompt : call.input) {
        if (has_tokens) {
            request.tokens.push_back(prompt.tokens);
        } else {
            request.input.push_back(prompt.text);
        }
    }
    request.pooling = pooling_of(model);
    request.options.truncate = call.truncate;
    request.options.dimensions = call.dimensions;
    request.options.normalization = normalization_of(call.normalization);
    if (call.normalization > 2) request.options.p = call.normalization;
    if (const auto length = context_length_of(choice.options)) request.options.tokens_max = *length;
    return request;
}

Task<Result<EmbedOutcome>> embed(Service& service, const api::EmbedCall& call, Executor& executor) {
    const Clock::time_point since = Clock::now();
    auto acquiring = acquire_model(service, call.use, executor);
    Result<AcquiredModel> acquired = co_await std::move(acquiring);
    if (!acquired) co_return std::move(acquired).error();
    const auto& [choice, lease] = *acquired;
    EmbedOutcome outcome{.load_ns = std::max<std::int64_t>(lease.waited_ns(), 1)};
    if (!call.input.empty()) {
        Handover<Result<Embeddings>> embedding(executor);
        lease->embed(request_of(call, choice, lease->model()), embedding.sender());
        Result<Embeddings> embedded = co_await embedding;
        if (!embedded) co_return std::move(embedded).error();
        outcome.rows = std::move(embedded->rows);
        outcome.tokens = embedded->tokens;
        service.metrics.model(choice.model.name).count_prompt(embedded->tokens, 0);
    }
    outcome.total_ns = std::chrono::nanoseconds(Clock::now() - since).count();
    co_return outcome;
}

}  // namespace

Task<void> answer_embed(Service& service, ResponseWriter& writer, EmbedJob job) {
    auto embedding = embed(service, job.call, writer.executor());
    const Result<EmbedOutcome> outcome = co_await std::move(embedding);
    Response response = outcome ? json_response(job.format(*outcome)) : job.refuse(outcome.error());
    auto sending = reply(writer, std::move(response));
    co_await std::move(sending);
}

}  // namespace mullama::server
