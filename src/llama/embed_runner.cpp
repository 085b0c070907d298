#include "llama/embed_runner.h"

#include "base/error.h"
#include "llama/handles.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace mullama {
namespace {

constexpr std::int32_t kProbeLength = 256;

// What a model is by itself: its pooling and the direction in which it reads.
struct Nature {
    Pooling pooling = Pooling::kNone;
    bool causal = true;
};

EmbedPlan plan_for(const Nature& nature) {
    if (!nature.causal) return EmbedPlan::kWhole;
    const bool last = nature.pooling == Pooling::kLast || nature.pooling == Pooling::kRank;
    return last ? EmbedPlan::kLastToken : EmbedPlan::kTokens;
}

ContextOptions base_options(const EmbedderOptions& options) {
    ContextOptions context;
    context.embeddings = true;
    context.pooling = options.pooling;
    context.threads = options.threads;
    context.perf = false;
    return context;
}

Result<Nature> probe(const Model& model, const EmbedderOptions& options) {
    auto small = base_options(options);
    small.context_length = kProbeLength;
    small.batch_size = kProbeLength;
    auto context = Context::create(model, small);
    if (!context) return std::move(context).error();
    const Nature nature{context->pooling(), context->causal_attention()};
    const bool unsaid = options.pooling == Pooling::kModel && nature.pooling == Pooling::kNone;
    return unsaid ? Nature{Pooling::kLast, nature.causal} : nature;
}

ContextOptions settings_for(
    const EmbedderOptions& options, const Nature& nature, std::int32_t length
) {
    const bool whole = plan_for(nature) == EmbedPlan::kWhole;
    const bool engine_pools = whole || nature.pooling == Pooling::kRank;
    auto settings = base_options(options);
    settings.pooling = engine_pools ? nature.pooling : Pooling::kNone;
    settings.batch_size = whole ? std::max(options.batch_size, length) : options.batch_size;
    settings.ubatch_size = settings.batch_size;
    settings.context_length = std::max(settings.batch_size, length);
    settings.sequences_max = std::min(options.sequences_max, settings.batch_size);
    return settings;
}

}  // namespace

EmbedRunner::EmbedRunner(Context context, Pooling pooling, EmbedPlan plan, std::int32_t length)
    : context_(std::move(context)), pooling_(pooling), plan_(plan), length_(length) {}

Result<EmbedRunner> EmbedRunner::create(const Model& model, const EmbedderOptions& options) {
    const auto nature = probe(model, options);
    if (!nature) return nature.error();
    const auto trained = std::min(model.context_length_train(), Embedder::kUsualLengthMax);
    const auto length = options.context_length > 0 ? options.context_length : trained;
    auto context = Context::create(model, settings_for(options, *nature, length));
    if (!context) return std::move(context).error();
    MULLAMA_TRY(set_adapters(*context, options.adapters));
    return EmbedRunner(*std::move(context), nature->pooling, plan_for(*nature), length);
}

std::int32_t EmbedRunner::dimensions() const {
    if (pooling_ != Pooling::kRank) return model().embedding_length_output();
    return static_cast<std::int32_t>(llama_model_n_cls_out(handle(model())));
}

Result<void> EmbedRunner::run(Texts texts, bool pooled, const Take& take) {
    for (std::size_t first = 0; first < texts.size();) {
        const auto rest = texts.subspan(first);
        const auto group = rest.first(group_size(rest));
        if (llama_get_memory(handle(context_)) != nullptr) context_.memory().clear();
        if (plan_ == EmbedPlan::kWhole) {
            MULLAMA_TRY(run_whole(group, first, pooled, take));
        } else if (plan_ == EmbedPlan::kLastToken && pooled) {
            MULLAMA_TRY(run_last(group, first, take));
        } else {
            MULLAMA_TRY(run_tokens(group, first, take));
        }
        first += group.size();
    }
    return {};
}

// How many of the texts can be computed together, at least one.
std::size_t EmbedRunner::group_size(Texts texts) const {
    const auto texts_max =
        std::min(texts.size(), static_cast<std::size_t>(context_.sequences_max()));
    const bool whole = plan_ == EmbedPlan::kWhole;
    auto room = static_cast<std::size_t>(whole ? context_.batch_size() : context_.context_length());
    std::size_t count = 0;
    while (count < texts_max && texts[count].size() <= room) {
        room -= texts[count].size();
        ++count;
    }
    return std::max<std::size_t>(count, 1);
}

