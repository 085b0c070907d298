#pragma once

#include <cstdint>

namespace mullama {

/// Physical cores that the calling thread may run on, within the CPU quota of its container: how
/// many threads can compute at full speed. At least 1.
/// Source:  sched_getaffinity(2); core_cpus_list in the kernel's admin-guide/cputopology.rst;
///          cpu.max in admin-guide/cgroup-v2.rst.
std::int32_t available_cores();

/// Ends the threads that OpenMP keeps for the calling one, which computed with them; they are made
/// anew when it computes again, in some ten microseconds each. Where those of all threads together
/// are more than the cores, libgomp lets every one of them sleep at each barrier of a step, though
/// most have nothing to do: two models of which one is idle made 0.6 times the tokens of one.
/// Source:  omp_pause_resource_all() of OpenMP 5.0; gomp_managed_threads in libgomp/team.c.
void end_compute_threads();

}  // namespace mullama
