#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mullama {

/// What a compute device is.
enum class DeviceKind : std::uint8_t {
    kCpu,
    kGpu,
    kIntegratedGpu,  ///< A GPU that shares the host's memory.
    kAccelerator,    ///< Works beside the CPU on its memory (BLAS, AMX).
    kMeta,           ///< Several devices behind one.
};

/// One device that this build of the engine can compute on.
struct Device {
    std::string name;         ///< What ModelOptions::devices takes, for example "CUDA0".
    std::string description;  ///< For people, for example "NVIDIA H200".
    /// What it is.
    DeviceKind kind = DeviceKind::kCpu;
    std::int64_t memory_free_bytes = 0;   ///< At the time of the call; 0 where unknown.
    std::int64_t memory_total_bytes = 0;  ///< 0 where unknown.
};

/// All devices of this machine that the engine knows, in its order of preference.
/// Threads: any.
std::vector<Device> devices();

}  // namespace mullama
