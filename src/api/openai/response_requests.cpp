#include "api/openai/response_requests.h"

#include "api/json_writer.h"
#include "api/openai/message_fields.h"
#include "api/openai/metadata.h"
#include "api/openai/response_items.h"
#include "api/shared_fields.h"
#include "base/error.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace mullama::api::openai {
namespace {

// What a request may not ask for.
void refuse_unsupported(Fields& fields) {
    bool background = false;
    fields.read("background", background);
    if (background) {
        fields.fail_with(fail(
            ErrorCode::kUnsupported,
            "background responses are not supported: leave out background and stream the response"
        ));
    }
    if (fields.find("conversation") != nullptr) {
        fields.fail_with(fail(
            ErrorCode::kUnsupported,
            "conversations are not supported: use previous_response_id in place of conversation"
        ));
    }
    if (fields.find("prompt") != nullptr) {
        fields.fail_with(fail(
            ErrorCode::kUnsupported,
            "stored prompts are not supported: use instructions and input in place of prompt"
        ));
    }
}

/// One tool, and what the response tells of it.
Tool read_tool(const json::object& object, Fields& outer, JsonWriter& told) {
    Tool tool;
    Fields fields(object, outer.path("tools"));
    std::string type;
    bool strict = true;
    fields.read("type", type);
    if (type != "function" && !fields.failed()) {
        fields.fail_with(fail(
            ErrorCode::kUnsupported,
            "a tool of type '{}' is not supported: only functions are, which the client runs",
            type
        ));
    }
    fields.read("name", tool.name);
    fields.read("description", tool.description);
    fields.read("strict", strict);
    if (const json::object* parameters = fields.object("parameters")) {
        tool.parameters = to_text(*parameters);
    }
    if (tool.name.empty()) {
        fields.fail_with(fail(
            ErrorCode::kInvalidArgument,
            "missing required parameter: a tool of type function needs "
            "a name beside its type"
        ));
    }
    if (fields.failed()) outer.fail_with(fields.result().error());
    told.begin_object().field("type", "function");
    told.key("description");
    tool.description.empty() ? told.null() : told.value(tool.description);
    told.field("name", tool.name);
    told.raw_field("parameters", tool.parameters.empty() ? "null" : tool.parameters);
    told.field("strict", strict).end_object();
    return tool;
}

void read_tools(Fields& fields, ResponseCall& call) {
    JsonWriter told;
    told.begin_array();
    for (const json::object* tool : fields.objects("tools")) {
        call.request.tools.push_back(read_tool(*tool, fields, told));
    }
    told.end_array();
    call.terms.tools = told.take();
    read_tool_choice(fields, call.request);
    if (const json::value* choice = fields.find("tool_choice")) {
        call.terms.tool_choice = to_text(*choice);
    }
    call.terms.parallel_tool_calls = call.request.parallel_tool_calls;
}

void read_text(Fields& fields, ResponseCall& call) {
    const json::object* text = fields.object("text");
    if (text == nullptr) return;
    Fields inner(*text, fields.path("text"));
    std::string verbosity = "medium";
    read_response_format(inner, "format", call.request.format);
    inner.read("verbosity", verbosity);
    if (inner.failed()) return fields.fail_with(inner.result().error());
    const json::value* format = inner.find("format");
    JsonWriter told;
    told.begin_object();
    told.raw_field("format", format == nullptr ? R"({"type":"text"})" : to_text(*format));
    told.field("verbosity", verbosity).end_object();
    call.terms.text = told.take();
}

void read_thinking(Fields& fields, ResponseCall& call) {
    read_reasoning(fields, call.request);
    const json::object* reasoning = fields.object("reasoning");
    if (reasoning == nullptr) return;
    json::object told = {{"effort", nullptr}, {"summary", nullptr}};
    for (const auto& [name, value] : *reasoning) told[name] = value;
    call.terms.reasoning = to_text(told);
}

void read_included(Fields& fields, ResponseCall& call) {
    ResponseTerms& terms = call.terms;
    std::vector<std::string> included;
    fields.read("include", included);
    const auto has = [&](std::string_view name) {
        return std::ranges::find(included, name) != included.end();
    };
    terms.include_logprobs = has("message.output_text.logprobs");
    terms.include_encrypted_content = has("reasoning.encrypted_content");
    fields.read("top_logprobs", terms.top_logprobs);
    if (terms.top_logprobs < 0 || terms.top_logprobs > kTopLogprobsMax) {
        fields.fail_with(fail(
            ErrorCode::kInvalidArgument, "top_logprobs must be between 0 and {}", kTopLogprobsMax
        ));
    }
    if (terms.include_logprobs) call.request.top_logprobs = terms.top_logprobs;
}

void read_truncation(Fields& fields, ResponseCall& call) {
    std::string truncation = "disabled";
    fields.read("truncation", truncation);
    if (truncation != "auto" && truncation != "disabled") {
        fields.fail_with(fail(
            ErrorCode::kInvalidArgument, "truncation is '{}': use auto or disabled", truncation
        ));
    }
    call.terms.truncate = truncation == "auto";
    call.request.truncate = call.terms.truncate;
}

void read_terms(Fields& fields, ResponseCall& call) {
    ResponseTerms& terms = call.terms;
    terms.model = call.use.model;
    fields.read("instructions", terms.instructions);
    fields.read("previous_response_id", terms.previous_response_id);
    fields.read("user", terms.user);
    fields.read("max_output_tokens", terms.max_output_tokens);
    fields.read("max_tool_calls", terms.max_tool_calls);
    fields.read("temperature", terms.temperature);
    fields.read("top_p", terms.top_p);
    fields.read("store", terms.store);
    read_metadata(fields, terms.metadata);
}

}  // namespace

Result<ResponseCall> parse_response(std::string_view body, ResponseIds& ids) {
    auto object = parse_body(body);
    if (!object) return std::move(object).error();
    Fields fields(*object, "ResponsesRequest");
    ResponseCall call;
    refuse_unsupported(fields);
    read_model_use(fields, call.use);
    read_max_tokens(fields, "max_output_tokens", call.use.options);
    read_terms(fields, call);
    call.terms.id = ids.response();
    fields.read("stream", call.stream);
    call.input = read_input(fields, ids);
    read_tools(fields, call);
    read_format(fields, "format", call.request.format);
    read_text(fields, call);
    read_template_variables(fields, call.request);
    read_thinking(fields, call);
    read_included(fields, call);
    read_truncation(fields, call);
    MULLAMA_TRY(fields.result());
    if (call.input.empty() && !call.terms.previous_response_id) {
        return fail(
            ErrorCode::kInvalidArgument, "input is required: send a text or a list of items"
        );
    }
    return call;
}

}  // namespace mullama::api::openai
