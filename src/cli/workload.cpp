#include "cli/workload.h"

#include <algorithm>
#include <array>

namespace mullama::cli {
namespace {

constexpr std::array kWorkloads = {
    Workload{
        "decode",
        "long answers, one after the other",
        {.requests = 8, .clients = 1, .input_words = 25, .output_tokens = 256},
    },
    Workload{
        "prompt",
        "long prompts, one after the other, answered by one token",
        {.requests = 8, .clients = 1, .input_words = 1500, .output_tokens = 1},
    },
    Workload{
        "json",
        "long answers by a JSON Schema, one after the other",
        {.requests = 8, .clients = 1, .input_words = 25, .output_tokens = 256, .json = true},
    },
    Workload{"closed", "8 clients that ask again as soon as they are answered", {.requests = 64}},
    Workload{
        "burst",
        "16 clients at once whose prompts begin alike",
        {.requests = 16, .clients = 16, .prefix_words = 1100, .input_words = 45, .output_tokens = 32
        },
    },
    Workload{
        "open",
        "a request a second, at random moments, however many are under way",
        {.requests = 60, .clients = 60, .rate = 1},
    },
};

}  // namespace

std::span<const Workload> workloads() {
    return kWorkloads;
}

const Workload* find_workload(std::string_view name) {
    const auto found = std::ranges::find(kWorkloads, name, &Workload::name);
    return found == kWorkloads.end() ? nullptr : &*found;
}

}  // namespace mullama::cli
