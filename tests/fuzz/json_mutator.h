#pragma once

#include "api/json.h"
#include "tests/fuzz/mutator.h"

#include <cstdint>

namespace mullama::test {

/// Changes values inside of JSON, which stays JSON. The same seed gives the same changes.
/// Threads: thread-compatible.
class JsonMutator {
  public:
    explicit JsonMutator(std::uint64_t seed) : random_(seed) {}

    /// `value` with one to three changes.
    api::json::value mutate(api::json::value value);

  private:
    void change(api::json::value& root);
    void replace(api::json::value& node);
    void drop_or_repeat(api::json::value& node);

    Mutator random_;
};

}  // namespace mullama::test
