#pragma once

#include "base/guarded.h"
#include <mullama/types.h>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mullama::server {

/// How strongly models use their adapters where a request says nothing, as POST /lora-adapters has
/// set it; lost with the server.
/// Threads: thread-safe.
class AdapterScales {
  public:
    /// In place of what was set for the model of this name before.
    void set(const std::string& model, std::vector<AdapterUse> adapters) {
        (*scales_.lock())[model] = std::move(adapters);
    }

    /// Nothing where nothing was set. `count` is how many adapters the model has now.
    std::optional<std::vector<AdapterUse>> find(const std::string& model, std::size_t count) const {
        const auto scales = scales_.lock();
        const auto found = scales->find(model);
        if (found == scales->end()) return std::nullopt;
        std::vector<AdapterUse> adapters = found->second;
        std::erase_if(adapters, [count](const AdapterUse& use) {
            return std::cmp_greater_equal(use.index, count);
        });
        return adapters;
    }

  private:
    mutable Guarded<std::map<std::string, std::vector<AdapterUse>>> scales_;
};

}  // namespace mullama::server
