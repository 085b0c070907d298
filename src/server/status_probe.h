#pragma once

#include "server/forwarding_writer.h"

#include <utility>

namespace mullama::server {

/// Writes what a handler writes, and keeps the status of its answer.
class StatusProbe final : public ForwardingWriter {
  public:
    /// `inner` outlives this.
    explicit StatusProbe(ResponseWriter& inner) : ForwardingWriter(inner) {}

    /// The status that has been sent; 0 where nothing has.
    unsigned status() const {
        if (status_ != 0) return status_;
        return has_begun() ? ping_status_ : 0;
    }

    Task<bool> send(const Response& response) override {
        note(response.status);
        return ForwardingWriter::send(response);
    }
    Task<bool> begin(const ResponseHead& head) override {
        note(head.status);
        return ForwardingWriter::begin(head);
    }
    void ping(Pings pings) override {
        ping_status_ = pings.head.status;
        ForwardingWriter::ping(std::move(pings));
    }

  private:
    // A ping may have sent the head before.
    void note(unsigned status) {
        if (status_ == 0) status_ = has_begun() ? ping_status_ : status;
    }

    unsigned status_ = 0;
    unsigned ping_status_ = 0;
};

}  // namespace mullama::server
