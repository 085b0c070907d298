#include "llama/model_params.h"

#include "base/error.h"
#include "llama/engine_guard.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace mullama {
namespace {

constexpr std::size_t kOverridesMax = 64;

llama_split_mode to_engine(SplitMode mode) {
    switch (mode) {
        case SplitMode::kNone:
            return LLAMA_SPLIT_MODE_NONE;
        case SplitMode::kLayer:
            return LLAMA_SPLIT_MODE_LAYER;
        case SplitMode::kRow:
            return LLAMA_SPLIT_MODE_ROW;
        case SplitMode::kTensor:
            return LLAMA_SPLIT_MODE_TENSOR;
    }
    return LLAMA_SPLIT_MODE_LAYER;
}

llama_load_mode to_engine(LoadMode mode) {
    switch (mode) {
        case LoadMode::kAuto:
            return LLAMA_LOAD_MODE_AUTO;
        case LoadMode::kRead:
            return LLAMA_LOAD_MODE_NONE;
        case LoadMode::kMmap:
            return LLAMA_LOAD_MODE_MMAP;
        case LoadMode::kMlock:
            return LLAMA_LOAD_MODE_MLOCK;
        case LoadMode::kMmapMlock:
            return LLAMA_LOAD_MODE_MMAP_MLOCK;
        case LoadMode::kDirectIo:
            return LLAMA_LOAD_MODE_DIRECT_IO;
    }
    return LLAMA_LOAD_MODE_AUTO;
}

bool copy_text(const std::string& from, std::span<char> to) {
    if (from.size() >= to.size() || from.find('\0') != std::string::npos) return false;
    std::copy(from.begin(), from.end(), to.begin());
    to[from.size()] = '\0';
    return true;
}

bool set_value(const MetadataValue& value, llama_model_kv_override& to) {
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
        to.tag = LLAMA_KV_OVERRIDE_TYPE_INT;
        to.val_i64 = *integer;
    } else if (const auto* real = std::get_if<double>(&value)) {
        to.tag = LLAMA_KV_OVERRIDE_TYPE_FLOAT;
        to.val_f64 = *real;
    } else if (const auto* boolean = std::get_if<bool>(&value)) {
        to.tag = LLAMA_KV_OVERRIDE_TYPE_BOOL;
        to.val_bool = *boolean;
    } else {
        to.tag = LLAMA_KV_OVERRIDE_TYPE_STR;
        return copy_text(std::get<std::string>(value), to.val_str);
    }
    return true;
}

std::string device_names() {
    std::string names;
    for (std::size_t i = 0; i < ggml_backend_dev_count(); ++i) {
        if (i > 0) names += ", ";
        names += ggml_backend_dev_name(ggml_backend_dev_get(i));
    }
    return names;
}

}  // namespace

ModelParams::ModelParams(const ModelOptions& options)
    : params(llama_model_default_params()), options_(options) {
    params.n_gpu_layers = options.gpu_layers;
    params.split_mode = to_engine(options.split_mode);
    params.main_gpu = options.main_gpu;
    params.load_mode = to_engine(options.load_mode);
    params.vocab_only = options.vocab_only;
    params.check_tensors = options.check_tensors;
    params.use_extra_bufts = options.repack.value_or(true);
    params.progress_callback = &ModelParams::on_progress;
    params.progress_callback_user_data = this;
}

Result<std::unique_ptr<ModelParams>> ModelParams::make(const ModelOptions& options) {
    start_engine();
    if (options.gpu_layers < -1) {
        return fail(
            ErrorCode::kInvalidArgument,
            "gpu_layers is {}: give 0 for none, -1 for all, or a number of layers",
            options.gpu_layers
        );
    }
    if (options.main_gpu < 0) {
        return fail(ErrorCode::kInvalidArgument, "main_gpu is {}: count from 0", options.main_gpu);
    }
    std::unique_ptr<ModelParams> made(new ModelParams(options));
    MULLAMA_TRY(made->set_devices());
    MULLAMA_TRY(made->set_tensor_split());
    MULLAMA_TRY(made->set_overrides());
    return made;
}

Result<void> ModelParams::set_devices() {
    if (options_.devices.empty()) return {};
    for (const std::string& name : options_.devices) {
        ggml_backend_dev_t device = ggml_backend_dev_by_name(name.c_str());
        if (device == nullptr) {
            return fail(
                ErrorCode::kInvalidArgument, "no device \"{}\": there are {}", name, device_names()
            );
        }
        // The engine always computes on the CPU too and wants no mention of it.
        if (ggml_backend_dev_type(device) == GGML_BACKEND_DEVICE_TYPE_CPU) continue;
        devices_.push_back(device);
    }
    devices_.push_back(nullptr);
    params.devices = devices_.data();
    return {};
}

Result<void> ModelParams::set_tensor_split() {
    if (options_.tensor_split.empty()) return {};
    if (options_.tensor_split.size() > llama_max_devices()) {
        return fail(
            ErrorCode::kInvalidArgument,
            "tensor_split names {} GPUs, this build knows at most {}",
            options_.tensor_split.size(),
            llama_max_devices()
        );
    }
    for (const float share : options_.tensor_split) {
        if (std::isfinite(share) && share >= 0.0F) continue;
        return fail(ErrorCode::kInvalidArgument, "tensor_split holds {}: give shares >= 0", share);
    }
    tensor_split_ = options_.tensor_split;
    tensor_split_.resize(llama_max_devices(), 0.0F);
    params.tensor_split = tensor_split_.data();
    return {};
}

Result<void> ModelParams::set_overrides() {
    if (options_.metadata_overrides.empty()) return {};
    if (options_.metadata_overrides.size() > kOverridesMax) {
        return fail(
            ErrorCode::kInvalidArgument,
            "{} metadata overrides, at most {} are taken",
            options_.metadata_overrides.size(),
            kOverridesMax
        );
    }
    for (const MetadataOverride& replaced : options_.metadata_overrides) {
        llama_model_kv_override& entry = overrides_.emplace_back();
        if (replaced.key.empty() || !copy_text(replaced.key, entry.key) ||
            !set_value(replaced.value, entry)) {
            return fail(
                ErrorCode::kInvalidArgument,
                "metadata override \"{}\": key and text have at most 127 bytes, the key at least 1",
                replaced.key
            );
        }
    }
    overrides_.emplace_back();  // an empty key ends the list
    params.kv_overrides = overrides_.data();
    return {};
}

bool ModelParams::on_progress(float progress, void* self) {
    auto& me = *static_cast<ModelParams*>(self);
    if (!me.options_.on_progress) return true;
    me.cancelled_ = me.cancelled_ || !me.options_.on_progress(progress);
    return !me.cancelled_;
}

}  // namespace mullama
