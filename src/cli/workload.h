#pragma once

#include "cli/verbs.h"

#include <span>
#include <string_view>

namespace mullama::cli {

/// A load that is known by a name, so that figures of one can be compared.
struct Workload {
    std::string_view name;
    std::string_view help;
    std::int32_t requests = 32;
    std::int32_t clients = 8;
    double rate = 0;
    std::int32_t prefix_words = 0;
    std::int32_t input_words = 100;
    std::int32_t output_tokens = 128;

    /// Sets the numbers.
    void put_into(BenchServeArguments& arguments) const;
};

/// All of them, in the order to print them.
std::span<const Workload> workloads();

/// The one of that name, or null.
const Workload* find_workload(std::string_view name);

}  // namespace mullama::cli
