// Measures one stream through the engine as its reader sees it, and prints one line of JSON.
//   engine_bench MODEL.gguf [PROMPT_TOKENS=512] [GENERATED_TOKENS=128] [THREADS=2] [REPETITIONS=3]
// THREADS 0 leaves their number to the engine.
//
// Prompt speed is prompt tokens over the time to the first event; decode speed is generated tokens
// over the time from the first token's event to the last one's. Prompts are random tokens, like
// those of llama-bench, so that none is a repetition of another.

#include <mullama/engine.h>
#include <mullama/model.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Settings {
    std::int32_t prompt_tokens = 512;
    std::int32_t generated_tokens = 128;
    std::int32_t threads = 2;
    std::int32_t repetitions = 3;
};

[[noreturn]] void stop(std::string_view message) {
    std::fprintf(stderr, "error: %.*s\n", static_cast<int>(message.size()), message.data());
    std::exit(1);
}

template <typename T>
T value_or_stop(mullama::Result<T> result) {
    if (!result) stop(result.error().message);
    return std::move(result).value();
}

Settings read_settings(int argc, char** argv) {
    Settings settings;
    std::int32_t* fields[] = {
        &settings.prompt_tokens,
        &settings.generated_tokens,
        &settings.threads,
        &settings.repetitions,
    };
    for (int i = 2; i < argc && i < 6; ++i) {
        const std::string_view text = argv[i];
        const auto [end, code] =
            std::from_chars(text.data(), text.data() + text.size(), *fields[i - 2]);
        if (code != std::errc{} || end != text.data() + text.size() ||
            *fields[i - 2] < (fields[i - 2] == &settings.threads ? 0 : 1)) {
            stop("every number has to be 1 or more, and THREADS 0 or more");
        }
    }
    return settings;
}

mullama::GenerateRequest random_prompt(
    std::int32_t length, std::int32_t vocab_size, std::mt19937& random
) {
    mullama::GenerateRequest request;
    std::uniform_int_distribution<mullama::Token> any(0, vocab_size - 1);
    for (std::int32_t i = 0; i < length; ++i) request.tokens.push_back(any(random));
    request.sampling.temperature = 0.0F;
    request.ignore_eos = true;
    return request;
}

// How long one request took, in seconds, and how many tokens came after the first event.
struct Timing {
    double to_first_s = 0.0;
    double first_to_last_s = 0.0;
    std::size_t tokens_after_first = 0;
};

Timing time_request(mullama::Engine& engine, mullama::GenerateRequest request) {
    const auto seconds = [](Clock::duration span) {
        return std::chrono::duration<double>(span).count();
    };
    const Clock::time_point start = Clock::now();
    auto stream = value_or_stop(engine.submit(std::move(request)));
    Clock::time_point first;
    Clock::time_point last;
    Timing timing;
    while (auto event = stream.next()) {
        if (event->finish && event->finish->error) stop(event->finish->error->message);
        if (event->tokens.empty()) continue;
        last = Clock::now();
        if (first == Clock::time_point{}) {
            first = last;
        } else {
            timing.tokens_after_first += event->tokens.size();
        }
    }
    timing.to_first_s = seconds(first - start);
    timing.first_to_last_s = seconds(last - first);
    return timing;
}

double prompt_speed(mullama::Engine& engine, mullama::GenerateRequest request) {
    const auto tokens = static_cast<double>(request.tokens.size());
    request.max_tokens = 1;
    return tokens / time_request(engine, std::move(request)).to_first_s;
}

double decode_speed(
    mullama::Engine& engine, mullama::GenerateRequest request, std::int32_t tokens
) {
    request.max_tokens = tokens + 1;
    const Timing timing = time_request(engine, std::move(request));
    return static_cast<double>(timing.tokens_after_first) / timing.first_to_last_s;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2 || argc > 6) {
        stop("usage: engine_bench MODEL [PROMPT_TOKENS [GENERATED_TOKENS [THREADS [REPETITIONS]]]]"
        );
    }
    const Settings settings = read_settings(argc, argv);
    const auto model = value_or_stop(mullama::Model::load(argv[1]));
    mullama::EngineOptions options;
    options.context_length = std::max(settings.prompt_tokens, settings.generated_tokens) + 8;
    options.sequences_max = 1;
    options.prefix_cache_bytes = 0;
    options.draft_max = 0;  // a random text repeats itself, which is no measure
    options.threads = settings.threads;
    options.threads_batch = settings.threads;
    const auto engine = value_or_stop(mullama::make_local_engine(model, options));

    std::mt19937 random(1);
    const std::int32_t vocab_size = model.vocab().size();
    const auto prompt = [&](std::int32_t length) {
        return random_prompt(length, vocab_size, random);
    };
    prompt_speed(*engine, prompt(settings.prompt_tokens));
    decode_speed(*engine, prompt(1), 1);

    double prompt_sum = 0.0;
    double decode_sum = 0.0;
    for (std::int32_t i = 0; i < settings.repetitions; ++i) {
        prompt_sum += prompt_speed(*engine, prompt(settings.prompt_tokens));
        decode_sum += decode_speed(*engine, prompt(1), settings.generated_tokens);
    }
    std::printf(
        "{\"prompt_tokens_per_s\": %.3f, \"decode_tokens_per_s\": %.3f}\n",
        prompt_sum / settings.repetitions,
        decode_sum / settings.repetitions
    );
}
