#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mullama::store {

/// `text` with A to Z in lower case: model names differ by more than that.
std::string lower(std::string_view text);

/// `name` with the tag "latest" where it has none.
std::string with_tag(std::string_view name);

/// A model's name in full, "host/namespace/model:tag".
/// Source: types/model/name.go of github.com/ollama/ollama.
struct ModelName {
    std::string host = "registry.ollama.ai";
    std::string space = "library";
    std::string model = {};
    std::string tag = "latest";

    /// Reads a name, parts left out being the defaults above. Nothing where a part has letters that
    /// names do not have; no part can lead out of a folder.
    static std::optional<ModelName> parse(std::string_view text);

    /// For people: parts that are the defaults are left out, but for the tag.
    std::string text() const;
};

}  // namespace mullama::store
