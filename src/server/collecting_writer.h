#pragma once

#include "server/http_response.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace mullama::server {

/// Keeps an answer in memory, for requests that come from the server itself.
/// Threads: as ResponseWriter.
class CollectingWriter final : public ResponseWriter {
  public:
    /// Handlers run on `executor`, which outlives the writer. To one whose answer is larger than
    /// `bytes_max` the client has gone.
    CollectingWriter(Executor& executor, std::size_t bytes_max)
        : executor_(executor), bytes_max_(bytes_max) {}

    /// Whether the answer is whole.
    bool is_complete() const { return complete_; }
    /// The answer so far.
    const Response& response() const { return response_; }

    Task<bool> send(const Response& response) override {
        if (begun_ || response.body.size() > bytes_max_) co_return false;
        begun_ = true;
        complete_ = true;
        response_ = response;
        co_return true;
    }
    Task<bool> begin(const ResponseHead& head) override {
        if (begun_) co_return false;
        begun_ = true;
        response_ = {head.status, head.content_type, head.headers, ""};
        co_return true;
    }
    Task<bool> write(std::string_view chunk) override {
        if (!begun_ || complete_ || overfull_) co_return false;
        overfull_ = chunk.size() > bytes_max_ - response_.body.size();
        if (!overfull_) response_.body += chunk;
        co_return !overfull_;
    }
    Task<bool> end() override {
        complete_ = begun_ && !overfull_;
        co_return complete_;
    }
    void ping(Pings /*pings*/) override {}
    bool has_begun() const override { return begun_; }
    Executor& executor() override { return executor_; }

  private:
    Executor& executor_;
    std::size_t bytes_max_;
    Response response_;
    bool begun_ = false;
    bool complete_ = false;
    bool overfull_ = false;
};

}  // namespace mullama::server
