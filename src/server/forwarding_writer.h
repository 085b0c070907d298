#pragma once

#include "server/http_response.h"

#include <string_view>
#include <utility>

namespace mullama::server {

/// Writes to another writer; what lies between the two overrides what it changes.
class ForwardingWriter : public ResponseWriter {
  public:
    /// `inner` outlives this.
    explicit ForwardingWriter(ResponseWriter& inner) : inner_(inner) {}

    Task<bool> send(const Response& response) override { return inner_.send(response); }
    Task<bool> begin(const ResponseHead& head) override { return inner_.begin(head); }
    Task<bool> write(std::string_view chunk) override { return inner_.write(chunk); }
    void ping(Pings pings) override { inner_.ping(std::move(pings)); }
    bool has_begun() const override { return inner_.has_begun(); }
    Task<bool> end() override { return inner_.end(); }
    Executor& executor() override { return inner_.executor(); }

  private:
    ResponseWriter& inner_;
};

}  // namespace mullama::server
