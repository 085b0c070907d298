#include "llama/engine_guard.h"

#include "llama/log.h"
#include <mullama/log.h>

#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace mullama {
namespace {

// Collects what the log says while it lives.
class CaptureLog {
  public:
    CaptureLog() {
        set_log_sink([this](LogLevel level, std::string_view line) {
            lines.push_back(std::string(to_string(level)) + ": " + std::string(line));
        });
    }
    ~CaptureLog() { set_log_sink({}); }

    std::vector<std::string> lines;
};

TEST(Log, joins_pieces_to_lines) {
    CaptureLog log;
    log_engine_text(GGML_LOG_LEVEL_INFO, "one ");
    log_engine_text(GGML_LOG_LEVEL_CONT, "line\ntwo");
    log_engine_text(GGML_LOG_LEVEL_WARN, "three\n\n");
    EXPECT_EQ(
        log.lines, (std::vector<std::string>{"info: one line", "info: two", "warning: three"})
    );
}

TEST(Log, is_silent_without_a_sink) {
    set_log_sink({});
    testing::internal::CaptureStderr();
    log_engine_text(GGML_LOG_LEVEL_ERROR, "nobody hears this\n");
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(Log, takes_lines_from_many_threads) {
    CaptureLog log;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([] {
            for (int line = 0; line < 100; ++line) {
                log_engine_text(GGML_LOG_LEVEL_INFO, "half ");
                log_engine_text(GGML_LOG_LEVEL_CONT, "and half\n");
            }
        });
    }
    threads.clear();
    EXPECT_EQ(log.lines, std::vector<std::string>(400, "info: half and half"));
}

TEST(EngineGuard, keeps_the_reason_without_function_names_and_repetition) {
    const EngineGuard guard;
    EXPECT_EQ(guard.reason(), "unknown reason");
    log_engine_text(GGML_LOG_LEVEL_INFO, "llama_model_load: loading\n");
    log_engine_text(GGML_LOG_LEVEL_ERROR, "llama_model_load: error loading model: no tensor x\n");
    log_engine_text(
        GGML_LOG_LEVEL_ERROR, "llama_model_load_from_file_impl: failed to load model\n"
    );
    EXPECT_EQ(guard.reason(), "error loading model: no tensor x");
    EXPECT_FALSE(guard.out_of_memory());
    log_engine_text(GGML_LOG_LEVEL_ERROR, "alloc: failed to allocate buffer\n");
    EXPECT_TRUE(guard.out_of_memory());
}

TEST(EngineGuard, only_the_innermost_one_of_its_own_thread_collects) {
    const EngineGuard outer;
    {
        const EngineGuard inner;
        log_engine_text(GGML_LOG_LEVEL_ERROR, "inside\n");
        EXPECT_EQ(inner.reason(), "inside");
    }
    std::jthread([] { log_engine_text(GGML_LOG_LEVEL_ERROR, "elsewhere\n"); }).join();
    EXPECT_EQ(outer.reason(), "unknown reason");
}

TEST(EngineGuard, a_failed_assertion_in_the_engine_becomes_an_exception) {
    const EngineGuard guard;
    EXPECT_THROW(ggml_abort("file.c", 1, "from C++ to C and back"), std::runtime_error);
    // Asserts several C functions down that rows are whole blocks.
    ggml_context* context = ggml_init({.mem_size = 4096, .mem_buffer = nullptr, .no_alloc = true});
    EXPECT_THROW(ggml_new_tensor_1d(context, GGML_TYPE_COUNT, 7), std::runtime_error);
    ggml_free(context);
    EXPECT_NE(guard.reason().find("from C++ to C and back"), std::string::npos);
}

TEST(EngineGuardDeathTest, without_a_guard_an_assertion_ends_the_process_with_its_reason) {
    start_engine();
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(ggml_abort("file.c", 1, "on no guarded thread"), "on no guarded thread");
}

}  // namespace
}  // namespace mullama
