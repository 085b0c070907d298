#include "cli/shown_model.h"

#include "api/json.h"
#include "api/json_writer.h"
#include "base/error.h"

#include <cstdint>
#include <optional>

namespace mullama::cli {
namespace {

// A number of the model's file; negative ones are nonsense that is not shown.
std::optional<std::uint64_t> number(api::Fields& info, const std::string& key) {
    std::optional<std::int64_t> value;
    info.read(key, value);
    if (!value || *value < 0) return std::nullopt;
    return static_cast<std::uint64_t>(*value);
}

Result<void> read_info(const api::json::object& object, store::ModelDetails& details) {
    api::Fields info(object, "model_info");
    info.read("general.architecture", details.architecture);
    details.parameters = number(info, "general.parameter_count");
    details.context_length = number(info, details.architecture + ".context_length");
    details.embedding_length = number(info, details.architecture + ".embedding_length");
    return info.result();
}

Result<ShownModel> parse(const std::string& name, const std::string& body) {
    const Result<api::json::object> object = api::parse_body(body);
    if (!object) return object.error();
    ShownModel model;
    model.name = name;
    api::Fields fields(*object, "model");
    fields.read("license", model.details.licence);
    fields.read("template", model.details.chat_template);
    fields.read("system", model.system);
    fields.read("parameters", model.parameters);
    fields.read("modelfile", model.modelfile);
    fields.read("capabilities", model.details.capabilities);
    if (const api::json::object* details = fields.object("details")) {
        api::Fields inner(*details, "details");
        inner.read("quantization_level", model.details.quantization);
        MULLAMA_TRY(inner.result());
    }
    if (const api::json::object* info = fields.object("model_info")) {
        MULLAMA_TRY(read_info(*info, model.details));
    }
    MULLAMA_TRY(fields.result());
    return model;
}

}  // namespace

Result<ShownModel> parse_shown_model(const std::string& name, const std::string& body) {
    Result<ShownModel> model = parse(name, body);
    if (model) return model;
    return fail(
        ErrorCode::kUnavailable,
        "what the server tells of '{}' is not understood: {}",
        name,
        model.error().message
    );
}

Result<ShownModel> show_model(DaemonClient& client, const std::string& name) {
    api::JsonWriter out;
    out.begin_object().field("model", name).end_object();
    const Result<std::string> body = client.post("/api/show", out.take());
    if (!body) return body.error();
    return parse_shown_model(name, *body);
}

}  // namespace mullama::cli
