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
        "mixed",
        "long prompts, one after the other, while 3 clients read long answers",
        {.requests = 4, .clients = 1, .input_words = 900, .output_tokens = 8, .streams = 3},
    },
    Workload{
        "chat",
        "4 chats of 6 turns that begin alike, each sent on as soon as it is answered",
        {.requests = 24,
         .clients = 4,
         .prefix_words = 300,
         .input_words = 60,
         .output_tokens = 64,
         .turns = 6},
    },
    Workload{
        "copy",
        "answers that copy a text of the prompt",
        {.requests = 8, .clients = 1, .input_words = 150, .output_tokens = 200, .copy = true},
    },
    Workload{
        "swap",
        "short answers, one after the other; of several models in turn with --model A,B",
        {.requests = 8, .clients = 1, .input_words = 25, .output_tokens = 16},
    },
    Workload{
        "embed",
        "8 clients that ask for the vectors of 16 texts, again and again",
        {.requests = 16, .input_words = 60, .texts = 16},
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
