#include "api/openai/batches.h"

#include "api/openai/batch_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::api::openai {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kEndpoint = "/v1/chat/completions";

std::string line_of(std::string_view custom_id, std::string_view body = R"({"model":"m"})") {
    return R"({"custom_id":")" + std::string(custom_id) +
           R"(","method":"POST","url":"/v1/chat/completions","body":)" + std::string(body) + "}";
}

std::vector<std::string> codes_of(std::string_view text) {
    std::vector<std::string> codes;
    for (const BatchFault& fault : read_batch_input(text, kEndpoint).faults) {
        codes.push_back(fault.code);
    }
    return codes;
}

TEST(Batches, a_request_for_one_is_read) {
    const auto batch = parse_batch(
        R"({"input_file_id":"file-a","endpoint":"/v1/responses","completion_window":"24h",)"
        R"("metadata":{"k":"v"}})"
    );
    ASSERT_TRUE(batch) << batch.error().message;
    EXPECT_EQ(batch->endpoint, "/v1/responses");
    EXPECT_EQ(batch->input_file_id, "file-a");
    EXPECT_EQ(batch->metadata, R"({"k":"v"})");
    EXPECT_EQ(batch->status, BatchStatus::kValidating);
}

TEST(Batches, what_cannot_be_run_is_refused) {
    const auto error = [](std::string_view body) { return parse_batch(body).error().message; };
    EXPECT_THAT(error(R"({"input_file_id":"f","endpoint":"/v1/images"})"), HasSubstr("/v1/images"));
    EXPECT_THAT(error(R"({"endpoint":"/v1/responses"})"), HasSubstr("input_file_id is required"));
    EXPECT_THAT(
        error(R"({"input_file_id":"f","endpoint":"/v1/responses","completion_window":"1h"})"),
        HasSubstr("24h")
    );
    EXPECT_FALSE(parse_batch("[]"));
}

TEST(Batches, come_back_as_they_were) {
    Batch batch{
        .id = "batch_a",
        .endpoint = kEndpoint,
        .input_file_id = "file-a",
        .metadata = R"({"k":"v"})",
        .model = "m",
        .status = BatchStatus::kCancelled,
        .output_file_id = "file-o",
        .error_file_id = "file-e",
        .faults = {{"code", "message", "param", 7}, {"code", "message"}},
        .created = 1,
        .expires = 2,
        .in_progress = 3,
        .finalizing = 4,
        .completed = 5,
        .failed = 6,
        .cancelling = 7,
        .cancelled = 8,
        .lines = 9,
        .lines_completed = 10,
        .lines_failed = 11,
        .usage = {12, 13, 14, 15},
    };
    EXPECT_EQ(*read_batch(format_batch(batch)), batch);
    EXPECT_EQ(*read_batch(format_batch({})), Batch());
    for (const BatchStatus status :
         {BatchStatus::kValidating,
          BatchStatus::kFailed,
          BatchStatus::kInProgress,
          BatchStatus::kFinalizing,
          BatchStatus::kCompleted,
          BatchStatus::kCancelling}) {
        batch.status = status;
        EXPECT_EQ(read_batch(format_batch(batch))->status, status);
    }
}

TEST(Batches, damage_is_told) {
    const std::string text = format_batch({.id = "batch_a"});
    for (std::size_t length = 0; length < text.size(); ++length) {
        EXPECT_FALSE(read_batch(text.substr(0, length))) << length;
    }
    EXPECT_EQ(read_batch(R"({"status":"lost"})").error().code, ErrorCode::kCorrupt);
}

TEST(BatchLines, are_read_one_by_one) {
    const BatchInput input = read_batch_input(
        "\xEF\xBB\xBF" + line_of("a", R"({"model":"m","n":1})") + "\r\n\n  \n" + line_of("b"),
        kEndpoint
    );
    EXPECT_THAT(input.faults, IsEmpty());
    EXPECT_EQ(input.model, "m");
    EXPECT_THAT(
        input.lines,
        ElementsAre(BatchLine{"a", R"({"model":"m","n":1})"}, BatchLine{"b", R"({"model":"m"})"})
    );
}

