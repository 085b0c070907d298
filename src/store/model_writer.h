#pragma once

#include "store/blobs.h"
#include "store/file_lock.h"
#include "store/manifests.h"
#include "store/names.h"
#include <mullama/result.h>

#include <filesystem>
#include <string_view>

namespace mullama::store {

/// Changes a folder of models in Ollama's form. Nobody else of ours changes it while one lives. A
/// model's manifest is written last and removed first, so that what has one is complete whenever
/// the program ends.
/// Threads: thread-compatible.
class ModelWriter {
  public:
    /// Makes the folder where there is none, and waits until nobody else changes it.
    /// Errors: kIo: it cannot be made or locked.
    static Result<ModelWriter> open(const std::filesystem::path& root);

    const Blobs& blobs() const { return blobs_; }

    /// Gives a model the manifest `text`, whose blobs are there. Replaces the model of the name,
    /// upper and lower case being the same, and removes what only that one needed.
    /// Errors: kIo.
    Result<void> write(const ModelName& name, std::string_view text);

    /// Removes a model, and the blobs that no other model has. Where a manifest cannot be read,
    /// they all stay: it may name them.
    /// Errors: kNotFound: no such model. kIo.
    Result<void> remove(const ModelName& name);

  private:
    ModelWriter(FileLock lock, std::filesystem::path root)
        : lock_(std::move(lock)),
          root_(std::move(root)),
          blobs_(root_ / "blobs"),
          manifests_(root_) {}

    Result<void> drop_unused(const Manifest& manifest) const;

    FileLock lock_;
    std::filesystem::path root_;
    Blobs blobs_;
    Manifests manifests_;
};

}  // namespace mullama::store
