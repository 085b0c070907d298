#include "runtime/load_fit.h"
#include "tests/support/scratch_dir.h"
#include "tests/support/tiny_models.h"
#include <mullama/model_pool.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

std::vector<std::string> names(const ModelPool& pool) {
    std::vector<std::string> names;
    for (const PooledModel& model : pool.models()) names.push_back(model.name);
    std::ranges::sort(names);
    return names;
}

class ModelPoolTest : public testing::Test {
  protected:
    ModelPoolTest() : file_(scratch_.path() / "tiny.gguf") { test::write_tiny_llama(file_, 1); }

    ModelRequest request(std::string name) const {
        ModelRequest request;
        request.name = std::move(name);
        request.file = file_;
        request.load.engine.context_length = 128;
        request.load.model.on_progress = [this](float progress) {
            if (progress == 0.0F) ++loads_;
            return true;
        };
        return request;
    }

    // Waits until the house keeper has done what the test expects.
    static void wait_until(const std::function<bool()>& done) {
        const auto end = std::chrono::steady_clock::now() + 60s;
        while (!done() && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(1ms);
        EXPECT_TRUE(done());
    }

    test::ScratchDir scratch_;
    std::filesystem::path file_;
    mutable std::atomic<int> loads_ = 0;
};

TEST_F(ModelPoolTest, a_second_request_finds_the_model_loaded) {
    ModelPool pool;
    {
        auto first = pool.acquire(request("a"));
        ASSERT_TRUE(first) << first.error().message;
        EXPECT_GT(first->waited_ns(), 0);
        auto second = pool.acquire(request("a"));
        ASSERT_TRUE(second);
        EXPECT_EQ((*first)->model(), (*second)->model());
        EXPECT_EQ(pool.models().front().leases, 2);
    }
    EXPECT_EQ(pool.models().front().leases, 0);
    EXPECT_EQ(loads_, 1);
}

TEST_F(ModelPoolTest, tells_what_its_engines_do) {
    ModelPool pool;
    EXPECT_TRUE(pool.engines().empty());
    auto lease = pool.acquire(request("a"));
    ASSERT_TRUE(lease);
    GenerateRequest generate;
    generate.prompt = "hello";
    generate.max_tokens = 2;
    (*lease)->generate(generate).value().collect();
    const std::vector<PooledEngine> engines = pool.engines();
    ASSERT_EQ(engines.size(), 1U);
    EXPECT_EQ(engines[0].name, "a");
    EXPECT_EQ(engines[0].info.context_length, 128);
    EXPECT_EQ(engines[0].stats.kv_cells_total, engines[0].info.kv_cells);
    EXPECT_GT(engines[0].stats.prompt_tokens, 0);
}

TEST_F(ModelPoolTest, requests_at_once_share_one_load) {
    ModelPool pool;
    std::atomic<int> served = 0;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] { served += pool.acquire(request("a")).has_value() ? 1 : 0; });
    }
    threads.clear();
    EXPECT_EQ(served, 8);
    EXPECT_EQ(loads_, 1);
}

TEST_F(ModelPoolTest, a_failed_load_is_reported_and_tried_again) {
    ModelPool pool;
    ModelRequest missing = request("a");
    missing.file = scratch_.path() / "missing.gguf";
    auto failed = pool.acquire(missing);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::kNotFound);
    EXPECT_TRUE(pool.acquire(request("a")));
}

TEST_F(ModelPoolTest, a_load_that_stalls_is_given_up) {
    PoolOptions options;
    options.stall_max = 20ms;
    ModelPool pool(options);
    std::promise<void> let_go;
    ModelRequest stuck = request("stuck");
    stuck.load.model.on_progress = [wait = let_go.get_future().share()](float) {
        wait.wait();
        return true;
    };
    const auto first = pool.acquire(stuck);
    ASSERT_FALSE(first);
    EXPECT_EQ(first.error().code, ErrorCode::kTimeout);
    EXPECT_THAT(first.error().message, testing::HasSubstr("'stuck' has made no progress"));
    EXPECT_EQ(pool.acquire(stuck).error().code, ErrorCode::kTimeout) << "nobody waits for it";
    let_go.set_value();
    wait_until([&] { return pool.acquire(stuck).has_value(); });
}