TEST(BatchLines, each_fault_has_its_code_and_line) {
    EXPECT_THAT(codes_of(""), ElementsAre("empty_file"));
    EXPECT_THAT(codes_of("\n \n"), ElementsAre("empty_file"));
    EXPECT_THAT(codes_of("{"), ElementsAre("invalid_json_line"));
    EXPECT_THAT(codes_of("[]"), ElementsAre("invalid_json_line"));
    EXPECT_THAT(codes_of("{}"), ElementsAre("missing_required_parameter"));
    EXPECT_THAT(codes_of(R"({"custom_id":7})"), ElementsAre("missing_required_parameter"));
    EXPECT_THAT(codes_of(R"({"custom_id":"a","method":"GET"})"), ElementsAre("invalid_method"));
    EXPECT_THAT(
        codes_of(R"({"custom_id":"a","method":"POST","url":"/v1/files"})"),
        ElementsAre("invalid_url")
    );
    EXPECT_THAT(codes_of(line_of("a", "[]")), ElementsAre("missing_required_parameter"));
    EXPECT_THAT(codes_of(line_of("a", R"({"stream":true})")), ElementsAre("invalid_request"));
    const BatchInput twice = read_batch_input(line_of("a") + "\n\n" + line_of("a"), kEndpoint);
    ASSERT_EQ(twice.faults.size(), 1U);
    EXPECT_EQ(twice.faults[0].code, "duplicate_custom_id");
    EXPECT_EQ(twice.faults[0].line, 3);
    EXPECT_EQ(twice.faults[0].param, "custom_id");
}

TEST(BatchLines, faults_and_lines_are_bounded) {
    std::string text;
    for (int i = 0; i < 500; ++i) text += "x\n";
    EXPECT_EQ(read_batch_input(text, kEndpoint).faults.size(), 100U);
    text.clear();
    for (std::size_t i = 0; i <= kBatchLinesMax; ++i) text += line_of(std::to_string(i)) + "\n";
    EXPECT_THAT(codes_of(text), ElementsAre("too_many_tasks"));
}

TEST(BatchLines, an_answer_is_one_line_and_comes_back) {
    const std::string line = format_batch_answer({
        .id = "batch_req_1",
        .custom_id = "a\n\"b\"",
        .request_id = "req_1",
        .status = 200,
        .body = R"({"usage":{"prompt_tokens":3,"completion_tokens":4,)"
                R"("prompt_tokens_details":{"cached_tokens":2}}})",
    });
    EXPECT_EQ(line.find('\n'), std::string::npos);
    const auto tally = read_batch_answer(line);
    ASSERT_TRUE(tally);
    EXPECT_EQ(tally->custom_id, "a\n\"b\"");
    EXPECT_EQ(tally->usage, (BatchUsage{3, 2, 4, 0}));
    EXPECT_THAT(line, HasSubstr(R"("status_code":200)"));
    EXPECT_THAT(line, HasSubstr(R"("error":null)"));
    for (std::size_t length = 0; length < line.size(); ++length) {
        EXPECT_FALSE(read_batch_answer(line.substr(0, length))) << length;
    }
}

TEST(BatchLines, tokens_are_counted_in_the_words_of_each_endpoint) {
    EXPECT_EQ(
        usage_of_body(R"({"usage":{"input_tokens":1,"input_tokens_details":{"cached_tokens":2},)"
                      R"("output_tokens":3,"output_tokens_details":{"reasoning_tokens":4}}})"),
        (BatchUsage{1, 2, 3, 4})
    );
    EXPECT_EQ(usage_of_body(R"({"usage":{"prompt_tokens":5}})"), (BatchUsage{.input_tokens = 5}));
    EXPECT_EQ(usage_of_body(R"({"usage":{"prompt_tokens":"x"}})"), BatchUsage());
    EXPECT_EQ(usage_of_body("not JSON"), BatchUsage());
    BatchUsage sum{1, 1, 1, 1};
    add_usage(sum, {1, 2, 3, 4});
    EXPECT_EQ(sum, (BatchUsage{2, 3, 4, 5}));
}

}  // namespace
}  // namespace mullama::api::openai
