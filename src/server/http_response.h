#pragma once

#include "server/http_request.h"
#include <mullama/executor.h>
#include <mullama/task.h>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace mullama::server {

/// A whole answer.
struct Response {
    unsigned status = 200;          ///< 200 to 599.
    std::string content_type = {};  ///< Empty sends no Content-Type.
    /// Further fields. Date, Connection, Content-Length and Transfer-Encoding are the transport's
    /// and are left out where they stand here.
    Headers headers = {};
    std::string body = {};
};

/// What an answer that is streamed begins with.
struct ResponseHead {
    unsigned status = 200;          ///< As in Response.
    std::string content_type = {};  ///< As in Response.
    Headers headers = {};           ///< As in Response.
};

/// What keeps a connection alive while its answer waits for something: a client that hears nothing
/// gives up, and so do proxies in between.
struct Pings {
    /// Sent before the first of them where the answer has not begun: it is then one that comes in
    /// pieces, whatever the handler finds out later.
    ResponseHead head = {};
    /// A piece that means nothing to the client.
    std::string bytes = {};
    /// How long nothing is sent before a piece goes out.
    std::chrono::milliseconds interval{15'000};
};

/// Where a handler writes its one answer: whole with send(), or in pieces with begin(), write()
/// and end(). A second answer, a write() outside of begin() and end(), or a write while another is
/// under way gives false.
///
/// Each task gives true when the kernel has taken the bytes, which is the back-pressure: a peer
/// that reads slowly makes the handler wait here and nobody else. It gives false once the peer has
/// gone or has read nothing for the stall limit; what is written after that goes nowhere.
///
///     ResponseHead head{.content_type = "application/x-ndjson"};
///     if (!co_await writer.begin(head)) co_return;
///     while (auto event = co_await stream.next_async(writer.executor())) {
///         const std::string line = to_line(*event);
///         if (!co_await writer.write(line)) co_return;
///     }
///     co_await writer.end();
///
/// Texts and heads are borrowed until the task has ended, so name them before the co_await (which
/// g++ 12 needs anyway, see Task).
/// Threads: the connection's executor only.
class ResponseWriter {
  public:
    virtual ~ResponseWriter() = default;

    /// Sends a whole answer, with its Content-Length. For HEAD the body is left out.
    virtual Task<bool> send(const Response& response) = 0;

    /// Sends the head of an answer that comes in pieces.
    virtual Task<bool> begin(const ResponseHead& head) = 0;

    /// Sends a piece, at once. An empty one sends nothing.
    virtual Task<bool> write(std::string_view chunk) = 0;

    /// Sends `pings` from now on, until the answer ends. begin() is then without effect where a
    /// ping has begun the answer already, and send() gives false.
    virtual void ping(Pings pings) = 0;

    /// Whether the head of the answer has been sent.
    virtual bool has_begun() const = 0;

    /// Ends an answer that came in pieces. Without it the client sees a broken answer.
    virtual Task<bool> end() = 0;

    /// Where the handler runs, and what it awaits streams on. Lives as long as the handler.
    virtual Executor& executor() = 0;
};

/// Answers a request. Both references live as long as the task.
///
/// The task is destroyed where it is suspended when the peer vanishes or the server stops, and
/// with it all that it owns: this is how a request is cancelled. It therefore awaits only what
/// resumes on the writer's executor. What it throws is answered with 500 where nothing has been
/// sent yet, and cuts the connection otherwise.
/// Threads: called and run on the connection's executor; those of different connections run at
///          the same time.
using Handler = std::function<Task<void>(const Request&, ResponseWriter&)>;

}  // namespace mullama::server
