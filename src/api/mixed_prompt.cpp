#include "api/mixed_prompt.h"

#include "base/error.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace mullama::api {
namespace {

std::optional<Token> token_of(const json::value& value) {
    const auto* number = value.if_int64();
    if (number == nullptr || !std::in_range<Token>(*number)) return std::nullopt;
    return static_cast<Token>(*number);
}

/// Puts a text, a token or a list of both behind `prompt`; false where it is neither.
bool append(const json::value& value, MixedPrompt& prompt) {
    if (const auto* text = value.if_string()) {
        prompt.push_back({.text = {text->data(), text->size()}});
        return true;
    }
    if (const std::optional<Token> token = token_of(value)) {
        if (prompt.empty() || prompt.back().tokens.empty()) prompt.emplace_back();
        prompt.back().tokens.push_back(*token);
        return true;
    }
    const auto* list = value.if_array();
    if (list == nullptr) return false;
    return std::ranges::all_of(*list, [&](const json::value& element) {
        return !element.is_array() && append(element, prompt);
    });
}

std::optional<MixedPrompt> prompt_of(Fields& fields, const json::value& value) {
    MixedPrompt prompt;
    const auto* object = value.if_object();
    if (object == nullptr) return append(value, prompt) ? std::optional(prompt) : std::nullopt;
    const json::value* media = object->if_contains("multimodal_data");
    if (media != nullptr && !(media->is_array() && media->get_array().empty())) {
        fields.fail_with(fail(
            ErrorCode::kUnsupported, "multimodal_data is not supported: send the prompt as text"
        ));
    }
    const json::value* text = object->if_contains("prompt_string");
    if (text == nullptr || !append(*text, prompt)) return std::nullopt;
    return prompt;
}

bool is_one_prompt(const json::value& value) {
    const auto* list = value.if_array();
    return list == nullptr || std::ranges::any_of(*list, [](const json::value& element) {
               return element.is_number();
           });
}

void fail_shape(Fields& fields, std::string_view name, std::string_view shape) {
    fields.fail_with(fail(ErrorCode::kInvalidArgument, "\"{}\" must be {}", name, shape));
}

}  // namespace

std::vector<MixedPrompt> read_mixed_prompts(Fields& fields, std::string_view name) {
    std::vector<MixedPrompt> prompts;
    const json::value* value = fields.find(name);
    if (value == nullptr || fields.failed()) return prompts;
    constexpr std::string_view kShape = "a text, a list of tokens, or a list of such prompts";
    const auto add = [&](const json::value& element) {
        std::optional<MixedPrompt> prompt = prompt_of(fields, element);
        if (!prompt) return fail_shape(fields, name, kShape);
        prompts.push_back(*std::move(prompt));
    };
    if (is_one_prompt(*value)) {
        add(*value);
    } else {
        for (const json::value& element : value->get_array()) add(element);
    }
    return prompts;
}

MixedPrompt read_mixed_prompt(Fields& fields, std::string_view name) {
    const json::value* value = fields.find(name);
    if (value == nullptr || fields.failed()) return {};
    std::optional<MixedPrompt> prompt = prompt_of(fields, *value);
    if (!prompt) fail_shape(fields, name, "a text, or a list of texts and tokens");
    return std::move(prompt).value_or(MixedPrompt());
}

}  // namespace mullama::api
