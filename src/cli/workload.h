#pragma once

#include "cli/verbs.h"

#include <span>
#include <string_view>

namespace mullama::cli {

/// A load that is known by a name, so that figures of one can be compared.
struct Workload {
    std::string_view name;
    std::string_view help;
    BenchLoad load;
};

/// All of them, in the order to print them.
std::span<const Workload> workloads();

/// The one of that name, or null.
const Workload* find_workload(std::string_view name);

}  // namespace mullama::cli
