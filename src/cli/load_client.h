#pragma once

#include "cli/daemon_client.h"
#include "cli/load_report.h"

#include <chrono>
#include <functional>
#include <string>

/// How `mullama bench serve` asks, as OpenAI's interface wants it.
namespace mullama::cli {

/// Milliseconds since then.
double milliseconds_since(std::chrono::steady_clock::time_point begin);

/// What an answer is asked while it is awaited and read; false ends it. Both may be called at any
/// time.
struct LoadWatch {
    DaemonClient::OnWait on_wait;
    /// After each piece.
    std::function<bool()> on_piece = [] { return true; };
};

/// Sends a request to `endpoint` and reads its answer, as it comes, into `request`.
/// Errors: those of DaemonClient::post_lines(). kInternal: the answer is not whole, or an error.
///         They are in `request` too.
Result<void> ask_for_answer(
    DaemonClient& client,
    const std::string& endpoint,
    const std::string& body,
    const LoadWatch& watch,
    LoadRequest& request
);

/// Sends a request for `count` vectors, and reads how many there are.
/// Errors: those of DaemonClient::post(); they are in `request` too.
Result<void> ask_for_vectors(
    DaemonClient& client, const std::string& body, std::int32_t count, LoadRequest& request
);

}  // namespace mullama::cli
