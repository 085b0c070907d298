#pragma once

#include <cstdint>
#include <filesystem>

namespace mullama {

/// RAM that this process may use, in bytes: the machine's, or less where a control group, such as
/// a container's, limits it. 0 where the system does not tell.
struct HostMemory {
    std::uint64_t total = 0;  ///< Used and free.
    std::uint64_t free = 0;   ///< What a new allocation could get, swap included.
};

/// Reads /proc and /sys under `root`.
HostMemory host_memory(const std::filesystem::path& root = "/");

}  // namespace mullama
