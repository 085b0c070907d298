#include "base/guarded.h"
#include <mullama/runtime.h>

#include <map>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>

namespace mullama {
namespace {

// One model's place: its own lock lets others load meanwhile, and a second caller of the same file
// wait.
struct Slot {
    std::mutex loading;
    std::optional<LoadedModel> model;  // under `loading`
};

// Two spellings of one file are one model.
std::string key_of(const std::filesystem::path& file) {
    std::error_code error;
    const auto canonical = std::filesystem::weakly_canonical(file, error);
    return (error ? file : canonical).string();
}

}  // namespace

struct Runtime::Impl {
    LoadOptions defaults;
    Guarded<std::map<std::string, std::shared_ptr<Slot>>> slots;
};

Runtime::Runtime(LoadOptions defaults) : impl_(std::make_unique<Impl>()) {
    impl_->defaults = std::move(defaults);
}

Runtime::~Runtime() = default;
Runtime::Runtime(Runtime&&) noexcept = default;
Runtime& Runtime::operator=(Runtime&&) noexcept = default;

Result<LoadedModel> Runtime::load(const std::filesystem::path& file) {
    std::shared_ptr<Slot> slot;
    {
        auto slots = impl_->slots.lock();
        auto& place = (*slots)[key_of(file)];
        if (!place) place = std::make_shared<Slot>();
        slot = place;
    }
    const std::lock_guard lock(slot->loading);
    if (!slot->model) {
        auto loaded = LoadedModel::load(file, impl_->defaults);
        if (!loaded) return loaded;
        slot->model = std::move(loaded).value();
    }
    return *slot->model;
}

bool Runtime::unload(const std::filesystem::path& file) {
    std::shared_ptr<Slot> slot;
    {
        auto slots = impl_->slots.lock();
        const auto place = slots->find(key_of(file));
        if (place == slots->end()) return false;
        slot = place->second;
        slots->erase(place);
    }
    const std::lock_guard lock(slot->loading);
    return slot->model.has_value();
}

Result<EventStream> Runtime::chat(const std::filesystem::path& file, const ChatRequest& request) {
    auto model = load(file);
    if (!model) return std::move(model).error();
    return model->chat(request);
}

Result<EventStream> Runtime::generate(const std::filesystem::path& file, GenerateRequest request) {
    auto model = load(file);
    if (!model) return std::move(model).error();
    return model->generate(std::move(request));
}

Result<Embeddings> Runtime::embed(const std::filesystem::path& file, const EmbedRequest& request) {
    auto model = load(file);
    if (!model) return std::move(model).error();
    return model->embed(request);
}

}  // namespace mullama
