#pragma once

#include "server/http_response.h"

#include <utility>

namespace mullama::server {

/// Writes what a handler writes, and keeps the status of its answer.
class StatusProbe final : public ResponseWriter {
  public:
    /// `inner` outlives this.
    explicit StatusProbe(ResponseWriter& inner) : inner_(inner) {}

    /// The status that has been sent; 0 where nothing has.
    unsigned status() const {
        if (status_ != 0) return status_;
        return inner_.has_begun() ? ping_status_ : 0;
    }

    Task<bool> send(const Response& response) override {
        note(response.status);
        return inner_.send(response);
    }
    Task<bool> begin(const ResponseHead& head) override {
        note(head.status);
        return inner_.begin(head);
    }
    void ping(Pings pings) override {
        ping_status_ = pings.head.status;
        inner_.ping(std::move(pings));
    }
    bool has_begun() const override { return inner_.has_begun(); }
    Task<bool> write(std::string_view chunk) override { return inner_.write(chunk); }
    Task<bool> end() override { return inner_.end(); }
    Executor& executor() override { return inner_.executor(); }

  private:
    // A ping may have sent the head before.
    void note(unsigned status) {
        if (status_ == 0) status_ = inner_.has_begun() ? ping_status_ : status;
    }

    ResponseWriter& inner_;
    unsigned status_ = 0;
    unsigned ping_status_ = 0;
};

}  // namespace mullama::server
