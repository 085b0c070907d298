#include "cli/model_file.h"

#include "base/error.h"
#include "cli/human_format.h"
#include "cli/model_table.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "store/catalog.h"
#include "store/resolve.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

namespace mullama::cli {
namespace {

namespace fs = std::filesystem;

/// The user's paths and the index there.
struct Store {
    store::Paths paths;
    store::Index index;
};

Result<Store> open_store() {
    Result<store::Paths> paths = store::default_paths();
    if (!paths) return paths.error();
    Result<store::Index> index = store::load_index(*paths);
    if (!index) return index.error();
    return Store{*paths, std::move(index).value()};
}

store::FetchOptions fetch_options() {
    store::FetchOptions options;
    options.visible = is_terminal(STDERR_FILENO);
    options.on_status = [](std::string_view status) { fmt::print(stderr, "{}\n", status); };
    return options;
}

fs::path seeing(const std::vector<fs::path>& projectors) {
    const auto found = std::ranges::find_if(projectors, store::sees);
    return found == projectors.end() ? fs::path() : *found;
}

}  // namespace

Result<ModelFile> find_model_file(const std::string& name) {
    if (store::is_file(name)) {
        Result<fs::path> path = store::resolve(name, store::FetchPolicy::kNever);
        if (!path) return path.error();
        return ModelFile{name, *path, {}};
    }
    Result<Store> store = open_store();
    if (!store) return store.error();
    Result<store::Catalog> catalog = store::Catalog::create(store->paths, store->index, {});
    if (!catalog) return catalog.error();
    Result<store::LocalModel> local = catalog->find(name);
    if (local) {
        return ModelFile{
            name,
            local->file,
            local->licence,
            seeing(local->projectors),
            local->adapters,
            local->draft,
        };
    }
    Result<store::IndexEntry> entry = store::find_entry(name, store->index);
    if (!entry) return entry.error();
    Result<fs::path> path = store::fetch(*entry, store->paths, fetch_options());
    if (!path) return path.error();
    return ModelFile{name, *path, entry->licence};
}

Result<store::ModelDetails> file_details(const ModelFile& file) {
    Result<store::ModelDetails> details = store::read_details(file.path);
    if (!details) return details;
    if (details->licence.empty()) details->licence = file.licence;
    if (!file.projector.empty()) {
        details->capabilities = store::with_vision(std::move(details->capabilities));
    }
    return details;
}

Result<void> pull_model(const std::string& name) {
    if (store::is_file(name)) {
        return fail(
            ErrorCode::kInvalidArgument,
            "'{}' is a file: `mullama pull` takes a name that `mullama pull --help` lists",
            name
        );
    }
    Result<Store> store = open_store();
    if (!store) return store.error();
    Result<store::IndexEntry> entry = store::find_entry(name, store->index);
    if (!entry) return entry.error();
    if (store::is_downloaded(*entry, store->paths)) {
        fmt::print(stderr, "verifying sha256 digest\n");
        return store::verify(*entry, store->paths);
    }
    Result<fs::path> path = store::fetch(*entry, store->paths, fetch_options());
    if (!path) return path.error();
    return {};
}

Result<std::string> model_list(const std::string& prefix) {
    Result<store::Catalog> catalog = store::Catalog::open();
    if (!catalog) return catalog.error();
    std::vector<ListedModel> models;
    for (const store::LocalModel& model : catalog->list()) {
        auto age = fs::file_time_type::clock::now() - model.modified;
        models.push_back({
            model.name,
            model.sha256,
            model.size_bytes,
            std::chrono::duration_cast<std::chrono::seconds>(age).count(),
        });
    }
    return model_table(models, prefix);
}

std::string known_models_help() {
    Result<Store> store = open_store();
    // Help must come even where the user's index is broken; a command that needs it says so.
    if (!store) return "";
    std::vector<std::vector<std::string>> rows;
    for (const store::IndexEntry& entry : store->index.entries()) {
        rows.push_back({entry.name, human_bytes(entry.size_bytes), entry.description});
    }
    return render_table(rows, 2);
}

}  // namespace mullama::cli
