#include "store/manifests.h"

#include "base/error.h"
#include "base/sha256.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

namespace mullama::store {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// Manifests and texts are small; a larger file is something else.
constexpr std::uintmax_t kTextBytesMax = 4 * 1024 * 1024;
constexpr std::string_view kLayerPrefix = "application/vnd.ollama.image.";

Result<std::string> read_text(const fs::path& file) {
    std::error_code failed;
    const std::uintmax_t size = fs::file_size(file, failed);
    if (failed) {
        return fail(ErrorCode::kNotFound, "{} is missing ({})", file.string(), failed.message());
    }
    if (size > kTextBytesMax) {
        return fail(ErrorCode::kCorrupt, "{} is too large to be what it claims", file.string());
    }
    std::ifstream in(file, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (in.bad() || text.size() != size) {
        return fail(ErrorCode::kIo, "{} cannot be read", file.string());
    }
    return text;
}

struct Layer {
    std::string kind;  ///< "model", "system", ...
    std::string digest;
    std::int64_t size_bytes = 0;
};

bool is_digest(std::string_view text) {
    constexpr std::string_view kPrefix = "sha256:";
    if (!text.starts_with(kPrefix) || text.size() != kPrefix.size() + 64) return false;
    return text.find_first_not_of("0123456789abcdef", kPrefix.size()) == std::string_view::npos;
}

std::optional<Layer> read_layer(const Json& json) {
    if (!json.is_object()) return std::nullopt;
    const std::string type = json.value("mediaType", "");
    Layer layer{
        type.starts_with(kLayerPrefix) ? type.substr(kLayerPrefix.size()) : "",
        json.value("digest", ""),
        json.value("size", std::int64_t{0}),
    };
    if (!is_digest(layer.digest) || layer.size_bytes < 0) return std::nullopt;
    return layer;
}

/// The layers of a manifest, its config as the last one; nothing where it is none.
std::optional<std::vector<Layer>> read_layers(const std::string& text) {
    try {
        const Json json = Json::parse(text);
        if (!json.is_object() || !json.contains("layers") || !json["layers"].is_array()) {
            return std::nullopt;
        }
        std::vector<Layer> layers;
        for (const Json& element : json["layers"]) {
            std::optional<Layer> layer = read_layer(element);
            if (!layer) return std::nullopt;
            layers.push_back(*std::move(layer));
        }
        if (json.contains("config")) {
            const std::optional<Layer> config = read_layer(json["config"]);
            if (config) layers.push_back(*config);
        }
        return layers;
    } catch (const Json::exception&) {
        return std::nullopt;
    }
}

std::optional<std::vector<Message>> read_messages(const std::string& text) {
    try {
        std::vector<Message> messages;
        for (const Json& element : Json::parse(text)) {
            messages.push_back(
                {.role = element.at("role").get<std::string>(),
                 .content = element.value("content", "")}
            );
        }
        return messages;
    } catch (const Json::exception&) {
        return std::nullopt;
    }
}

fs::path blob(const fs::path& root, const Layer& layer) {
    return root / "blobs" / ("sha256-" + layer.digest.substr(layer.digest.find(':') + 1));
}

/// Puts what a layer says into the model's settings.
Result<void> add_setting(const Layer& layer, const fs::path& file, LocalModel& model) {
    Result<std::string> text = read_text(file);
    if (!text) return std::move(text).error();
    ModelSettings& settings = model.settings;
    if (layer.kind == "system") {
        settings.system = std::move(text).value();
    } else if (layer.kind == "params") {
        settings.parameters = std::move(text).value();
    } else if (layer.kind == "template") {
        settings.go_template = std::move(text).value();
    } else if (layer.kind == "license") {
        if (!model.licence.empty()) model.licence += "\n\n";
        model.licence += *text;
    } else if (layer.kind == "messages") {
        auto messages = read_messages(*text);
        if (!messages) {
            return fail(ErrorCode::kCorrupt, "{} holds no list of messages", file.string());
        }
        settings.messages = *std::move(messages);
    }
    return {};
}

/// The entry of a folder whose name is `name` but for upper and lower case.
std::optional<fs::path> entry_of(const fs::path& folder, std::string_view name) {
    std::error_code failed;
    const fs::path exact = folder / name;
    if (fs::exists(exact, failed)) return exact;
    const std::string wanted = lower(name);
    for (const auto& entry : fs::directory_iterator(folder, failed)) {
        if (lower(entry.path().filename().string()) == wanted) return entry.path();
    }
    return std::nullopt;
}

}  // namespace

Result<LocalModel> Manifests::find(const ModelName& name) const {
    std::optional<fs::path> file = root_ / "manifests";
    for (const std::string* part : {&name.host, &name.space, &name.model, &name.tag}) {
        if (file) file = entry_of(*file, *part);
    }
    std::error_code failed;
    if (!file || !fs::is_regular_file(*file, failed)) {
        return fail(ErrorCode::kNotFound, "model '{}' not found", name.text());
    }
    // As it is spelled on disk.
    ModelName stored = name;
    stored.tag = file->filename().string();
    stored.model = file->parent_path().filename().string();
    Result<LocalModel> model = read(stored, *file);
    if (!model) return model;
    const auto layers = read_layers(read_text(*file).value_or(""));
    for (const Layer& layer : layers.value_or(std::vector<Layer>())) {
        const bool is_text = layer.kind == "system" || layer.kind == "params" ||
                             layer.kind == "template" || layer.kind == "license" ||
                             layer.kind == "messages";
        if (is_text) MULLAMA_TRY(add_setting(layer, blob(root_, layer), *model));
    }
    return model;
}

Result<LocalModel> Manifests::read(const ModelName& name, const fs::path& file) const {
    Result<std::string> text = read_text(file);
    if (!text) return std::move(text).error();
    const auto layers = read_layers(*text);
    if (!layers) {
        return fail(
            ErrorCode::kCorrupt,
            "the manifest of model '{}' cannot be read: remove it and pull the model again",
            name.text()
        );
    }
    LocalModel model;
    model.name = name.text();
    model.sha256 = sha256_hex(*text);
    for (const Layer& layer : *layers) {
        model.size_bytes += layer.size_bytes;
        if (layer.kind == "model" && model.file.empty()) model.file = blob(root_, layer);
        if (layer.kind == "adapter") model.adapters.push_back(blob(root_, layer));
        if (layer.kind == "draft") model.draft = blob(root_, layer);
        if (layer.kind == "projector") model.projectors.push_back(blob(root_, layer));
    }
    std::error_code failed;
    if (model.file.empty()) {
        return fail(ErrorCode::kUnsupported, "model '{}' is not in GGUF form", name.text());
    }
    if (!fs::is_regular_file(model.file, failed)) {
        return fail(
            ErrorCode::kCorrupt, "the weights of model '{}' are missing: pull it again", name.text()
        );
    }
    model.modified = fs::last_write_time(file, failed);
    return model;
}

std::vector<LocalModel> Manifests::list() const {
    std::vector<LocalModel> models;
    std::error_code failed;
    const fs::path folder = root_ / "manifests";
    fs::recursive_directory_iterator entry(folder, failed);
    for (; !failed && entry != fs::recursive_directory_iterator(); entry.increment(failed)) {
        if (!entry->is_regular_file(failed) || entry.depth() < 3) continue;
        const fs::path below = entry->path().lexically_relative(folder);
        std::vector<std::string> parts;
        for (const fs::path& part : below) parts.push_back(part.string());
        const ModelName name{
            .host = below.parent_path().parent_path().parent_path().string(),
            .space = parts[parts.size() - 3],
            .model = parts[parts.size() - 2],
            .tag = parts.back(),
        };
        Result<LocalModel> model = read(name, entry->path());
        if (model) models.push_back(std::move(model).value());
    }
    return models;
}

}  // namespace mullama::store
