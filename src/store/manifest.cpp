#include "store/manifest.h"

#include "base/sha256.h"

#include <nlohmann/json.hpp>

namespace mullama::store {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kLayerPrefix = "application/vnd.ollama.image.";
constexpr std::string_view kManifestType = "application/vnd.docker.distribution.manifest.v2+json";

bool is_digest(std::string_view text) {
    constexpr std::string_view kPrefix = "sha256:";
    return text.starts_with(kPrefix) && is_sha256_hex(text.substr(kPrefix.size()));
}

std::optional<Layer> read_layer(const Json& json) {
    if (!json.is_object()) return std::nullopt;
    Layer layer{
        json.value("mediaType", ""),
        json.value("digest", ""),
        json.value("size", std::int64_t{0}),
    };
    if (!is_digest(layer.digest) || layer.size_bytes < 0) return std::nullopt;
    return layer;
}

Json to_json(const Layer& layer) {
    return {
        {"mediaType", layer.media_type},
        {"digest", layer.digest},
        {"size", layer.size_bytes},
    };
}

}  // namespace

std::string Layer::media_type_of(std::string_view kind) {
    return std::string(kLayerPrefix).append(kind);
}

std::string_view Layer::kind() const {
    const std::string_view type = media_type;
    return type.starts_with(kLayerPrefix) ? type.substr(kLayerPrefix.size()) : "";
}

std::optional<Manifest> Manifest::parse(const std::string& text) {
    try {
        const Json json = Json::parse(text);
        if (!json.is_object() || !json.contains("layers") || !json["layers"].is_array()) {
            return std::nullopt;
        }
        Manifest manifest;
        for (const Json& element : json["layers"]) {
            std::optional<Layer> layer = read_layer(element);
            if (!layer) return std::nullopt;
            manifest.layers.push_back(*std::move(layer));
        }
        if (json.contains("config")) manifest.config = read_layer(json["config"]);
        return manifest;
    } catch (const Json::exception&) {
        return std::nullopt;
    }
}

std::string Manifest::text() const {
    Json json = {{"schemaVersion", 2}, {"mediaType", kManifestType}};
    if (config) json["config"] = to_json(*config);
    json["layers"] = Json::array();
    for (const Layer& layer : layers) json["layers"].push_back(to_json(layer));
    return json.dump() + "\n";
}

}  // namespace mullama::store
