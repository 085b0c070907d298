#include "cli/timing.h"

#include "cli/human_format.h"

#include <string_view>

#include <fmt/format.h>

namespace mullama::cli {
namespace {

double per_second(std::int64_t count, std::int64_t duration_ns) {
    return static_cast<double>(count) * 1e9 / static_cast<double>(duration_ns);
}

void add_duration(std::string& text, std::string_view label, std::int64_t duration_ns) {
    if (duration_ns > 0) text += fmt::format("{:<22}{}\n", label, go_duration(duration_ns));
}

void add_count(std::string& text, std::string_view label, std::int64_t count) {
    if (count > 0) text += fmt::format("{:<22}{} token(s)\n", label, count);
}

void add_rate(
    std::string& text, std::string_view label, std::int64_t count, std::int64_t duration_ns
) {
    if (duration_ns <= 0) return;
    text += fmt::format("{:<22}{:.2f} tokens/s\n", label, per_second(count, duration_ns));
}

}  // namespace

std::string timing_lines(const Timing& timing) {
    const Usage& usage = timing.usage;
    std::string text;
    add_duration(text, "total duration:", timing.total_ns);
    add_duration(text, "load duration:", timing.load_ns);
    add_count(text, "prompt eval count:", usage.prompt_tokens);
    add_duration(text, "prompt eval duration:", usage.prompt_ns);
    add_rate(text, "prompt eval rate:", usage.prompt_tokens, usage.prompt_ns);
    add_count(text, "eval count:", usage.completion_tokens);
    add_duration(text, "eval duration:", usage.decode_ns);
    add_rate(text, "eval rate:", usage.completion_tokens, usage.decode_ns);
    return text;
}

std::string speed_line(const Usage& usage) {
    if (usage.decode_ns <= 0) return fmt::format("{} tokens", usage.completion_tokens);
    return fmt::format(
        "{} tokens, {:.2f} tokens/s",
        usage.completion_tokens,
        per_second(usage.completion_tokens, usage.decode_ns)
    );
}

}  // namespace mullama::cli
