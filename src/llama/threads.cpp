#include "llama/threads.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <set>
#include <string>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif

#if defined(__GNUC__) && !defined(__clang__)
// Null where the engine is built without OpenMP.
extern "C" int omp_pause_resource_all(int kind) __attribute__((weak));
#endif

namespace mullama {
namespace {

std::int32_t logical_cpus() {
    return std::max(1, static_cast<std::int32_t>(std::thread::hardware_concurrency()));
}

}  // namespace

#if defined(__linux__)

namespace {

// The CPUs that are threads of the same core as `cpu`.
std::string siblings_of(int cpu) {
    const std::string folder = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
    for (const auto* name : {"core_cpus_list", "thread_siblings_list"}) {
        std::ifstream file(folder + name);
        std::string siblings;
        if (std::getline(file, siblings) && !siblings.empty()) return siblings;
    }
    return "cpu" + std::to_string(cpu);
}

// CPUs' worth of time that a container may take; more threads than that only wait for each other.
std::int32_t quota_cpus() {
    std::ifstream file("/sys/fs/cgroup/cpu.max");
    double quota_us = 0.0;
    double period_us = 0.0;
    if (!(file >> quota_us >> period_us) || quota_us <= 0.0 || period_us <= 0.0) {
        return std::numeric_limits<std::int32_t>::max();
    }
    return std::max(1, static_cast<std::int32_t>(std::ceil(quota_us / period_us)));
}

}  // namespace

std::int32_t available_cores() {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return logical_cpus();
    std::set<std::string> cores;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (CPU_ISSET(cpu, &allowed)) cores.insert(siblings_of(cpu));
    }
    return std::clamp(static_cast<std::int32_t>(cores.size()), 1, quota_cpus());
}

#else

std::int32_t available_cores() {
    return logical_cpus();
}

#endif

#if defined(__GNUC__) && !defined(__clang__)

void end_compute_threads() {
    constexpr int kSoft = 1;
    if (omp_pause_resource_all != nullptr) omp_pause_resource_all(kSoft);
}

#else

void end_compute_threads() {}

#endif

}  // namespace mullama
