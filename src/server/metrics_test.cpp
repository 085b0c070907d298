#include "server/metrics.h"

#include <cstdint>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::server {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Histogram, puts_a_time_into_the_bucket_whose_bound_it_does_not_pass) {
    Histogram histogram;
    histogram.observe(1ms);
    histogram.observe(1001us);
    histogram.observe(1000s);
    const auto buckets = histogram.buckets();
    EXPECT_EQ(buckets.front(), 1U);
    EXPECT_EQ(buckets[1], 1U);
    EXPECT_EQ(buckets.back(), 1U);
    EXPECT_EQ(histogram.sum(), 1000s + 2001us);
}

TEST(Metrics, have_a_bounded_number_of_models) {
    Metrics metrics;
    for (std::size_t i = 0; i < Metrics::kModelsMax + 5; ++i) {
        metrics.model("model" + std::to_string(i)).generated_tokens.add();
    }
    const std::string text = metrics.text({}, 0);
    EXPECT_THAT(text, HasSubstr("mullama_generated_tokens_total{model=\"model31\"} 1\n"));
    EXPECT_THAT(text, Not(HasSubstr("model32")));
    EXPECT_THAT(text, HasSubstr("mullama_generated_tokens_total{model=\"other\"} 5\n"));
    EXPECT_EQ(&metrics.model("model0"), &metrics.model("model0"));
}

TEST(Metrics, sum_up_the_engines_that_share_a_label) {
    Metrics metrics;
    for (std::size_t i = 0; i < Metrics::kModelsMax; ++i) metrics.model(std::to_string(i));
    EngineStats stats;
    stats.running = 2;
    stats.kv_cells_used = 10;
    const std::string text =
        metrics.text({{"0", {}, stats}, {"late", {}, stats}, {"later", {}, stats}}, 3);
    EXPECT_THAT(text, HasSubstr("mullama_requests_running{model=\"0\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("mullama_requests_running{model=\"other\"} 4\n"));
    EXPECT_THAT(text, HasSubstr("mullama_kv_cells_used{model=\"other\"} 20\n"));
    EXPECT_THAT(text, HasSubstr("mullama_models_loaded 3\n"));
}

TEST(Metrics, count_requests_by_route_and_class_of_status) {
    Metrics metrics;
    metrics.count(0, 200);  // before there are routes
    metrics.set_routes({{"POST", "/api/chat"}, {"GET", "/v1/models/*"}});
    metrics.count(0, 200);
    metrics.count(0, 201);
    metrics.count(1, 404);
    metrics.count(std::nullopt, 404);
    metrics.count(0, 0);
    metrics.count(0, 999);
    const std::string text = metrics.text({}, 0);
    const std::string chat =
        "mullama_http_requests_total{method=\"POST\",route=\"/api/chat\",status=";
    EXPECT_THAT(text, HasSubstr(chat + "\"2xx\"} 2\n"));
    EXPECT_THAT(text, HasSubstr(chat + "\"none\"} 1\n"));
    EXPECT_THAT(text, HasSubstr(chat + "\"5xx\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("{method=\"GET\",route=\"/v1/models/*\",status=\"4xx\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("{method=\"\",route=\"unknown\",status=\"4xx\"} 1\n"));
}

TEST(Metrics, are_written_as_prometheus_reads_them) {
    Metrics metrics;
    metrics.model("a\"b\\c\nd").queue_wait.observe(3ms);
    const std::string text = metrics.text({}, 0);
    const std::string label = R"({model="a\"b\\c\nd")";
    EXPECT_THAT(text, HasSubstr("# TYPE mullama_queue_wait_seconds histogram\n"));
    EXPECT_THAT(
        text, HasSubstr("mullama_queue_wait_seconds_bucket" + label + ",le=\"0.0025\"} 0\n")
    );
    EXPECT_THAT(
        text, HasSubstr("mullama_queue_wait_seconds_bucket" + label + ",le=\"0.005\"} 1\n")
    );
    EXPECT_THAT(text, HasSubstr("mullama_queue_wait_seconds_bucket" + label + ",le=\"+Inf\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("mullama_queue_wait_seconds_sum" + label + "} 0.003\n"));
    EXPECT_THAT(text, HasSubstr("mullama_queue_wait_seconds_count" + label + "} 1\n"));
}

TEST(AnswerMeter, tells_the_first_token_from_the_others) {
    ModelMetrics metrics("m");
    const AnswerMeter::TimePoint start{};
    AnswerMeter meter(metrics, start);
    Event event;
    meter.take(event, start + 1ms);  // progress, no token
    event.tokens = {1};
    meter.take(event, start + 20ms);
    meter.take(event, start + 23ms);
    event.tokens = {2, 3, 4};  // of one step
    meter.take(event, start + 29ms);
    event.tokens = {};
    event.finish = Finish{
        .reason = FinishReason::kLength,
        .usage = {.prompt_tokens = 9, .cached_tokens = 4, .queue_ns = 5'000'000},
    };
    meter.take(event, start + 30ms);
    EXPECT_EQ(metrics.first_token.sum(), 20ms);
    EXPECT_EQ(metrics.between_tokens.sum(), 9ms);
    const auto buckets = metrics.between_tokens.buckets();
    EXPECT_EQ(std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0}), 4U);
    EXPECT_EQ(metrics.queue_wait.sum(), 5ms);
    EXPECT_EQ(metrics.generated_tokens.value(), 5U);
    EXPECT_EQ(metrics.prompt_tokens.value(), 9U);
    EXPECT_EQ(metrics.cached_tokens.value(), 4U);
    EXPECT_EQ(metrics.answers[1].value(), 1U);
}

TEST(AnswerMeter, an_answer_without_an_end_was_cancelled) {
    ModelMetrics metrics("m");
    {
        AnswerMeter meter(metrics, {});
        const AnswerMeter moved = std::move(meter);
    }
    EXPECT_EQ(metrics.answers[2].value(), 1U);
}

}  // namespace
}  // namespace mullama::server
