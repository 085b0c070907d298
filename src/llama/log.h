#pragma once

#include <string_view>

#include <llama.h>

namespace mullama {

/// Takes a piece of the engine's log, which may be part of a line or several lines, and hands whole
/// lines to the sink and, where they are errors, to keep_error_line().
/// Threads: any; each thread's pieces make lines of their own.
void log_engine_text(ggml_log_level level, std::string_view text);

/// Gives an error line to the innermost EngineGuard of this thread, if there is one.
void keep_error_line(std::string_view line);

}  // namespace mullama
