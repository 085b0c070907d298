#include "tests/golden/script.h"

#include <algorithm>
#include <optional>

namespace mullama::test {
namespace {

using api::AnswerDelta;

api::AnswerStart usual_start() {
    api::AnswerStart start{
        .model = "tiny:latest", .prompt = "<user>Hi<assistant>", .prompt_tokens = 12
    };
    start.context_length = 4096;
    start.options.sampling.seed = 42;
    return start;
}

api::AnswerEnd usual_end(std::int64_t tokens) {
    api::AnswerEnd end{.at = moment(500)};
    end.finish.usage = {
        .prompt_tokens = 12,
        .cached_tokens = 4,
        .completion_tokens = tokens,
        .queue_ns = 1'000'000,
        .prompt_ns = 40'000'000,
        .decode_ns = 90'000'000,
    };
    end.load_ns = 2'000'000;
    end.total_ns = 135'000'000;
    return end;
}

/// A script with one token for each delta.
Script script_of(std::vector<std::vector<AnswerPart>> parts) {
    Script script{.start = usual_start()};
    for (std::vector<AnswerPart>& each : parts) {
        const auto index = static_cast<std::int32_t>(script.deltas.size());
        AnswerDelta delta{.at = moment(100 + 10 * index), .parts = std::move(each)};
        delta.tokens = {100 + index};
        script.deltas.push_back(std::move(delta));
    }
    script.end = usual_end(static_cast<std::int64_t>(script.deltas.size()));
    return script;
}

Script texts(const std::vector<std::string>& pieces) {
    std::vector<std::vector<AnswerPart>> parts;
    for (const std::string& piece : pieces) {
        parts.emplace_back();
        if (!piece.empty()) parts.back().push_back({AnswerPartKind::kContent, piece});
    }
    return script_of(std::move(parts));
}

void number(Script& script, std::size_t choice) {
    for (AnswerDelta& delta : script.deltas) delta.choice = choice;
    script.end.choice = choice;
}

std::size_t longest(const std::vector<Script>& scripts) {
    std::size_t length = 0;
    for (const Script& script : scripts) length = std::max(length, script.deltas.size());
    return length;
}

}  // namespace

api::WallTime moment(std::int64_t offset_ms) {
    using namespace std::chrono;
    return api::WallTime(seconds(1'767'225'600) + milliseconds(offset_ms));  // 2026-01-01
}

Script text_script() {
    return texts({"Hello", ", \"wörld\" 漢", "🙂\n\ttab \\ ", "\u2028end \x01\u0085."});
}

Script thinking_script() {
    return script_of({
        {{AnswerPartKind::kThinking, "First "}},
        {{AnswerPartKind::kThinking, "this."}},
        {{AnswerPartKind::kContent, "Then"}},
        {{AnswerPartKind::kContent, " that."}},
    });
}

Script calls_script() {
    Script script = script_of({
        {{AnswerPartKind::kContent, "I look."}},
        {{AnswerPartKind::kToolCall, "weather", 0}},
        {{AnswerPartKind::kToolArguments, "{\"city\": \"Par", 0}},
        {{AnswerPartKind::kToolArguments, "is\"}", 0}, {AnswerPartKind::kToolCallEnd, "", 0}},
        {{AnswerPartKind::kToolCall, "sum", 1, "call7"},
         {AnswerPartKind::kToolArguments, "{\n  \"of\": [1.50,\n 2]\n}", 1},
         {AnswerPartKind::kToolCallEnd, "", 1}},
    });
    script.end.has_calls = true;
    return script;
}

Script broken_call_script() {
    return script_of({
        {{AnswerPartKind::kToolCall, "weather", 0}},
        {{AnswerPartKind::kToolArguments, "{\"city\"", 0}},
        {{AnswerPartKind::kToolCallBroken, "<call>weather {\"city\"", 0}},
        {{AnswerPartKind::kContent, " oh"}},
    });
}

Script logprobs_script() {
    Script script = texts({"Caf", "", "é", ""});
    const std::vector<std::string> pieces = {"Caf", "\xC3", "\xA9", "<eot>"};
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        const TokenChance chosen{script.deltas[i].tokens[0], pieces[i], -0.25F};
        script.deltas[i].logprobs = {{chosen, {chosen, {9, "\xE2\x80", -2.5F}}}};
    }
    return script;
}

Script length_script() {
    Script script = texts({"One", " two"});
    script.end.finish.reason = FinishReason::kLength;
    return script;
}

Script stop_script() {
    Script script = texts({"One", " two"});
    script.end.finish.stop = "END";
    return script;
}

Script empty_script() {
    return texts({});
}

Script failing_script() {
    Script script = texts({"One"});
    script.end.finish.reason = FinishReason::kError;
    script.end.finish.error = Error{ErrorCode::kInternal, "the engine has \"failed\""};
    return script;
}

std::string stream_of(api::AnswerFormat& format, std::vector<Script> scripts) {
    for (std::size_t i = 0; i < scripts.size(); ++i) {
        number(scripts[i], i);
        format.start(i, scripts[i].start);
    }
    std::string stream = format.begin(12);
    const std::size_t steps = longest(scripts);
    for (std::size_t step = 0; step <= steps; ++step) {
        for (const Script& script : scripts) {
            if (step < script.deltas.size()) stream += format.delta(script.deltas[step]);
            if (step == script.deltas.size()) stream += format.end(script.end);
        }
    }
    return stream + format.finish();
}

std::string whole_of(api::AnswerFormat& format, std::vector<Script> scripts) {
    std::vector<api::Answer> answers;
    for (std::size_t i = 0; i < scripts.size(); ++i) {
        number(scripts[i], i);
        format.start(i, scripts[i].start);
        api::AnswerCollector collector;
        for (const AnswerDelta& delta : scripts[i].deltas) collector.add(delta);
        answers.push_back(collector.take(scripts[i].end));
    }
    return format.whole(answers);
}

api::ModelInfo sample_model() {
    return {
        .name = "hf.co/me/tiny:latest",
        .size_bytes = 1234,
        .digest = std::string(64, 'a'),
        .modified = moment(),
        .architecture = "llama",
        .parameter_size = "134.5M",
        .quantization = "Q4_K_M",
        .context_length = 2048,
        .embedding_length = 576,
        .capabilities = {"completion", "tools"},
    };
}

}  // namespace mullama::test
