#include "server/batch_job.h"

#include "server/reply.h"
#include "tests/support/scratch_dir.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::server {
namespace {

namespace fs = std::filesystem;
using api::openai::Batch;
using api::openai::BatchLine;
using api::openai::BatchStatus;
using ::testing::HasSubstr;

class Working : public ::testing::Test {
  protected:
    /// A batch with a line for each name.
    Batch batch(const std::vector<std::string>& names) {
        std::string text;
        for (const std::string& name : names) {
            text += R"({"custom_id":")" + name +
                    R"(","method":"POST","url":"/v1/embeddings","body":{"model":"m"}})" + "\n";
        }
        return batch_of(text);
    }

    Batch batch_of(const std::string& text) {
        EXPECT_TRUE(files_.add({.id = "file-in", .purpose = "batch"}, text));
        Batch batch{
            .id = "batch_a", .endpoint = "/v1/embeddings", .input_file_id = "file-in", .created = 1
        };
        EXPECT_TRUE(batches_.add(batch));
        return batch;
    }

    BatchJob job(const Batch& batch) { return {batches_, files_, batch, 1}; }

    std::string content_of(const std::string& id) const {
        const auto path = files_.content(id);
        return path ? *read_file(*path) : "";
    }

    static Response fine() {
        return json_response(R"({"usage":{"prompt_tokens":2,"total_tokens":2}})");
    }

    test::ScratchDir scratch_;
    FileStore files_{scratch_.path() / "files"};
    BatchStore batches_{scratch_.path() / "batches"};
};

TEST_F(Working, a_batch_goes_from_input_to_output) {
    BatchJob work = job(batch({"a", "b"}));
    EXPECT_EQ(work.batch().status, BatchStatus::kInProgress);
    EXPECT_EQ(work.batch().model, "m");
    const auto first = work.next();
    const auto second = work.next();
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->custom_id, "a");
    EXPECT_EQ(first->body, R"({"model":"m"})");
    EXPECT_FALSE(work.next());
    work.answer(*second, fine());
    EXPECT_EQ(batches_.find("batch_a")->lines_completed, 1);
    work.answer(*first, openai_error(400, "no"));
    work.finish();
    const Batch ended = *batches_.find("batch_a");
    EXPECT_EQ(ended.status, BatchStatus::kCompleted);
    EXPECT_EQ(ended.lines, 2);
    EXPECT_EQ(ended.lines_completed, 1);
    EXPECT_EQ(ended.lines_failed, 1);
    EXPECT_EQ(ended.usage.input_tokens, 2);
    EXPECT_TRUE(ended.in_progress && ended.finalizing && ended.completed);
    EXPECT_THAT(content_of(ended.output_file_id), HasSubstr(R"("custom_id":"b")"));
    EXPECT_THAT(content_of(ended.output_file_id), HasSubstr(R"("status_code":200)"));
    EXPECT_THAT(content_of(ended.error_file_id), HasSubstr(R"("custom_id":"a")"));
    EXPECT_THAT(content_of(ended.error_file_id), HasSubstr(R"("status_code":400)"));
    EXPECT_EQ(files_.find(ended.output_file_id)->purpose, "batch_output");
}

TEST_F(Working, without_errors_there_is_no_error_file) {
    BatchJob work = job(batch({"a"}));
    work.answer(*work.next(), fine());
    work.finish();
    EXPECT_EQ(work.batch().error_file_id, "");
    EXPECT_NE(work.batch().output_file_id, "");
}

TEST_F(Working, another_job_goes_on_where_one_has_stopped) {
    const Batch before = batch({"a", "b", "c"});
    {
        BatchJob work = job(before);
        const auto first = work.next();
        const auto second = work.next();
        work.answer(*second, fine());
        work.answer(*work.next(), openai_error(404, "no"));
    }
    std::ofstream(batches_.outputs("batch_a"), std::ios::app) << R"({"custom_id":"a","resp)";
    BatchJob again = job(*batches_.find("batch_a"));
    EXPECT_EQ(again.batch().lines_completed, 1);
    EXPECT_EQ(again.batch().lines_failed, 1);
    EXPECT_EQ(again.batch().usage.input_tokens, 2);
    const auto left = again.next();
    ASSERT_TRUE(left);
    EXPECT_EQ(left->custom_id, "a") << "its answer was torn";
    EXPECT_FALSE(again.next());
    again.answer(*left, fine());
    again.finish();
    EXPECT_EQ(again.batch().lines_completed, 2);
    EXPECT_EQ(again.batch().usage.input_tokens, 4);
    const std::string output = content_of(again.batch().output_file_id);
    EXPECT_EQ(std::ranges::count(output, '\n'), 2);
}

