#include "base/error.h"
#include "base/sha256.h"
#include "chat/answer_syntax.h"
#include "chat/grammar_union.h"
#include "chat/json_limits.h"
#include "llama/handles.h"
#include <mullama/answer_format.h>
#include <mullama/chat.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <exception>
#include <string_view>
#include <utility>

#include <chat.h>
#include <log.h>

namespace mullama {
namespace {

constexpr int kLogNothing = -1;
constexpr std::size_t kShortIdLength = 9;
constexpr std::string_view kAnyObject = R"({"type":"object"})";
constexpr std::array<std::string_view, 4> kRoles = {"system", "user", "assistant", "tool"};

Result<void> check(std::span<const Message> messages) {
    if (messages.empty()) {
        return fail(ErrorCode::kInvalidArgument, "a chat needs at least one message");
    }
    for (const Message& message : messages) {
        if (std::find(kRoles.begin(), kRoles.end(), message.role) == kRoles.end()) {
            return fail(
                ErrorCode::kInvalidArgument,
                "unknown message role \"{}\": use system, user, assistant or tool",
                message.role
            );
        }
    }
    return {};
}

// llama-common writes what it says to stderr; what matters of it is in the exceptions that it
// throws.
void silence_llama_common() {
    static const bool silent = [] {
        common_log_set_verbosity_thold(kLogNothing);
        return true;
    }();
    static_cast<void>(silent);
}

common_chat_msg engine_message(const Message& message) {
    common_chat_msg out;
    out.role = message.role;
    out.content = message.content;
    out.reasoning_content = message.thinking;
    out.tool_name = message.tool_name;
    out.tool_call_id = message.tool_call_id;
    for (const ToolCall& call : message.tool_calls) {
        const std::string arguments = call.arguments.empty() ? "{}" : call.arguments;
        out.tool_calls.push_back({call.name, arguments, call.id});
    }
    return out;
}

bool is_short_id(std::string_view id) {
    return id.size() == kShortIdLength &&
           std::ranges::all_of(id, [](unsigned char c) { return std::isalnum(c) != 0; });
}

// Mistral's templates refuse names of calls that are not theirs, such as "call_1".
bool wants_short_ids(std::string_view source) {
    return source.find("alphanumeric strings with length 9") != std::string_view::npos;
}

/// `name` is the function's, for calls that nobody has named.
std::string short_id(const std::string& id, const std::string& name) {
    if (is_short_id(id)) return id;
    return sha256_hex(id.empty() ? name : id).substr(0, kShortIdLength);
}

void shorten_ids(common_chat_msg& message) {
    for (common_chat_tool_call& call : message.tool_calls) call.id = short_id(call.id, call.name);
    if (message.role != "tool") return;
    message.tool_call_id = short_id(message.tool_call_id, message.tool_name);
}

Result<std::string> schema_of(const std::string& format) {
    if (format.empty()) return std::string();
    if (format == "json") return std::string(kAnyObject);
    MULLAMA_TRY(grammar_from_format(format));
    return format;
}

Result<void> add_tools(std::span<const Tool> tools, common_chat_templates_inputs& inputs) {
    for (const Tool& tool : tools) {
        const std::string parameters = tool.parameters.empty() ? "{}" : tool.parameters;
        MULLAMA_TRY(check_json_limits(parameters, "the parameters of a tool"));
        inputs.tools.push_back({tool.name, tool.description, parameters});
    }
    return {};
}

common_chat_tool_choice engine_choice(ToolChoice choice) {
    switch (choice) {
        case ToolChoice::kAuto:
            return COMMON_CHAT_TOOL_CHOICE_AUTO;
        case ToolChoice::kNone:
            return COMMON_CHAT_TOOL_CHOICE_NONE;
        case ToolChoice::kRequired:
            return COMMON_CHAT_TOOL_CHOICE_REQUIRED;
    }
    return COMMON_CHAT_TOOL_CHOICE_AUTO;
}

Result<common_chat_templates_inputs> inputs_for(
    std::span<const Message> messages, const ChatRequest& request, const std::string& source
) {
    common_chat_templates_inputs inputs;
    inputs.messages.reserve(messages.size());
    for (const Message& message : messages) inputs.messages.push_back(engine_message(message));
    if (wants_short_ids(source)) std::ranges::for_each(inputs.messages, shorten_ids);
    if (messages.back().role == "assistant" && messages.back().tool_calls.empty()) {
        inputs.add_generation_prompt = false;
        inputs.continue_final_message = COMMON_CHAT_CONTINUATION_AUTO;
    }
    if (request.tool_choice != ToolChoice::kNone) MULLAMA_TRY(add_tools(request.tools, inputs));
    inputs.tool_choice = engine_choice(request.tool_choice);
    inputs.parallel_tool_calls = request.parallel_tool_calls;
    auto schema = schema_of(request.format);
    if (!schema) return std::move(schema).error();
    // An answer that has to be a call has no other form.
    const bool is_call = request.tool_choice == ToolChoice::kRequired && !inputs.tools.empty();
    if (!is_call) inputs.json_schema = std::move(schema).value();
    inputs.reasoning_format = COMMON_REASONING_FORMAT_DEEPSEEK;
    inputs.enable_thinking = request.thinking != Thinking::kOff;
    inputs.chat_template_kwargs = request.template_variables;
    if (!request.reasoning_effort.empty()) {
        inputs.chat_template_kwargs["reasoning_effort"] =
            common_json(request.reasoning_effort).dump();
    }
    return inputs;
}

ArgumentStyle argument_style(common_chat_format format) {
    if (format == COMMON_CHAT_FORMAT_PEG_GEMMA4) return ArgumentStyle::kGemma;
    if (format == COMMON_CHAT_FORMAT_PEG_MINIMAX_M3) return ArgumentStyle::kMiniMax;
    return ArgumentStyle::kJson;
}

bool is_amid_thinking(const std::string& text, const ChatPrompt& prompt) {
    if (prompt.thinking_start.empty()) return true;
    const std::size_t start = text.rfind(prompt.thinking_start);
    if (start == std::string::npos) return false;
    return std::ranges::none_of(prompt.thinking_ends, [&](const std::string& end) {
        return text.find(end, start) != std::string::npos;
    });
}

// The engine's grammar lets any content ("until-7?" in its root rule) go before a required call; a
// small model then never comes to the call.
std::string without_content(std::string grammar) {
    constexpr std::string_view kContent = " until-";
    const std::size_t root = grammar.find("root ::= ");
    std::size_t at = grammar.find(kContent, root);
    while (at < grammar.find('\n', root)) {
        const std::size_t end = grammar.find_first_not_of("0123456789", at + kContent.size());
        const bool is_optional = end != std::string::npos && grammar[end] == '?';
        if (is_optional) grammar.erase(at, end + 1 - at);
        at = grammar.find(kContent, is_optional ? at : end);
    }
    return grammar;
}

// The engine's grammar allows several calls in some formats though one was asked for.
std::string with_one_call(std::string grammar) {
    constexpr std::string_view kSeveral = "tool-calls ::= (tool-call space)+\n";
    const std::size_t at = grammar.find(kSeveral);
    if (at != std::string::npos) {
        grammar.replace(at, kSeveral.size(), "tool-calls ::= tool-call space\n");
    }
    return grammar;
}

std::string only_calls(std::string grammar, bool several) {
    grammar = without_content(std::move(grammar));
    return several ? grammar : with_one_call(std::move(grammar));
}

// The engine's grammar for a schema allows a fence around it, which its parser for calls does not
// take off. Empty where the grammar is of another form.
std::string without_fence(std::string grammar) {
    constexpr std::string_view kFenced = R"("```json" space response-format space "```" | )";
    const std::size_t at = grammar.find(kFenced);
    return at == std::string::npos ? "" : grammar.erase(at, kFenced.size());
}

// The engine knows calls of tools or a schema. For both, its parser for calls gets a grammar of
// either; a template for which there is none follows the schema and calls nothing.
common_chat_params apply_tools_and_schema(
    const common_chat_templates* templates, const common_chat_templates_inputs& inputs
) {
    common_chat_templates_inputs schema = inputs;
    schema.tools.clear();
    const common_chat_params formatted = common_chat_templates_apply(templates, schema);
    const std::string format = without_fence(formatted.grammar);
    if (format.empty()) return common_chat_templates_apply(templates, inputs);
    common_chat_templates_inputs calls = inputs;
    calls.json_schema.clear();
    common_chat_params params = common_chat_templates_apply(templates, calls);
    calls.tool_choice = COMMON_CHAT_TOOL_CHOICE_REQUIRED;
    const common_chat_params called = common_chat_templates_apply(templates, calls);
    const bool begins_same = called.generation_prompt == params.generation_prompt &&
                             formatted.generation_prompt == params.generation_prompt;
    if (called.grammar.empty() || called.grammar_lazy || !begins_same) {
        return common_chat_templates_apply(templates, inputs);
    }
    params.grammar = grammar_union(format, only_calls(called.grammar, inputs.parallel_tool_calls));
    params.grammar_lazy = false;
    return params;
}

common_chat_params apply_inputs(
    const common_chat_templates* templates, const common_chat_templates_inputs& inputs
) {
    const bool has_both = !inputs.tools.empty() && !inputs.json_schema.empty();
    return has_both ? apply_tools_and_schema(templates, inputs)
                    : common_chat_templates_apply(templates, inputs);
}

// The lazy grammars of llama.cpp search all text so far at every token, and give up after 8 KiB:
// where the model is free to call nothing, it is left free.
ChatPrompt prompt_of(common_chat_params params, const common_chat_templates_inputs& inputs) {
    ChatPrompt prompt;
    prompt.text = std::move(params.prompt);
    prompt.stops = std::move(params.additional_stops);
    if (!params.grammar.empty() && !params.grammar_lazy) {
        prompt.grammar = std::move(params.grammar);
        const bool is_for_calls = !inputs.tools.empty() && inputs.json_schema.empty();
        if (is_for_calls) {
            prompt.grammar = only_calls(std::move(prompt.grammar), inputs.parallel_tool_calls);
        }
        prompt.grammar_prefix = params.generation_prompt;
    }
    prompt.shown_texts = std::move(params.preserved_tokens);
    if (params.supports_thinking && !params.thinking_end_tags.empty()) {
        prompt.thinking_start = std::move(params.thinking_start_tag);
        prompt.thinking_ends = std::move(params.thinking_end_tags);
        prompt.thinks_already = is_amid_thinking(params.generation_prompt, prompt);
        prompt.shown_texts.push_back(prompt.thinking_start);
        for (const std::string& end : prompt.thinking_ends) prompt.shown_texts.push_back(end);
    }
    if (!params.parser.empty()) {
        AnswerSyntax::Terms terms{
            .arguments = argument_style(params.format),
            .prefix = std::move(params.generation_prompt),
            .continues = inputs.continue_final_message != COMMON_CHAT_CONTINUATION_NONE,
            .has_tools = !inputs.tools.empty(),
        };
        prompt.syntax = std::make_shared<AnswerSyntax>(params.parser, std::move(terms));
    }
    return prompt;
}

}  // namespace

struct ChatTemplate::Impl {
    common_chat_templates_ptr templates;
    std::string source;
};

ChatTemplate::ChatTemplate(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

Result<ChatTemplate> ChatTemplate::parse(const Model& model, const std::string& source) {
    if (source.empty()) {
        return fail(ErrorCode::kInvalidArgument, "the chat template is empty");
    }
    silence_llama_common();
    try {
        auto impl = std::make_shared<Impl>();
        impl->templates = common_chat_templates_init(handle(model), source);
        impl->source = source;
        return ChatTemplate(std::move(impl));
    } catch (const std::exception& error) {
        return fail(
            ErrorCode::kInvalidArgument, "the chat template does not parse: {}", error.what()
        );
    }
}

Result<ChatTemplate> ChatTemplate::from_model(const Model& model) {
    const auto source = model.chat_template();
    if (!source) {
        return fail(
            ErrorCode::kUnsupported,
            "this model has no chat template: it is a base model, so continue a text with "
            "generate, or "
            "set a template of your own"
        );
    }
    auto parsed = parse(model, *source);
    if (!parsed) {
        return Error{ErrorCode::kCorrupt, "the model's " + parsed.error().message.substr(4)};
    }
    return parsed;
}

Result<ChatPrompt> ChatTemplate::render(std::span<const Message> messages) const {
    return render(messages, {});
}

Result<ChatPrompt> ChatTemplate::render(
    std::span<const Message> messages, const ChatRequest& request
) const {
    MULLAMA_TRY(check(messages));
    try {
        auto inputs = inputs_for(messages, request, impl_->source);
        if (!inputs) return std::move(inputs).error();
        return prompt_of(apply_inputs(impl_->templates.get(), *inputs), *inputs);
    } catch (const std::exception& error) {
        return fail(
            ErrorCode::kInvalidArgument,
            "the chat template refuses these messages: {}",
            error.what()
        );
    }
}

const std::string& ChatTemplate::source() const {
    return impl_->source;
}

ChatAbilities ChatTemplate::abilities() const {
    const auto caps = common_chat_templates_get_caps(impl_->templates.get());
    const auto has = [&](const char* name) {
        const auto found = caps.find(name);
        return found != caps.end() && found->second;
    };
    return {
        .tools = has("supports_tools") || has("supports_tool_calls"),
        .thinking = common_chat_templates_support_enable_thinking(impl_->templates.get()),
    };
}

}  // namespace mullama
