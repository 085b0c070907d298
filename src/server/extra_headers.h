#pragma once

#include "server/http_response.h"

#include <utility>

namespace mullama::server {

/// Writes what a handler writes, with header fields of its own added to every answer.
class ExtraHeaders final : public ResponseWriter {
  public:
    /// `inner` outlives this.
    ExtraHeaders(ResponseWriter& inner, Headers headers)
        : inner_(inner), headers_(std::move(headers)) {}

    Task<bool> send(const Response& response) override {
        Response whole = response;
        whole.headers.insert(whole.headers.end(), headers_.begin(), headers_.end());
        const bool sent = co_await inner_.send(whole);
        co_return sent;
    }
    Task<bool> begin(const ResponseHead& head) override {
        ResponseHead whole = head;
        whole.headers.insert(whole.headers.end(), headers_.begin(), headers_.end());
        const bool sent = co_await inner_.begin(whole);
        co_return sent;
    }
    void ping(Pings pings) override {
        Headers& headers = pings.head.headers;
        headers.insert(headers.end(), headers_.begin(), headers_.end());
        inner_.ping(std::move(pings));
    }
    bool has_begun() const override { return inner_.has_begun(); }
    Task<bool> write(std::string_view chunk) override { return inner_.write(chunk); }
    Task<bool> end() override { return inner_.end(); }
    Executor& executor() override { return inner_.executor(); }

  private:
    ResponseWriter& inner_;
    Headers headers_;
};

}  // namespace mullama::server
