#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mullama::store {

/// A piece of a model: a file among the blobs.
struct Layer {
    std::string media_type;
    std::string digest;  ///< "sha256:" and 64 lower-case hexadecimal digits.
    std::int64_t size_bytes = 0;

    /// One of Ollama's own: "application/vnd.ollama.image.<kind>".
    static std::string media_type_of(std::string_view kind);

    /// "model", "system", ...; empty where it is none of Ollama's own. Valid while the layer is.
    std::string_view kind() const;

    friend bool operator==(const Layer&, const Layer&) = default;
};

/// What a model is made of.
/// Source: Docker's image manifest, version 2, schema 2.
struct Manifest {
    std::optional<Layer> config = std::nullopt;
    std::vector<Layer> layers = {};

    /// Nothing where the text is no manifest, or a digest is none.
    static std::optional<Manifest> parse(const std::string& text);

    /// As Ollama writes it, byte for byte.
    std::string text() const;

    friend bool operator==(const Manifest&, const Manifest&) = default;
};

}  // namespace mullama::store
