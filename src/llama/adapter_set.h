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
    /// The engine takes no other vector once it has failed to make room for one.
    bool directions_failed = false;
    bool has_directions = false;  ///< Whether directions of adapters are in its place.

    /// A number that tells sets with different effects apart; 0 for none.
    std::uint64_t fingerprint() const;
};

/// Whether a vector fits a model.
/// Errors:  kInvalidArgument: it does not, or is not finite.
Result<void> check_control_vector(const Model& model, const ControlVector& vector);

/// Adds directions of adapters in all layers, in place of those before; none where all are zero.
/// `vector` is a sum of those that have passed check_control_vector(), by their scales.
/// Errors:  kInvalidArgument: the context has a control vector, or it is not finite.
///          kExhausted: not enough memory.
Result<void> lend_directions(Context& context, const ControlVector& vector);

/// Makes a context compute with other adapters than its own for the next steps. What it saves still
/// counts as computed with its own. The caller keeps the adapters.
/// Errors:  as set_adapters().
/// Threads: the context's thread only.
Result<void> lend_adapters(Context& context, std::span<const AdapterScale> adapters);

}  // namespace mullama
