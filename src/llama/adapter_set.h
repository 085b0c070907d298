#pragma once

#include <mullama/adapter.h>

#include <cstdint>
#include <span>
#include <vector>

namespace mullama {

/// The adapters and the control vector of a context. The engine keeps pointers to the adapters.
struct AdapterSet {
    std::vector<AdapterScale> adapters;
    std::uint64_t control_vector = 0;  ///< Its fingerprint; 0 where there is none.

    /// A number that tells sets with different effects apart; 0 for none.
    std::uint64_t fingerprint() const;
};

/// Makes a context compute with other adapters than its own for the next steps. What it saves still
/// counts as computed with its own. The caller keeps the adapters.
/// Errors:  as set_adapters().
/// Threads: the context's thread only.
Result<void> lend_adapters(Context& context, std::span<const AdapterScale> adapters);

}  // namespace mullama
