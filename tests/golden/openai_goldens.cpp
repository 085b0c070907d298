#include "api/openai/errors.h"
#include "api/openai/requests.h"
#include "api/openai/responses.h"
#include "tests/golden/goldens.h"
#include "tests/golden/script.h"

namespace mullama::test {
namespace {

namespace dialect = api::openai;
using Scripts = std::vector<Script>;

dialect::AnswerTerms terms_of(const std::string& model, bool include_usage) {
    return {.model = model, .created = moment(), .seed = kSeed, .include_usage = include_usage};
}

/// Answers a chat; `more` are further fields of the request.
std::string chat(const std::string& more, const Scripts& scripts) {
    const dialect::ChatCompletionCall call = expect_call(dialect::parse_chat_completion(
        R"({"model":"tiny","messages":[{"role":"user","content":"Hi"}])" + more + "}"
    ));
    dialect::ChatCompletionFormat format(terms_of(call.use.model, call.include_usage));
    return call.stream ? stream_of(format, scripts) : whole_of(format, scripts);
}

std::string completion(const std::string& more, const Scripts& scripts) {
    const dialect::TextCompletionCall call =
        expect_call(dialect::parse_completion(R"({"model":"tiny","prompt":"Hi")" + more + "}"));
    dialect::CompletionFormat format(
        terms_of(call.use.model, call.include_usage),
        static_cast<std::size_t>(call.choices),
        static_cast<std::size_t>(call.best_of),
        call.request.top_logprobs.has_value()
    );
    return call.stream ? stream_of(format, scripts) : whole_of(format, scripts);
}

using Answerer = std::string (*)(const std::string&, const Scripts&);

/// The same answers as a stream and at once.
void add_both(
    std::vector<Golden>& goldens,
    const std::string& name,
    Answerer answer,
    const std::string& more,
    const Scripts& scripts
) {
    goldens.push_back({"openai/" + name + ".sse", [=] {
                           return answer(more + ",\"stream\":true", scripts);
                       }});
    goldens.push_back({"openai/" + name + ".json", [=] { return answer(more, scripts); }});
}

void add_chats(std::vector<Golden>& goldens) {
    const std::string usage = R"(,"stream_options":{"include_usage":true})";
    add_both(goldens, "chat_text", chat, "", {text_script()});
    add_both(goldens, "chat_usage", chat, usage, {length_script()});
    add_both(goldens, "chat_thinking", chat, "", {thinking_script()});
    add_both(goldens, "chat_calls", chat, "", {calls_script()});
    add_both(goldens, "chat_broken_call", chat, "", {broken_call_script()});
    add_both(goldens, "chat_logprobs", chat, ",\"logprobs\":true", {logprobs_script()});
    add_both(goldens, "chat_empty", chat, "", {empty_script()});
    add_both(goldens, "chat_choices", chat, ",\"n\":2" + usage, {stop_script(), thinking_script()});
    goldens.push_back(
        {"openai/chat_error.sse",
         [] { return chat(",\"stream\":true,\"n\":2", {failing_script(), text_script()}); }}
    );
}

void add_completions(std::vector<Golden>& goldens) {
    const std::string usage = R"(,"stream_options":{"include_usage":true})";
    const Scripts four = {text_script(), stop_script(), length_script(), empty_script()};
    add_both(goldens, "completion_text", completion, "", {text_script()});
    add_both(goldens, "completion_logprobs", completion, ",\"logprobs\":2", {logprobs_script()});
    // Two prompts with two answers each.
    add_both(goldens, "completion_choices", completion, ",\"n\":2" + usage, four);
    goldens.push_back({"openai/completion_best_of.json", [four] {
                           return completion(",\"best_of\":2", four);
                       }});
    goldens.push_back({"openai/completion_error.sse", [] {
                           return completion(",\"stream\":true", {failing_script()});
                       }});
}

void add_rest(std::vector<Golden>& goldens) {
    const std::vector<std::vector<float>> rows = {{1.0F, -0.5F}, {0.1F, 1e-9F}};
    for (const std::string format : {"float", "base64"}) {
        goldens.push_back({"openai/embeddings_" + format + ".json", [rows, format] {
                               const auto call = expect_call(dialect::parse_embeddings(
                                   R"({"model":"tiny","input":["a","b"],"encoding_format":")" +
                                   format + "\"}"
                               ));
                               return dialect::format_embeddings(
                                   call.use.model, rows, 4, call.base64
                               );
                           }});
    }
    goldens.push_back({"openai/models.json", [] {
                           return dialect::format_models({sample_model(), sample_model()});
                       }});
    goldens.push_back({"openai/model.json", [] { return dialect::format_model(sample_model()); }});
    goldens.push_back({"openai/error_request.json", [] {
                           return dialect::format_error(
                               400, expect_refusal(dialect::parse_chat_completion("{\"n\":0}"))
                           );
                       }});
    goldens.push_back({"openai/error_key.json", [] {
                           return dialect::format_error(401, "no such key");
                       }});
    goldens.push_back({"openai/error_model.json", [] {
                           return dialect::format_error(404, "model 'tiny' not found");
                       }});
}

}  // namespace

std::vector<Golden> openai_goldens() {
    std::vector<Golden> goldens;
    add_chats(goldens);
    add_completions(goldens);
    add_rest(goldens);
    return goldens;
}

}  // namespace mullama::test
