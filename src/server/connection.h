#pragma once

#include "server/arrival.h"
#include "server/connection_writer.h"
#include "server/driver.h"
#include "server/http_response.h"
#include "server/http_server_options.h"
#include "server/request_parser.h"
#include "server/transport.h"

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace mullama::server {

/// Serves the requests of one connection, one after the other. Destroying it destroys the handler
/// that runs and closes the connection.
/// Threads: the transport's executor only, its destructor too.
class Connection : public std::enable_shared_from_this<Connection> {
  public:
    /// What it is made for.
    struct Terms {
        const HttpLimits& limits;           ///< Outlives the connection.
        const Handler& handler;             ///< Outlives the connection.
        const std::atomic<bool>& draining;  ///< Whether the server stops; outlives the connection.
        bool peer_is_loopback;
    };

    Connection(std::shared_ptr<Transport> transport, const Terms& terms);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Begins to serve. `on_end` is called on the executor when the connection is over.
    void start(std::function<void()> on_end);

    /// Answers 503 in place of serving. `on_end` as in start().
    void turn_away(std::function<void()> on_end);

    /// Closes it where no request is under way, now that the server drains.
    void close_if_idle();

  private:
    enum class Outcome { kReturned, kThrew, kPeerGone };

    void drive(Task<void> task, std::function<void()> on_end);
    Task<void> serve_all();
    Task<void> send_busy();
    Task<bool> serve_one();
    Task<bool> await_request();
    Task<bool> read_head(RequestParser& parser);
    Task<bool> read_body(RequestParser& parser);
    Task<bool> answer(const RequestParser& parser, const Request& request);
    Task<void> call_handler(const Request& request, ResponseWriter& writer);
    Task<bool> finish(ConnectionWriter& writer, Outcome outcome);
    Task<void> refuse(const Refusal& refusal);
    Task<void> linger();
    Task<IoStatus> read_more(Transport::TimePoint deadline);
    Task<IoStatus> put(std::string bytes);

    void watch();
    void on_readable();
    void on_broken();
    void tell_peer_gone();

    std::shared_ptr<Transport> transport_;
    Terms terms_;
    std::optional<Driver> run_;
    std::string input_;
    bool has_served_ = false;
    bool idle_ = false;
    bool waits_readable_ = false;
    bool waits_broken_ = false;
    /// Set while a handler runs: ends it. Nothing else may resume what waits for the handler.
    std::function<void()> on_peer_gone_;
};

}  // namespace mullama::server
