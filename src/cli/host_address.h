#pragma once

#include <mullama/result.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace mullama::cli {

/// Where the server is, as OLLAMA_HOST says it.
struct HostAddress {
    bool tls = false;  ///< The scheme is https.
    std::string host = "127.0.0.1";
    std::uint16_t port = 11434;
    std::string socket = {};  ///< Path of a Unix socket; used in place of host and port.

    /// What a server listens on: "host:port" or "unix:/path".
    std::string to_listen() const;
    /// What a client calls: "http://host:port"; an address that means all of them becomes this
    /// machine's own.
    std::string to_call() const;
    /// Whether it is an address of this machine.
    bool is_here() const;
};

/// Reads "host", "host:port", ":port", "[::1]:port", "http://host[:port][/...]" or "unix:/path".
/// Without a port it is 11434, with only a scheme that scheme's.
/// Errors: kInvalidArgument: a port that is none.
/// Source: envconfig.Host() of github.com/ollama/ollama.
Result<HostAddress> parse_host(std::string_view text);

/// $MULLAMA_HOST, else $OLLAMA_HOST, else 127.0.0.1:11434.
/// Errors: those of parse_host().
Result<HostAddress> host_from_environment();

}  // namespace mullama::cli
