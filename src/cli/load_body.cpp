#include "cli/load_body.h"

#include "api/json_writer.h"

#include <iterator>
#include <random>
#include <string_view>

#include <fmt/format.h>

namespace mullama::cli {
namespace {

// The schema of an answer that may be as long as one likes.
constexpr std::string_view kPeople =
    R"({"type":"json_schema","json_schema":{"name":"people","schema":{"type":"object","properties":)"
    R"({"people":{"type":"array","items":{"type":"object","properties":{"name":{"type":"string"},)"
    R"("age":{"type":"integer"},"city":{"type":"string"},)"
    R"("job":{"enum":["baker","smith","teacher"]}},)"
    R"("required":["name","age","city","job"]}}},"required":["people"]}}})";

/// As many common words as asked for, the same for the same seed.
std::string random_words(std::uint64_t seed, std::int32_t count) {
    constexpr std::string_view kWords[] = {
        "river",   "stone",   "early",  "window",  "paper",   "seven",   "garden", "market",
        "letter",  "winter",  "bridge", "silver",  "captain", "morning", "number", "yellow",
        "harbour", "music",   "simple", "travel",  "doctor",  "forest",  "summer", "kitchen",
        "island",  "thunder", "copper", "village", "engine",  "story",   "north",  "candle"
    };
    std::mt19937_64 random(seed);
    std::string text;
    for (std::int32_t i = 0; i < count; ++i) {
        if (i > 0) text += ' ';
        text += kWords[random() % std::size(kWords)];
    }
    return text;
}

std::uint64_t common_seed(const BenchServeArguments& arguments) {
    return arguments.seed * std::uint64_t{1'000'003};
}

std::string own_words(const BenchServeArguments& arguments, std::int32_t number) {
    const auto own = static_cast<std::uint64_t>(number) + 1;
    return random_words(common_seed(arguments) + own, arguments.input_words);
}

}  // namespace

std::string load_question(const BenchServeArguments& arguments, std::int32_t number) {
    const std::string words = own_words(arguments, number);
    if (!arguments.copy) return words;
    return fmt::format("Text:\n{0}.\n\nCopy of the text:\n{0}.\n\nCopy of the text:\n", words);
}

std::string answer_body(
    const BenchServeArguments& arguments,
    const std::string& model,
    std::span<const std::string> chat
) {
    const std::string prefix = random_words(common_seed(arguments), arguments.prefix_words);
    api::JsonWriter out;
    out.begin_object().field("model", model);
    if (arguments.is_chat()) {
        out.key("messages").begin_array();
        const auto add_message = [&out](std::string_view role, std::string_view content) {
            out.begin_object().field("role", role).field("content", content).end_object();
        };
        if (!prefix.empty()) add_message("system", prefix);
        for (std::size_t i = 0; i < chat.size(); ++i) {
            add_message(i % 2 == 0 ? "user" : "assistant", chat[i]);
        }
        out.end_array();
    } else {
        std::string prompt = prefix;
        for (std::size_t i = 0; i < chat.size(); ++i) {
            // An answer stands right behind its prompt.
            if (!prompt.empty() && i % 2 == 0) prompt += ' ';
            prompt += chat[i];
        }
        out.field("prompt", prompt);
    }
    if (arguments.json) {
        out.key("response_format").raw(kPeople);
    } else {
        out.field("ignore_eos", true);
    }
    out.field("max_tokens", arguments.output_tokens)
        .field("temperature", arguments.temperature)
        .field("stream", true)
        .key("stream_options")
        .begin_object()
        .field("include_usage", true)
        .end_object()
        .end_object();
    return out.take();
}

std::string embedding_body(
    const BenchServeArguments& arguments, const std::string& model, std::int32_t number
) {
    api::JsonWriter out;
    out.begin_object().field("model", model).key("input").begin_array();
    for (std::int32_t i = 0; i < arguments.texts; ++i) {
        out.value(own_words(arguments, number * arguments.texts + i));
    }
    out.end_array().end_object();
    return out.take();
}

}  // namespace mullama::cli
