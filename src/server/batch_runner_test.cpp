#include "server/batch_runner.h"

#include "server/reply.h"
#include "server/test_client.h"
#include "server/work_threads.h"
#include "tests/support/scratch_dir.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::server {
namespace {

using api::openai::Batch;
using api::openai::BatchStatus;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

/// Answers lines as a test wants, in the place of a router.
class Script {
  public:
    /// Lines whose body has this text wait for release().
    void hold(std::string text) { state_.lock()->held = std::move(text); }
    void release() {
        std::vector<Handover<bool>::Sender> waiting;
        {
            const auto state = state_.lock();
            state->held.clear();
            waiting = std::exchange(state->waiting, {});
        }
        for (const auto& sender : waiting) sender(true);
    }
    /// The next answers have this status.
    void refuse(int times, unsigned status) {
        const auto state = state_.lock();
        state->refusals = times;
        state->status = status;
    }

    std::vector<std::string> bodies() const { return state_.lock()->bodies; }
    int running() const { return running_; }
    int most_running() const { return most_running_; }

    Handler handler() {
        return [this](const Request& request, ResponseWriter& writer) {
            return answer(request, writer);
        };
    }

  private:
    struct State {
        std::vector<std::string> bodies;
        std::string held;
        std::vector<Handover<bool>::Sender> waiting;
        int refusals = 0;
        unsigned status = 200;
    };
    struct Count {
        explicit Count(std::atomic<int>& count) : counter(count) { ++counter; }
        ~Count() { --counter; }
        std::atomic<int>& counter;
    };

    Task<void> answer(const Request& request, ResponseWriter& writer) {
        const Count count(running_);
        most_running_ = std::max(most_running_.load(), running_.load());
        Handover<bool> release(writer.executor());
        bool waits = false;
        unsigned status = 200;
        {
            const auto state = state_.lock();
            state->bodies.push_back(request.method + " " + request.path + " " + request.body);
            waits = !state->held.empty() && request.body.find(state->held) != std::string::npos;
            if (waits) state->waiting.push_back(release.sender());
            if (state->refusals > 0) {
                --state->refusals;
                status = state->status;
            }
        }
        if (waits) co_await release;
        if (status == 599) throw std::runtime_error("broken");
        Response response = json_response(R"({"usage":{"prompt_tokens":1}})");
        response.status = status;
        auto sending = writer.send(response);
        co_await std::move(sending);
    }

    Guarded<State> state_;
    std::atomic<int> running_ = 0;
    std::atomic<int> most_running_ = 0;
};

Task<Result<Batch>> take(Handover<Result<Batch>>& from) {
    Result<Batch> batch = co_await from;
    co_return batch;
}

class Running : public ::testing::Test {
  protected:
    /// A batch in the store with `count` lines.
    void add(const std::string& id, int count) {
        std::string text;
        for (int i = 0; i < count; ++i) {
            const std::string name = id + "-" + std::to_string(i);
            text += R"({"custom_id":")" + name +
                    R"(","method":"POST","url":"/v1/embeddings","body":{"name":")" + name +
                    "\"}}\n";
        }
        const std::string file = "file-" + id;
        ASSERT_TRUE(files_->add({.id = file, .purpose = "batch"}, text));
        Batch batch{
            .id = id, .endpoint = "/v1/embeddings", .input_file_id = file, .created = ++created_
        };
        ASSERT_TRUE(batches_->add(batch));
    }

    void start(BatchRunnerOptions options = {}) {
        options.retry_after = std::chrono::milliseconds(1);
        runner_ = std::make_unique<BatchRunner>(*batches_, *files_, script_.handler(), options);
    }

    /// Another server on the same folders.
    void restart() {
        runner_.reset();
        batches_.reset();
        files_.emplace(scratch_.path() / "files");
        batches_.emplace(scratch_.path() / "batches");
        start();
        runner_->resume();
    }

    void submit(const std::string& id, int count) {
        add(id, count);
        runner_->submit(id);
    }

