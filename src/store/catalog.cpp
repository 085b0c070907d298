#include "store/catalog.h"

#include "base/error.h"
#include "store/fetch.h"
#include "store/names.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

namespace mullama::store {
namespace {

namespace fs = std::filesystem;

// Gone since it was named or downloaded: then it is not there.
std::optional<LocalModel> local_model(std::string name, const fs::path& file) {
    std::error_code failed;
    LocalModel model;
    model.name = std::move(name);
    model.file = file;
    model.size_bytes = static_cast<std::int64_t>(fs::file_size(file, failed));
    if (failed) return std::nullopt;
    model.modified = fs::last_write_time(file, failed);
    if (failed) return std::nullopt;
    return model;
}

std::optional<LocalModel> local_model(const IndexEntry& entry, const Paths& paths) {
    if (!is_downloaded(entry, paths)) return std::nullopt;
    auto model = local_model(entry.name, model_path(entry, paths));
    if (!model) return std::nullopt;
    model->sha256 = entry.sha256;
    model->licence = entry.licence;
    return model;
}

Result<void> check_files(std::vector<NamedFile>& files) {
    for (NamedFile& named : files) {
        if (named.name.empty()) {
            return fail(
                ErrorCode::kInvalidArgument,
                "the model file '{}' has no name: give NAME=FILE",
                named.file.string()
            );
        }
        std::error_code ignored;
        if (!fs::is_regular_file(named.file, ignored)) {
            return fail(ErrorCode::kNotFound, "model file '{}' not found", named.file.string());
        }
        named.name = with_tag(named.name);
    }
    return {};
}

}  // namespace

Result<Catalog> Catalog::create(Paths paths, Index index, NamedFiles files) {
    MULLAMA_TRY(check_files(files.models));
    MULLAMA_TRY(check_files(files.projectors));
    return Catalog(std::move(paths), std::move(index), std::move(files));
}

Result<Catalog> Catalog::open(NamedFiles files) {
    Result<Paths> paths = default_paths();
    if (!paths) return paths.error();
    Result<Index> index = load_index(*paths);
    if (!index) return index.error();
    return create(std::move(paths).value(), std::move(index).value(), std::move(files));
}

Result<LocalModel> Catalog::find(std::string_view name) const {
    Result<LocalModel> model = find_model(name);
    if (model) add_projectors(*model);
    return model;
}

void Catalog::add_projectors(LocalModel& model) const {
    const std::string name = lower(model.name);
    for (const NamedFile& named : files_.projectors) {
        if (lower(named.name) != name) continue;
        // Before those that come with it: the user knows better.
        model.projectors.insert(model.projectors.begin(), named.file);
    }
}

Result<LocalModel> Catalog::find_model(std::string_view name) const {
    if (const NamedFile* named = named_file(name)) {
        if (auto model = local_model(named->name, named->file)) return *model;
    }
    if (const auto parsed = ModelName::parse(name)) {
        Result<LocalModel> stored = manifests_.find(*parsed);
        if (stored || stored.error().code != ErrorCode::kNotFound) return stored;
    }
    const IndexEntry* entry = index_.find(name);
    if (entry != nullptr) {
        if (auto model = local_model(*entry, paths_)) return *model;
    }
    return fail(ErrorCode::kNotFound, "model '{}' not found", name);
}

const NamedFile* Catalog::named_file(std::string_view name) const {
    const std::string wanted = lower(with_tag(name));
    const auto found = std::ranges::find_if(files_.models, [&](const NamedFile& named) {
        return lower(named.name) == wanted;
    });
    return found == files_.models.end() ? nullptr : &*found;
}

std::vector<LocalModel> Catalog::list() const {
    std::vector<LocalModel> models;
    const auto add = [&](std::optional<LocalModel> model) {
        if (!model) return;
        const std::string name = lower(model->name);
        const bool known = std::ranges::any_of(models, [&](const LocalModel& other) {
            return lower(other.name) == name;
        });
        if (!known) models.push_back(std::move(*model));
    };
    for (const NamedFile& named : files_.models) add(local_model(named.name, named.file));
    for (LocalModel& model : manifests_.list()) add(std::move(model));
    for (const IndexEntry& entry : index_.entries()) add(local_model(entry, paths_));
    for (LocalModel& model : models) add_projectors(model);
    std::ranges::stable_sort(models, std::ranges::greater(), &LocalModel::modified);
    return models;
}

}  // namespace mullama::store
