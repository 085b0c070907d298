#include "api/ollama/requests.h"
#include "api/ollama/responses.h"
#include "tests/golden/goldens.h"
#include "tests/golden/script.h"

namespace mullama::test {
namespace {

namespace dialect = api::ollama;
using dialect::Endpoint;

std::string answer(Endpoint endpoint, const std::string& model, bool stream, Script script) {
    dialect::OllamaFormat format(endpoint, model, kSeed);
    return stream ? stream_of(format, {std::move(script)}) : whole_of(format, {std::move(script)});
}

std::string chat(const std::string& body, Script script) {
    const api::ChatCall call = expect_call(dialect::parse_chat(body));
    return answer(Endpoint::kChat, call.use.model, call.stream, std::move(script));
}

std::string generate(const std::string& body, Script script) {
    const dialect::GenerateCall call = expect_call(dialect::parse_generate(body));
    return answer(Endpoint::kGenerate, call.use.model, call.stream, std::move(script));
}

void add_chat(std::vector<Golden>& goldens, const std::string& name, Script (*script)()) {
    goldens.push_back({"ollama/chat_" + name + ".ndjson", [script] {
                           return chat(R"({"model":"tiny"})", script());
                       }});
    goldens.push_back({"ollama/chat_" + name + ".json", [script] {
                           return chat(R"({"model":"tiny","stream":false})", script());
                       }});
}

Script with_context(Script script) {
    script.end.context = {1, 2, 3};
    return script;
}

api::ModelDescription sample_description() {
    api::ModelDescription model{.info = sample_model()};
    model.licence = "MIT";
    model.template_text = "{{ messages }}";
    model.system = "Be brief.";
    for (const char* assignment : {"temperature=0.5", "stop=<a>", "stop=\"b", "num_ctx=512"}) {
        if (!model.parameters.set(assignment)) throw std::runtime_error(assignment);
    }
    model.messages = {{.role = "user", .content = "Hi"}};
    model.file = "/models/blob";
    model.metadata = {{"general.architecture", "\"llama\""}, {"llama.block_count", "30"}};
    model.tensors = {{"output.weight", "F16", {576, 49152}}};
    return model;
}

void add_answers(std::vector<Golden>& goldens) {
    add_chat(goldens, "text", text_script);
    add_chat(goldens, "thinking", thinking_script);
    add_chat(goldens, "calls", calls_script);
    add_chat(goldens, "broken_call", broken_call_script);
    add_chat(goldens, "logprobs", logprobs_script);
    add_chat(goldens, "length", length_script);
    add_chat(goldens, "empty", empty_script);
    goldens.push_back({"ollama/chat_error.ndjson", [] {
                           return chat(R"({"model":"tiny"})", failing_script());
                       }});
    goldens.push_back({"ollama/generate_text.ndjson", [] {
                           return generate(R"({"model":"tiny"})", with_context(text_script()));
                       }});
    goldens.push_back(
        {"ollama/generate_text.json",
         [] { return generate(R"({"model":"tiny","stream":false})", with_context(text_script())); }}
    );
    goldens.push_back({"ollama/generate_thinking.ndjson", [] {
                           return generate(R"({"model":"tiny"})", thinking_script());
                       }});
}

void add_rest(std::vector<Golden>& goldens) {
    goldens.push_back({"ollama/chat_load.json", [] {
                           return dialect::format_load(Endpoint::kChat, "tiny", "load", moment());
                       }});
    goldens.push_back(
        {"ollama/generate_unload.json",
         [] { return dialect::format_load(Endpoint::kGenerate, "tiny", "unload", moment()); }}
    );
    goldens.push_back(
        {"ollama/chat_rendered.json",
         [] { return dialect::format_rendered(Endpoint::kChat, "tiny", "<user>Hi", 1, moment()); }}
    );
    goldens.push_back({"ollama/embed.json", [] {
                           const auto call = expect_call(
                               dialect::parse_embed(R"({"model":"tiny","input":["a","b"]})")
                           );
                           return dialect::format_embed(
                               call.use.model, {{1.0F, -0.5F}, {0.1F, 1e-9F}}, 99, 7, 4
                           );
                       }});
    goldens.push_back({"ollama/embeddings.json", [] {
                           return dialect::format_embeddings({{1.0F, -0.5F}});
                       }});
    goldens.push_back({"ollama/error.json", [] {
                           return dialect::format_error(
                               expect_refusal(dialect::parse_chat(R"({"model":1})"))
                           );
                       }});
    goldens.push_back({"ollama/tags.json", [] { return dialect::format_tags({sample_model()}); }});
    goldens.push_back({"ollama/ps.json", [] {
                           return dialect::format_ps({{sample_model(), 5, 3, 4096, moment(1)}});
                       }});
    goldens.push_back({"ollama/show.json", [] {
                           return dialect::format_show(sample_description());
                       }});
    goldens.push_back({"ollama/version.json", [] { return dialect::format_version("0.1.0"); }});
}

}  // namespace

std::vector<Golden> ollama_goldens() {
    std::vector<Golden> goldens;
    add_answers(goldens);
    add_rest(goldens);
    return goldens;
}

}  // namespace mullama::test