    Batch batch(const std::string& id) const { return *batches_->find(id); }

    Batch wait_for_end(const std::string& id) const {
        EXPECT_TRUE(eventually([&] { return has_ended(batch(id).status); }));
        return batch(id);
    }

    Result<Batch> cancel(const std::string& id) {
        EventLoop loop;
        Handover<Result<Batch>> cancelled(loop);
        runner_->cancel(id, cancelled.sender());
        return loop.run(take(cancelled));
    }

    std::set<std::string> names_in(const std::string& file) const {
        std::set<std::string> names;
        const std::string text = *read_file(*files_->content(file));
        for (std::size_t at = 0; (at = text.find("custom_id\":\"", at)) != std::string::npos;) {
            at += 12;
            EXPECT_TRUE(names.insert(text.substr(at, text.find('"', at) - at)).second);
        }
        return names;
    }

    test::ScratchDir scratch_;
    std::optional<FileStore> files_{std::in_place, scratch_.path() / "files"};
    std::optional<BatchStore> batches_{std::in_place, scratch_.path() / "batches"};
    Script script_;
    std::unique_ptr<BatchRunner> runner_;
    std::int64_t created_ = 0;
};

TEST_F(Running, all_lines_are_answered) {
    start();
    submit("batch_a", 10);
    const Batch ended = wait_for_end("batch_a");
    EXPECT_EQ(ended.status, BatchStatus::kCompleted);
    EXPECT_EQ(ended.lines_completed, 10);
    EXPECT_EQ(ended.usage.input_tokens, 10);
    EXPECT_THAT(names_in(ended.output_file_id), SizeIs(10));
    EXPECT_THAT(script_.bodies(), SizeIs(10));
    EXPECT_EQ(script_.bodies().at(0), R"(POST /v1/embeddings {"name":"batch_a-0"})");
}

TEST_F(Running, only_so_many_lines_are_under_way_at_a_time) {
    script_.hold("batch_a");
    start({.parallel = 3});
    submit("batch_a", 10);
    EXPECT_TRUE(eventually([&] { return script_.running() == 3; }));
    script_.release();
    wait_for_end("batch_a");
    EXPECT_EQ(script_.most_running(), 3);
}

TEST_F(Running, batches_follow_each_other) {
    script_.hold("batch_a");
    start();
    submit("batch_a", 2);
    submit("batch_b", 2);
    EXPECT_TRUE(eventually([&] { return script_.running() == 2; }));
    EXPECT_EQ(batch("batch_b").status, BatchStatus::kValidating);
    script_.release();
    EXPECT_EQ(wait_for_end("batch_b").status, BatchStatus::kCompleted);
    EXPECT_EQ(batch("batch_a").status, BatchStatus::kCompleted);
}

TEST_F(Running, after_a_restart_answered_lines_are_not_run_again) {
    script_.hold("-3");
    start();
    submit("batch_a", 4);
    submit("batch_b", 1);
    EXPECT_TRUE(eventually([&] { return batch("batch_a").lines_completed == 3; }));
    runner_.reset();
    EXPECT_EQ(script_.running(), 0) << "what was under way is dropped";
    script_.release();
    restart();
    const Batch ended = wait_for_end("batch_a");
    EXPECT_EQ(ended.status, BatchStatus::kCompleted);
    EXPECT_EQ(ended.lines_completed, 4);
    EXPECT_THAT(names_in(ended.output_file_id), SizeIs(4));
    EXPECT_EQ(wait_for_end("batch_b").status, BatchStatus::kCompleted);
    std::map<std::string, int> times;
    for (const std::string& body : script_.bodies()) ++times[body];
    EXPECT_EQ(times[R"(POST /v1/embeddings {"name":"batch_a-0"})"], 1);
    EXPECT_EQ(times[R"(POST /v1/embeddings {"name":"batch_a-3"})"], 2);
}

TEST_F(Running, a_cancelled_batch_drops_its_lines_and_the_next_goes_on) {
    script_.hold("batch_a");
    start();
    submit("batch_a", 8);
    submit("batch_b", 1);
    EXPECT_TRUE(eventually([&] { return script_.running() == 4; }));
    const Result<Batch> cancelled = cancel("batch_a");
    ASSERT_TRUE(cancelled);
    EXPECT_EQ(cancelled->status, BatchStatus::kCancelling);
    EXPECT_EQ(wait_for_end("batch_a").status, BatchStatus::kCancelled);
    EXPECT_EQ(wait_for_end("batch_b").status, BatchStatus::kCompleted);
    EXPECT_EQ(script_.running(), 0);
    script_.release();
}

TEST_F(Running, one_that_waits_is_cancelled_at_once) {
    script_.hold("batch_a");
    start();
    submit("batch_a", 1);
    submit("batch_b", 1);
    EXPECT_TRUE(eventually([&] { return script_.running() == 1; }));
    EXPECT_EQ(cancel("batch_b")->status, BatchStatus::kCancelled);
    script_.release();
    EXPECT_EQ(wait_for_end("batch_a").status, BatchStatus::kCompleted);
    EXPECT_THAT(script_.bodies(), SizeIs(1));
}

TEST_F(Running, what_has_ended_or_is_unknown_cannot_be_cancelled) {
    start();
    submit("batch_a", 1);
    wait_for_end("batch_a");
    EXPECT_THAT(cancel("batch_a").error().message, HasSubstr("has ended"));
    EXPECT_EQ(cancel("batch_x").error().code, ErrorCode::kNotFound);
}

TEST_F(Running, a_busy_server_is_asked_again) {
    script_.refuse(3, 503);
    start({.parallel = 2});
    submit("batch_a", 4);
    const Batch ended = wait_for_end("batch_a");
    EXPECT_EQ(ended.lines_completed, 4);
    EXPECT_EQ(ended.lines_failed, 0);
    EXPECT_THAT(script_.bodies(), SizeIs(7));
}

TEST_F(Running, a_server_that_stays_busy_fails_the_line) {
    script_.refuse(1000, 503);
    start({.attempts_max = 3});
    submit("batch_a", 1);
    const Batch ended = wait_for_end("batch_a");
    EXPECT_EQ(ended.status, BatchStatus::kCompleted);
    EXPECT_EQ(ended.lines_failed, 1);
    EXPECT_THAT(script_.bodies(), SizeIs(3));
}

TEST_F(Running, failures_and_answers_that_are_too_large_are_errors) {
    script_.refuse(1, 599);
    start({.parallel = 1});
    submit("batch_a", 2);
    Batch ended = wait_for_end("batch_a");
    EXPECT_EQ(ended.lines_completed, 1);
    EXPECT_THAT(names_in(ended.error_file_id), ElementsAre("batch_a-0"));
    start({.answer_bytes_max = 5});
    submit("batch_b", 1);
    ended = wait_for_end("batch_b");
    EXPECT_EQ(ended.lines_failed, 1);
}

TEST_F(Running, an_input_that_cannot_be_used_does_not_stop_the_others) {
    start();
    add("batch_a", 1);
    ASSERT_TRUE(files_->remove("file-batch_a"));
    runner_->submit("batch_a");
    runner_->submit("batch_unknown");
    submit("batch_b", 1);
    EXPECT_EQ(wait_for_end("batch_b").status, BatchStatus::kCompleted);
    EXPECT_EQ(batch("batch_a").status, BatchStatus::kFailed);
}

TEST_F(Running, it_can_stop_at_any_moment) {
    start();
    for (int i = 0; i < 20; ++i) {
        const std::string id = "batch_" + std::to_string(i);
        submit(id, 5);
        if (i % 3 == 0) restart();
    }
    for (int i = 0; i < 20; ++i) {
        const Batch ended = wait_for_end("batch_" + std::to_string(i));
        EXPECT_EQ(ended.status, BatchStatus::kCompleted);
        EXPECT_THAT(names_in(ended.output_file_id), SizeIs(5));
    }
}

}  // namespace
}  // namespace mullama::server
