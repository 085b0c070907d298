#pragma once

#include <mullama/context.h>

#include <cstdint>

namespace mullama {

/// A number for what a context computes and how it keeps that: the same for contexts that can take
/// over each other's states and go on as if they were their own. Models are told apart by the
/// place, the size and the time of their files.
std::uint64_t state_key(const Context& context);

}  // namespace mullama
