#include "base/error.h"
#include "base/xxh64.h"
#include "llama/adapter_set.h"
#include "llama/embed_runner.h"
#include "llama/engine_guard.h"
#include "llama/handles.h"
#include <mullama/adapter.h>
#include <mullama/gguf.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <string_view>

namespace mullama {
namespace {

constexpr std::int32_t kLayersMax = 4096;
constexpr std::string_view kPrefix = "direction.";

// The layer that a tensor's name gives; 0 where it gives none.
std::int32_t layer_of(std::string_view name) {
    std::int32_t layer = 0;
    if (!name.starts_with(kPrefix)) return 0;
    const auto digits = name.substr(kPrefix.size());
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), layer);
    const bool whole = read.ec == std::errc() && read.ptr == digits.data() + digits.size();
    return whole && layer <= kLayersMax ? layer : 0;
}

Result<void> check_direction(
    const GgufTensor& tensor, const ControlVector& sum, const std::filesystem::path& path
) {
    const bool vector = tensor.shape.size() == 1 && tensor.shape[0] >= 1;
    if (layer_of(tensor.name) < 1 || tensor.type != GgufTensorType::kF32 || !vector) {
        return fail(
            ErrorCode::kCorrupt,
            "{}: tensor {} is no direction: \"direction.<layer>\" with one row of f32 is expected",
            path.string(),
            tensor.name
        );
    }
    if (sum.embedding_length == 0 || tensor.shape[0] == sum.embedding_length) return {};
    return fail(
        ErrorCode::kInvalidArgument,
        "{}: {} has {} values, the directions before it {}: they are for different models",
        path.string(),
        tensor.name,
        tensor.shape[0],
        sum.embedding_length
    );
}

Result<void> add_direction(
    ControlVector& sum, const GgufFile& file, const GgufTensor& tensor, float scale
) {
    MULLAMA_TRY(check_direction(tensor, sum, file.path()));
    sum.embedding_length = static_cast<std::int32_t>(tensor.shape[0]);
    const auto length = static_cast<std::size_t>(tensor.shape[0]);
    std::vector<float> direction(length);
    MULLAMA_TRY(file.read_tensor(tensor, std::as_writable_bytes(std::span(direction))));
    if (!all_finite(direction)) {
        return fail(
            ErrorCode::kCorrupt, "{}: {} contains NaN or Inf", file.path().string(), tensor.name
        );
    }
    const auto start = static_cast<std::size_t>(layer_of(tensor.name) - 1) * length;
    sum.directions.resize(std::max(sum.directions.size(), start + length));
    for (std::size_t i = 0; i < length; ++i) sum.directions[start + i] += scale * direction[i];
    return {};
}

Result<void> set_directions(
    Context& context, std::vector<float> directions, std::int32_t first, std::int32_t last
) {
    AdapterSet& set = Handles::context(context).adapters;
    if (set.directions_failed) {
        return fail(
            ErrorCode::kExhausted, "there was not enough memory for a control vector before"
        );
    }
    llama_synchronize(handle(context));  // a step on a GPU may still read the old ones
    // The engine leaves the layers that it is given nothing for as they were.
    const auto length = static_cast<std::size_t>(context.model().embedding_length());
    directions.resize(static_cast<std::size_t>(context.model().layers() - 1) * length);
    const EngineGuard guard;
    const auto status = llama_set_adapter_cvec(
        handle(context),
        directions.data(),
        directions.size(),
        static_cast<std::int32_t>(length),
        first,
        last
    );
    if (status == 0) return {};
    set.directions_failed = true;
    return fail(ErrorCode::kExhausted, "the control vector could not be set: {}", guard.reason());
}

std::uint64_t fingerprint_of(std::span<const float> values, std::int32_t first, std::int32_t last) {
    Xxh64 hash;
    hash.update(std::as_bytes(values));
    hash.update(static_cast<std::uint64_t>(first));
    hash.update(static_cast<std::uint64_t>(last));
    return std::max<std::uint64_t>(hash.value(), 1);
}

}  // namespace

