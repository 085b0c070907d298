#pragma once

#include "server/http_response.h"

#include <utility>

namespace mullama::server {

/// Passes on what a handler writes, and remembers the status of its answer.
/// Threads: as ResponseWriter.
class ObservedWriter final : public ResponseWriter {
  public:
    /// `inner` outlives this.
    explicit ObservedWriter(ResponseWriter& inner) : inner_(inner) {}

    Task<bool> send(const Response& response) override {
        if (status_ == 0) status_ = response.status;
        return inner_.send(response);
    }
    Task<bool> begin(const ResponseHead& head) override {
        if (status_ == 0) status_ = head.status;
        return inner_.begin(head);
    }
    Task<bool> write(std::string_view chunk) override { return inner_.write(chunk); }
    Task<bool> end() override { return inner_.end(); }
    void ping(Pings pings) override { inner_.ping(std::move(pings)); }
    bool has_begun() const override { return inner_.has_begun(); }
    Executor& executor() override { return inner_.executor(); }

    /// 0 as long as there is no answer.
    unsigned status() const { return status_; }

  private:
    ResponseWriter& inner_;
    unsigned status_ = 0;
};

}  // namespace mullama::server