TEST_F(ModelPoolTest, a_load_may_take_as_long_as_a_clock_can_tell) {
    PoolOptions options;
    options.stall_max = std::chrono::nanoseconds::max();
    ModelPool pool(options);
    ModelRequest slow = request("slow");
    slow.load.model.on_progress = [](float) {
        std::this_thread::sleep_for(1ms);
        return true;
    };
    EXPECT_TRUE(pool.acquire(slow));
}

TEST_F(ModelPoolTest, a_model_goes_when_its_time_is_over) {
    ModelPool pool;
    ModelRequest soon = request("a");
    soon.keep_alive = 0ns;
    {
        auto lease = pool.acquire(soon);
        ASSERT_TRUE(lease);
        EXPECT_THAT(names(pool), ElementsAre("a"));
    }
    EXPECT_THAT(names(pool), ElementsAre());
    soon.keep_alive = 20ms;
    EXPECT_TRUE(pool.acquire(soon));
    wait_until([&] { return pool.models().empty(); });
}

TEST_F(ModelPoolTest, below_zero_is_for_ever) {
    ModelPool pool;
    ModelRequest for_ever = request("a");
    for_ever.keep_alive = -1ns;
    ASSERT_TRUE(pool.acquire(for_ever));
    ASSERT_THAT(names(pool), ElementsAre("a"));
    EXPECT_EQ(pool.models().front().expires_in, std::nullopt);
}

TEST_F(ModelPoolTest, a_request_that_says_nothing_leaves_the_time_as_it_is) {
    ModelPool pool;
    ModelRequest for_ever = request("a");
    for_ever.keep_alive = -1ns;
    ASSERT_TRUE(pool.acquire(for_ever));
    ASSERT_TRUE(pool.acquire(request("a")));
    EXPECT_EQ(pool.models().front().expires_in, std::nullopt);
    pool.unload("a");
    ASSERT_TRUE(pool.acquire(request("a")));
    EXPECT_NE(pool.models().front().expires_in, std::nullopt) << "it was loaded anew";
}

TEST_F(ModelPoolTest, a_model_that_is_being_loaded_can_be_unloaded) {
    ModelPool pool;
    std::promise<void> loading;
    std::promise<void> go_on;
    ModelRequest slow = request("a");
    slow.load.model.on_progress = [&, first = true, go = go_on.get_future().share()](float
                                  ) mutable {
        if (std::exchange(first, false)) loading.set_value();
        go.wait();
        return true;
    };
    std::jthread client([&] { EXPECT_TRUE(pool.acquire(slow)); });
    loading.get_future().wait();
    EXPECT_TRUE(pool.unload("a"));
    go_on.set_value();
    client.join();
    EXPECT_THAT(names(pool), ElementsAre());
}

TEST_F(ModelPoolTest, unloading_waits_for_the_last_lease) {
    ModelPool pool;
    EXPECT_FALSE(pool.unload("a"));
    {
        auto lease = pool.acquire(request("a"));
        ASSERT_TRUE(lease);
        EXPECT_TRUE(pool.unload("a"));
        EXPECT_EQ((*lease)->engine()->info().context_length, 128);
    }
    EXPECT_THAT(names(pool), ElementsAre());
}

TEST_F(ModelPoolTest, the_one_that_was_used_longest_ago_makes_room) {
    ModelPool pool({.models_max = 2});
    for (const char* name : {"a", "b", "a", "c"}) {
        ASSERT_TRUE(pool.acquire(request(name))) << name;
    }
    EXPECT_THAT(names(pool), ElementsAre("a", "c"));
}

