#include "base/error.h"
#include "store/catalog.h"
#include "store/fetch.h"
#include "store/model_maker.h"
#include "store/model_writer.h"
#include "store/text_file.h"

#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace mullama::store {

Result<void> Catalog::copy(std::string_view source, std::string_view destination) const {
    if (!ModelName::parse(source)) {
        return fail(ErrorCode::kInvalidArgument, "source \"{}\" is invalid", source);
    }
    const auto name = ModelName::parse(destination);
    if (!name) {
        return fail(ErrorCode::kInvalidArgument, "destination \"{}\" is invalid", destination);
    }
    if (!stored(source)) return make(destination, {.from = std::string(source)});
    Result<ModelWriter> writer = ModelWriter::open(paths_.models());
    if (!writer) return std::move(writer).error();
    const auto file = stored(source);
    if (!file) return fail(ErrorCode::kNotFound, "model '{}' not found", source);
    const Result<std::string> text = read_text(*file);
    return text ? writer->write(*name, *text) : text.error();
}

Result<void> Catalog::remove(std::string_view name) const {
    const auto parsed = ModelName::parse(name);
    if (!parsed) return fail(ErrorCode::kInvalidArgument, "name \"{}\" is invalid", name);
    if (const NamedFile* named = named_file(name)) {
        return fail(
            ErrorCode::kInvalidArgument,
            "\"{}\" is the file {}: take it out of the server's settings",
            name,
            named->file.string()
        );
    }
    if (stored(name)) {
        Result<ModelWriter> writer = ModelWriter::open(paths_.models());
        if (!writer) return std::move(writer).error();
        return writer->remove(*parsed);
    }
    const IndexEntry* entry = index_.find(name);
    std::error_code failed;
    if (entry != nullptr && std::filesystem::remove(model_path(*entry, paths_), failed)) return {};
    if (failed) {
        return fail(
            ErrorCode::kIo,
            "cannot remove {} ({})",
            model_path(*entry, paths_).string(),
            failed.message()
        );
    }
    return fail(ErrorCode::kNotFound, "model '{}' not found", name);
}

Result<void> Catalog::make(
    std::string_view name, const NewModel& model, const OnCreateStatus& on_status
) const {
    const auto parsed = ModelName::parse(name);
    if (!parsed) return fail(ErrorCode::kInvalidArgument, "invalid model name");
    Result<ModelWriter> writer = ModelWriter::open(paths_.models());
    if (!writer) return std::move(writer).error();
    ModelMaker maker(writer->blobs(), on_status);
    if (!model.from.empty()) MULLAMA_TRY(begin(maker, model.from));
    const Result<Manifest> manifest = maker.finish(model);
    if (!manifest) return manifest.error();
    if (on_status) on_status("writing manifest");
    return writer->write(*parsed, manifest->text());
}

std::optional<std::filesystem::path> Catalog::stored(std::string_view name) const {
    const auto parsed = ModelName::parse(name);
    if (!parsed || named_file(name) != nullptr) return std::nullopt;
    return manifests_.file(*parsed);
}

Result<void> Catalog::begin(ModelMaker& maker, std::string_view from) const {
    if (stored(from)) {
        const Result<Manifest> manifest = manifests_.manifest(*ModelName::parse(from));
        return manifest ? maker.begin(*manifest) : manifest.error();
    }
    const Result<LocalModel> model = find(from);
    return model ? maker.begin(*model) : model.error();
}

}  // namespace mullama::store
