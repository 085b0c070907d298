#pragma once

#include "server/http_response.h"
#include "server/response_head.h"
#include "server/transport.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace mullama::server {

/// Writes one answer onto a connection.
/// Threads: the transport's executor only.
class ConnectionWriter final : public ResponseWriter {
  public:
    /// What the request says about its answer.
    struct Terms {
        bool is_head = false;      ///< No body is sent.
        bool is_http_1_0 = false;  ///< There are no chunks.
        bool keeps_alive = true;   ///< The client wants the connection to stay open.
    };

    /// How far the answer is.
    enum class State {
        kUnsent,     ///< Nothing has been sent.
        kStreaming,  ///< Between begin() and end().
        kComplete,   ///< All has been handed to the kernel, or is being handed to it.
        kBroken,     ///< The peer has gone, or the answer cannot be completed.
    };

    /// `draining` says whether the connection is to be closed after this answer; it is asked when
    /// the head is made. Both references outlive the writer.
    ConnectionWriter(
        std::shared_ptr<Transport> transport,
        Terms terms,
        std::chrono::milliseconds stall_time,
        const std::atomic<bool>& draining
    );

    Task<bool> send(const Response& response) override;
    Task<bool> begin(const ResponseHead& head) override;
    Task<bool> write(std::string_view chunk) override;
    Task<bool> end() override;
    void ping(Pings pings) override;
    bool has_begun() const override { return state_ != State::kUnsent; }
    Executor& executor() override { return transport_->executor(); }

    State state() const { return state_; }
    /// Whether a write has been begun that has not come to its end.
    bool is_writing() const { return writing_ || pinging_; }
    /// Whether the connection stays open after the answer.
    bool keeps_alive() const { return keeps_alive_; }

  private:
    std::string make_head(const ResponseHead& head, Framing framing, std::size_t length);
    std::string frame(std::string_view chunk) const;
    Task<bool> put(std::string bytes);
    void arm_ping();
    void send_ping();
    void end_ping(IoStatus status);

    std::shared_ptr<Transport> transport_;
    Terms terms_;
    std::chrono::milliseconds stall_time_;
    const std::atomic<bool>& draining_;
    State state_ = State::kUnsent;
    Framing framing_ = Framing::kNone;
    bool keeps_alive_ = true;
    bool writing_ = false;

    std::optional<Pings> pings_;
    std::unique_ptr<Transport::Timer> ping_timer_;
    Transport::TimePoint written_at_ = {};
    bool pinging_ = false;
    std::function<void(IoStatus)> on_ping_end_;  // of a write that waits for it
    std::shared_ptr<int> alive_ = std::make_shared<int>();
};

}  // namespace mullama::server