TEST_F(ModelPoolTest, one_more_waits_while_all_are_in_use) {
    ModelPool pool({.models_max = 1});
    auto first = pool.acquire(request("a"));
    ASSERT_TRUE(first);
    std::atomic<bool> served = false;
    std::jthread other([&] { served = pool.acquire(request("b")).has_value(); });
    {
        const ModelLease ends = std::move(first).value();
        EXPECT_FALSE(served);
    }
    other.join();
    EXPECT_TRUE(served);
    EXPECT_THAT(names(pool), ElementsAre("b"));
}

TEST_F(ModelPoolTest, a_larger_context_is_made_when_the_model_is_idle) {
    ModelPool pool;
    ModelRequest larger = request("a");
    larger.load.engine.context_length = 256;
    auto small = pool.acquire(request("a"));
    ASSERT_TRUE(small);
    std::atomic<std::int32_t> length = 0;
    std::jthread other([&] {
        auto lease = pool.acquire(larger);
        if (lease) length = (*lease)->engine()->info().context_length;
    });
    {
        const ModelLease ends = std::move(small).value();
        EXPECT_EQ(ends->engine()->info().context_length, 128);
    }
    other.join();
    EXPECT_EQ(length, 256);
    auto again = pool.acquire(request("a"));
    ASSERT_TRUE(again);
    EXPECT_EQ((*again)->engine()->info().context_length, 256);
    EXPECT_EQ(loads_, 1) << "the weights stay";
}

TEST_F(ModelPoolTest, what_different_requests_want_is_loaded_together) {
    const auto lora = scratch_.path() / "lora.gguf";
    test::write_random_lora(lora, file_, 4, 7, 64.0F);
    ModelRequest larger = request("a");
    larger.load.engine.context_length = 256;
    ModelRequest drafted = request("a");
    drafted.load.draft_model = file_;
    ModelRequest adapted = request("a");
    adapted.load.idle_adapters = {lora};
    ModelPool pool;
    for (const ModelRequest& each : {larger, drafted, adapted}) ASSERT_TRUE(pool.acquire(each));
    const auto loaded = pool.acquire(larger);
    ASSERT_TRUE(loaded);
    EXPECT_EQ((*loaded)->engine()->info().context_length, 256);
    EXPECT_TRUE((*loaded)->adapter(lora));
    EXPECT_FALSE((*loaded)->no_draft_model());
    for (const ModelRequest& each : {drafted, adapted, request("a")}) {
        EXPECT_EQ((*pool.acquire(each))->engine(), (*loaded)->engine());
    }
    EXPECT_EQ(loads_, 1) << "the weights stay";
}

TEST_F(ModelPoolTest, what_others_wanted_goes_where_memory_is_short) {
    ModelRequest drafted = request("a");
    drafted.load.draft_model = file_;
    ModelRequest larger = request("a");
    larger.load.engine.context_length = 256;
    const std::uint64_t need = estimated_bytes(file_, drafted.load).value();
    ASSERT_GE(need, estimated_bytes(file_, larger.load).value());
    ModelPool pool({.memory_bytes_max = need});
    ASSERT_TRUE(pool.acquire(drafted));
    const auto lease = pool.acquire(larger);
    ASSERT_TRUE(lease) << lease.error().message;
    EXPECT_EQ((*lease)->engine()->info().context_length, 256);
    EXPECT_EQ(pool.models().front().parallel, 4);
    EXPECT_EQ(pool.models().front().size_bytes, estimated_bytes(file_, larger.load).value());
}

