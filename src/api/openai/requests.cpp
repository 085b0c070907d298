#include "api/openai/requests.h"

#include "api/openai/message_fields.h"
#include "api/shared_fields.h"
#include "base/error.h"

#include <algorithm>
#include <utility>

namespace mullama::api::openai {
namespace {

constexpr std::int32_t kChoicesMax = 128;

void read_use(Fields& fields, ModelUse& use) {
    read_model_use(fields, use);
    read_max_tokens(fields, "max_tokens", use.options);
    read_max_tokens(fields, "max_completion_tokens", use.options);
}

void read_stream(Fields& fields, bool& stream, bool& include_usage) {
    fields.read("stream", stream);
    const json::object* options = fields.object("stream_options");
    if (options == nullptr) return;
    Fields inner(*options, fields.path("stream_options"));
    inner.read("include_usage", include_usage);
    if (inner.failed()) fields.fail_with(inner.result().error());
}

void read_choices(Fields& fields, std::int32_t& choices) {
    fields.read("n", choices);
    if (choices >= 1 && choices <= kChoicesMax) return;
    fields.fail_with(fail(
        ErrorCode::kInvalidArgument, "n is {}: it must be between 1 and {}", choices, kChoicesMax
    ));
}

void read_logprobs(Fields& fields, std::optional<std::int32_t>& top_logprobs) {
    bool wanted = false;
    std::int32_t top = 0;
    fields.read("logprobs", wanted);
    fields.read("top_logprobs", top);
    if (top < 0 || top > kTopLogprobsMax) {
        fields.fail_with(fail(ErrorCode::kInvalidArgument, "top_logprobs must be between 0 and 20")
        );
    }
    if (wanted) top_logprobs = top;
}

bool is_token(const json::value& value) {
    return value.is_int64() && std::in_range<Token>(value.get_int64());
}

Prompt prompt_of_tokens(const json::array& list) {
    Prompt prompt;
    for (const json::value& element : list) {
        prompt.tokens.push_back(static_cast<Token>(element.get_int64()));
    }
    return prompt;
}

/// A text, a list of texts, a list of tokens or a list of such lists.
std::vector<Prompt> read_prompts(Fields& fields, std::string_view name) {
    std::vector<Prompt> prompts;
    const json::value* value = fields.find(name);
    if (value == nullptr || fields.failed()) return prompts;
    const auto text_prompt = [](const json::string& text) {
        return Prompt{.text = {text.data(), text.size()}};
    };
    if (const auto* text = value->if_string()) return {text_prompt(*text)};
    const auto* list = value->if_array();
    if (list != nullptr && !list->empty() && std::ranges::all_of(*list, is_token)) {
        return {prompt_of_tokens(*list)};
    }
    bool valid = list != nullptr;
    for (const json::value& element : list == nullptr ? json::array() : *list) {
        const auto* tokens = element.if_array();
        if (const auto* text = element.if_string()) {
            prompts.push_back(text_prompt(*text));
        } else if (tokens != nullptr && !tokens->empty() &&
                   std::ranges::all_of(*tokens, is_token)) {
            prompts.push_back(prompt_of_tokens(*tokens));
        } else {
            valid = false;
        }
    }
    if (!valid) {
        fields.fail_with(fail(
            ErrorCode::kInvalidArgument,
            "{} must be a text, a list of texts, a list of tokens or a list of lists of tokens",
            name
        ));
    }
    return prompts;
}

}  // namespace

Result<ChatCompletionCall> parse_chat_completion(std::string_view body) {
    auto object = parse_body(body);
    if (!object) return std::move(object).error();
    Fields fields(*object, "ChatCompletionRequest");
    ChatCompletionCall call;
    read_use(fields, call.use);
    read_stream(fields, call.stream, call.include_usage);
    read_choices(fields, call.choices);
    ChatRequest& request = call.request;
    request.messages = read_messages(fields);
    request.tools = read_function_tools(fields);
    read_tool_choice(fields, request);
    read_template_variables(fields, request);
    read_reasoning(fields, request);
    read_format(fields, "format", request.format);
    read_response_format(fields, "response_format", request.format);
    read_logprobs(fields, request.top_logprobs);
    fields.read("_debug_render_only", call.render_only);
    MULLAMA_TRY(fields.result());
    if (request.messages.empty()) {
        return fail(ErrorCode::kInvalidArgument, "[] is too short - 'messages'");
    }
    return call;
}

Result<TextCompletionCall> parse_completion(std::string_view body) {
    auto object = parse_body(body);
    if (!object) return std::move(object).error();
    Fields fields(*object, "CompletionRequest");
    TextCompletionCall call;
    read_use(fields, call.use);
    read_stream(fields, call.stream, call.include_usage);
    read_choices(fields, call.choices);
    call.best_of = call.choices;
    fields.read("best_of", call.best_of);
    fields.read("echo", call.echo);
    fields.read("suffix", call.suffix);
    fields.read("logprobs", call.request.top_logprobs);
    read_format(fields, "format", call.format);
    read_response_format(fields, "response_format", call.format);
    call.prompts = read_prompts(fields, "prompt");
    MULLAMA_TRY(fields.result());
    if (call.prompts.empty()) call.prompts.emplace_back();
    if (call.suffix && call.suffix->empty()) call.suffix.reset();
    const std::int32_t top = call.request.top_logprobs.value_or(0);
    if (top < 0 || top > kTopLogprobsMax) {
        return fail(ErrorCode::kInvalidArgument, "logprobs must be between 0 and 20");
    }
    if (call.best_of < call.choices || call.best_of > kChoicesMax) {
        return fail(
            ErrorCode::kInvalidArgument,
            "best_of is {}: it must be between n, which is {}, and {}",
            call.best_of,
            call.choices,
            kChoicesMax
        );
    }
    if (call.stream && call.best_of > call.choices) {
        return fail(
            ErrorCode::kInvalidArgument, "best_of cannot be streamed: leave out one of them"
        );
    }
    if (call.echo && call.request.top_logprobs) {
        return fail(
            ErrorCode::kUnsupported, "logprobs of the prompt are not supported: leave out echo"
        );
    }
    return call;
}

Result<EmbeddingCall> parse_embeddings(std::string_view body) {
    auto object = parse_body(body);
    if (!object) return std::move(object).error();
    Fields fields(*object, "EmbedRequest");
    EmbeddingCall call;
    std::string format = "float";
    read_use(fields, call.use);
    fields.read("dimensions", call.dimensions);
    fields.read("encoding_format", format);
    MULLAMA_TRY(fields.result());
    if (format != "float" && format != "base64") {
        return fail(
            ErrorCode::kInvalidArgument,
            "Invalid value for 'encoding_format' = {}. Supported values: ['float', 'base64'].",
            format
        );
    }
    call.base64 = format == "base64";
    call.input = read_prompts(fields, "input");
    MULLAMA_TRY(fields.result());
    const bool is_empty =
        call.input.empty() ||
        (call.input.size() == 1 && call.input[0].text.empty() && call.input[0].tokens.empty());
    if (is_empty) return fail(ErrorCode::kInvalidArgument, "invalid input");
    return call;
}

}  // namespace mullama::api::openai
