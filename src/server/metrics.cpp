#include "server/metrics.h"

#include "server/metrics_text.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace mullama::server {
namespace {

constexpr std::string_view kOther = "other";
constexpr std::array<std::string_view, 4> kReasons = {"stop", "length", "cancelled", "error"};
constexpr std::array<std::string_view, 6> kStatusClasses = {
    "none", "1xx", "2xx", "3xx", "4xx", "5xx"
};

std::size_t place_of(FinishReason reason) {
    switch (reason) {
        case FinishReason::kStop:
            return 0;
        case FinishReason::kLength:
            return 1;
        case FinishReason::kCancelled:
            return 2;
        case FinishReason::kError:
            return 3;
    }
    return 3;
}

void add(EngineStats& sum, const EngineStats& one) {
    sum.running += one.running;
    sum.queued += one.queued;
    sum.kv_cells_used += one.kv_cells_used;
    sum.kv_cells_reserved += one.kv_cells_reserved;
    sum.kv_cells_total += one.kv_cells_total;
    sum.prefix_cache_bytes += one.prefix_cache_bytes;
    sum.snapshot_bytes += one.snapshot_bytes;
    sum.steps += one.steps;
    sum.preemptions += one.preemptions;
    sum.drafted_tokens += one.drafted_tokens;
    sum.accepted_tokens += one.accepted_tokens;
}

}  // namespace

void Histogram::observe(std::chrono::nanoseconds time) {
    const double seconds = std::chrono::duration<double>(time).count();
    const auto bucket = std::ranges::lower_bound(kBoundsSeconds, seconds) - kBoundsSeconds.begin();
    buckets_[static_cast<std::size_t>(bucket)].add();
    sum_ns_.fetch_add(time.count(), std::memory_order_relaxed);
}

std::array<std::uint64_t, Histogram::kBuckets> Histogram::buckets() const {
    std::array<std::uint64_t, kBuckets> counts{};
    for (std::size_t i = 0; i < kBuckets; ++i) counts[i] = buckets_[i].value();
    return counts;
}

std::chrono::nanoseconds Histogram::sum() const {
    return std::chrono::nanoseconds(sum_ns_.load(std::memory_order_relaxed));
}

void ModelMetrics::count_prompt(std::int64_t tokens, std::int64_t cached) {
    prompt_tokens.add(static_cast<std::uint64_t>(tokens));
    cached_tokens.add(static_cast<std::uint64_t>(cached));
}

ModelMetrics& Metrics::model(std::string_view name) {
    const auto known = models_.lock();
    auto found = known->find(name);
    const std::string_view label =
        found == known->end() && known->size() >= kModelsMax ? kOther : name;
    if (found == known->end()) found = known->find(label);
    if (found == known->end()) {
        auto metrics = std::make_unique<ModelMetrics>(std::string(label));
        found = known->emplace(std::string(label), std::move(metrics)).first;
    }
    return *found->second;
}

void Metrics::set_routes(std::vector<RouteName> routes) {
    routes.push_back({"", "unknown"});
    for (RouteName& name : routes) {
        routes_.push_back(std::make_unique<RouteCounts>());
        routes_.back()->name = std::move(name);
    }
}

void Metrics::count(std::optional<std::size_t> route, unsigned status) {
    if (routes_.empty()) return;
    const std::size_t place = std::min(route.value_or(routes_.size() - 1), routes_.size() - 1);
    routes_[place]->answers[std::min<std::size_t>(status / 100, kStatusClasses.size() - 1)].add();
}

std::string Metrics::text(const std::vector<PooledEngine>& engines, std::size_t models_loaded) {
    std::string text;
    write_requests(text);
    write_models(text);
    write_engines(text, engines);
    MetricsText loaded(text, "mullama_models_loaded", MetricKind::kGauge, "Models in memory.");
    loaded.sample({}, static_cast<double>(models_loaded));
    return text;
}

std::vector<const ModelMetrics*> Metrics::models() const {
    std::vector<const ModelMetrics*> all;
    for (const auto& [label, metrics] : *models_.lock()) all.push_back(metrics.get());
    return all;
}

// A route that nobody has asked for has no samples: there are many of them.
void Metrics::write_requests(std::string& to) const {
    MetricsText requests(
        to,
        "mullama_http_requests_total",
        MetricKind::kCounter,
        "Requests by route and class of status; none where the client left before."
    );
    for (const auto& route : routes_) {
        for (std::size_t i = 0; i < kStatusClasses.size(); ++i) {
            const std::uint64_t count = route->answers[i].value();
            if (count == 0) continue;
            requests.sample(
                {{"method", route->name.method},
                 {"route", route->name.pattern},
                 {"status", kStatusClasses[i]}},
                static_cast<double>(count)
            );
        }
    }
}