Result<void> check_control_vector(const Model& model, const ControlVector& vector) {
    if (vector.embedding_length != model.embedding_length()) {
        return fail(
            ErrorCode::kInvalidArgument,
            "the control vector is for embeddings of {} values, the model's have {}: it was made "
            "for another model",
            vector.embedding_length,
            model.embedding_length()
        );
    }
    const auto length = static_cast<std::size_t>(vector.embedding_length);
    const auto layers_max = static_cast<std::size_t>(std::max(model.layers() - 1, 0));
    if (vector.directions.size() % length != 0 || vector.directions.size() / length > layers_max) {
        return fail(
            ErrorCode::kInvalidArgument,
            "the control vector has {} values for layers 1 to {} of {} each: it was made for "
            "another model",
            vector.directions.size(),
            layers_max,
            length
        );
    }
    return all_finite(vector.directions)
               ? Result<void>()
               : fail(ErrorCode::kInvalidArgument, "the control vector contains NaN or Inf");
}

Result<ControlVector> load_control_vector(std::span<const ControlVectorFile> files) {
    if (files.empty()) return fail(ErrorCode::kInvalidArgument, "no control vector file is given");
    ControlVector sum;
    for (const auto& [path, scale] : files) {
        if (!std::isfinite(scale)) {
            return fail(
                ErrorCode::kInvalidArgument, "scale is {}: it must be a finite number", scale
            );
        }
        const auto file = GgufFile::open(path);
        if (!file) return file.error();
        if (file->tensors().empty()) {
            return fail(ErrorCode::kCorrupt, "{} holds no directions", path.string());
        }
        for (const auto& tensor : file->tensors()) {
            MULLAMA_TRY(add_direction(sum, *file, tensor, scale));
        }
    }
    return sum;
}

Result<void> set_control_vector(
    Context& context, const ControlVector& vector, std::int32_t first_layer, std::int32_t last_layer
) {
    const auto& model = context.model();
    MULLAMA_TRY(check_control_vector(model, vector));
    AdapterSet& set = Handles::context(context).adapters;
    if (set.has_directions) {
        return fail(
            ErrorCode::kInvalidArgument,
            "the context has an adapter that is a control vector: add the other one as an adapter "
            "too"
        );
    }
    const std::int32_t last = last_layer == -1 ? model.layers() - 1 : last_layer;
    if (first_layer < 1 || first_layer > last || last >= model.layers()) {
        return fail(
            ErrorCode::kInvalidArgument,
            "layers {} to {} are no range within 1 to {}",
            first_layer,
            last_layer,
            model.layers() - 1
        );
    }
    MULLAMA_TRY(set_directions(context, vector.directions, first_layer, last));
    set.control_vector = fingerprint_of(vector.directions, first_layer, last);
    return {};
}

Result<void> lend_directions(Context& context, const ControlVector& vector) {
    AdapterSet& set = Handles::context(context).adapters;
    const bool any = std::ranges::any_of(vector.directions, [](float x) { return x != 0.0F; });
    if (!any && !set.has_directions) return {};
    if (set.control_vector != 0) {
        return fail(
            ErrorCode::kInvalidArgument,
            "the context has a control vector: clear it before an adapter that is one is used"
        );
    }
    if (!all_finite(vector.directions)) {
        return fail(
            ErrorCode::kInvalidArgument,
            "a control vector is not finite with its scale: give a smaller one"
        );
    }
    if (any) {
        MULLAMA_TRY(set_directions(context, vector.directions, 1, context.model().layers() - 1));
    } else {
        llama_set_adapter_cvec(handle(context), nullptr, 0, 0, 0, 0);
    }
    set.has_directions = any;
    return {};
}

void clear_control_vector(Context& context) {
    if (Handles::context(context).adapters.control_vector == 0) return;
    llama_set_adapter_cvec(handle(context), nullptr, 0, 0, 0, 0);
    Handles::context(context).adapters.control_vector = 0;
}

}  // namespace mullama
