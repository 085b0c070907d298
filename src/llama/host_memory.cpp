#include "llama/host_memory.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

namespace mullama {
namespace {

namespace fs = std::filesystem;

/// How a version of control groups calls its files.
struct GroupFiles {
    std::string_view controllers;  // the field of /proc/self/cgroup
    std::string_view folder;
    std::string_view limit;
    std::string_view used;
    std::string_view cache;  // the line of memory.stat: what the system would give up
};

constexpr std::array<GroupFiles, 2> kVersions = {{
    {"", "sys/fs/cgroup", "memory.max", "memory.current", "file"},
    {"memory",
     "sys/fs/cgroup/memory",
     "memory.limit_in_bytes",
     "memory.usage_in_bytes",
     "total_cache"},
}};

/// The number of a line such as "MemTotal:  1024 kB".
std::optional<std::uint64_t> number_after(const fs::path& file, std::string_view name) {
    std::ifstream in(file);
    std::string key;
    std::uint64_t value = 0;
    std::string rest;
    while (in >> key >> value && std::getline(in, rest)) {
        if (key == name) return value;
    }
    return std::nullopt;
}

/// Nothing for "max".
std::optional<std::uint64_t> number_in(const fs::path& file) {
    std::ifstream in(file);
    std::uint64_t value = 0;
    return in >> value ? std::optional(value) : std::nullopt;
}

/// This process's group, relative to the root of groups, such as "user.slice".
std::optional<fs::path> group_of(const fs::path& root, std::string_view controllers) {
    std::ifstream in(root / "proc/self/cgroup");
    std::string line;
    while (std::getline(in, line)) {
        const std::size_t first = line.find(':');
        const std::size_t second = line.find(':', first + 1);
        if (second == std::string::npos) continue;
        if (line.substr(first + 1, second - first - 1) != controllers) continue;
        return fs::path(line.substr(second + 1)).relative_path();
    }
    return std::nullopt;
}

void apply_limit(HostMemory& memory, const fs::path& folder, const GroupFiles& files) {
    const auto limit = number_in(folder / files.limit);
    if (!limit || *limit >= memory.total) return;
    const std::uint64_t used = number_in(folder / files.used).value_or(0);
    const std::uint64_t cache = number_after(folder / "memory.stat", files.cache).value_or(0);
    const std::uint64_t taken = used - std::min(used, cache);
    memory.total = *limit;
    memory.free = std::min(memory.free, *limit - std::min(*limit, taken));
}

}  // namespace

HostMemory host_memory(const fs::path& root) {
    const fs::path meminfo = root / "proc/meminfo";
    const auto bytes = [&meminfo](std::string_view name) {
        return number_after(meminfo, name).value_or(0) * 1024;
    };
    HostMemory memory{
        .total = bytes("MemTotal:"),
        .free = bytes("MemAvailable:") + bytes("SwapFree:"),
    };
    for (const GroupFiles& files : kVersions) {
        auto group = group_of(root, files.controllers);
        if (!group) continue;
        // The groups above limit it too. In a container its own is the root.
        const fs::path top = root / files.folder;
        for (; !group->empty(); group = group->parent_path()) {
            apply_limit(memory, top / *group, files);
        }
        apply_limit(memory, top, files);
    }
    return memory;
}

}  // namespace mullama