void Metrics::write_models(std::string& to) const {
    const std::vector<const ModelMetrics*> all = models();
    const auto histogram = [&](std::string_view name, std::string_view help, auto member) {
        MetricsText family(to, name, MetricKind::kHistogram, help);
        for (const ModelMetrics* model : all) {
            family.histogram({{"model", model->label}}, model->*member);
        }
    };
    const auto counter = [&](std::string_view name, std::string_view help, auto member) {
        MetricsText family(to, name, MetricKind::kCounter, help);
        for (const ModelMetrics* model : all) {
            const auto value = static_cast<double>((model->*member).value());
            family.sample({{"model", model->label}}, value);
        }
    };
    using M = ModelMetrics;
    histogram(
        "mullama_time_to_first_token_seconds",
        "From a request's arrival to the first token of its answer.",
        &M::first_token
    );
    histogram(
        "mullama_inter_token_latency_seconds",
        "Between two tokens of an answer, as they are sent.",
        &M::between_tokens
    );
    histogram(
        "mullama_queue_wait_seconds",
        "From a request's place in the queue to its first step.",
        &M::queue_wait
    );
    counter(
        "mullama_prompt_tokens_total", "Tokens of prompts, cached ones included.", &M::prompt_tokens
    );
    counter(
        "mullama_prompt_tokens_cached_total",
        "Tokens of prompts that needed no computing.",
        &M::cached_tokens
    );
    counter("mullama_generated_tokens_total", "Tokens of answers.", &M::generated_tokens);
    MetricsText answers(
        to, "mullama_answers_total", MetricKind::kCounter, "Answers by the reason of their end."
    );
    for (const ModelMetrics* model : all) {
        for (std::size_t i = 0; i < kReasons.size(); ++i) {
            answers.sample(
                {{"model", model->label}, {"reason", kReasons[i]}},
                static_cast<double>(model->answers[i].value())
            );
        }
    }
}

void Metrics::write_engines(std::string& to, const std::vector<PooledEngine>& engines) {
    std::map<std::string, EngineStats, std::less<>> by_label;
    for (const PooledEngine& engine : engines) {
        add(by_label[model(engine.name).label], engine.stats);
    }
    const auto family =
        [&](std::string_view name, MetricKind kind, std::string_view help, auto member) {
            MetricsText out(to, name, kind, help);
            for (const auto& [label, stats] : by_label) {
                out.sample({{"model", label}}, static_cast<double>(stats.*member));
            }
        };
    using S = EngineStats;
    const MetricKind gauge = MetricKind::kGauge;
    family("mullama_requests_running", gauge, "Requests that are computed.", &S::running);
    family("mullama_requests_queued", gauge, "Requests that wait for a place.", &S::queued);
    family("mullama_kv_cells_used", gauge, "KV cells that hold a token.", &S::kv_cells_used);
    family(
        "mullama_kv_cells_reserved",
        gauge,
        "KV cells promised to running requests.",
        &S::kv_cells_reserved
    );
    family("mullama_kv_cells_total", gauge, "KV cells that there are.", &S::kv_cells_total);
    family(
        "mullama_prefix_cache_bytes",
        gauge,
        "Memory that beginnings of prompts and answers are kept in.",
        &S::prefix_cache_bytes
    );
    family(
        "mullama_snapshot_bytes",
        gauge,
        "Disk that beginnings of prompts and answers are kept on.",
        &S::snapshot_bytes
    );
    family(
        "mullama_engine_steps_total",
        MetricKind::kCounter,
        "Decodes since the model was loaded.",
        &S::steps
    );
    family(
        "mullama_preemptions_total",
        MetricKind::kCounter,
        "Times that a request was put back into the queue, since the model was loaded.",
        &S::preemptions
    );
    family(
        "mullama_draft_tokens_total",
        MetricKind::kCounter,
        "Guessed tokens that were verified, since the model was loaded.",
        &S::drafted_tokens
    );
    family(
        "mullama_draft_tokens_accepted_total",
        MetricKind::kCounter,
        "Those of them that were right.",
        &S::accepted_tokens
    );
}

void AnswerMeter::CountCancelled::operator()(ModelMetrics* metrics) const {
    metrics->answers[place_of(FinishReason::kCancelled)].add();
}

// Events without tokens, such as the end, are no measure of speed.
void AnswerMeter::take(const Event& event, TimePoint now) {
    if (!open_) return;
    if (!event.tokens.empty()) {
        if (has_token_) {
            const auto count = static_cast<std::int64_t>(event.tokens.size());
            const auto each = (now - last_) / count;
            for (std::int64_t i = 0; i < count; ++i) open_->between_tokens.observe(each);
        } else {
            open_->first_token.observe(now - last_);
        }
        has_token_ = true;
        last_ = now;
        open_->generated_tokens.add(event.tokens.size());
    }
    if (!event.finish) return;
    ModelMetrics& metrics = *open_.release();
    const Usage& usage = event.finish->usage;
    metrics.queue_wait.observe(std::chrono::nanoseconds(usage.queue_ns));
    metrics.count_prompt(usage.prompt_tokens, usage.cached_tokens);
    metrics.answers[place_of(event.finish->reason)].add();
}

}  // namespace mullama::server
