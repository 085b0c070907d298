#pragma once

#include <cstdint>

namespace mullama {

/// Physical cores that the calling thread may run on, within the CPU quota of its container: how
/// many threads can compute at full speed. At least 1.
/// Source:  sched_getaffinity(2); core_cpus_list in the kernel's admin-guide/cputopology.rst;
///          cpu.max in admin-guide/cgroup-v2.rst.
std::int32_t available_cores();

}  // namespace mullama
