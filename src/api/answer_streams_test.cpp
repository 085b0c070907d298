// Whatever a model says: the pieces of a stream amount to the answer as a whole, in each dialect.

#include "api/anthropic/responses.h"
#include "api/json.h"
#include "api/llamacpp/completion_format.h"
#include "api/ollama/responses.h"
#include "api/openai/responses.h"

#include <functional>
#include <memory>
#include <random>
#include <utility>

#include <gtest/gtest.h>

namespace mullama::api {
namespace {

/// What a client has read.
struct Told {
    std::string content = {};
    std::string thinking = {};
    std::vector<std::pair<std::string, std::string>> calls = {};  // names and arguments
    std::size_t logprobs = 0;
};

/// Makes up answers.
class Talker {
  public:
    explicit Talker(std::uint64_t seed) : random_(seed) {}

    std::vector<AnswerDelta> answer(bool with_calls) {
        std::vector<AnswerDelta> deltas;
        if (with_calls) add_texts(deltas, AnswerPartKind::kThinking);
        add_texts(deltas, AnswerPartKind::kContent);
        const std::size_t calls = with_calls ? below(3) : 0;
        for (std::size_t i = 0; i < calls; ++i) add_call(deltas, i);
        if (calls > 0 && below(3) == 0) break_call(deltas, calls);
        return deltas;
    }

    /// Any bytes.
    std::string bytes() {
        std::string bytes(below(6), '\0');
        for (char& byte : bytes) byte = static_cast<char>(random_());
        return bytes;
    }

    std::size_t below(std::size_t limit) { return random_() % limit; }

  private:
    static bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80; }

    std::string text() {
        static const std::vector<std::string> kCharacters = {
            "a", " ", "\"", "\\", "\n", "\r", "\x01", "é", "漢", "🙂", "\u2028", "\u0085", "data: "
        };
        std::string text = kCharacters[below(kCharacters.size())];
        while (below(4) > 0) text += kCharacters[below(kCharacters.size())];
        return text;
    }

    void add(std::vector<AnswerDelta>& deltas, AnswerPart part) {
        AnswerDelta delta;
        for (std::size_t i = below(3); i > 0; --i) {
            delta.tokens.push_back(static_cast<Token>(below(100)));
            delta.logprobs.push_back({{delta.tokens.back(), bytes(), -0.5F}, {}});
        }
        // A part goes out alone, or behind another one.
        if (deltas.empty() || below(3) > 0) deltas.push_back(std::move(delta));
        deltas.back().parts.push_back(std::move(part));
    }

    void add_texts(std::vector<AnswerDelta>& deltas, AnswerPartKind kind) {
        for (std::size_t i = below(5); i > 0; --i) add(deltas, {kind, text()});
    }

    void add_call(std::vector<AnswerDelta>& deltas, std::size_t index) {
        add(deltas, {AnswerPartKind::kToolCall, "f" + std::to_string(index), index});
        std::string arguments = "{ \"x\": ";
        append_json_string(arguments, text());
        arguments += ",\n\"y\" :[1, {} ]}";
        while (!arguments.empty()) {
            std::size_t size = 1 + below(arguments.size());
            while (size < arguments.size() && continues(arguments[size])) ++size;
            add(deltas, {AnswerPartKind::kToolArguments, arguments.substr(0, size), index});
            arguments.erase(0, size);
        }
        add(deltas, {AnswerPartKind::kToolCallEnd, "", index});
    }

    void break_call(std::vector<AnswerDelta>& deltas, std::size_t index) {
        add(deltas, {AnswerPartKind::kToolCall, "none", index});
        add(deltas, {AnswerPartKind::kToolArguments, "{\"x", index});
        add(deltas, {AnswerPartKind::kToolCallBroken, "<call>none {\"x", index});
        add_texts(deltas, AnswerPartKind::kContent);
    }

