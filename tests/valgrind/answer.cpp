// Eight tokens of an answer through every layer, and a second answer that is dropped half way.

#include "tests/support/models.h"
#include <mullama/runtime.h>

#include <cstdio>
#include <filesystem>

namespace {

constexpr std::int32_t kTokens = 8;

mullama::LoadOptions small_context() {
    mullama::LoadOptions options;
    options.engine.context_length = 256;
    return options;
}

}  // namespace

int main() {
    const std::filesystem::path file = mullama::test::smollm2_path();
    mullama::Runtime runtime(small_context());
    mullama::ChatRequest request;
    request.messages = {{"user", "Hello"}};
    request.sampling.temperature = 0.0F;
    request.max_tokens = kTokens;

    auto kept = runtime.chat(file, request);
    auto dropped = runtime.chat(file, request);
    if (!kept || !dropped) {
        const mullama::Error& error = kept ? dropped.error() : kept.error();
        std::fprintf(stderr, "error: %s\n", error.message.c_str());
        return 1;
    }
    dropped->next();
    {
        const mullama::EventStream ends_here = std::move(*dropped);
    }

    const mullama::Completion answer = kept->collect();
    std::printf("%s\n", answer.text.c_str());
    return answer.finish.usage.completion_tokens > 0 ? 0 : 1;
}
