#pragma once

#include "base/guarded.h"
#include "server/interrupt.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace mullama::server {

/// The responses that are being written.
/// Threads: thread-safe. Outlives its entries.
class RunningResponses {
  public:
    /// Says that a response is being written, for as long as it lives.
    class Entry {
      public:
        /// Made by add().
        Entry(RunningResponses& owner, std::string id) : owner_(owner), id_(std::move(id)) {}
        Entry(const Entry&) = delete;
        Entry& operator=(const Entry&) = delete;
        ~Entry() { owner_.running_.lock()->erase(id_); }

      private:
        RunningResponses& owner_;
        std::string id_;
    };

    /// `response` is the response object as it is meanwhile.
    std::shared_ptr<Entry> add(
        std::string id, std::string response, std::shared_ptr<Interrupt> interrupt
    );

    /// The response object of one that is being written.
    std::optional<std::string> find(const std::string& id) const;
    /// Asks one to end. Gives its response object; nothing where there is none to end.
    std::optional<std::string> cancel(const std::string& id);

  private:
    struct Running {
        std::string response;
        std::shared_ptr<Interrupt> interrupt;
    };

    Guarded<std::map<std::string, Running>> running_;
};

}  // namespace mullama::server
