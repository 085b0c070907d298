#include "llama/engine_guard.h"

#include "llama/log.h"

#include <array>
#include <cstdio>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <llama.h>

namespace mullama {
namespace {

constexpr std::size_t kReasonBytesMax = 2048;

thread_local EngineGuard* innermost_guard = nullptr;

// "llama_model_load: error loading model: ..." without the function's name.
std::string_view without_function_name(std::string_view line) {
    std::size_t end = 0;
    while (end < line.size() && (std::isalnum(static_cast<unsigned char>(line[end])) != 0 ||
                                 line[end] == '_' || line[end] == '~')) {
        ++end;
    }
    const bool is_name = line.substr(0, end).find('_') != std::string_view::npos;
    if (!is_name || line.substr(end, 2) != ": ") return line;
    return line.substr(end + 2);
}

// Lines that only repeat that there was an error.
bool says_nothing(std::string_view line) {
    constexpr std::array<std::string_view, 3> kEmpty = {
        "failed to load model", "failed to decode, ret", "failed to encode, ret"
    };
    for (const auto empty : kEmpty) {
        if (line == empty || (empty.ends_with("ret") && line.starts_with(empty))) return true;
    }
    return line.empty();
}

void on_log(ggml_log_level level, const char* text, void*) {
    log_engine_text(level, text);
}

// A failed assertion of the engine: abort() follows where this returns.
void on_assertion(const char* message) {
    log_engine_text(GGML_LOG_LEVEL_ERROR, "\n");
    log_engine_text(GGML_LOG_LEVEL_ERROR, message);
    log_engine_text(GGML_LOG_LEVEL_ERROR, "\n");
    if (innermost_guard != nullptr) throw std::runtime_error(message);
    std::fprintf(stderr, "%s\n", message);
}

bool start() {
    llama_log_set(on_log, nullptr);
    ggml_set_abort_callback(on_assertion);
    llama_backend_init();
    return true;
}

}  // namespace

void start_engine() {
    static const bool started = start();
    static_cast<void>(started);
}

void keep_error_line(std::string_view line) {
    if (innermost_guard != nullptr) innermost_guard->add_line(std::string(line));
}

EngineGuard::EngineGuard() : outer_(innermost_guard) {
    start_engine();
    innermost_guard = this;
}

EngineGuard::~EngineGuard() {
    innermost_guard = outer_;
}

std::string EngineGuard::reason() const {
    return lines_.empty() ? "unknown reason" : lines_;
}

bool EngineGuard::out_of_memory() const {
    constexpr std::array<std::string_view, 5> kWords = {
        "failed to allocate", "unable to allocate", "bad_alloc", "out of memory", "Cannot allocate"
    };
    for (const auto words : kWords) {
        if (lines_.find(words) != std::string::npos) return true;
    }
    return false;
}

void EngineGuard::add_line(std::string line) {
    const std::string_view text = without_function_name(line);
    if (says_nothing(text) || lines_.size() + text.size() > kReasonBytesMax) return;
    if (lines_.find(text) != std::string::npos) return;
    if (!lines_.empty()) lines_ += "; ";
    lines_ += text;
}

}  // namespace mullama
