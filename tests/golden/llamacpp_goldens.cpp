#include "api/llamacpp/completion_format.h"
#include "api/llamacpp/errors.h"
#include "api/llamacpp/requests.h"
#include "api/llamacpp/server_info.h"
#include "tests/golden/goldens.h"
#include "tests/golden/script.h"

namespace mullama::test {
namespace {

namespace dialect = api::llamacpp;
using Scripts = std::vector<Script>;

/// Answers a prompt; `more` are further fields of the request.
std::string completion(const std::string& more, Scripts scripts) {
    const dialect::CompletionCall call =
        expect_call(dialect::parse_completion(R"({"prompt":"Hi")" + more + "}"));
    dialect::CompletionFormat format(call.use.model, call.shape, true);
    return call.shape.stream ? stream_of(format, std::move(scripts))
                             : whole_of(format, std::move(scripts));
}

void add_both(
    std::vector<Golden>& goldens,
    const std::string& name,
    const Scripts& scripts,
    const std::string& more = ""
) {
    goldens.push_back({"llamacpp/completion_" + name + ".sse", [=] {
                           return completion(more + ",\"stream\":true", scripts);
                       }});
    goldens.push_back({"llamacpp/completion_" + name + ".json", [=] {
                           return completion(more, scripts);
                       }});
}

/// A prompt that is computed in two parts, and a token.
Script progress_script() {
    Script script = stop_script();
    script.deltas[0].progress = Progress{12, {.prompt_tokens = 12, .prompt_ns = 40'000'000}};
    script.deltas[1].progress = script.deltas[0].progress;
    api::AnswerDelta reading{.at = moment()};
    reading.progress = Progress{8, {.prompt_tokens = 12, .prompt_ns = 20'000'000}};
    script.deltas.insert(script.deltas.begin(), reading);
    return script;
}

dialect::Properties sample_properties() {
    dialect::Properties properties{.model = "tiny:latest", .file = "/models/blob"};
    properties.quantization = "Q4_K_M";
    properties.chat_template = "{{ messages }}";
    properties.bos_token = "<s>";
    properties.eos_token = "</s>";
    properties.options.sampling.logit_bias = {{5, -1.5F}};
    properties.context_length = 4096;
    properties.slots = 4;
    properties.is_loaded = true;
    properties.version = "0.1.0";
    return properties;
}

void add_rest(std::vector<Golden>& goldens) {
    goldens.push_back({"llamacpp/embedding.json", [] {
                           return dialect::format_embedding({{1.0F, -0.5F}, {0.1F, 1e-9F}});
                       }});
    goldens.push_back({"llamacpp/props.json", [] {
                           return dialect::format_properties(sample_properties());
                       }});
    goldens.push_back({"llamacpp/slots.json", [] {
                           return dialect::format_slots({{"a", 512, 2, 1}, {"b", 256, 1, 0}});
                       }});
    goldens.push_back({"llamacpp/input_tokens.json", [] {
                           return dialect::format_input_tokens(12);
                       }});
    goldens.push_back(
        {"llamacpp/error_request.json",
         [] { return dialect::format_error(400, expect_refusal(dialect::parse_completion("{}"))); }}
    );
}

}  // namespace

std::vector<Golden> llamacpp_goldens() {
    std::vector<Golden> goldens;
    add_both(goldens, "text", {text_script()}, ",\"return_tokens\":true");
    add_both(goldens, "probabilities", {logprobs_script()}, ",\"n_probs\":2");
    add_both(goldens, "stop", {stop_script()});
    add_both(goldens, "choices", {length_script(), text_script()}, ",\"n\":2");
    add_both(
        goldens,
        "progress",
        {progress_script()},
        ",\"return_progress\":true,\"timings_per_token\":true"
    );
    add_both(
        goldens, "fields", {text_script()}, R"(,"response_fields":["content","timings/prompt_ms"])"
    );
    goldens.push_back({"llamacpp/completion_error.sse", [] {
                           return completion(",\"stream\":true", {failing_script()});
                       }});
    add_rest(goldens);
    return goldens;
}

}  // namespace mullama::test
