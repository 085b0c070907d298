#pragma once

#include "store/fetch.h"
#include "store/index.h"
#include "store/paths.h"
#include <mullama/result.h>

#include <filesystem>
#include <string_view>

namespace mullama::store {

/// What to do for a model that is known by name and not here yet.
enum class FetchPolicy {
    kNever,      ///< An error.
    kIfMissing,  ///< Download it.
};

/// True where `model` is a file rather than a name: it ends with ".gguf", begins with '/', "./" or
/// "../", or holds a '/' and is there.
bool is_file(std::string_view model);

/// The entry for a name.
/// Errors: kNotFound: no such name; the message lists the known ones. kInvalidArgument: it is
/// empty.
Result<IndexEntry> find_entry(std::string_view name, const Index& index);

/// The model file for what a user typed: a file as it is, or a name from the index.
/// Errors:  kNotFound: no such file or name. kInvalidArgument: a folder, or an empty name.
///          kUnavailable: not downloaded and `policy` is kNever. And those of fetch().
/// Threads: thread-safe. Blocks while it downloads.
Result<std::filesystem::path> resolve(
    std::string_view model,
    FetchPolicy policy,
    const Index& index,
    const Paths& paths,
    const FetchOptions& options = {}
);

/// resolve() with the default paths and the index found there.
/// Errors: as above, and those of default_paths() and load_index().
Result<std::filesystem::path> resolve(
    std::string_view model, FetchPolicy policy, const FetchOptions& options = {}
);

}  // namespace mullama::store
