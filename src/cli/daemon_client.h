#pragma once

#include "cli/host_address.h"
#include <mullama/result.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace mullama::cli {

/// Talks to a server over HTTP.
/// Threads: thread-compatible. Calls block.
class DaemonClient {
  public:
    /// Takes one line of an answer; false ends the call.
    using OnLine = std::function<bool(std::string_view)>;
    /// Asked a few times a second while nothing comes; false ends the call.
    using OnWait = std::function<bool()>;

    /// For the server at `address`. `api_key` may be empty.
    explicit DaemonClient(HostAddress address, std::string api_key = {});
    DaemonClient(DaemonClient&&) noexcept;
    DaemonClient& operator=(DaemonClient&&) noexcept;
    ~DaemonClient();

    /// For the server at `host`, or where that is empty the one that $MULLAMA_HOST or $OLLAMA_HOST
    /// names, with the key in $MULLAMA_API_KEY.
    /// Errors: those of parse_host().
    static Result<DaemonClient> from_environment(std::string_view host = {});

    /// The body of an answer.
    /// Errors:  kUnavailable: there is no server. kCancelled: `on_wait` said so. What the server
    ///          answers: kInvalidArgument, kNotFound, kUnsupported, ... by its status, with its
    ///          message.
    Result<std::string> get(const std::string& path);
    Result<std::string> post(const std::string& path, const std::string& body);

    /// Gives the lines of an answer as they come.
    /// Errors:  as above. Not for a call that `on_line` has ended.
    Result<void> post_lines(
        const std::string& path,
        const std::string& body,
        const OnLine& on_line,
        const OnWait& on_wait
    );

    const HostAddress& address() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace mullama::cli
