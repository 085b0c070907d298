#pragma once

#include "api/id_source.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mullama::api::openai {

/// Names a response and its items. An item's name has that of its response in it, so that an item
/// that a client refers to later is found without an index.
/// Threads: thread-compatible.
class ResponseIds {
  public:
    explicit ResponseIds(std::uint64_t seed);

    /// "resp_...", always the same.
    std::string response() const { return "resp_" + key_; }
    /// A new item's name: `prefix` ("msg_", "fc_", ...), the response's letters and a number.
    std::string item(std::string_view prefix);
    /// A new name for a call: "call_...".
    std::string call();

  private:
    IdSource source_;
    std::string key_;
    std::size_t items_ = 0;
};

/// The response that an item belongs to by its name; empty where the name is no item's.
std::string response_of_item(std::string_view item);

}  // namespace mullama::api::openai