TEST_F(ModelPoolTest, a_request_that_cannot_be_served_takes_nothing_from_others) {
    const std::uint64_t one = estimated_bytes(file_, request("a").load).value();
    ModelPool pool({.memory_bytes_max = 2 * one});
    ASSERT_TRUE(pool.acquire(request("a")));
    ASSERT_TRUE(pool.acquire(request("b")));
    const auto huge = scratch_.path() / "huge.gguf";
    std::ofstream(huge).put('x');
    std::filesystem::resize_file(huge, 2 * one);
    ModelRequest impossible = request("a");
    impossible.load.idle_adapters = {huge};
    const auto refused = pool.acquire(impossible);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kExhausted);
    EXPECT_THAT(names(pool), ElementsAre("a", "b"));
    EXPECT_EQ(loads_, 2);
}

TEST_F(ModelPoolTest, a_model_that_is_made_anew_stays_as_long_as_before) {
    ModelPool pool;
    ModelRequest for_ever = request("a");
    for_ever.keep_alive = -1ns;
    ASSERT_TRUE(pool.acquire(for_ever));
    ModelRequest drafted = request("a");
    drafted.load.draft_model = file_;
    ASSERT_TRUE(pool.acquire(drafted));
    EXPECT_FALSE(pool.models().front().expires_in);
}

TEST_F(ModelPoolTest, a_draft_model_that_cannot_be_used_takes_no_others_place) {
    const auto mamba = scratch_.path() / "mamba.gguf";
    test::write_tiny_mamba(mamba, 1);
    ModelRequest own = request("a");
    own.load.draft_model = file_;
    own.load.draft_optional = true;
    ModelRequest named = request("a");
    named.load.draft_model = mamba;
    ModelPool pool;
    ASSERT_TRUE(pool.acquire(own));
    EXPECT_TRUE((*pool.acquire(named))->no_draft_model());
    EXPECT_FALSE((*pool.acquire(own))->no_draft_model());
    named.load.draft_optional = true;  // as where the model comes with it
    EXPECT_FALSE((*pool.acquire(named))->no_draft_model()) << "another one is as good";
}

TEST_F(ModelPoolTest, a_draft_model_that_cannot_be_used_keeps_nobody_from_the_model) {
    const auto mamba = scratch_.path() / "mamba.gguf";
    test::write_tiny_mamba(mamba, 1);
    ModelPool pool;
    for (const std::filesystem::path& file : {mamba, scratch_.path() / "missing.gguf"}) {
        ModelRequest drafted = request("a");
        drafted.load.draft_model = file;
        const auto lease = pool.acquire(drafted);
        ASSERT_TRUE(lease) << lease.error().message;
        EXPECT_TRUE((*lease)->no_draft_model());
        EXPECT_NE((*lease)->engine(), nullptr);
    }
    EXPECT_EQ(loads_, 1);
}

TEST_F(ModelPoolTest, idle_models_go_where_memory_is_short) {
    const std::uint64_t one = estimated_bytes(file_, request("a").load).value();
    ModelPool pool({.memory_bytes_max = one + one / 2});
    ASSERT_TRUE(pool.acquire(request("a")));
    EXPECT_EQ(pool.models().front().size_bytes, one);
    EXPECT_EQ(pool.models().front().parallel, 4);
    ASSERT_TRUE(pool.acquire(request("b")));
    EXPECT_THAT(names(pool), ElementsAre("b"));
}

TEST_F(ModelPoolTest, a_model_answers_one_request_at_a_time_where_memory_is_short) {
    ModelRequest large = request("a");
    large.load.engine.sequences_max = 64;
    const std::uint64_t need = estimated_bytes(file_, large.load).value();
    std::vector<std::string> events;
    ModelPool pool({
        .memory_bytes_max = need - 1,
        .on_event = [&](const std::string& event) { events.push_back(event); },
    });
    auto lease = pool.acquire(large);
    ASSERT_TRUE(lease) << lease.error().message;
    EXPECT_EQ((*lease)->engine()->info().sequences_max, 1);
    EXPECT_THAT(events, ElementsAre(testing::HasSubstr("one request at a time")));
}

