#pragma once

#include "store/blobs.h"
#include "store/local_model.h"
#include "store/manifest.h"
#include "store/names.h"
#include <mullama/result.h>

#include <filesystem>
#include <optional>
#include <vector>

namespace mullama::store {

/// A folder of models as Ollama lays it out, read as it is: manifests/<host>/<namespace>/<model>/
/// <tag> name the blobs/sha256-<digest> that a model is made of.
/// Threads: thread-safe; what is written meanwhile is found too.
/// Source:  manifest/ of github.com/ollama/ollama.
class Manifests {
  public:
    explicit Manifests(std::filesystem::path root)
        : root_(std::move(root)), blobs_(root_ / "blobs") {}

    /// The model of a name, upper and lower case being the same, with its settings.
    /// Errors:  kNotFound: no such model. kCorrupt: its manifest, or a blob that it names, is not
    ///          what it ought to be. kUnsupported: it is no GGUF file. kIo: a file cannot be read.
    Result<LocalModel> find(const ModelName& name) const;

    /// All models whose manifest can be read, without their settings.
    std::vector<LocalModel> list() const;

    /// The manifest of a model, whether its blobs are there or not.
    /// Errors:  kNotFound: no such model. kCorrupt: it is none. kIo.
    Result<Manifest> manifest(const ModelName& name) const;

    /// Where the manifest of a model lies, upper and lower case being the same.
    std::optional<std::filesystem::path> file(const ModelName& name) const;

    /// The manifests of all models, or what lies in their place.
    std::vector<std::filesystem::path> files() const;

  private:
    struct Stored;
    static Result<Stored> read(const ModelName& name, const std::filesystem::path& file);
    Result<LocalModel> describe(const ModelName& name, const Stored& stored) const;

    std::filesystem::path root_;
    Blobs blobs_;
};

}  // namespace mullama::store
