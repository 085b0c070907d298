#include "base/error.h"
#include "base/xxh64.h"
#include "llama/adapter_check.h"
#include "llama/adapter_set.h"
#include "llama/engine_guard.h"
#include "llama/fingerprint.h"
#include "llama/handles.h"
#include <mullama/adapter.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <string_view>
#include <utility>

namespace mullama {
namespace {

constexpr const char* kControlVector = "controlvector";

// A model keeps a list of its adapters, which the engine does not guard.
std::mutex& model_lists() {
    static std::mutex mutex;
    return mutex;
}

std::map<std::string, std::string> read_metadata(const llama_adapter_lora* adapter) {
    std::map<std::string, std::string> metadata;
    const auto text = [](auto read) {
        std::string value(static_cast<std::size_t>(std::max(read(nullptr, 0), 0)) + 1, '\0');
        read(value.data(), value.size());
        value.pop_back();
        return value;
    };
    for (std::int32_t i = 0; i < llama_adapter_meta_count(adapter); ++i) {
        const auto key = text([&](char* out, std::size_t size) {
            return llama_adapter_meta_key_by_index(adapter, i, out, size);
        });
        metadata[key] = text([&](char* out, std::size_t size) {
            return llama_adapter_meta_val_str_by_index(adapter, i, out, size);
        });
    }
    return metadata;
}

Error not_for_model(const std::filesystem::path& path, const EngineGuard& guard) {
    if (guard.out_of_memory()) {
        return fail(
            ErrorCode::kExhausted, "not enough memory for {}: {}", path.string(), guard.reason()
        );
    }
    return fail(
        ErrorCode::kInvalidArgument,
        "{} is no adapter for this model: {}",
        path.string(),
        guard.reason()
    );
}

}  // namespace

struct Adapter::Impl {
    explicit Impl(Model a_model) : model(std::move(a_model)) {}
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    ~Impl() {
        const std::scoped_lock lock(model_lists());
        adapter.reset();
    }

    Result<void> load_lora(const GgufFile& file);
    Result<void> load_control_vector(const GgufFile& file);