TEST_F(Working, one_that_stopped_while_it_ended_ends) {
    const Batch before = batch({"a"});
    Batch now;
    {
        BatchJob work = job(before);
        work.answer(*work.next(), fine());
        work.finish();
        now = work.batch();
    }
    now.status = BatchStatus::kFinalizing;
    now.output_file_id = "";
    BatchJob again = job(now);
    EXPECT_FALSE(again.next());
    again.finish();
    EXPECT_EQ(again.batch().status, BatchStatus::kCompleted);
    EXPECT_NE(again.batch().output_file_id, "") << "the same file as before";
    EXPECT_EQ(again.batch().lines_completed, 1);
    EXPECT_EQ(files_.list().size(), 2U);
}

TEST_F(Working, a_cancelled_one_keeps_what_it_has) {
    BatchJob work = job(batch({"a", "b", "c"}));
    const auto first = work.next();
    work.answer(*first, fine());
    const auto second = work.next();
    work.cancel();
    EXPECT_EQ(batches_.find("batch_a")->status, BatchStatus::kCancelling);
    EXPECT_FALSE(work.next());
    work.give_back(*second);
    EXPECT_FALSE(work.has_lines());
    work.finish();
    EXPECT_EQ(work.batch().status, BatchStatus::kCancelled);
    EXPECT_TRUE(work.batch().cancelled);
    EXPECT_EQ(work.batch().lines_completed, 1);
    EXPECT_THAT(content_of(work.batch().output_file_id), HasSubstr(R"("custom_id":"a")"));
}

TEST_F(Working, a_line_may_be_tried_again) {
    BatchJob work = job(batch({"a", "b"}));
    work.give_back(*work.next());
    EXPECT_EQ(work.next()->custom_id, "a");
    EXPECT_EQ(work.next()->custom_id, "b");
}

TEST_F(Working, an_input_that_cannot_be_used_fails_the_batch) {
    BatchJob work = job(batch_of("x\n"));
    EXPECT_TRUE(work.has_ended());
    const Batch failed = *batches_.find("batch_a");
    EXPECT_EQ(failed.status, BatchStatus::kFailed);
    ASSERT_EQ(failed.faults.size(), 1U);
    EXPECT_EQ(failed.faults[0].code, "invalid_json_line");
    EXPECT_FALSE(work.next());
    work.finish();
    EXPECT_EQ(work.batch(), failed) << "it has ended already";
}

TEST_F(Working, an_input_that_is_gone_fails_the_batch) {
    const Batch before = batch({"a"});
    ASSERT_TRUE(files_.remove("file-in"));
    const BatchJob work = job(before);
    EXPECT_EQ(work.batch().status, BatchStatus::kFailed);
    EXPECT_EQ(work.batch().faults.at(0).code, "file_not_found");
}

TEST_F(Working, whatever_is_answered_becomes_one_line) {
    BatchJob work = job(batch({"a", "b"}));
    Response text;
    text.content_type = "text/plain";
    text.body = "two\nlines";
    work.answer(*work.next(), text);
    work.answer(*work.next(), json_response("{\n\"a\": 1\n}"));
    work.finish();
    const std::string output = content_of(work.batch().output_file_id);
    EXPECT_EQ(std::ranges::count(output, '\n'), 2);
    EXPECT_THAT(output, HasSubstr(R"("body":"two\nlines")"));
    EXPECT_THAT(output, HasSubstr(R"("body":{"a":1})"));
}

TEST_F(Working, a_disk_that_refuses_fails_the_batch) {
    const Batch before = batch({"a"});
    fs::create_directories(batches_.outputs("batch_a"));
    BatchJob work = job(before);
    EXPECT_EQ(work.batch().status, BatchStatus::kFailed) << "its answers cannot be read";
}

}  // namespace
}  // namespace mullama::server
