#pragma once

#include "store/index.h"
#include "store/local_model.h"
#include "store/manifests.h"
#include "store/model_maker.h"
#include "store/new_model.h"
#include "store/paths.h"
#include <mullama/result.h>

#include <cstdint>
#include <filesystem>
#include <optional>
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

    /// Gives a model a second name; `destination` is replaced where there is one. No weights are
    /// copied where the file system can share them.
    /// Errors: kInvalidArgument: a name is none. kNotFound: no such model. Those of ModelMaker.
    Result<void> copy(std::string_view source, std::string_view destination) const;

    /// Removes a model and what no other model needs of it.
    /// Errors: kInvalidArgument: the name is none, or the user's configuration names its file.
    ///         kNotFound: no such model. kIo.
    Result<void> remove(std::string_view name) const;

    /// Makes a model under a name, which is replaced where there is one.
    /// Errors:  kInvalidArgument: the name is none, or ModelMaker refuses the pieces. kNotFound:
    ///          there is no model `from`. kCorrupt, kIo.
    /// Threads: blocks while files are read.
    Result<void> make(
        std::string_view name, const NewModel& model, const OnCreateStatus& on_status = {}
    ) const;

  private:
    Catalog(Paths paths, Index index, NamedFiles files)
        : paths_(std::move(paths)),
          manifests_(paths_.models()),
          index_(std::move(index)),
          files_(std::move(files)) {}

    Result<LocalModel> find_model(std::string_view name) const;
    const NamedFile* named_file(std::string_view name) const;
    /// The manifest of a model that is a stored one.
    std::optional<std::filesystem::path> stored(std::string_view name) const;
    /// Begins with a model that is here.
    Result<void> begin(ModelMaker& maker, std::string_view from) const;
    void add_projectors(LocalModel& model) const;

    Paths paths_;
    Manifests manifests_;
    Index index_;
    NamedFiles files_;
};

}  // namespace mullama::store
