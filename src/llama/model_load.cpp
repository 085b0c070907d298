#include "base/error.h"
#include "llama/engine_guard.h"
#include "llama/fingerprint.h"
#include "llama/handles.h"
#include "llama/model_check.h"
#include "llama/model_params.h"
#include "llama/model_values.h"
#include "llama/repack_choice.h"
#include <mullama/gguf.h>
#include <mullama/model.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <ggml-backend.h>

namespace mullama {
namespace {

namespace fs = std::filesystem;

// Tensors start at multiples of this in the file, or cannot be used where they are mapped.
constexpr std::uint32_t kMappedAlignment = 32;

Result<std::vector<GgufFile>> open_parts(std::span<const fs::path> paths) {
    std::vector<GgufFile> files;
    for (const fs::path& path : paths) {
        auto file = GgufFile::open(path);
        if (!file) return std::move(file).error();
        files.push_back(*std::move(file));
    }
    return files;
}

// The paths of all parts of the model whose first part is `file`.
Result<std::vector<fs::path>> parts_beside(const GgufFile& file) {
    const GgufSplit split = file.split().value_or(GgufSplit{});
    if (split.count <= 1) return std::vector{file.path()};
    if (split.number != 0) {
        return fail(
            ErrorCode::kInvalidArgument,
            "{} is part {} of a model of {} files: give the first",
            file.path().string(),
            split.number + 1,
            split.count
        );
    }
    const std::string suffix = gguf_split_path("", 0, split.count).string();
    const std::string path = file.path().string();
    if (!path.ends_with(suffix)) {
        return fail(
            ErrorCode::kInvalidArgument,
            "{} is the first of {} files and its name does not end in {}: rename it or load the "
            "parts by name",
            path,
            split.count,
            suffix
        );
    }
    const fs::path prefix = path.substr(0, path.size() - suffix.size());
    std::vector<fs::path> parts;
    for (std::uint16_t i = 0; i < split.count; ++i) {
        parts.push_back(gguf_split_path(prefix, i, split.count));
    }
    return parts;
}

Result<void> check_parts(std::span<const GgufFile> files) {
    const std::size_t count = files.size();
    for (std::size_t i = 0; i < count; ++i) {
        const GgufSplit split = files[i].split().value_or(GgufSplit{});
        if (split.number == i && std::max<std::size_t>(split.count, 1) == count) continue;
        return fail(
            ErrorCode::kInvalidArgument,
            "{} says it is part {} of {}, and stands as part {} of {}: give all parts in order",
            files[i].path().string(),
            split.number + 1,
            split.count,
            i + 1,
            count
        );
    }
    return {};
}

llama_model_ptr run_loader(std::span<const fs::path> paths, llama_model_params params) {
    std::vector<std::string> names;
    for (const fs::path& path : paths) names.push_back(path.string());
    if (names.size() == 1) {
        return llama_model_ptr(llama_model_load_from_file(names[0].c_str(), params));
    }
    std::vector<const char*> pointers;
    for (const std::string& name : names) pointers.push_back(name.c_str());
    return llama_model_ptr(llama_model_load_from_splits(pointers.data(), pointers.size(), params));
}

ErrorCode code_of(const EngineGuard& guard) {
    if (guard.out_of_memory()) return ErrorCode::kExhausted;
    const std::string reason = guard.reason();
    for (const auto* words :
         {"unknown model architecture",
          "unknown pre-tokenizer",
          "CLIP cannot",
          "unknown tokenizer",
          "not supported",
          "unsupported"}) {
        if (reason.find(words) != std::string::npos) return ErrorCode::kUnsupported;
    }
    return ErrorCode::kCorrupt;
}

// The options as the engine can take them for this file.
ModelOptions fit_options(std::span<const GgufFile> files, ModelOptions options) {
    const bool aligned = std::all_of(files.begin(), files.end(), [](const GgufFile& file) {
        return file.alignment() % kMappedAlignment == 0;
    });
    if (!aligned && options.load_mode == LoadMode::kAuto) options.load_mode = LoadMode::kRead;
    const bool is_for_cpu = options.gpu_layers == 0 ||
                            ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_GPU) == nullptr;
    if (!options.repack && !options.vocab_only && is_for_cpu) {
        options.repack = repacking_pays(files, [&](GgufTensorType type) {
            return known_repack_times(type, options.tuning_file, options.retune);
        });
    }
    return options;
}

Result<void> check_alignment(std::span<const GgufFile> files, const ModelOptions& options) {
    if (options.load_mode != LoadMode::kMmap && options.load_mode != LoadMode::kMmapMlock)
        return {};
    for (const GgufFile& file : files) {
        if (file.alignment() % kMappedAlignment == 0) continue;
        return fail(
            ErrorCode::kUnsupported,
            "{} aligns tensors to {} bytes, mapping it needs {}: load it without mapping",
            file.path().string(),
            file.alignment(),
            kMappedAlignment
        );
    }
    return {};
}

std::int64_t learned_positions(std::span<const GgufFile> files) {
    for (const GgufFile& file : files) {
        const GgufTensor* tensor = file.find_tensor("position_embd.weight");
        if (tensor != nullptr && tensor->shape.size() >= 2) return tensor->shape[1];
    }
    return 0;
}

bool has_tensor(std::span<const GgufFile> files, std::string_view name) {
    return std::any_of(files.begin(), files.end(), [&](const GgufFile& file) {
        return file.find_tensor(name) != nullptr;
    });
}

bool has_quantized(std::span<const GgufFile> files) {
    for (const GgufFile& file : files) {
        for (const GgufTensor& tensor : file.tensors()) {
            if (block_elements(tensor.type) > 1) return true;
        }
    }
    return false;
}

std::shared_ptr<const ModelImpl> describe(
    llama_model_ptr model, std::span<const GgufFile> files, const ModelOptions& options
) {
    auto impl = std::make_shared<ModelImpl>();
    impl->vocab = Handles::make_vocab(llama_model_get_vocab(model.get()));
    impl->model = std::move(model);
    impl->architecture = architecture_of(files.front());
    impl->fingerprint = fingerprint(files, options.metadata_overrides);
    impl->files = files_fingerprint(files);
    impl->vocab_only = options.vocab_only;
    impl->repacked = options.repack.value_or(true) && has_quantized(files);
    impl->classifier = has_tensor(files, "cls.weight") || has_tensor(files, "cls.output.weight");
    impl->positions_max = learned_positions(files);
    return impl;
}

Result<Model> load_files(std::span<const GgufFile> files, const ModelOptions& given_options) {
    std::vector<fs::path> paths;
    for (const GgufFile& file : files) paths.push_back(file.path());
    const std::string name = paths.front().string();
    MULLAMA_TRY(check_parts(files));
    const ModelOptions options = fit_options(files, given_options);
    MULLAMA_TRY(check_alignment(files, options));
    if (auto checked = check_model(files, options.metadata_overrides, options.vocab_only);
        !checked) {
        return fail(checked.error().code, "{}: {}", name, checked.error().message);
    }
    auto params = ModelParams::make(options);
    if (!params) return std::move(params).error();
    const EngineGuard guard;
    llama_model_ptr model = run_loader(paths, (*params)->params);
    if ((*params)->cancelled()) {
        return fail(ErrorCode::kCancelled, "loading {} was cancelled", name);
    }
    if (!model) {
        return fail(code_of(guard), "{} could not be loaded: {}", name, guard.reason());
    }
    return Handles::make_model(describe(std::move(model), files, options));
}

}  // namespace

Result<Model> Model::load(const fs::path& path, const ModelOptions& options) {
    auto first = GgufFile::open(path);
    if (!first) return std::move(first).error();
    auto parts = parts_beside(*first);
    if (!parts) return std::move(parts).error();
    auto files = open_parts(std::span(*parts).subspan(1));
    if (!files) return std::move(files).error();
    files->insert(files->begin(), *std::move(first));
    return load_files(*files, options);
}

Result<Model> Model::load_splits(std::span<const fs::path> paths, const ModelOptions& options) {
    if (paths.empty()) return fail(ErrorCode::kInvalidArgument, "a model has at least one file");
    auto files = open_parts(paths);
    if (!files) return std::move(files).error();
    return load_files(*files, options);
}

}  // namespace mullama
