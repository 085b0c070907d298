#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace mullama {

/// How much a line of the engine's log matters, least first.
enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

/// The level's name: "debug", "info", "warning" or "error".
std::string_view to_string(LogLevel level);

/// Receives one line of the log, without its line break. The text is valid during the call only.
/// It must not throw, and not call set_log_sink().
using LogSink = std::function<void(LogLevel level, std::string_view line)>;

/// Sends the log lines of llama.cpp and ggml to `sink`; an empty one drops them, which is the
/// default: the library itself prints nothing.
/// Threads: any. The sink is called from whichever thread logs, one call at a time; after
///          set_log_sink() returns, the previous sink is not called any more.
void set_log_sink(LogSink sink);

}  // namespace mullama