    Model model;                     ///< Outlives `adapter`.
    llama_adapter_lora_ptr adapter;  ///< Null for a control vector.
    ControlVector directions;        ///< Empty for a LoRA adapter.
    std::map<std::string, std::string> metadata;
    float alpha = 0.0F;
    std::uint64_t fingerprint = 0;
};

/// The way to what lies behind an Adapter.
struct AdapterHandles {
    static const Adapter::Impl& impl(const Adapter& adapter) { return *adapter.impl_; }
};

Result<void> Adapter::Impl::load_lora(const GgufFile& file) {
    if (auto checked = check_adapter(file, model); !checked) {
        return fail(checked.error().code, "{}: {}", file.path().string(), checked.error().message);
    }
    const EngineGuard guard;
    {
        const std::scoped_lock lock(model_lists());
        adapter.reset(llama_adapter_lora_init(handle(model), file.path().string().c_str()));
    }
    if (!adapter) return not_for_model(file.path(), guard);
    metadata = read_metadata(adapter.get());
    alpha = file.get<float>("adapter.lora.alpha").value_or(0.0F);
    return {};
}

Result<void> Adapter::Impl::load_control_vector(const GgufFile& file) {
    auto vector = mullama::load_control_vector(std::vector<ControlVectorFile>{{file.path()}});
    if (!vector) return std::move(vector).error();
    if (auto checked = check_control_vector(model, *vector); !checked) {
        return fail(checked.error().code, "{}: {}", file.path().string(), checked.error().message);
    }
    directions = *std::move(vector);
    metadata["general.architecture"] = kControlVector;
    return {};
}

Result<Adapter> Adapter::load(const Model& model, const std::filesystem::path& path) {
    if (model.vocab_only()) {
        return fail(ErrorCode::kUnsupported, "the model was loaded without weights: load it whole");
    }
    const auto file = GgufFile::open(path);
    if (!file) return file.error();
    const auto content = content_fingerprint(*file);
    if (!content) return content.error();
    auto impl = std::make_shared<Impl>(model);
    const auto architecture = file->get<std::string>("general.architecture");
    const bool is_vector = architecture && *architecture == kControlVector;
    MULLAMA_TRY(is_vector ? impl->load_control_vector(*file) : impl->load_lora(*file));
    impl->fingerprint = *content;
    return Adapter(std::move(impl));
}

const Model& Adapter::model() const {
    return impl_->model;
}

const std::map<std::string, std::string>& Adapter::metadata() const {
    return impl_->metadata;
}

float Adapter::alpha() const {
    return impl_->alpha;
}

bool Adapter::is_control_vector() const {
    return impl_->adapter == nullptr;
}

std::span<const Token> Adapter::invocation_tokens() const {
    if (is_control_vector()) return {};
    const auto* adapter = impl_->adapter.get();
    const auto count = llama_adapter_get_alora_n_invocation_tokens(adapter);
    return {llama_adapter_get_alora_invocation_tokens(adapter), static_cast<std::size_t>(count)};
}

namespace {

Result<void> check_adapters(const Context& context, std::span<const AdapterScale> adapters) {
    for (auto entry = adapters.begin(); entry != adapters.end(); ++entry) {
        const auto& [adapter, scale] = *entry;
        if (!(adapter.model() == context.model())) {
            return fail(
                ErrorCode::kInvalidArgument,
                "the adapter was loaded for another model: load it for this context's"
            );
        }
        if (!std::isfinite(scale)) {
            return fail(
                ErrorCode::kInvalidArgument, "scale is {}: it must be a finite number", scale
            );
        }
        const std::span before(adapters.begin(), entry);
        if (std::ranges::find(before, adapter, &AdapterScale::adapter) != before.end()) {
            return fail(ErrorCode::kInvalidArgument, "the same adapter is given twice");
        }
    }
    return {};
}

void add_directions(ControlVector& sum, const ControlVector& vector, float scale) {
    const std::vector<float>& directions = vector.directions;
    sum.directions.resize(std::max(sum.directions.size(), directions.size()));
    for (std::size_t i = 0; i < directions.size(); ++i) sum.directions[i] += scale * directions[i];
}

}  // namespace

std::uint64_t AdapterSet::fingerprint() const {
    Xxh64 hash;
    bool any = control_vector != 0;
    for (const auto& [adapter, scale] : adapters) {
        if (scale == 0.0F) continue;
        any = true;
        hash.update(AdapterHandles::impl(adapter).fingerprint);
        hash.update(std::as_bytes(std::span(&scale, 1)));
    }
    hash.update(control_vector);
    return any ? hash.value() : 0;
}

Result<void> lend_adapters(Context& context, std::span<const AdapterScale> adapters) {
    MULLAMA_TRY(check_adapters(context, adapters));
    std::vector<llama_adapter_lora*> pointers;
    std::vector<float> scales;
    ControlVector sum;
    for (const auto& [adapter, scale] : adapters) {
        const auto& impl = AdapterHandles::impl(adapter);
        add_directions(sum, impl.directions, scale);
        if (!impl.adapter) continue;
        pointers.push_back(impl.adapter.get());
        scales.push_back(scale);
    }
    MULLAMA_TRY(lend_directions(context, sum));
    llama_set_adapters_lora(handle(context), pointers.data(), pointers.size(), scales.data());
    return {};
}

Result<void> set_adapters(Context& context, std::span<const AdapterScale> adapters) {
    MULLAMA_TRY(lend_adapters(context, adapters));
    // Only now may the engine's pointers to the old ones go.
    Handles::context(context).adapters.adapters.assign(adapters.begin(), adapters.end());
    return {};
}

Result<void> add_adapter(Context& context, const Adapter& adapter, float scale) {
    auto set = Handles::context(context).adapters.adapters;
    const auto found = std::ranges::find(set, adapter, &AdapterScale::adapter);
    if (found == set.end()) {
        set.push_back({adapter, scale});
    } else {
        found->scale = scale;
    }
    return set_adapters(context, set);
}

Result<void> remove_adapter(Context& context, const Adapter& adapter) {
    auto set = Handles::context(context).adapters.adapters;
    const auto removed =
        std::erase_if(set, [&](const AdapterScale& entry) { return entry.adapter == adapter; });
    if (removed == 0) {
        return fail(ErrorCode::kNotFound, "the context does not use this adapter");
    }
    return set_adapters(context, set);
}

std::span<const AdapterScale> adapters(const Context& context) {
    return Handles::context(context).adapters.adapters;
}

}  // namespace mullama
