#include "api/shared_fields.h"

#include "base/error.h"

#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

namespace mullama::api {
namespace {

/// The sampler fields that every dialect has. Some read a few of them before, more strictly.
constexpr std::array<std::string_view, 32> kSamplers = {
    "min_p",
    "typical_p",
    "top_k",
    "top_n_sigma",
    "xtc_probability",
    "xtc_threshold",
    "dynatemp_range",
    "dynatemp_exponent",
    "repeat_last_n",
    "repeat_penalty",
    "presence_penalty",
    "frequency_penalty",
    "dry_multiplier",
    "dry_base",
    "dry_allowed_length",
    "dry_penalty_last_n",
    "dry_sequence_breakers",
    "mirostat",
    "mirostat_tau",
    "mirostat_eta",
    "adaptive_target",
    "adaptive_decay",
    "min_keep",
    "samplers",
    "grammar",
    "regex",
    "ignore_eos",
    "cache_prompt",
    "priority",
    "draft_num_predict",
    "draft_model",
    "num_ctx",
};

std::optional<Token> token_of(std::string_view text) {
    Token token = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), token);
    if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
    return token;
}

std::optional<float> bias_of(const json::value& value) {
    if (const bool* flag = value.if_bool()) {
        if (!*flag) return -std::numeric_limits<float>::infinity();
        return std::nullopt;
    }
    if (!value.is_number()) return std::nullopt;
    return static_cast<float>(value.to_number<double>());
}

struct Biases {
    std::vector<LogitBias> tokens;
    std::vector<TextBias> texts;
};

std::optional<Biases> biases_of_object(const json::object& object) {
    Biases biases;
    for (const auto& [name, content] : object) {
        const std::string text(name.data(), name.size());
        const auto bias = bias_of(content);
        if (!bias) return std::nullopt;
        if (const auto token = token_of(text)) {
            biases.tokens.push_back({*token, *bias});
        } else {
            biases.texts.push_back({text, *bias});
        }
    }
    return biases;
}

std::optional<Biases> biases_of_pairs(const json::array& list) {
    Biases biases;
    for (const json::value& element : list) {
        const auto* pair = element.if_array();
        if (pair == nullptr || pair->size() != 2) return std::nullopt;
        const auto* token = pair->at(0).if_int64();
        const auto* text = pair->at(0).if_string();
        const auto bias = bias_of(pair->at(1));
        if (!bias) return std::nullopt;
        if (text != nullptr) {
            biases.texts.push_back({{text->data(), text->size()}, *bias});
        } else if (token != nullptr && std::in_range<Token>(*token)) {
            biases.tokens.push_back({static_cast<Token>(*token), *bias});
        } else {
            return std::nullopt;
        }
    }
    return biases;
}

std::optional<Biases> biases_of(const json::value& value) {
    if (const auto* object = value.if_object()) return biases_of_object(*object);
    if (const auto* list = value.if_array()) return biases_of_pairs(*list);
    return std::nullopt;
}

// As in llama-server an empty list asks for nothing.
void read_adapters(Fields& fields, Options& options) {
    std::vector<AdapterUse> adapters;
    std::vector<NamedAdapters> named;
    for (const json::object* object : fields.objects("lora")) {
        Fields inner(*object, fields.path("lora"));
        NamedAdapters each;
        inner.read("name", each.model);
        if (each.model.empty()) {
            adapters.push_back(read_adapter(inner));
        } else {
            inner.read("scale", each.scale);
            named.push_back(std::move(each));
        }
        if (inner.failed()) return fields.fail_with(inner.result().error());
    }
    if (adapters.empty() && named.empty()) return;
    options.set_adapters(std::move(adapters), std::move(named));
}

}  // namespace

AdapterUse read_adapter(Fields& fields) {
    AdapterUse use{.index = -1, .scale = 0.0F};
    fields.read("id", use.index);
    fields.read("scale", use.scale);
    return use;
}

