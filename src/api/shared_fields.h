#pragma once

#include "api/json.h"
#include "api/options.h"
#include <mullama/types.h>

#include <string>
#include <string_view>
#include <vector>

/// Fields that several dialects read the same way.
namespace mullama::api {

/// llama-server's sampler fields at the top of a body ("min_p", "xtc_probability", ...), which
/// every dialect takes beside its own; "logit_bias", "num_ctx" and "lora" with them. Set leniently.
void read_samplers(Fields& fields, Options& options);

/// {"id": 0, "scale": 0.5}: a scale that is left out is 0, as in llama-server.
AdapterUse read_adapter(Fields& fields);

/// An object of options by name, "logit_bias" among them, set leniently. Errors go to `fields`.
void read_options(const json::object& object, Fields& fields, Options& options);

/// A "format": "json", a JSON Schema object, or nothing (absent, null, ""). "json_schema" beside it
/// counts where it says nothing.
void read_format(Fields& fields, std::string_view name, std::string& format);

/// "chat_template_kwargs": variables of the template, of which "enable_thinking" is the switch that
/// all dialects have.
void read_template_variables(Fields& fields, ChatRequest& request);

/// A list of token ids.
void read_tokens(Fields& fields, std::string_view name, std::vector<Token>& tokens);

/// "tools" as OpenAI and Ollama write them: objects of type "function".
std::vector<Tool> read_function_tools(Fields& fields);

/// A "logit_bias": an object or pairs, of token ids or texts, and numbers; false forbids a token.
void read_logit_bias(Fields& fields, Options& options);

}  // namespace mullama::api
