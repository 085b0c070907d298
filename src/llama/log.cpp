#include "llama/log.h"

#include <mullama/log.h>

#include <atomic>
#include <mutex>
#include <string>
#include <utility>

namespace mullama {
namespace {

constexpr std::size_t kLineBytesMax = 64 * 1024;

// Models that the program frees at its very end log when their thread has nothing of its own left.
thread_local bool thread_is_ending = false;

struct Line {
    LogLevel level = LogLevel::kInfo;
    std::string text;

    ~Line() { thread_is_ending = true; }
};

struct Sink {
    std::mutex mutex;
    LogSink function;
    std::atomic<bool> set = false;
};

// Never destroyed: threads of the engine may log while the process ends.
Sink& sink() {
    static auto* instance = new Sink;
    return *instance;
}

LogLevel to_level(ggml_log_level level, LogLevel current) {
    switch (level) {
        case GGML_LOG_LEVEL_NONE:
        case GGML_LOG_LEVEL_INFO:
            return LogLevel::kInfo;
        case GGML_LOG_LEVEL_DEBUG:
            return LogLevel::kDebug;
        case GGML_LOG_LEVEL_WARN:
            return LogLevel::kWarning;
        case GGML_LOG_LEVEL_ERROR:
            return LogLevel::kError;
        case GGML_LOG_LEVEL_CONT:
            return current;
    }
    return current;
}

void end_line(Line& line) {
    if (line.text.empty()) return;
    if (line.level == LogLevel::kError) keep_error_line(line.text);
    if (sink().set.load(std::memory_order_acquire)) {
        const std::lock_guard lock(sink().mutex);
        if (sink().function) sink().function(line.level, line.text);
    }
    line.text.clear();
}

}  // namespace

std::string_view to_string(LogLevel level) {
    switch (level) {
        case LogLevel::kDebug:
            return "debug";
        case LogLevel::kInfo:
            return "info";
        case LogLevel::kWarning:
            return "warning";
        case LogLevel::kError:
            return "error";
    }
    return "unknown";
}

void set_log_sink(LogSink new_sink) {
    const std::lock_guard lock(sink().mutex);
    sink().function = std::move(new_sink);
    sink().set.store(static_cast<bool>(sink().function), std::memory_order_release);
}

void log_engine_text(ggml_log_level level, std::string_view text) {
    if (thread_is_ending) return;
    thread_local Line line;
    if (level != GGML_LOG_LEVEL_CONT) end_line(line);
    line.level = to_level(level, line.level);
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const std::string_view piece = text.substr(0, end);
        if (line.text.size() + piece.size() <= kLineBytesMax) line.text += piece;
        if (end == std::string_view::npos) return;
        end_line(line);
        text.remove_prefix(end + 1);
    }
}

}  // namespace mullama
