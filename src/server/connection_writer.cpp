#include "server/connection_writer.h"

#include "server/arrival.h"

#include <ctime>
#include <utility>

namespace mullama::server {

ConnectionWriter::ConnectionWriter(
    std::shared_ptr<Transport> transport,
    Terms terms,
    std::chrono::milliseconds stall_time,
    const std::atomic<bool>& draining
)
    : transport_(std::move(transport)),
      terms_(terms),
      stall_time_(stall_time),
      draining_(draining) {}

Task<bool> ConnectionWriter::send(const Response& response) {
    if (state_ != State::kUnsent) co_return false;
    const ResponseHead head{response.status, response.content_type, response.headers};
    const bool no_body = has_no_body(response.status);
    const Framing framing = no_body ? Framing::kNone : Framing::kLength;
    std::string bytes = make_head(head, framing, response.body.size());
    if (!no_body && !terms_.is_head) bytes += response.body;
    state_ = State::kComplete;
    auto putting = put(std::move(bytes));
    co_return co_await std::move(putting);
}

Task<bool> ConnectionWriter::begin(const ResponseHead& head) {
    if (state_ == State::kStreaming && pings_) co_return true;  // a ping was first
    if (state_ != State::kUnsent) co_return false;
    framing_ = terms_.is_http_1_0 ? Framing::kUntilClose : Framing::kChunked;
    if (has_no_body(head.status)) framing_ = Framing::kNone;
    state_ = State::kStreaming;
    auto putting = put(make_head(head, framing_, 0));
    co_return co_await std::move(putting);
}

Task<bool> ConnectionWriter::write(std::string_view chunk) {
    if (state_ != State::kStreaming) co_return false;
    if (chunk.empty() || terms_.is_head || framing_ == Framing::kNone) co_return true;
    auto putting = put(frame(chunk));
    co_return co_await std::move(putting);
}

Task<bool> ConnectionWriter::end() {
    if (state_ != State::kStreaming || writing_) co_return false;
    state_ = State::kComplete;
    if (terms_.is_head || framing_ != Framing::kChunked) co_return true;
    auto putting = put("0\r\n\r\n");
    co_return co_await std::move(putting);
}

void ConnectionWriter::ping(Pings pings) {
    pings_ = std::move(pings);
    written_at_ = std::chrono::steady_clock::now();
    arm_ping();
}

void ConnectionWriter::arm_ping() {
    const auto when = written_at_ + pings_->interval;
    ping_timer_ = transport_->call_at(when, [this] { send_ping(); });
}

void ConnectionWriter::send_ping() {
    const bool is_over = state_ == State::kComplete || state_ == State::kBroken;
    if (is_over || terms_.is_head) return;
    const auto now = std::chrono::steady_clock::now();
    if (writing_ || pinging_ || now < written_at_ + pings_->interval) {
        if (writing_ || pinging_) written_at_ = now;
        arm_ping();
        return;
    }
    std::string bytes;
    if (state_ == State::kUnsent) {
        framing_ = terms_.is_http_1_0 ? Framing::kUntilClose : Framing::kChunked;
        bytes = make_head(pings_->head, framing_, 0);
        state_ = State::kStreaming;
    }
    bytes += frame(pings_->bytes);
    pinging_ = true;
    const std::weak_ptr<int> alive = alive_;
    transport_->write(std::move(bytes), stall_time_, [this, alive](IoStatus status) {
        if (!alive.expired()) end_ping(status);
    });
}

void ConnectionWriter::end_ping(IoStatus status) {
    pinging_ = false;
    written_at_ = std::chrono::steady_clock::now();
    if (status != IoStatus::kDone) state_ = State::kBroken;
    arm_ping();
    if (const auto tell = std::exchange(on_ping_end_, nullptr)) tell(status);
}

std::string ConnectionWriter::frame(std::string_view chunk) const {
    return framing_ == Framing::kChunked ? format_chunk(chunk) : std::string(chunk);
}

std::string ConnectionWriter::make_head(
    const ResponseHead& head, Framing framing, std::size_t length
) {
    keeps_alive_ = terms_.keeps_alive && framing != Framing::kUntilClose && !draining_;
    HeadFraming lines{.framing = framing, .length = length, .now = std::time(nullptr)};
    if (!keeps_alive_) {
        lines.persistence = Persistence::kClose;
    } else if (terms_.is_http_1_0) {
        lines.persistence = Persistence::kKeepAlive;
    }
    return format_head(head, lines);
}

// A handler may drop a write that it began; the connection is then of no more use, since nobody
// knows how much of it the peer got.
Task<bool> ConnectionWriter::put(std::string bytes) {
    if (pinging_) {
        Arrival<IoStatus> pinged;
        on_ping_end_ = pinged.sender();
        co_await pinged;
    }
    if (writing_) state_ = State::kBroken;
    if (state_ == State::kBroken) co_return false;
    writing_ = true;
    Arrival<IoStatus> arrival;
    transport_->write(std::move(bytes), stall_time_, arrival.sender());
    const IoStatus status = co_await arrival;
    writing_ = false;
    if (pings_) written_at_ = std::chrono::steady_clock::now();
    if (status != IoStatus::kDone) state_ = State::kBroken;
    co_return status == IoStatus::kDone;
}

}  // namespace mullama::server
