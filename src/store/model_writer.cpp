#include "store/model_writer.h"

#include "base/error.h"
#include "store/text_file.h"

#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace mullama::store {
namespace {

namespace fs = std::filesystem;

Error refused(const fs::path& path, const std::error_code& reason) {
    return fail(
        ErrorCode::kIo,
        "cannot change {} ({}): check the folder's permissions",
        path.string(),
        reason.message()
    );
}

std::optional<Manifest> read_manifest(const fs::path& file) {
    const Result<std::string> text = read_text(file);
    return text ? Manifest::parse(*text) : std::nullopt;
}

std::vector<std::string> digests_of(const Manifest& manifest) {
    std::vector<std::string> digests;
    if (manifest.config) digests.push_back(manifest.config->digest);
    for (const Layer& layer : manifest.layers) digests.push_back(layer.digest);
    return digests;
}

}  // namespace

Result<ModelWriter> ModelWriter::open(const fs::path& root) {
    std::error_code failed;
    fs::create_directories(root, failed);
    if (failed) return refused(root, failed);
    Result<FileLock> lock = FileLock::acquire(root / ".mullama-lock", [] {});
    if (!lock) return std::move(lock).error();
    return ModelWriter(std::move(lock).value(), root);
}

Result<void> ModelWriter::write(const ModelName& name, std::string_view text) {
    const std::optional<fs::path> stored = manifests_.file(name);
    const auto before = stored ? read_manifest(*stored) : std::nullopt;
    const fs::path target = root_ / "manifests" / name.host / name.space / name.model / name.tag;
    MULLAMA_TRY(blobs_.write(stored.value_or(target), text));
    return before ? drop_unused(*before) : Result<void>();
}

Result<void> ModelWriter::remove(const ModelName& name) {
    const std::optional<fs::path> file = manifests_.file(name);
    if (!file) return fail(ErrorCode::kNotFound, "model '{}' not found", name.text());
    const std::optional<Manifest> manifest = read_manifest(*file);
    std::error_code failed;
    if (!fs::remove(*file, failed)) return refused(*file, failed);
    // Folders that have become empty: the model's, its namespace's and its host's.
    fs::path folder = file->parent_path();
    for (int i = 0; i < 3 && fs::remove(folder, failed) && !failed; ++i) {
        folder = folder.parent_path();
    }
    return manifest ? drop_unused(*manifest) : Result<void>();
}

Result<void> ModelWriter::drop_unused(const Manifest& manifest) const {
    std::set<std::string> used;
    for (const fs::path& file : manifests_.files()) {
        const std::optional<Manifest> other = read_manifest(file);
        if (!other) return {};
        for (std::string& digest : digests_of(*other)) used.insert(std::move(digest));
    }
    for (const std::string& digest : digests_of(manifest)) {
        std::error_code failed;
        if (!used.contains(digest)) fs::remove(blobs_.path(digest), failed);
        if (failed) return refused(blobs_.path(digest), failed);
    }
    return {};
}

}  // namespace mullama::store
