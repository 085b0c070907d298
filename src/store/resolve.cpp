#include "store/resolve.h"

#include "base/error.h"

namespace mullama::store {
namespace {

namespace fs = std::filesystem;

std::string known_names(const Index& index) {
    std::string names;
    for (const IndexEntry& entry : index.entries()) {
        if (!names.empty()) names += ", ";
        names += entry.name;
    }
    return names;
}

Result<fs::path> resolve_file(std::string_view model) {
    fs::path path(model);
    std::error_code failed;
    fs::file_status status = fs::status(path, failed);
    if (!fs::exists(status)) {
        return fail(
            ErrorCode::kNotFound,
            "model file '{}' not found: give the path of a GGUF file, or a name that `mullama pull "
            "--help` lists",
            model
        );
    }
    if (fs::is_directory(status)) {
        return fail(
            ErrorCode::kInvalidArgument, "'{}' is a folder: give the GGUF file inside it", model
        );
    }
    return path;
}

}  // namespace

bool is_file(std::string_view model) {
    if (model.ends_with(".gguf")) return true;
    if (model.starts_with('/') || model.starts_with("./") || model.starts_with("../")) return true;
    std::error_code failed;
    return model.find('/') != std::string_view::npos && fs::exists(fs::path(model), failed);
}

Result<IndexEntry> find_entry(std::string_view name, const Index& index) {
    if (name.empty()) {
        return fail(
            ErrorCode::kInvalidArgument,
            "the model name is empty: give a GGUF file or one of {}",
            known_names(index)
        );
    }
    const IndexEntry* entry = index.find(name);
    if (entry != nullptr) return *entry;
    return fail(
        ErrorCode::kNotFound,
        "model '{}' not found: give a GGUF file or one of the known models: {}",
        name,
        known_names(index)
    );
}

Result<fs::path> resolve(
    std::string_view model,
    FetchPolicy policy,
    const Index& index,
    const Paths& paths,
    const FetchOptions& options
) {
    if (is_file(model)) return resolve_file(model);
    Result<IndexEntry> entry = find_entry(model, index);
    if (!entry) return entry.error();
    if (policy == FetchPolicy::kIfMissing) return fetch(*entry, paths, options);
    if (is_downloaded(*entry, paths)) return model_path(*entry, paths);
    return fail(
        ErrorCode::kUnavailable,
        "model '{}' is not downloaded: run `mullama pull {}`",
        model,
        entry->name
    );
}

Result<fs::path> resolve(std::string_view model, FetchPolicy policy, const FetchOptions& options) {
    // A file needs no index: a broken one must not stand in its way.
    if (is_file(model)) return resolve_file(model);
    Result<Paths> paths = default_paths();
    if (!paths) return paths.error();
    Result<Index> index = load_index(*paths);
    if (!index) return index.error();
    return resolve(model, policy, *index, *paths, options);
}

}  // namespace mullama::store
