#include "server/connection.h"

#include "server/response_head.h"

#include <chrono>
#include <ctime>
#include <utility>

namespace mullama::server {
namespace {

using Clock = std::chrono::steady_clock;
using Progress = RequestParser::Progress;
using WriterState = ConnectionWriter::State;

std::string format_refusal(const Refusal& refusal, Headers headers) {
    const std::string body = format_error(refusal.message);
    const ResponseHead head{refusal.status, "application/json", std::move(headers)};
    const HeadFraming framing{
        .length = body.size(), .persistence = Persistence::kClose, .now = std::time(nullptr)
    };
    return format_head(head, framing) + body;
}

std::string busy_answer() {
    const Refusal refusal{503, "the server has too many connections: try again later"};
    return format_refusal(refusal, Headers{Header{"Retry-After", "1"}});
}

}  // namespace

Connection::Connection(std::shared_ptr<Transport> transport, const Terms& terms)
    : transport_(std::move(transport)), terms_(terms) {}

Connection::~Connection() {
    run_.reset();
    transport_->close();
}

void Connection::start(std::function<void()> on_end) {
    drive(serve_all(), std::move(on_end));
}

void Connection::turn_away(std::function<void()> on_end) {
    drive(send_busy(), std::move(on_end));
}

void Connection::close_if_idle() {
    if (idle_) transport_->close();
}

void Connection::drive(Task<void> task, std::function<void()> on_end) {
    auto ended = [weak = weak_from_this(), on_end = std::move(on_end)](Driver::End) {
        if (const auto self = weak.lock()) on_end();
    };
    run_ = Driver::make(std::move(task), transport_->executor(), std::move(ended));
    run_->start();
}

Task<void> Connection::serve_all() {
    bool goes_on = true;
    while (goes_on) {
        auto serving = serve_one();
        goes_on = co_await std::move(serving);
    }
    transport_->close();
}

Task<void> Connection::send_busy() {
    auto putting = put(busy_answer());
    if (co_await std::move(putting) == IoStatus::kDone) {
        auto lingering = linger();
        co_await std::move(lingering);
    }
    transport_->close();
}

// Gives whether the connection can take another request.
Task<bool> Connection::serve_one() {
    auto waiting = await_request();
    if (!co_await std::move(waiting)) co_return false;
    RequestParser parser(terms_.limits);
    auto reading_head = read_head(parser);
    if (!co_await std::move(reading_head)) co_return false;
    auto reading_body = read_body(parser);
    if (!co_await std::move(reading_body)) co_return false;
    Request request = parser.take();
    request.peer_is_loopback = terms_.peer_is_loopback;
    auto answering = answer(parser, request);
    co_return co_await std::move(answering);
}

// A fresh connection is given the time of a header, an idle one more. Both end without a word.
Task<bool> Connection::await_request() {
    const auto time = has_served_ ? terms_.limits.idle_time : terms_.limits.header_time;
    const auto deadline = Clock::now() + time;
    RequestParser::skip_empty_lines(input_);
    while (input_.empty()) {
        if (terms_.draining) co_return false;
        idle_ = true;
        auto reading = read_more(deadline);
        const IoStatus status = co_await std::move(reading);
        idle_ = false;
        if (status != IoStatus::kDone) co_return false;
        RequestParser::skip_empty_lines(input_);
    }
    co_return true;
}

Task<bool> Connection::read_head(RequestParser& parser) {
    const auto deadline = Clock::now() + terms_.limits.header_time;
    Progress progress = parser.parse_head(input_);
    IoStatus status = IoStatus::kDone;
    while (progress == Progress::kMore && status == IoStatus::kDone) {
        auto reading = read_more(deadline);
        status = co_await std::move(reading);
        if (status == IoStatus::kDone) progress = parser.parse_head(input_);
    }
    if (progress == Progress::kDone) co_return true;
    if (status == IoStatus::kClosed) co_return false;
    Refusal refusal{408, "the request header took too long"};
    if (progress == Progress::kRefused) refusal = parser.refusal();
    auto refusing = refuse(refusal);
    co_await std::move(refusing);
    co_return false;
}

Task<bool> Connection::read_body(RequestParser& parser) {
    if (parser.expects_continue() && !parser.is_http_1_0() && input_.empty()) {
        auto putting = put("HTTP/1.1 100 Continue\r\n\r\n");
        if (co_await std::move(putting) != IoStatus::kDone) co_return false;
    }
    Progress progress = parser.parse_body(input_);
    IoStatus status = IoStatus::kDone;
    while (progress == Progress::kMore && status == IoStatus::kDone) {
        auto reading = read_more(Clock::now() + terms_.limits.read_stall_time);
        status = co_await std::move(reading);
        if (status == IoStatus::kDone) progress = parser.parse_body(input_);
    }
    if (progress == Progress::kDone) co_return true;
    if (status == IoStatus::kClosed) co_return false;
    Refusal refusal{408, "the request body took too long"};
    if (progress == Progress::kRefused) refusal = parser.refusal();
    auto refusing = refuse(refusal);
    co_await std::move(refusing);
    co_return false;
}

// Runs the handler until it ends or the peer goes, whichever is first.
Task<bool> Connection::answer(const RequestParser& parser, const Request& request) {
    const ConnectionWriter::Terms terms{
        .is_head = request.method == "HEAD",
        .is_http_1_0 = parser.is_http_1_0(),
        .keeps_alive = parser.keeps_alive(),
    };
    ConnectionWriter writer(transport_, terms, terms_.limits.write_stall_time, terms_.draining);
    Arrival<Outcome> arrival;
    const auto settle = arrival.sender();
    std::function<void(Driver::End)> on_end = [settle](Driver::End end) {
        settle(end == Driver::End::kThrew ? Outcome::kThrew : Outcome::kReturned);
    };
    on_peer_gone_ = [settle, &writer] {
        // The rest of a whole answer is still sent to a peer that may only have half closed.
        if (writer.state() != WriterState::kComplete) settle(Outcome::kPeerGone);
    };
    Outcome outcome = Outcome::kPeerGone;
    {
        Driver handler =
            Driver::make(call_handler(request, writer), transport_->executor(), std::move(on_end));
        handler.start();
        watch();
        outcome = co_await arrival;
    }
    on_peer_gone_ = {};
    has_served_ = true;
    auto finishing = finish(writer, outcome);
    co_return co_await std::move(finishing);
}

Task<void> Connection::call_handler(const Request& request, ResponseWriter& writer) {
    Task<void> task = terms_.handler(request, writer);
    co_await std::move(task);
}

Task<bool> Connection::finish(ConnectionWriter& writer, Outcome outcome) {
    if (outcome == Outcome::kPeerGone) co_return false;
    bool goes_on = outcome == Outcome::kReturned;
    if (writer.state() == WriterState::kUnsent) {
        goes_on = true;
        const Response response{500, "application/json", {}, format_error("internal error")};
        auto sending = writer.send(response);
        co_await std::move(sending);
    }
    if (writer.state() != WriterState::kComplete || writer.is_writing()) co_return false;
    if (goes_on && writer.keeps_alive() && !terms_.draining) co_return true;
    auto lingering = linger();
    co_await std::move(lingering);
    co_return false;
}

Task<void> Connection::refuse(const Refusal& refusal) {
    auto putting = put(format_refusal(refusal, {}));
    if (co_await std::move(putting) != IoStatus::kDone) co_return;
    auto lingering = linger();
    co_await std::move(lingering);
}

// Closing while the peer still sends would reset the connection, and the peer might lose the
// answer: RFC 9112, section 9.6.
Task<void> Connection::linger() {
    const auto deadline = Clock::now() + terms_.limits.linger_time;
    transport_->shutdown_send();
    IoStatus status = IoStatus::kDone;
    while (status == IoStatus::kDone && !terms_.draining) {
        input_.clear();
        idle_ = true;
        auto reading = read_more(deadline);
        status = co_await std::move(reading);
        idle_ = false;
    }
}

Task<IoStatus> Connection::read_more(Transport::TimePoint deadline) {
    Arrival<ReadResult> arrival;
    transport_->read_some(deadline, arrival.sender());
    const ReadResult result = co_await arrival;
    input_.append(result.bytes);
    co_return result.status;
}

Task<IoStatus> Connection::put(std::string bytes) {
    Arrival<IoStatus> arrival;
    transport_->write(std::move(bytes), terms_.limits.write_stall_time, arrival.sender());
    co_return co_await arrival;
}

// Waits for what the peer does while a handler runs. What it sends is kept for the next request, so
// that its end behind that is seen too; a peer that sends ever more is only watched for a reset.
void Connection::watch() {
    const bool has_room = input_.size() < terms_.limits.header_bytes_max;
    bool& waits = has_room ? waits_readable_ : waits_broken_;
    if (std::exchange(waits, true)) return;  // since an earlier request
    const std::weak_ptr<Connection> weak = weak_from_this();
    if (has_room) {
        transport_->wait_readable([weak] {
            if (const auto self = weak.lock()) self->on_readable();
        });
    } else {
        transport_->wait_broken([weak] {
            if (const auto self = weak.lock()) self->on_broken();
        });
    }
}

void Connection::on_readable() {
    waits_readable_ = false;
    if (!on_peer_gone_ || input_.size() >= terms_.limits.header_bytes_max) return;
    const ReadResult result = transport_->read_now();
    if (result.status != IoStatus::kDone) {
        tell_peer_gone();
        return;
    }
    input_.append(result.bytes);
    watch();
}

void Connection::on_broken() {
    waits_broken_ = false;
    if (on_peer_gone_) tell_peer_gone();
}

void Connection::tell_peer_gone() {
    const auto on_peer_gone = on_peer_gone_;  // the call resumes what resets the member
    on_peer_gone();
}

}  // namespace mullama::server