TEST_F(ModelPoolTest, a_model_beyond_the_memory_allowed_is_refused) {
    ModelPool pool({.memory_bytes_max = 1024});
    auto refused = pool.acquire(request("a"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kExhausted);
    EXPECT_THAT(refused.error().message, testing::HasSubstr("are allowed"));
    EXPECT_EQ(loads_, 0);
}

TEST_F(ModelPoolTest, a_model_waits_for_the_memory_of_those_in_use) {
    const std::uint64_t one = estimated_bytes(file_, request("a").load).value();
    ModelPool pool({.memory_bytes_max = one + one / 2});
    auto first = pool.acquire(request("a"));
    ASSERT_TRUE(first);
    std::atomic<bool> served = false;
    std::jthread other([&] { served = pool.acquire(request("b")).has_value(); });
    {
        const ModelLease ends = std::move(first).value();
        EXPECT_FALSE(served);
    }
    other.join();
    EXPECT_TRUE(served);
    EXPECT_THAT(names(pool), ElementsAre("b"));
}

// A coroutine that runs at once up to its first suspension, and is destroyed with this.
class Begun {
  public:
    struct promise_type {
        Begun get_return_object() {
            return Begun(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_always final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() const noexcept { std::terminate(); }
    };

    Begun(const Begun&) = delete;
    Begun& operator=(const Begun&) = delete;
    ~Begun() { coroutine_.destroy(); }

  private:
    explicit Begun(std::coroutine_handle<> coroutine) : coroutine_(coroutine) {}

    std::coroutine_handle<> coroutine_;
};

template <typename T>
Begun begin(Task<T>& task) {
    co_await task.end();
}

Task<bool> has_lease(ModelPool& pool, ModelRequest request, Executor& executor) {
    auto lease = co_await pool.acquire_async(std::move(request), executor);
    co_return lease.has_value();
}

TEST_F(ModelPoolTest, a_coroutine_waits_on_its_own_thread) {
    ModelPool pool;
    EventLoop loop;
    EXPECT_TRUE(loop.run(has_lease(pool, request("a"), loop)));
    EXPECT_TRUE(loop.run(has_lease(pool, request("a"), loop)));
}

TEST_F(ModelPoolTest, a_coroutine_that_is_destroyed_takes_no_lease) {
    ModelPool pool({.models_max = 1});
    auto first = pool.acquire(request("a"));
    ASSERT_TRUE(first);
    EventLoop loop;
    {
        Task<bool> waits = has_lease(pool, request("b"), loop);
        const Begun begun = begin(waits);
    }
    {
        const ModelLease ends = std::move(first).value();
    }
    EXPECT_EQ(loop.poll(), 0U);
    EXPECT_THAT(names(pool), ElementsAre("a"));
}

TEST_F(ModelPoolTest, a_lease_outlives_its_pool) {
    auto pool = std::make_unique<ModelPool>();
    auto lease = pool->acquire(request("a"));
    ASSERT_TRUE(lease);
    pool.reset();
    EXPECT_EQ((*lease)->engine()->info().context_length, 128);
}

Task<void> tell(ModelPool& pool, ModelRequest request, Executor& executor, ErrorCode& told) {
    auto lease = co_await pool.acquire_async(std::move(request), executor);
    if (!lease) told = lease.error().code;
}

TEST_F(ModelPoolTest, those_who_wait_are_told_when_the_pool_goes_down) {
    auto pool = std::make_unique<ModelPool>(PoolOptions{.models_max = 1});
    auto first = pool->acquire(request("a"));
    ASSERT_TRUE(first);
    EventLoop loop;
    ErrorCode told = ErrorCode::kInternal;
    Task<void> waits = tell(*pool, request("b"), loop, told);
    const Begun begun = begin(waits);
    pool.reset();
    EXPECT_EQ(loop.poll(), 1U);
    EXPECT_TRUE(waits.done());
    EXPECT_EQ(told, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace mullama
