#pragma once

#include "base/guarded.h"
#include "server/router.h"
#include <mullama/model_pool.h>
#include <mullama/types.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mullama::server {

/// A number that only grows.
/// Threads: thread-safe, without locks.
class Counter {
  public:
    void add(std::uint64_t number = 1) { value_.fetch_add(number, std::memory_order_relaxed); }
    std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<std::uint64_t> value_ = 0;
};

/// How often times fell below each of its bounds.
/// Threads: thread-safe, without locks. A reader may see a time in one bucket and not yet in sum().
class Histogram {
  public:
    /// The upper bounds of the buckets but the last, which has none.
    static constexpr std::array<double, 16> kBoundsSeconds = {
        0.001,
        0.0025,
        0.005,
        0.01,
        0.025,
        0.05,
        0.1,
        0.25,
        0.5,
        1.0,
        2.5,
        5.0,
        10.0,
        30.0,
        60.0,
        300.0,
    };
    static constexpr std::size_t kBuckets = kBoundsSeconds.size() + 1;

    void observe(std::chrono::nanoseconds time);

    /// How many fell into each bucket and not into one before it.
    std::array<std::uint64_t, kBuckets> buckets() const;
    std::chrono::nanoseconds sum() const;

  private:
    std::array<Counter, kBuckets> buckets_;
    std::atomic<std::int64_t> sum_ns_ = 0;
};

/// What is counted of one model.
/// Threads: thread-safe, without locks.
struct ModelMetrics {
    /// The label of its samples.
    const std::string label;
    Histogram first_token;     ///< From the request's arrival, loading the model included.
    Histogram between_tokens;  ///< As the reader gets them.
    Histogram queue_wait;      ///< From submission to the first computed token of the prompt.
    Counter prompt_tokens;     ///< Cached ones included.
    Counter cached_tokens;
    Counter generated_tokens;
    std::array<Counter, 4> answers;  ///< By FinishReason.

    explicit ModelMetrics(std::string name) : label(std::move(name)) {}

    void count_prompt(std::int64_t tokens, std::int64_t cached);
};

/// What the server counts, for GET /metrics.
/// Threads: thread-safe. Counting takes no lock but for the first look at a model in a request.
/// Source:  the text format of prometheus.io/docs/instrumenting/exposition_formats, and the names
/// of
///          prometheus.io/docs/practices/naming.
class Metrics {
  public:
    /// Models with samples of their own; the others share those of "other".
    static constexpr std::size_t kModelsMax = 32;

    /// The metrics of a model, for as long as this lives.
    ModelMetrics& model(std::string_view name);

    /// Sets what count() counts by. Call it once, before anything else runs.
    void set_routes(std::vector<RouteName> routes);
    /// Counts an answer: the number of its route, none for a path that nobody has, and its status.
    void count(std::optional<std::size_t> route, unsigned status);

    /// All of it as text, with what the engines say of themselves.
    std::string text(const std::vector<PooledEngine>& engines, std::size_t models_loaded);

  private:
    /// Answers of one route by the first digit of their status.
    struct RouteCounts {
        RouteName name;
        std::array<Counter, 6> answers;
    };
    using Models = std::map<std::string, std::unique_ptr<ModelMetrics>, std::less<>>;

    std::vector<const ModelMetrics*> models() const;
    void write_models(std::string& to) const;
    void write_engines(std::string& to, const std::vector<PooledEngine>& engines);
    void write_requests(std::string& to) const;

    Guarded<Models> models_;
    std::vector<std::unique_ptr<RouteCounts>> routes_;  // the last is for unknown paths
};

/// Counts one answer by its events. One that is destroyed before the last of them was cancelled.
/// Threads: thread-compatible.
class AnswerMeter {
  public:
    using TimePoint = std::chrono::steady_clock::time_point;

    /// `metrics` outlives it; `since` is when the request came.
    AnswerMeter(ModelMetrics& metrics, TimePoint since) : open_(&metrics), last_(since) {}

    void take(const Event& event, TimePoint now);

  private:
    struct CountCancelled {
        void operator()(ModelMetrics* metrics) const;
    };

    std::unique_ptr<ModelMetrics, CountCancelled> open_;  // null after the end; owns nothing
    TimePoint last_;  // the request's arrival, then the last token's
    bool has_token_ = false;
};

}  // namespace mullama::server
