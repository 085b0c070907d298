#pragma once

#include "server/http_response.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mullama::server {

/// Keeps what a handler writes, so that handlers are tested without a port:
///
///     EventLoop loop;
///     FakeResponseWriter writer(loop);
///     loop.run(handler(request, writer));
///     EXPECT_EQ(writer.status, 200U);
class FakeResponseWriter final : public ResponseWriter {
  public:
    /// Handlers run on `executor`, which outlives the writer.
    explicit FakeResponseWriter(Executor& executor) : executor_(executor) {}

    std::optional<unsigned> status;   ///< Of the answer that was sent or begun.
    std::string content_type;         ///< As above.
    Headers headers;                  ///< As above.
    std::string body;                 ///< All of it, streamed or whole.
    std::vector<std::string> chunks;  ///< What each write() had.
    bool streamed = false;            ///< Whether begin() was called.
    std::optional<Pings> pings;       ///< What ping() was given.
    bool complete = false;            ///< Whether send() or end() was called.
    /// The peer goes after this many chunks; unset for never.
    std::optional<std::size_t> chunks_until_gone;

    Task<bool> send(const Response& response) override {
        if (status) co_return false;
        take_head({response.status, response.content_type, response.headers});
        body = response.body;
        complete = true;
        co_return !gone();
    }
    Task<bool> begin(const ResponseHead& head) override {
        if (status) co_return false;
        take_head(head);
        streamed = true;
        co_return !gone();
    }
    Task<bool> write(std::string_view chunk) override {
        if (!streamed || complete || gone()) co_return false;
        if (!chunk.empty()) chunks.emplace_back(chunk);
        body += chunk;
        co_return true;
    }
    Task<bool> end() override {
        if (!streamed || complete || gone()) co_return false;
        complete = true;
        co_return true;
    }
    void ping(Pings wanted) override { pings = std::move(wanted); }
    bool has_begun() const override { return status.has_value(); }
    Executor& executor() override { return executor_; }

  private:
    void take_head(ResponseHead head) {
        status = head.status;
        content_type = std::move(head.content_type);
        headers = std::move(head.headers);
    }
    bool gone() const { return chunks_until_gone && chunks.size() >= *chunks_until_gone; }

    Executor& executor_;
};

}  // namespace mullama::server
