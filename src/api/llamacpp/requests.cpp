#include "api/llamacpp/requests.h"

#include "api/duration.h"
#include "api/llamacpp/server_info.h"
#include "api/openai/message_fields.h"
#include "api/shared_fields.h"
#include "base/error.h"

#include <algorithm>
#include <utility>

namespace mullama::api::llamacpp {
namespace {

constexpr std::int32_t kChoicesMax = 128;

// Not OpenAI's here, which are refused out of their range. "options" goes before them.
void read_likelihoods(Fields& fields, Options& options) {
    const json::object* more = fields.object("options");
    for (const char* name : {"temperature", "top_p"}) {
        const json::value* value = fields.find(name);
        if (value == nullptr || (more != nullptr && more->contains(name))) continue;
        const auto set = options.set_leniently(name, *value);
        if (!set) return fields.fail_with(set.error());
    }
}

void read_use(Fields& fields, ModelUse& use) {
    use.any_model = true;
    use.defaults = default_options();
    fields.read("model", use.model);
    openai::read_sampling(fields, use.options);
    read_likelihoods(fields, use.options);
    for (const char* name : {"max_tokens", "max_completion_tokens", "n_predict"}) {
        openai::read_max_tokens(fields, name, use.options);
    }
    if (const json::value* value = fields.find("keep_alive")) {
        const auto keep_alive = parse_keep_alive(*value);
        if (!keep_alive) return fields.fail_with(keep_alive.error());
        use.keep_alive = *keep_alive;
    }
}

void refuse(Fields& fields, std::string_view what) {
    fields.fail_with(fail(ErrorCode::kUnsupported, "{} is not supported: leave it out", what));
}

// What would change the answer is refused. What only steers llama-server's memory is ignored, and
// so is "n_indent", which editors always send: the answer ends later without it.
void refuse_unsupported(Fields& fields) {
    bool post_sampling_probs = false;
    bool grammar_lazy = false;
    fields.read("post_sampling_probs", post_sampling_probs);
    fields.read("grammar_lazy", grammar_lazy);
    if (post_sampling_probs) refuse(fields, "post_sampling_probs");
    if (grammar_lazy) refuse(fields, "grammar_lazy");
}

void read_probabilities(Fields& fields, GenerateRequest& request) {
    std::int32_t count = 0;
    fields.read(fields.find("n_probs") == nullptr ? "logprobs" : "n_probs", count);
    if (count > kTopLogprobsMax) {
        fields.fail_with(fail(
            ErrorCode::kInvalidArgument, "n_probs is {}: the most is {}", count, kTopLogprobsMax
        ));
    }
    if (count > 0) request.top_logprobs = count;
}

void read_shape(Fields& fields, AnswerShape& shape) {
    fields.read("stream", shape.stream);
    fields.read("return_tokens", shape.return_tokens);
    fields.read("timings_per_token", shape.timings_per_token);
    fields.read("return_progress", shape.return_progress);
    fields.read("response_fields", shape.response_fields);
    shape.timings_per_token &= shape.stream;
    shape.return_progress &= shape.stream;
}

void read_ping_interval(Fields& fields, CompletionCall& call) {
    std::optional<std::int32_t> seconds;
    fields.read("sse_ping_interval", seconds);
    if (!seconds) return;
    if (*seconds < -1) {
        return fields.fail_with(fail(
            ErrorCode::kInvalidArgument,
            "sse_ping_interval is {}: give seconds, or -1 for no pings",
            *seconds
        ));
    }
    call.ping_interval = std::chrono::seconds(std::max(*seconds, 0));
}

void read_time_limit(Fields& fields, GenerateRequest& request) {
    std::int64_t limit_ms = 0;
    fields.read("t_max_predict_ms", limit_ms);
    request.generate_max_ms = std::max<std::int64_t>(limit_ms, 0);
}

// An empty schema stands for any object. A grammar or regex beside it goes before it.
void read_schema(Fields& fields, CompletionCall& call) {
    const json::object* schema = fields.object("json_schema");
    const SamplingOptions& sampling = call.use.options.values().sampling;
    if (schema == nullptr || !sampling.grammar.empty() || !sampling.regex.empty()) return;
    call.json_schema = schema->empty() ? R"({"type":"object"})" : to_text(*schema);
}

void read_choices(Fields& fields, std::int32_t& choices) {
    fields.read(fields.find("n_cmpl") == nullptr ? "n" : "n_cmpl", choices);
    if (choices >= 1 && choices <= kChoicesMax) return;
    fields.fail_with(fail(
        ErrorCode::kInvalidArgument,
        "n_cmpl is {}: it must be between 1 and {}",
        choices,
        kChoicesMax
    ));
}

/// Everything but the prompt.
void read_call(Fields& fields, CompletionCall& call) {
    read_use(fields, call.use);
    read_shape(fields, call.shape);
    read_choices(fields, call.choices);
    read_probabilities(fields, call.request);
    read_time_limit(fields, call.request);
    read_schema(fields, call);
    read_ping_interval(fields, call);
    refuse_unsupported(fields);
    call.request.report_progress = call.shape.timings_per_token || call.shape.return_progress;
}

void require(Fields& fields, std::string_view name) {
    if (fields.find(name) != nullptr) return;
    fields.fail_with(fail(ErrorCode::kInvalidArgument, "\"{}\" is required", name));
}

std::vector<ExtraFile> read_extra(Fields& fields) {
    std::vector<ExtraFile> files;
    for (const json::object* object : fields.objects("input_extra")) {
        ExtraFile file{.name = "tmp"};
        Fields inner(*object, fields.path("input_extra"));
        inner.read("filename", file.name);
        inner.read("text", file.text);
        require(inner, "text");
        if (inner.failed()) fields.fail_with(inner.result().error());
        files.push_back(std::move(file));
    }
    return files;
}

}  // namespace

Result<CompletionCall> parse_completion(std::string_view body) {
    auto object = parse_body(body);
    if (!object) return std::move(object).error();
    Fields fields(*object, "CompletionRequest");
    CompletionCall call;
    read_call(fields, call);
    require(fields, "prompt");
    call.prompts = read_mixed_prompts(fields, "prompt");
    MULLAMA_TRY(fields.result());
    if (call.prompts.empty()) {
        return fail(ErrorCode::kInvalidArgument, "\"prompt\" must not be empty");
    }
    return call;
}

Result<InfillCall> parse_infill(std::string_view body) {
    auto object = parse_body(body);
    if (!object) return std::move(object).error();
    Fields fields(*object, "InfillRequest");
    InfillCall call;
    read_call(fields, call);
    require(fields, "input_prefix");
    require(fields, "input_suffix");
    call.prefix = read_mixed_prompt(fields, "input_prefix");
    call.suffix = read_mixed_prompt(fields, "input_suffix");
    call.extra = read_extra(fields);
    fields.read("prompt", call.prompt);
    MULLAMA_TRY(fields.result());
    return call;
}

Result<std::vector<AdapterUse>> parse_adapters(std::string_view body) {
    const Result<json::value> value = parse_json(body);
    if (!value) return value.error();
    const auto* list = value->if_array();
    const auto wrong = [] {
        return fail(
            ErrorCode::kInvalidArgument,
            R"(adapters are set by a list like [{{"id": 0, "scale": 0.5}}])"
        );
    };
    if (list == nullptr) return wrong();
    std::vector<AdapterUse> adapters;
    for (const json::value& element : *list) {
        const auto* object = element.if_object();
        if (object == nullptr) return wrong();
        Fields fields(*object, "adapter");
        adapters.push_back(read_adapter(fields));
        if (fields.failed()) return fields.result().error();
    }
    return adapters;
}

Result<EmbedCall> parse_embedding(std::string_view body) {
    auto object = parse_body(body);
    if (!object) return std::move(object).error();
    Fields fields(*object, "EmbeddingRequest");
    EmbedCall call;
    read_use(fields, call.use);
    fields.read("embd_normalize", call.normalization);
    const std::string_view name = fields.find("input") == nullptr ? "content" : "input";
    for (MixedPrompt& prompt : read_mixed_prompts(fields, name)) {
        const bool is_empty =
            prompt.empty() || (prompt[0].text.empty() && prompt[0].tokens.empty());
        if (is_empty) return fail(ErrorCode::kInvalidArgument, "input content cannot be empty");
        if (prompt.size() > 1) {
            return fail(
                ErrorCode::kInvalidArgument,
                "\"{}\" mixes texts and tokens: give each text as one or the other",
                name
            );
        }
        call.input.push_back(std::move(prompt.front()));
    }
    MULLAMA_TRY(fields.result());
    if (call.input.empty()) {
        return fail(ErrorCode::kInvalidArgument, "\"input\" or \"content\" must be provided");
    }
    return call;
}

}  // namespace mullama::api::llamacpp
