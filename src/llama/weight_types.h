#pragma once

#include <mullama/gguf.h>
#include <mullama/result.h>

#include <span>
#include <string_view>

namespace mullama {

/// Checks that the engine can compute with the type of every tensor. It ends the process on a
/// matrix of integers, or of a type that only exists inside its own computations.
/// Errors:  kUnsupported: the first tensor of such a type, and the cure.
/// Source:  type_traits_cpu in ggml-cpu.c: the types that lack vec_dot.
Result<void> check_weight_types(std::span<const GgufFile> files);

/// Whether a tensor of this name is a table of token or expert numbers, not of weights.
bool is_index_table(std::string_view name);

}  // namespace mullama
