#include "store/manifests.h"

#include "base/error.h"
#include "base/sha256.h"
#include "store/text_file.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

namespace mullama::store {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

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

/// Puts what a layer says into the model's settings.
Result<void> add_setting(const Layer& layer, const fs::path& file, LocalModel& model) {
    Result<std::string> text = read_text(file);
    if (!text) return std::move(text).error();
    ModelSettings& settings = model.settings;
    const std::string_view kind = layer.kind();
    if (kind == "system") {
        settings.system = std::move(text).value();
    } else if (kind == "params") {
        settings.parameters = std::move(text).value();
    } else if (kind == "template") {
        settings.go_template = std::move(text).value();
    } else if (kind == "license") {
        if (!model.licence.empty()) model.licence += "\n\n";
        model.licence += *text;
    } else if (kind == "messages") {
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

/// A manifest as it lies in a file.
struct Manifests::Stored {
    std::filesystem::path file;
    std::string text;
    Manifest manifest;
};

Result<LocalModel> Manifests::find(const ModelName& name) const {
    const std::optional<fs::path> found = file(name);
    if (!found) return fail(ErrorCode::kNotFound, "model '{}' not found", name.text());
    // As it is spelled on disk.
    ModelName spelled = name;
    spelled.tag = found->filename().string();
    spelled.model = found->parent_path().filename().string();
    const Result<Stored> stored = read(spelled, *found);
    if (!stored) return stored.error();
    Result<LocalModel> model = describe(spelled, *stored);
    if (!model) return model;
    for (const Layer& layer : stored->manifest.layers) {
        const std::string_view kind = layer.kind();
        const bool is_text = kind == "system" || kind == "params" || kind == "template" ||
                             kind == "license" || kind == "messages";
        if (is_text) MULLAMA_TRY(add_setting(layer, blobs_.path(layer.digest), *model));
    }
    return model;
}

Result<Manifest> Manifests::manifest(const ModelName& name) const {
    const std::optional<fs::path> found = file(name);
    if (!found) return fail(ErrorCode::kNotFound, "model '{}' not found", name.text());
    Result<Stored> stored = read(name, *found);
    if (!stored) return std::move(stored).error();
    return std::move(stored->manifest);
}

std::optional<fs::path> Manifests::file(const ModelName& name) const {
    std::optional<fs::path> file = root_ / "manifests";
    for (const std::string* part : {&name.host, &name.space, &name.model, &name.tag}) {
        if (file) file = entry_of(*file, *part);
    }
    std::error_code failed;
    return file && fs::is_regular_file(*file, failed) ? file : std::nullopt;
}

Result<Manifests::Stored> Manifests::read(const ModelName& name, const fs::path& file) {
    Result<std::string> text = read_text(file);
    if (!text) return std::move(text).error();
    std::optional<Manifest> manifest = Manifest::parse(*text);
    if (manifest) return Stored{file, std::move(text).value(), *std::move(manifest)};
    return fail(
        ErrorCode::kCorrupt,
        "the manifest of model '{}' cannot be read: remove it and pull the model again",
        name.text()
    );
}

Result<LocalModel> Manifests::describe(const ModelName& name, const Stored& stored) const {
    LocalModel model;
    model.name = name.text();
    model.sha256 = sha256_hex(stored.text);
    if (stored.manifest.config) model.size_bytes += stored.manifest.config->size_bytes;
    for (const Layer& layer : stored.manifest.layers) {
        model.size_bytes += layer.size_bytes;
        const std::string_view kind = layer.kind();
        const fs::path blob = blobs_.path(layer.digest);
        if (kind == "model" && model.file.empty()) model.file = blob;
        if (kind == "adapter") model.adapters.push_back(blob);
        if (kind == "draft") model.draft = blob;
        if (kind == "projector") model.projectors.push_back(blob);
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
    model.modified = fs::last_write_time(stored.file, failed);
    return model;
}

std::vector<fs::path> Manifests::files() const {
    std::vector<fs::path> files;
    std::error_code failed;
    fs::recursive_directory_iterator entry(root_ / "manifests", failed);
    for (; !failed && entry != fs::recursive_directory_iterator(); entry.increment(failed)) {
        if (entry->is_regular_file(failed) && entry.depth() >= 3) files.push_back(entry->path());
    }
    return files;
}

std::vector<LocalModel> Manifests::list() const {
    std::vector<LocalModel> models;
    for (const fs::path& file : files()) {
        const fs::path below = file.lexically_relative(root_ / "manifests");
        std::vector<std::string> parts;
        for (const fs::path& part : below) parts.push_back(part.string());
        const ModelName name{
            .host = below.parent_path().parent_path().parent_path().string(),
            .space = parts[parts.size() - 3],
            .model = parts[parts.size() - 2],
            .tag = parts.back(),
        };
        const Result<Stored> stored = read(name, file);
        if (!stored) continue;
        Result<LocalModel> model = describe(name, *stored);
        if (model) models.push_back(std::move(model).value());
    }
    return models;
}

}  // namespace mullama::store
