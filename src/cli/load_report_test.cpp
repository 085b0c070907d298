#include "cli/load_report.h"

#include "api/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

/// Sent at 0, with a piece each 10 ms from `first` on.
LoadRequest request(double first, int pieces) {
    LoadRequest request;
    for (int i = 0; i < pieces; ++i) request.arrivals_ms.push_back(first + 10 * i);
    request.took_ms = request.arrivals_ms.back() + 1;
    request.prompt_tokens = 100;
    request.answer_tokens = pieces;
    return request;
}

LoadRequest failure() {
    LoadRequest request;
    request.error = "too busy";
    return request;
}

TEST(LoadReport, a_request_tells_its_times) {
    const LoadRequest three = request(50, 3);
    EXPECT_EQ(three.first_ms(), 50);
    EXPECT_THAT(three.gaps_ms(), ElementsAre(10, 10));
    EXPECT_EQ(three.per_token_ms(), 10);
    EXPECT_EQ(request(50, 1).per_token_ms(), 0);
    LoadRequest joined = request(50, 2);
    joined.answer_tokens = 5;
    EXPECT_EQ(joined.per_token_ms(), 2.5) << "a piece may have several tokens";
}

TEST(LoadReport, percentiles_lie_between_values) {
    const LoadFigure figure = figure_of({40, 10, 20, 30, 50});
    EXPECT_DOUBLE_EQ(figure.mean, 30);
    EXPECT_DOUBLE_EQ(figure.p50, 30);
    EXPECT_DOUBLE_EQ(figure.p90, 46);
    EXPECT_DOUBLE_EQ(figure.p99, 49.6);
    EXPECT_DOUBLE_EQ(figure.most, 50);
    EXPECT_DOUBLE_EQ(figure_of({7}).p99, 7);
    EXPECT_EQ(figure_of({}).most, 0);
}

TEST(LoadReport, goals_are_read) {
    LoadGoal goal;
    EXPECT_FALSE(goal.is_set());
    EXPECT_TRUE(goal.set("ttft:200"));
    EXPECT_TRUE(goal.set("tpot:12.5"));
    EXPECT_TRUE(goal.set("e2el:3000"));
    EXPECT_EQ(goal.first_ms, 200);
    EXPECT_EQ(goal.per_token_ms, 12.5);
    EXPECT_EQ(goal.took_ms, 3000);
    for (const char* wrong :
         {"", "ttft", "ttft:", "ttft:x", "ttft:-1", "ttft:0", "fast:3", ":3", "ttft:3ms", "ttft:inf"
         }) {
        EXPECT_FALSE(LoadGoal().set(wrong)) << wrong;
    }
}

TEST(LoadReport, a_load_is_summed_up_without_what_failed) {
    const std::vector<LoadRequest> requests = {request(100, 11), failure(), request(300, 21)};
    LoadGoal goal;
    goal.first_ms = 200;
    const LoadSummary summary = summarize(requests, 2, goal);
    EXPECT_EQ(summary.succeeded, 2U);
    EXPECT_EQ(summary.failed, 1U);
    EXPECT_DOUBLE_EQ(summary.requests_per_second, 1);
    EXPECT_DOUBLE_EQ(summary.prompt_tokens_per_second, 100);
    EXPECT_DOUBLE_EQ(summary.answer_tokens_per_second, 16);
    EXPECT_EQ(summary.good_per_second, 0.5);
    EXPECT_DOUBLE_EQ(summary.first.mean, 200);
    EXPECT_DOUBLE_EQ(summary.gap.p99, 10);
    EXPECT_DOUBLE_EQ(summary.per_token.mean, 10);
    EXPECT_DOUBLE_EQ(summary.whole.most, 501);
    EXPECT_EQ(summarize(requests, 2, {}).good_per_second, std::nullopt);
}

TEST(LoadReport, goals_have_to_hold_all) {
    LoadGoal goal;
    goal.first_ms = 100;
    goal.per_token_ms = 9;
    EXPECT_FALSE(goal.holds(request(100, 3)));
    goal.per_token_ms = 10;
    EXPECT_TRUE(goal.holds(request(100, 3)));
    goal.took_ms = 120;
    EXPECT_FALSE(goal.holds(request(100, 3)));
}

TEST(LoadReport, tables_have_rows_of_the_same_length) {
    const std::string tables = load_tables(summarize(std::vector{request(100, 3)}, 1, {}));
    EXPECT_THAT(tables, HasSubstr("| to the first token      |     100.0 |     100.0 |"));
    EXPECT_THAT(tables, HasSubstr("|        1 |      0 |    1.00 |      1.000 |        |"));
}

TEST(LoadReport, vectors_take_the_place_of_tokens) {
    LoadRequest request;
    request.took_ms = 40;
    request.arrivals_ms = {40};
    request.vectors = 16;
    const LoadSummary summary = summarize(std::vector{request, request}, 2, {});
    EXPECT_DOUBLE_EQ(summary.vectors_per_second, 16);
    const std::string tables = load_tables(summary);
    EXPECT_THAT(tables, HasSubstr("| vectors/s |"));
    EXPECT_THAT(tables, HasSubstr("|      16.0 |"));
    EXPECT_THAT(tables, Not(HasSubstr("to the first token")));
    EXPECT_THAT(load_lines({}, summary), HasSubstr("\"vector_throughput\":16"));
}

TEST(LoadReport, streams_beside_the_requests_have_a_row) {
    LoadSummary summary = summarize(std::vector{request(100, 3)}, 1, {});
    EXPECT_THAT(load_tables(summary), Not(HasSubstr("streams")));
    summary.stream_gap = figure_of({20});
    EXPECT_THAT(load_tables(summary), HasSubstr("| between streams' pieces |      20.0 |"));
    EXPECT_THAT(load_lines({}, summary), HasSubstr("\"stream_itl_ms\":{\"mean\":20"));
}

TEST(LoadReport, lines_are_json) {
    const std::vector<LoadRequest> requests = {request(100, 3), failure()};
    const std::string lines = load_lines(requests, summarize(requests, 1, {}));
    const std::size_t first = lines.find('\n');
    const std::size_t second = lines.find('\n', first + 1);
    const api::json::value row = api::parse_json(lines.substr(0, first)).value();
    EXPECT_EQ(row.at("ttft_ms").to_number<double>(), 100);
    EXPECT_EQ(row.at("completion_tokens").to_number<int>(), 3);
    EXPECT_EQ(row.at("itl_ms").as_array().size(), 2U);
    const std::string failed = lines.substr(first + 1, second - first - 1);
    EXPECT_EQ(api::parse_json(failed).value().at("error"), "too busy");
    const api::json::value last = api::parse_json(lines.substr(second + 1)).value();
    EXPECT_EQ(last.at("summary").at("completed").to_number<int>(), 1);
    EXPECT_EQ(last.at("summary").at("ttft_ms").at("p99").to_number<double>(), 100);
}

}  // namespace
}  // namespace mullama::cli