    std::mt19937_64 random_;
};

/// JSON in one way to write it.
std::string plain(std::string_view text) {
    const auto value = parse_json(text);
    return value ? to_text(*value) : "no JSON: " + std::string(text);
}

std::string text_at(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    return value == nullptr || value->is_null() ? "" : std::string(value->as_string());
}

const json::array& list_at(const json::object& object, std::string_view name) {
    static const json::array kNone;
    const json::value* value = object.if_contains(name);
    return value == nullptr || value->is_null() ? kNone : value->as_array();
}

/// The objects in lines that begin with `prefix`.
std::vector<json::object> objects_in(std::string_view stream, std::string_view prefix) {
    std::vector<json::object> objects;
    while (!stream.empty()) {
        const std::size_t end = std::min(stream.find('\n'), stream.size() - 1);
        std::string_view line = stream.substr(0, end);
        stream.remove_prefix(end + 1);
        if (!line.starts_with(prefix) || line == "data: [DONE]") continue;
        line.remove_prefix(prefix.size());
        auto object = parse_body(line);
        EXPECT_TRUE(object) << line;
        if (object) objects.push_back(*std::move(object));
    }
    return objects;
}

using Format = std::unique_ptr<AnswerFormat>;

/// A dialect, and how its clients read it. The answers of some have no thinking and no calls.
struct Dialect {
    std::string name;
    std::function<Format()> format;
    std::string prefix;                                          // of lines with JSON
    std::function<void(const json::object&, Told&)> read_piece;  // of a stream
    std::function<void(const json::object&, Told&)> read_whole;
    bool has_calls = true;
};

void read_ollama(const json::object& line, Told& told) {
    const json::object& message = line.at("message").as_object();
    told.content += text_at(message, "content");
    told.thinking += text_at(message, "thinking");
    for (const json::value& call : list_at(message, "tool_calls")) {
        const json::object& function = call.at("function").as_object();
        told.calls.emplace_back(text_at(function, "name"), to_text(function.at("arguments")));
    }
    told.logprobs += list_at(line, "logprobs").size();
}

void read_openai(const json::object& body, std::string_view name, Told& told) {
    for (const json::value& each : list_at(body, "choices")) {
        const json::object& choice = each.as_object();
        const json::object& message = choice.at(name).as_object();
        told.content += text_at(message, "content");
        told.thinking += text_at(message, "reasoning");
        for (const json::value& call : list_at(message, "tool_calls")) {
            const json::object& function = call.at("function").as_object();
            const std::string called = text_at(function, "name");
            if (!called.empty()) told.calls.emplace_back(called, "");
            told.calls.at(call.at("index").to_number<std::size_t>()).second +=
                text_at(function, "arguments");
        }
        const json::value* logprobs = choice.if_contains("logprobs");
        if (logprobs != nullptr) told.logprobs += logprobs->at("content").as_array().size();
    }
}

void read_anthropic_event(const json::object& event, Told& told) {
    if (event.at("type") == "content_block_start") {
        const json::object& block = event.at("content_block").as_object();
        if (block.at("type") == "tool_use") told.calls.emplace_back(text_at(block, "name"), "");
    } else if (event.at("type") == "content_block_delta") {
        const json::object& delta = event.at("delta").as_object();
        told.content += text_at(delta, "text");
        told.thinking += text_at(delta, "thinking");
        if (delta.contains("partial_json")) {
            told.calls.back().second += text_at(delta, "partial_json");
        }
    }
}

void read_anthropic(const json::object& message, Told& told) {
    for (const json::value& each : list_at(message, "content")) {
        const json::object& block = each.as_object();
        told.content += text_at(block, "text");
        told.thinking += text_at(block, "thinking");
        if (block.at("type") == "tool_use") {
            told.calls.emplace_back(text_at(block, "name"), to_text(block.at("input")));
        }
    }
}

void read_completion(const json::object& body, Told& told) {
    for (const json::value& each : list_at(body, "choices")) {
        const json::object& choice = each.as_object();
        told.content += text_at(choice, "text");
        told.logprobs += choice.at("logprobs").at("tokens").as_array().size();
    }
}

void read_llamacpp(const json::object& body, Told& told) {
    told.content += text_at(body, "content");
    told.logprobs += list_at(body, "completion_probabilities").size();
}

std::vector<Dialect> dialects() {
    return {
        {"ollama",
         [] { return std::make_unique<ollama::OllamaFormat>(ollama::Endpoint::kChat, "m", 1); },
         "",
         read_ollama,
         read_ollama},
        {"openai_chat",
         [] { return std::make_unique<openai::ChatCompletionFormat>(openai::AnswerTerms()); },
         "data: ",
         [](const json::object& body, Told& told) { read_openai(body, "delta", told); },
         [](const json::object& body, Told& told) { read_openai(body, "message", told); }},
        {"anthropic",
         [] {
             return std::make_unique<anthropic::MessagesFormat>(
                 "m", std::vector<std::string>(), 1, "req_1"
             );
         },
         "data: ",
         read_anthropic_event,
         read_anthropic},
        {"openai_completion",
         [] {
             return std::make_unique<openai::CompletionFormat>(openai::AnswerTerms(), 1, 1, true);
         },
         "data: ",
         read_completion,
         read_completion,
         false},
        {"llamacpp",
         [] {
             return std::make_unique<llamacpp::CompletionFormat>(
                 "m", llamacpp::AnswerShape{.stream = true}, true
             );
         },
         "data: ",
         read_llamacpp,
         read_llamacpp,
         false},
    };
}

std::string stream_of(AnswerFormat& format, const std::vector<AnswerDelta>& deltas) {
    std::string stream = format.begin(1);
    for (const AnswerDelta& delta : deltas) stream += format.delta(delta);
    stream += format.end({});
    return stream + format.finish();
}

std::string whole_of(AnswerFormat& format, const std::vector<AnswerDelta>& deltas) {
    AnswerCollector collector;
    for (const AnswerDelta& delta : deltas) collector.add(delta);
    return format.whole({collector.take({})});
}

class AnswerStreams : public ::testing::TestWithParam<Dialect> {};

TEST_P(AnswerStreams, amount_to_the_whole_answer) {
    const Dialect& dialect = GetParam();
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        SCOPED_TRACE(seed);
        const std::vector<AnswerDelta> deltas = Talker(seed).answer(dialect.has_calls);
        Told pieces;
        for (const auto& object :
             objects_in(stream_of(*dialect.format(), deltas), dialect.prefix)) {
            dialect.read_piece(object, pieces);
        }
        Told whole;
        dialect.read_whole(*parse_body(whole_of(*dialect.format(), deltas)), whole);
        ASSERT_EQ(pieces.content, whole.content);
        ASSERT_EQ(pieces.thinking, whole.thinking);
        ASSERT_EQ(pieces.logprobs, whole.logprobs);
        // What has been told of a call that was none cannot be taken back.
        if (pieces.calls.size() > whole.calls.size()) {
            ASSERT_EQ(pieces.calls.back().first, "none");
            pieces.calls.pop_back();
        }
        ASSERT_EQ(pieces.calls.size(), whole.calls.size());
        for (std::size_t i = 0; i < whole.calls.size(); ++i) {
            ASSERT_EQ(pieces.calls[i].first, whole.calls[i].first);
            ASSERT_EQ(plain(pieces.calls[i].second), plain(whole.calls[i].second));
        }
    }
}

TEST_P(AnswerStreams, stay_json_wherever_a_character_is_cut) {
    const Dialect& dialect = GetParam();
    Talker talker(5);
    for (int round = 0; round < 300; ++round) {
        std::vector<AnswerDelta> deltas;
        for (std::size_t i = 1 + talker.below(4); i > 0; --i) {
            deltas.push_back({.parts = {{AnswerPartKind::kContent, talker.bytes()}}});
        }
        const std::string stream = stream_of(*dialect.format(), deltas);
        ASSERT_FALSE(objects_in(stream, dialect.prefix).empty());
        ASSERT_FALSE(HasFailure()) << stream;
        ASSERT_TRUE(parse_json(whole_of(*dialect.format(), deltas)));
    }
}

INSTANTIATE_TEST_SUITE_P(
    Dialects,
    AnswerStreams,
    ::testing::ValuesIn(dialects()),
    [](const auto& each) { return each.param.name; }
);

}  // namespace
}  // namespace mullama::api
