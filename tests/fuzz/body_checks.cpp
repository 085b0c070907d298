#include "tests/fuzz/body_checks.h"

#include "api/anthropic/errors.h"
#include "api/json.h"
#include "api/json_writer.h"
#include "api/llamacpp/errors.h"
#include "api/ollama/responses.h"
#include "api/openai/errors.h"
#include "api/openai/response_object.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace mullama::test {
namespace {

bool is_choice_count(std::int32_t count) {
    return count >= 1 && count <= 128;
}

bool is_top_count(const std::optional<std::int32_t>& count) {
    return !count || (*count >= 0 && *count <= kTopLogprobsMax);
}

/// Options are kept as JSON beside a model, and have to come back from there.
void check_options(const api::Options& options) {
    const auto object = api::parse_body(options.to_json());
    expect(object.has_value(), "options are a JSON object");
    api::Options again;
    for (const auto& [name, value] : *object) {
        const auto set = again.set({name.data(), name.size()}, value);
        expect(set.has_value(), "options can be set again");
    }
    again.set_logit_bias(options.values().sampling.logit_bias);
    expect(again.values().sampling == options.values().sampling, "sampling options come back");
    expect(again.values().load == options.values().load, "load settings come back");
    expect(again.values().stop == options.values().stop, "stops come back");
    expect(again.values().max_tokens == options.values().max_tokens, "the limit comes back");
}

void check_use(const api::ModelUse& use) {
    expect(api::is_utf8(use.model), "a model's name is a text");
    check_options(use.options);
    check_options(use.defaults);
}

void check_format(const std::string& format) {
    if (format.empty() || format == "json") return;
    const auto schema = api::parse_json(format);
    expect(schema && schema->is_object(), "a format is a JSON Schema");
}

void check_request(const ChatRequest& request) {
    check_format(request.format);
    expect(is_top_count(request.top_logprobs), "logprobs are asked for within their bounds");
    for (const Tool& tool : request.tools) {
        const bool has_schema = !tool.parameters.empty();
        expect(!has_schema || api::parse_body(tool.parameters), "parameters are an object");
    }
    for (const Message& message : request.messages) {
        expect(api::is_utf8(message.content), "a content is a text");
        for (const ToolCall& call : message.tool_calls) {
            const bool has_arguments = !call.arguments.empty();
            expect(!has_arguments || api::parse_json(call.arguments), "arguments are JSON");
        }
    }
}

}  // namespace

void expect(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

void check_error(const Error& error) {
    expect(!error.message.empty(), "an error has a message");
    const bool is_the_clients =
        error.code == ErrorCode::kInvalidArgument || error.code == ErrorCode::kUnsupported;
    expect(is_the_clients, "a body that is refused is the client's fault");
    for (const std::string& body :
         {api::anthropic::format_error(400, error.message, "req_1"),
          api::llamacpp::format_error(400, error.message),
          api::ollama::format_error(error.message),
          api::openai::format_error(400, error.message)}) {
        expect(api::parse_body(body).has_value(), "an error is a JSON object");
    }
}

void check(const api::ChatCall& call) {
    check_use(call.use);
    check_request(call.request);
    expect(is_choice_count(call.choices), "choices are within their bounds");
}

void check(const api::CompletionCall& call) {
    check_use(call.use);
    check_format(call.format);
    expect(!call.prompts.empty(), "there is a prompt");
    expect(is_choice_count(call.choices), "choices are within their bounds");
    expect(call.best_of >= call.choices, "the best are among those that are made");
    expect(is_top_count(call.request.top_logprobs), "logprobs are asked for within their bounds");
}

void check(const api::EmbedCall& call) {
    check_use(call.use);
}

void check(const api::extra::RerankCall& call) {
    expect(!call.documents.empty(), "there is something to rank");
    expect(call.top_n.value_or(1) >= 1, "at least one is wanted");
}

void check(const api::extra::TokenizeCall& call) {
    expect(call.use.any_model, "any model will do");
}

void check(const api::extra::DetokenizeCall& call) {
    expect(call.use.any_model, "any model will do");
}

void check(const api::llamacpp::CompletionCall& call) {
    check_use(call.use);
    check_format(call.json_schema);
    expect(is_choice_count(call.choices), "choices are within their bounds");
    expect(is_top_count(call.request.top_logprobs), "logprobs are asked for within their bounds");
}

void check(const api::ollama::GenerateCall& call) {
    check_use(call.use);
    check_request(call.request);
    expect(!call.raw || call.context.empty(), "what is raw has no context");
}

void check(const api::ollama::ShowCall& call) {
    expect(api::is_utf8(call.model), "a model's name is a text");
}

void check(const api::openai::Batch& batch) {
    const auto again = api::openai::read_batch(api::openai::format_batch(batch));
    expect(again && *again == batch, "a batch comes back from what is kept of it");
}

void check(const api::openai::BatchInput& input) {
    if (!input.faults.empty()) return;
    expect(!input.lines.empty(), "there is something to run");
    for (const api::openai::BatchLine& line : input.lines) {
        expect(!line.custom_id.empty(), "a line has a name");
        expect(api::parse_body(line.body).has_value(), "a line's body is a JSON object");
    }
}

void check(const api::openai::ResponseCall& call) {
    check_use(call.use);
    check_request(call.request);
    expect(!call.input.empty() || call.terms.previous_response_id, "there is something to answer");
    const std::string response = api::openai::format_response(call.terms, {});
    expect(api::parse_body(response).has_value(), "a response is a JSON object");
}

void check(const api::openai::Upload& upload) {
    expect(!upload.purpose.empty(), "a file is for something");
    const api::openai::FileInfo file{
        .id = "file-1", .filename = upload.filename, .purpose = upload.purpose
    };
    const auto again = api::openai::read_file_info(api::openai::format_file(file));
    expect(again && *again == file, "a file comes back from what is kept of it");
}

}  // namespace mullama::test
