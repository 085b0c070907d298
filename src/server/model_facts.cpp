#include "server/model_facts.h"

#include "api/json.h"
#include "api/json_writer.h"
#include "base/error.h"
#include <mullama/gguf.h>

#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include <fmt/format.h>

namespace mullama::server {
namespace {

/// A value of a model file as JSON; lists are null where they are not wanted.
std::string json_of(const GgufValue& value, bool with_lists) {
    api::JsonWriter out;
    std::visit(
        [&](const auto& content) {
            using T = std::decay_t<decltype(content)>;
            if constexpr (requires { content.begin(); } && !std::is_same_v<T, std::string>) {
                if (!with_lists) {
                    out.null();
                    return;
                }
                out.begin_array();
                for (const auto& element : content) {
                    if constexpr (std::is_same_v<T, std::vector<bool>>) {
                        out.value(static_cast<bool>(element));
                    } else {
                        out.value(element);
                    }
                }
                out.end_array();
            } else {
                out.value(content);
            }
        },
        value
    );
    return out.take();
}

/// What a file says of itself, and the number of its parameters, which few files say.
std::vector<std::pair<std::string, std::string>> metadata_of(
    const GgufFile& gguf, std::optional<std::uint64_t> parameters, bool with_lists
) {
    constexpr const char* kCount = "general.parameter_count";
    std::vector<std::pair<std::string, std::string>> metadata;
    for (const GgufEntry& entry : gguf.metadata()) {
        metadata.emplace_back(entry.key, json_of(entry.value, with_lists));
    }
    if (parameters && gguf.find(kCount) == nullptr) {
        metadata.emplace_back(kCount, fmt::format("{}", *parameters));
    }
    return metadata;
}

api::WallTime wall_time(std::filesystem::file_time_type time) {
    return std::chrono::time_point_cast<api::WallTime::duration>(
        std::chrono::file_clock::to_sys(time)
    );
}

}  // namespace

Result<store::ModelDetails> ModelFacts::details(const std::filesystem::path& file) {
    std::error_code failed;
    const auto modified = std::filesystem::last_write_time(file, failed);
    {
        const auto known = known_.lock();
        const auto found = known->find(file);
        if (!failed && found != known->end() && found->second.modified == modified) {
            return found->second.details;
        }
    }
    Result<store::ModelDetails> details = store::read_details(file);
    if (details && !failed) known_.lock()->insert_or_assign(file, Entry{modified, *details});
    return details;
}

bool ModelFacts::sees(const std::filesystem::path& projector) {
    std::error_code failed;
    const auto modified = std::filesystem::last_write_time(projector, failed);
    if (failed) return false;
    {
        const auto known = known_projectors_.lock();
        const auto found = known->find(projector);
        if (found != known->end() && found->second.modified == modified) return found->second.sees;
    }
    const bool sees = store::sees(projector);
    known_projectors_.lock()->insert_or_assign(projector, Projector{modified, sees});
    return sees;
}

std::filesystem::path ModelFacts::projector(const store::LocalModel& model) {
    for (const std::filesystem::path& file : model.projectors) {
        if (sees(file)) return file;
    }
    return {};
}

api::ModelInfo ModelFacts::info(const store::LocalModel& model) {
    api::ModelInfo info;
    info.name = model.name;
    info.size_bytes = model.size_bytes;
    info.digest = model.sha256;
    info.modified = wall_time(model.modified);
    const Result<store::ModelDetails> read = details(model.file);
    if (!read) return info;
    info.architecture = read->architecture;
    if (read->parameters) info.parameter_size = store::parameter_size(*read->parameters);
    info.quantization = read->quantization;
    info.context_length = read->context_length;
    info.embedding_length = read->embedding_length;
    info.capabilities = read->capabilities;
    if (!projector(model).empty()) info.capabilities = store::with_vision(info.capabilities);
    return info;
}

Result<api::ModelDescription> ModelFacts::describe(const store::LocalModel& model, bool verbose) {
    Result<GgufFile> gguf = GgufFile::open(model.file);
    if (!gguf) return std::move(gguf).error();
    api::ModelDescription description;
    description.info = info(model);
    const Result<store::ModelDetails> read = details(model.file);
    description.licence = model.licence.empty() && read ? read->licence : model.licence;
    description.template_text = model.settings.go_template;
    if (description.template_text.empty() && read) description.template_text = read->chat_template;
    description.system = model.settings.system;
    description.messages = model.settings.messages;
    description.file = model.file.string();
    for (const auto& file : model.adapters) description.adapters.push_back(file.string());
    description.draft = model.draft.string();
    for (const auto& file : model.projectors) description.projectors.push_back(file.string());
    const Result<api::json::value> parameters = api::parse_json(model.settings.parameters);
    if (parameters && parameters->is_object()) {
        for (const auto& [name, value] : parameters->get_object()) {
            MULLAMA_TRY(description.parameters.set_leniently({name.data(), name.size()}, value));
        }
    }
    const auto metadata = [&](const GgufFile& opened, const std::filesystem::path& file) {
        const Result<store::ModelDetails> told = details(file);
        return metadata_of(opened, told ? told->parameters : std::nullopt, verbose);
    };
    description.metadata = metadata(*gguf, model.file);
    if (!model.projectors.empty()) {
        const std::filesystem::path& file = model.projectors.front();
        const Result<GgufFile> projector = GgufFile::open(file);
        if (projector) description.projector_metadata = metadata(*projector, file);
    }
    if (!verbose) return description;
    for (const GgufTensor& tensor : gguf->tensors()) {
        api::ModelDescription::Tensor& shown = description.tensors.emplace_back();
        shown.name = tensor.name;
        shown.type = to_string(tensor.type);
        for (const auto length : tensor.shape) {
            shown.shape.push_back(static_cast<std::uint64_t>(length));
        }
    }
    return description;
}

}  // namespace mullama::server