// Entries come from our own tokens and counters, which the batch cannot refuse.
void EmbedRunner::add(Token token, std::size_t position, std::size_t text, bool output) {
    static_cast<void>(
        batch_.add(token, static_cast<Position>(position), static_cast<SequenceId>(text), output)
    );
}

Result<void> EmbedRunner::compute() {
    const bool has_memory = llama_get_memory(handle(context_)) != nullptr;
    return has_memory ? context_.decode(batch_) : context_.encode(batch_);
}

Result<std::span<const float>> EmbedRunner::row(
    std::int32_t entry, SequenceId sequence, bool pooled
) {
    auto values = pooled && engine_pools() ? context_.sequence_embedding(sequence)
                                           : context_.embeddings(entry);
    if (!values || all_finite(*values)) return values;
    return fail(ErrorCode::kInternal, "embedding contains NaN or Inf values");
}

Result<void> EmbedRunner::run_whole(Texts texts, std::size_t first, bool pooled, const Take& take) {
    batch_.clear();
    for (std::size_t t = 0; t < texts.size(); ++t) {
        for (std::size_t i = 0; i < texts[t].size(); ++i) add(texts[t][i], i, t, true);
    }
    MULLAMA_TRY(compute());
    std::int32_t entry = 0;
    for (std::size_t t = 0; t < texts.size(); ++t) {
        const std::size_t rows = pooled ? 1 : texts[t].size();
        for (std::size_t i = 0; i < rows; ++i) {
            const auto index = entry + static_cast<std::int32_t>(i);
            const auto values = row(index, static_cast<SequenceId>(t), pooled);
            if (!values) return values.error();
            take(first + t, i, *values);
        }
        entry += static_cast<std::int32_t>(texts[t].size());
    }
    return {};
}

Result<void> EmbedRunner::run_tokens(Texts texts, std::size_t first, const Take& take) {
    struct Place {
        std::size_t text;
        std::size_t token;
    };
    std::vector<Place> places;
    const auto flush = [&]() -> Result<void> {
        if (places.empty()) return {};
        MULLAMA_TRY(compute());
        for (std::size_t i = 0; i < places.size(); ++i) {
            const auto values = row(static_cast<std::int32_t>(i), 0, false);
            if (!values) return values.error();
            take(first + places[i].text, places[i].token, *values);
        }
        batch_.clear();
        places.clear();
        return {};
    };
    batch_.clear();
    for (std::size_t t = 0; t < texts.size(); ++t) {
        for (std::size_t i = 0; i < texts[t].size(); ++i) {
            add(texts[t][i], i, t, true);
            places.push_back({t, i});
            if (batch_.size() == context_.batch_size()) MULLAMA_TRY(flush());
        }
    }
    return flush();
}

// Computes all tokens but the last of each text, for the memory only.
Result<void> EmbedRunner::run_unseen(Texts texts) {
    batch_.clear();
    for (std::size_t t = 0; t < texts.size(); ++t) {
        for (std::size_t i = 0; i + 1 < texts[t].size(); ++i) {
            add(texts[t][i], i, t, false);
            if (batch_.size() < context_.batch_size()) continue;
            MULLAMA_TRY(context_.decode(batch_));
            batch_.clear();
        }
    }
    return batch_.empty() ? Result<void>() : context_.decode(batch_);
}

Result<void> EmbedRunner::run_last(Texts texts, std::size_t first, const Take& take) {
    context_.set_embeddings(false);
    auto unseen = run_unseen(texts);
    context_.set_embeddings(true);
    if (!unseen) return unseen;
    batch_.clear();
    for (std::size_t t = 0; t < texts.size(); ++t) {
        add(texts[t].back(), texts[t].size() - 1, t, true);
    }
    MULLAMA_TRY(compute());
    for (std::size_t t = 0; t < texts.size(); ++t) {
        const auto values = row(static_cast<std::int32_t>(t), static_cast<SequenceId>(t), true);
        if (!values) return values.error();
        take(first + t, 0, *values);
    }
    return {};
}

bool all_finite(std::span<const float> values) {
    return std::ranges::all_of(values, [](float value) { return std::isfinite(value); });
}

}  // namespace mullama
