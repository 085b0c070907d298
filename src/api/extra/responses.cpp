#include "api/extra/responses.h"

#include "api/json_writer.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <numeric>
#include <span>

namespace mullama::api::extra {
namespace {

std::vector<std::size_t> best_first(const std::vector<float>& scores, std::size_t count) {
    std::vector<std::size_t> order(scores.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, std::greater(), [&](std::size_t i) { return scores[i]; });
    order.resize(std::min(order.size(), count));
    return order;
}

float sigmoid(float logit) {
    return static_cast<float>(1.0 / (1.0 + std::exp(-static_cast<double>(logit))));
}

void write_results(
    JsonWriter& out,
    const RerankCall& call,
    const Scores& scores,
    std::span<const std::size_t> order
) {
    const bool bounds = scores.are_logits && !call.raw_scores;
    out.begin_array();
    for (const std::size_t i : order) {
        const float score = bounds ? sigmoid(scores.values[i]) : scores.values[i];
        out.begin_object().field("index", i);
        out.field(call.is_tei ? "score" : "relevance_score", score);
        if (call.return_documents && call.is_tei) out.field("text", call.documents[i]);
        if (call.return_documents && !call.is_tei) {
            out.key("document").begin_object().field("text", call.documents[i]).end_object();
        }
        out.end_object();
    }
    out.end_array();
}

}  // namespace

std::string format_ranking(const RerankCall& call, std::string_view model, const Scores& scores) {
    const auto most = static_cast<std::size_t>(
        call.top_n.value_or(static_cast<std::int32_t>(call.documents.size()))
    );
    const std::vector<std::size_t> order = best_first(scores.values, most);
    JsonWriter out;
    if (call.is_tei) {
        write_results(out, call, scores, order);
        return out.take();
    }
    out.begin_object().field("model", model).field("object", "list").key("results");
    write_results(out, call, scores, order);
    out.key("usage").begin_object().field("prompt_tokens", scores.tokens);
    out.field("total_tokens", scores.tokens).end_object().end_object();
    return out.take();
}

std::string format_tokens(const std::vector<TokenPiece>& tokens, bool with_pieces) {
    JsonWriter out;
    out.begin_object().key("tokens").begin_array();
    for (const TokenPiece& each : tokens) {
        if (!with_pieces) {
            out.value(each.token);
            continue;
        }
        out.begin_object().field("id", each.token).key("piece");
        if (is_utf8(each.piece)) {
            out.value(each.piece);
        } else {
            write_bytes(out, each.piece);
        }
        out.end_object();
    }
    out.end_array().end_object();
    return out.take();
}

std::string format_content(std::string_view text) {
    JsonWriter out;
    out.begin_object().field("content", text).end_object();
    return out.take();
}

std::string format_prompt(std::string_view prompt) {
    JsonWriter out;
    out.begin_object().field("prompt", prompt).end_object();
    return out.take();
}

}  // namespace mullama::api::extra
