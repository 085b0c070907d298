#pragma once

#include "server/forwarding_writer.h"

#include <utility>

namespace mullama::server {

/// Writes what a handler writes, with header fields of its own added to every answer.
class ExtraHeaders final : public ForwardingWriter {
  public:
    /// `inner` outlives this.
    ExtraHeaders(ResponseWriter& inner, Headers headers)
        : ForwardingWriter(inner), headers_(std::move(headers)) {}

    Task<bool> send(const Response& response) override {
        Response whole = response;
        whole.headers.insert(whole.headers.end(), headers_.begin(), headers_.end());
        const bool sent = co_await ForwardingWriter::send(whole);
        co_return sent;
    }
    Task<bool> begin(const ResponseHead& head) override {
        ResponseHead whole = head;
        whole.headers.insert(whole.headers.end(), headers_.begin(), headers_.end());
        const bool sent = co_await ForwardingWriter::begin(whole);
        co_return sent;
    }
    void ping(Pings pings) override {
        Headers& headers = pings.head.headers;
        headers.insert(headers.end(), headers_.begin(), headers_.end());
        ForwardingWriter::ping(std::move(pings));
    }

  private:
    Headers headers_;
};

}  // namespace mullama::server
