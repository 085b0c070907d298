#pragma once

#include "store/index.h"
#include "store/local_model.h"
#include "store/manifests.h"
#include "store/paths.h"
#include <mullama/result.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace mullama::store {

/// A name that the user gave to a model file.
struct NamedFile {
    std::string name;
    std::filesystem::path file;
};

/// A catalog's files under names of the user's.
struct NamedFiles {
    std::vector<NamedFile> models = {};
    /// For models of these names, wherever they come from.
    std::vector<NamedFile> projectors = {};
};

/// The models on this machine by name: named files, those of a folder in Ollama's form, and those
/// of the index that are downloaded. Of one name the first counts, in this order. What is
/// downloaded while one lives is found too. Threads: immutable, thread-safe.
class Catalog {
  public:
    /// Errors: kInvalidArgument: a named file without a name. kNotFound: one that is not there.
    static Result<Catalog> create(Paths paths, Index index, NamedFiles files);

    /// create() with the user's paths and index.
    /// Errors: as above, and those of default_paths() and load_index().
    static Result<Catalog> open(NamedFiles files = {});

    /// The model of a name, upper and lower case being the same; without a tag as Index::find(),
    /// or the tag "latest".
    /// Errors: kNotFound: no such model here; the message is Ollama's. Those of Manifests::find().
    Result<LocalModel> find(std::string_view name) const;

    /// All of them, the newest first.
    std::vector<LocalModel> list() const;

  private:
    Catalog(Paths paths, Index index, NamedFiles files)
        : paths_(std::move(paths)),
          manifests_(paths_.models()),
          index_(std::move(index)),
          files_(std::move(files)) {}

    Result<LocalModel> find_model(std::string_view name) const;
    void add_projectors(LocalModel& model) const;

    Paths paths_;
    Manifests manifests_;
    Index index_;
    NamedFiles files_;
};

}  // namespace mullama::store
