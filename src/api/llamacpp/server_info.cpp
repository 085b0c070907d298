#include "api/llamacpp/server_info.h"

#include "api/json_writer.h"
#include "api/llamacpp/settings.h"

namespace mullama::api::llamacpp {

Options default_options() {
    Options options;
    for (const char* assignment : {"top_p=0.95", "min_p=0.05"}) {
        [[maybe_unused]] const auto set = options.set(assignment);
    }
    return options;
}

std::string format_properties(const Properties& properties) {
    JsonWriter out;
    out.begin_object().key("default_generation_settings").begin_object().key("params");
    write_settings(out, properties.options, AnswerShape());
    out.field("n_ctx", properties.context_length).end_object();
    out.field("total_slots", properties.slots).field("model_alias", properties.model);
    out.field("model_ftype", properties.quantization).field("model_path", properties.file);
    out.key("modalities").begin_object().field("vision", properties.sees).field("video", false);
    out.field("audio", false).end_object();
    out.field("endpoint_slots", true).field("endpoint_props", false);
    out.field("endpoint_metrics", true).field("chat_template", properties.chat_template);
    out.field("bos_token", properties.bos_token).field("eos_token", properties.eos_token);
    out.field("build_info", properties.version).field("is_sleeping", !properties.is_loaded);
    out.end_object();
    return out.take();
}

std::string format_slots(const std::vector<SlotGroup>& groups) {
    JsonWriter out;
    std::int32_t id = 0;
    out.begin_array();
    for (const SlotGroup& group : groups) {
        for (std::int32_t i = 0; i < group.slots; ++i) {
            out.begin_object().field("id", id++).field("model", group.model);
            out.field("n_ctx", group.context_length).field("speculative", group.speculative);
            out.field("is_processing", i < group.busy).end_object();
        }
    }
    out.end_array();
    return out.take();
}

std::string format_adapters(const std::vector<AdapterInfo>& adapters) {
    JsonWriter out;
    out.begin_array();
    for (std::size_t i = 0; i < adapters.size(); ++i) {
        out.begin_object().field("id", i).field("path", adapters[i].file);
        out.field("scale", adapters[i].scale).end_object();
    }
    out.end_array();
    return out.take();
}

std::string format_embedding(const std::vector<std::vector<float>>& rows) {
    JsonWriter out;
    out.begin_array();
    for (std::size_t i = 0; i < rows.size(); ++i) {
        out.begin_object().field("index", i).key("embedding").begin_array().begin_array();
        for (const float value : rows[i]) out.value(value);
        out.end_array().end_array().end_object();
    }
    out.end_array();
    return out.take();
}

std::string format_input_tokens(std::size_t count) {
    JsonWriter out;
    out.begin_object().field("input_tokens", count).field("object", "response.input_tokens");
    out.end_object();
    return out.take();
}

}  // namespace mullama::api::llamacpp
