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

// The least context has room for more than the "num_ctx" that asks for less, but what is too long
// for the former is to be cut to the latter.
Result<void> check_room(
    const std::vector<std::string>& texts, const api::Options& options, const Vocab& vocab
) {
    const std::int32_t asked = options.values().load.num_ctx.value_or(0);
    const auto room = static_cast<std::size_t>(context_length_of(options).value_or(0));
    const auto marks = vocab.tokenize("", /*add_special=*/true, /*parse_special=*/true);
    if (!marks) return marks.error();
    for (const std::string& text : texts) {
        const auto tokens = vocab.tokenize(text, /*add_special=*/true, /*parse_special=*/true);
        if (!tokens) return tokens.error();
        if (tokens->size() <= room) continue;
        if (asked <= 0) {
            return fail(
                ErrorCode::kInvalidArgument,
                "input exceeds maximum context length and cannot be truncated further"
            );
        }
        if (std::cmp_less_equal(asked, marks->size())) {
            return fail(
                ErrorCode::kInvalidArgument, "input after truncation exceeds maximum context length"
            );
        }
    }
    return {};
}

bool is_below_least(const api::Options& options) {
    const auto& asked = options.values().load.num_ctx;
    return asked && *asked < context_length_of(options).value_or(*asked);
}

/// Takes the sizes of `request` as Ollama does; see EmbedJob::sizes_as_ollama.
Task<Result<void>> take_sizes(
    Service& service, const AcquiredModel& acquired, EmbedRequest& request, Executor& executor
) {
    const std::int32_t length = acquired.lease->model().embedding_length_output();
    std::int32_t& dimensions = request.options.dimensions;
    if (dimensions < 0 || dimensions >= length) dimensions = 0;
    const api::Options& options = acquired.choice.options;
    if (!request.options.truncate || !is_below_least(options)) co_return Result<void>();
    auto check = [texts = request.input, options, model = *acquired.lease] {
        return check_room(texts, options, model.model().vocab());
    };
    Offload checking(service.work, executor, std::move(check));
    Result<void> checked = co_await checking;
    co_return checked;
}

Task<Result<EmbedOutcome>> embed(Service& service, const EmbedJob& job, Executor& executor) {
    const api::EmbedCall& call = job.call;
    const Clock::time_point since = Clock::now();
    auto acquiring = acquire_model(service, call.use, executor);
    Result<AcquiredModel> acquired = co_await std::move(acquiring);
    if (!acquired) co_return std::move(acquired).error();
    const auto& [choice, lease] = *acquired;
    EmbedOutcome outcome{.load_ns = std::max<std::int64_t>(lease.waited_ns(), 1)};
    if (!call.input.empty()) {
        EmbedRequest request = request_of(call, choice, lease->model());
        if (job.sizes_as_ollama) {
            auto taking = take_sizes(service, *acquired, request, executor);
            const Result<void> taken = co_await std::move(taking);
            if (!taken) co_return taken.error();
        }
        Handover<Result<Embeddings>> embedding(executor);
        lease->embed(std::move(request), embedding.sender());
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
    auto embedding = embed(service, job, writer.executor());
    const Result<EmbedOutcome> outcome = co_await std::move(embedding);
    Response response = outcome ? json_response(job.format(*outcome)) : job.refuse(outcome.error());
    auto sending = reply(writer, std::move(response));
    co_await std::move(sending);
}

}  // namespace mullama::server
