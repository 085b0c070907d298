#include "store/model_maker.h"

#include "base/error.h"
#include "store/model_details.h"
#include "store/text_file.h"
#include <mullama/gguf.h>

#include <algorithm>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

namespace mullama::store {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kConfigType = "application/vnd.docker.container.image.v1+json";

/// What a GGUF file is to a model: the kind of its layer.
/// Errors: those of GgufFile::open().
Result<std::string> kind_of(const fs::path& file) {
    const Result<GgufFile> gguf = GgufFile::open(file);
    if (!gguf) return gguf.error();
    if (gguf->get<std::string>("general.architecture").value_or("") == "clip") return "projector";
    if (gguf->get<std::string>("general.type").value_or("") == "adapter") return "adapter";
    if (!gguf->split()) return "model";
    return fail(
        ErrorCode::kUnsupported,
        "{} is one of the files of a split model: join them with llama-gguf-split --merge first",
        file.string()
    );
}

/// What Ollama tells of a model without opening its file.
Result<Json> describe(const fs::path& weights) {
    const Result<ModelDetails> details = read_details(weights);
    if (!details) return details.error();
    return Json{
        {"model_format", "gguf"},
        {"model_family", details->architecture},
        {"model_families", Json::array({details->architecture})},
        {"model_type", details->parameters ? parameter_size(*details->parameters) : ""},
        {"file_type", details->quantization},
        {"architecture", "amd64"},
        {"os", "linux"},
    };
}

}  // namespace

Result<void> ModelMaker::begin(const Manifest& base) {
    manifest_ = base;
    for (const Layer& layer : base.layers) say("using existing layer " + layer.digest);
    if (!base.config) return {};
    Result<std::string> config = read_text(blobs_.path(base.config->digest));
    if (!config) return std::move(config).error();
    config_ = std::move(config).value();
    return {};
}

Result<void> ModelMaker::begin(const LocalModel& base) {
    MULLAMA_TRY(add_file("model", base.file));
    for (const fs::path& file : base.projectors) MULLAMA_TRY(add_file("projector", file));
    if (base.licence.empty()) return {};
    return add_text("license", base.licence);
}

Result<Manifest> ModelMaker::finish(const NewModel& model) {
    for (const fs::path& file : model.files) MULLAMA_TRY(add_gguf(file));
    if (!model.adapters.empty()) remove("adapter");
    for (const fs::path& file : model.adapters) MULLAMA_TRY(add_file("adapter", file));
    if (!model.draft.empty()) {
        remove("draft");
        MULLAMA_TRY(add_file("draft", model.draft));
    }
    MULLAMA_TRY(replace_text("system", model.system));
    for (const std::string& licence : model.licences) MULLAMA_TRY(add_text("license", licence));
    MULLAMA_TRY(add_parameters(model.parameters));
    MULLAMA_TRY(add_messages(model.messages));
    MULLAMA_TRY(add_config());
    return manifest_;
}

Result<void> ModelMaker::add_file(std::string_view kind, const fs::path& file) {
    const Result<std::string> is = kind_of(file);
    if (!is) return is.error();
    const bool fits = *is == kind || (*is == "model" && kind == "draft");
    if (!fits) {
        return fail(ErrorCode::kInvalidArgument, "{} is no {} but a {}", file.string(), kind, *is);
    }
    return add_layer(kind, file);
}

Result<void> ModelMaker::add_gguf(const fs::path& file) {
    say("parsing GGUF");
    const Result<std::string> kind = kind_of(file);
    if (!kind) return kind.error();
    return add_layer(*kind, file);
}

Result<void> ModelMaker::add_layer(std::string_view kind, const fs::path& file) {
    Result<AddedBlob> blob = blobs_.add_file(Layer::media_type_of(kind), file);
    if (!blob) return std::move(blob).error();
    tell_of(*blob);
    manifest_.layers.push_back(std::move(blob->layer));
    return {};
}

Result<void> ModelMaker::add_text(std::string_view kind, std::string_view text) {
    Result<AddedBlob> blob = blobs_.add(Layer::media_type_of(kind), text);
    if (!blob) return std::move(blob).error();
    tell_of(*blob);
    const bool known = std::ranges::find(manifest_.layers, blob->layer) != manifest_.layers.end();
    if (!known) manifest_.layers.push_back(std::move(blob->layer));
    return {};
}

Result<void> ModelMaker::replace_text(std::string_view kind, std::string_view text) {
    if (text.empty()) return {};
    remove(kind);
    return add_text(kind, text);
}

Result<void> ModelMaker::add_parameters(const std::string& parameters) {
    if (parameters.empty()) return {};
    try {
        // Sorted by name, as Go writes them.
        nlohmann::json all = nlohmann::json::object();
        for (const Layer& layer : manifest_.layers) {
            if (layer.kind() != "params") continue;
            const Result<std::string> before = read_text(blobs_.path(layer.digest));
            if (!before) return before.error();
            all.update(nlohmann::json::parse(*before));
        }
        all.update(nlohmann::json::parse(parameters));
        return replace_text("params", all.dump() + "\n");
    } catch (const nlohmann::json::exception& wrong) {
        return fail(ErrorCode::kCorrupt, "the parameters cannot be read: {}", wrong.what());
    }
}

Result<void> ModelMaker::add_messages(const std::vector<Message>& messages) {
    if (messages.empty()) return {};
    Json list = Json::array();
    for (const Message& message : messages) {
        list.push_back(Json{{"role", message.role}, {"content", message.content}});
    }
    return replace_text("messages", list.dump() + "\n");
}

Result<void> ModelMaker::add_config() {
    const auto weights = std::ranges::find(manifest_.layers, "model", &Layer::kind);
    if (weights == manifest_.layers.end()) {
        return fail(ErrorCode::kInvalidArgument, "no weights were given: name a model or a file");
    }
    try {
        Json config;
        if (config_.empty()) {
            Result<Json> described = describe(blobs_.path(weights->digest));
            if (!described) return std::move(described).error();
            config = std::move(described).value();
        } else {
            config = Json::parse(config_);
        }
        Json digests = Json::array();
        for (const Layer& layer : manifest_.layers) digests.push_back(layer.digest);
        config["rootfs"] = {{"type", "layers"}, {"diff_ids", std::move(digests)}};
        Result<AddedBlob> blob = blobs_.add(kConfigType, config.dump());
        if (!blob) return std::move(blob).error();
        manifest_.config = std::move(blob->layer);
        return {};
    } catch (const Json::exception& wrong) {
        return fail(ErrorCode::kCorrupt, "the model's config cannot be read: {}", wrong.what());
    }
}

void ModelMaker::remove(std::string_view kind) {
    std::erase_if(manifest_.layers, [&](const Layer& layer) { return layer.kind() == kind; });
}

void ModelMaker::tell_of(const AddedBlob& blob) const {
    say((blob.is_new ? "creating new layer " : "using existing layer ") + blob.layer.digest);
}

void ModelMaker::say(std::string_view status) const {
    if (on_status_) on_status_(status);
}

}  // namespace mullama::store