void read_samplers(Fields& fields, Options& options) {
    for (const std::string_view name : kSamplers) {
        const json::value* value = fields.find(name);
        if (value == nullptr) continue;
        const auto set = options.set_leniently(name, *value);
        if (!set) return fields.fail_with(set.error());
    }
    read_logit_bias(fields, options);
    read_adapters(fields, options);
}

void read_options(const json::object& object, Fields& fields, Options& options) {
    for (const auto& [name, value] : object) {
        const auto set = options.set_leniently({name.data(), name.size()}, value);
        if (!set) return fields.fail_with(set.error());
    }
    Fields inner(object, fields.path("options"));
    read_logit_bias(inner, options);
    if (inner.failed()) fields.fail_with(inner.result().error());
}

void read_format(Fields& fields, std::string_view name, std::string& format) {
    const json::value* value = fields.find(name);
    if (value == nullptr || (value->is_string() && value->get_string().empty())) {
        value = fields.find("json_schema");
    }
    if (value == nullptr) return;
    const bool is_json = value->is_string() && value->get_string() == "json";
    if (!is_json && !value->is_object()) {
        return fields.fail_with(fail(
            ErrorCode::kInvalidArgument,
            "invalid format: {}; expected \"json\" or a valid JSON Schema object",
            to_text(*value)
        ));
    }
    format = is_json ? "json" : to_text(*value);
}

void read_template_variables(Fields& fields, ChatRequest& request) {
    const json::object* variables = fields.object("chat_template_kwargs");
    if (variables == nullptr) return;
    Fields inner(*variables, fields.path("chat_template_kwargs"));
    std::optional<bool> thinks;
    inner.read("enable_thinking", thinks);
    if (inner.failed()) return fields.fail_with(inner.result().error());
    // Clients send true to models that cannot think too, so it asks for nothing.
    if (thinks) request.thinking = *thinks ? Thinking::kModel : Thinking::kOff;
    for (const auto& [name, value] : *variables) {
        if (name == "enable_thinking") continue;
        request.template_variables[{name.data(), name.size()}] = to_text(value);
    }
}

void read_tokens(Fields& fields, std::string_view name, std::vector<Token>& tokens) {
    const json::array* list = fields.array(name);
    if (list == nullptr) return;
    for (const json::value& element : *list) {
        const auto* token = element.if_int64();
        if (token == nullptr || !std::in_range<Token>(*token)) {
            return fields.fail_type(name, element, "int");
        }
        tokens.push_back(static_cast<Token>(*token));
    }
}

std::vector<Tool> read_function_tools(Fields& fields) {
    std::vector<Tool> tools;
    for (const json::object* object : fields.objects("tools")) {
        Fields outer(*object, fields.path("tools"));
        const json::object* function = outer.object("function");
        if (function == nullptr) {
            if (outer.failed()) fields.fail_with(outer.result().error());
            continue;  // as Ollama: a tool without a function is none
        }
        Tool tool;
        Fields inner(*function, outer.path("function"));
        inner.read("name", tool.name);
        inner.read("description", tool.description);
        if (const json::object* parameters = inner.object("parameters")) {
            tool.parameters = to_text(*parameters);
        }
        if (inner.failed()) fields.fail_with(inner.result().error());
        tools.push_back(std::move(tool));
    }
    return tools;
}

void read_logit_bias(Fields& fields, Options& options) {
    const json::value* value = fields.find("logit_bias");
    if (value == nullptr || fields.failed()) return;
    std::optional<Biases> biases = biases_of(*value);
    if (!biases) {
        return fields.fail_with(fail(
            ErrorCode::kInvalidArgument,
            "logit_bias needs token ids or texts, and numbers: {{\"1234\": -100}} or "
            "[[1234, -100], [\"text\", -100]]"
        ));
    }
    if (biases->tokens.empty() && biases->texts.empty()) return;
    options.set_logit_bias(std::move(biases->tokens), std::move(biases->texts));
}

}  // namespace mullama::api
