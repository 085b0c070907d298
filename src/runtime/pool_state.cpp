#include "runtime/pool_state.h"

#include "base/error.h"
#include "runtime/load_fit.h"

#include <algorithm>
#include <utility>

namespace mullama {
namespace {

Error going_down() {
    return fail(ErrorCode::kUnavailable, "the models are being unloaded: shutting down");
}

}  // namespace

std::optional<Clock::TimePoint> PoolSlot::expires_at() const {
    if (!idle() || keep_alive < KeepAlive::zero()) return std::nullopt;
    const auto longest = Clock::TimePoint::max() - used_at;
    if (keep_alive >= longest) return std::nullopt;
    return used_at + std::chrono::duration_cast<Clock::TimePoint::duration>(keep_alive);
}

void PoolState::Later::run() {
    freed.clear();
    for (const auto& deliver : deliveries) deliver();
}

void PoolState::enqueue(WaitPtr wait) {
    Later later;
    {
        const std::lock_guard lock(mutex);
        if (closing) {
            later.deliveries.emplace_back([wait] { wait->deliver(going_down()); });
        } else {
            auto& slot = slots[wait->request.name];
            if (!slot) slot = std::make_unique<PoolSlot>(PoolSlot{.name = wait->request.name});
            slot->waiting.push_back(std::move(wait));
            settle(*slot, later);
        }
    }
    later.run();
}

void PoolState::release(PoolSlot& slot) {
    Later later;
    {
        const std::lock_guard lock(mutex);
        --slot.leases;
        slot.used_at = clock.now();
        drop_expired(slot.used_at, later);
        settle_all(later);
    }
    changed.notify_all();
    later.run();
}

bool PoolState::unload(const std::string& name) {
    Later later;
    {
        const std::lock_guard lock(mutex);
        const auto slot = slots.find(name);
        if (slot == slots.end() || !slot->second->model) return false;
        slot->second->keep_alive = KeepAlive::zero();
        drop_expired(clock.now(), later);
        settle_all(later);
    }
    later.run();
    return true;
}

std::vector<PooledModel> PoolState::models() const {
    std::vector<PooledModel> models;
    const std::lock_guard lock(mutex);
    for (const auto& [name, slot] : slots) {
        if (!slot->model) continue;
        const Engine* engine = slot->model->engine();
        PooledModel& model = models.emplace_back();
        model.name = name;
        model.size_bytes = slot->model->model().size_bytes();
        model.context_length = engine == nullptr ? 0 : engine->info().context_length;
        model.leases = slot->leases;
        const auto expires_at = slot->expires_at();
        if (expires_at) {
            model.expires_in = std::max(*expires_at, clock.now()) - clock.now();
        } else if (slot->keep_alive >= KeepAlive::zero()) {
            model.expires_in = slot->keep_alive;
        }
    }
    const auto left = [](const PooledModel& model) {
        return model.expires_in.value_or(std::chrono::nanoseconds::max());
    };
    std::ranges::stable_sort(models, std::greater(), left);
    return models;
}

void PoolState::settle_all(Later& later) {
    for (const auto& [name, slot] : slots) settle(*slot, later);
}

// Gives the model to those who wait for it, or sees to it that it is loaded.
void PoolState::settle(PoolSlot& slot, Later& later) {
    if (closing) return;
    std::erase_if(slot.waiting, [](const WaitPtr& wait) { return wait->withdrawn(); });
    while (!slot.waiting.empty() && slot.model && !slot.loading &&
           serves(slot.loaded_with, slot.waiting.front()->request.load)) {
        const WaitPtr wait = std::move(slot.waiting.front());
        slot.waiting.pop_front();
        grant(slot, wait, later);
    }
    if (slot.waiting.empty() || slot.loading || slot.leases > 0) return;
    if (slot.model) free_model(slot, later);
    if (make_room(slot, later)) start_load(slot);
}

void PoolState::grant(PoolSlot& slot, const WaitPtr& wait, Later& later) {
    ++slot.leases;
    slot.keep_alive = wait->request.keep_alive.value_or(options.keep_alive);
    const std::int64_t waited_ns = std::chrono::nanoseconds(clock.now() - wait->since).count();
    auto lease =
        std::make_shared<ModelLease>(shared_from_this(), slot, LoadedModel(*slot.model), waited_ns);
    later.deliveries.emplace_back([wait, lease] { wait->deliver(std::move(*lease)); });
}

// Frees the model that was idle longest where there are too many; false where all are in use.
bool PoolState::make_room(const PoolSlot& wanted, Later& later) {
    std::int32_t count = 0;
    PoolSlot* oldest = nullptr;
    for (const auto& [name, slot] : slots) {
        if (slot.get() == &wanted || !(slot->model || slot->loading)) continue;
        ++count;
        const bool older = oldest == nullptr || slot->used_at < oldest->used_at;
        if (slot->model && slot->idle() && older) oldest = slot.get();
    }
    if (count < options.models_max) return true;
    if (oldest == nullptr) return false;
    free_model(*oldest, later);
    return true;
}

void PoolState::free_model(PoolSlot& slot, Later& later) {
    later.freed.push_back(std::move(*slot.model));
    slot.model.reset();
}

void PoolState::start_load(PoolSlot& slot) {
    const ModelRequest& first = slot.waiting.front()->request;
    LoadOptions load_options = first.load;
    for (const WaitPtr& wait : slot.waiting) {
        load_options = joined(std::move(load_options), wait->request.load);
    }
    slot.loading = true;
    slot.keep_alive = first.keep_alive.value_or(options.keep_alive);
    ++loaders;
    slot.loader = std::thread([self = shared_from_this(), &slot, file = first.file, load_options](
                              ) mutable { self->load(slot, file, std::move(load_options)); });
}

void PoolState::load(PoolSlot& slot, const std::filesystem::path& file, LoadOptions load_options) {
    LoadOptions cancellable = load_options;
    cancellable.model.on_progress = [this, &load_options](float progress) {
        const auto& on_progress = load_options.model.on_progress;
        return !closing && (!on_progress || on_progress(progress));
    };
    end_load(slot, LoadedModel::load(file, cancellable), load_options);
}

void PoolState::end_load(
    PoolSlot& slot, Result<LoadedModel> model, const LoadOptions& load_options
) {
    Later later;
    std::thread loader;
    {
        const std::lock_guard lock(mutex);
        slot.loading = false;
        loader = std::move(slot.loader);
        if (closing) {
            if (model) later.freed.push_back(std::move(model).value());
        } else if (model) {
            slot.model = std::move(model).value();
            slot.loaded_with = load_options;
            slot.used_at = clock.now();
        } else {
            for (const WaitPtr& wait : std::exchange(slot.waiting, {})) {
                later.deliveries.emplace_back([wait, error = model.error()] {
                    wait->deliver(error);
                });
            }
        }
        settle_all(later);
    }
    later.run();
    {
        const std::lock_guard lock(mutex);
        ended_loaders.push_back(std::move(loader));
    }
    changed.notify_all();
}

void PoolState::drop_expired(Clock::TimePoint now, Later& later) {
    for (const auto& [name, slot] : slots) {
        const auto expires_at = slot->expires_at();
        if (slot->model && expires_at && *expires_at <= now) free_model(*slot, later);
    }
}

std::optional<Clock::TimePoint> PoolState::next_expiry() const {
    std::optional<Clock::TimePoint> next;
    for (const auto& [name, slot] : slots) {
        const auto expires_at = slot->expires_at();
        if (slot->model && expires_at) next = std::min(next.value_or(*expires_at), *expires_at);
    }
    return next;
}

void PoolState::keep_house() {
    std::unique_lock lock(mutex);
    while (!closing || loaders > 0) {
        Later later;
        drop_expired(clock.now(), later);
        settle_all(later);
        std::vector<std::thread> ended = std::exchange(ended_loaders, {});
        loaders -= ended.size();
        lock.unlock();
        later.run();
        for (std::thread& loader : ended) loader.join();
        lock.lock();
        if (!ended_loaders.empty() || (closing && loaders == 0)) continue;
        const auto next = next_expiry();
        if (next) {
            changed.wait_until(lock, *next);
        } else {
            changed.wait(lock);
        }
    }
}

void PoolState::close() {
    Later later;
    {
        const std::lock_guard lock(mutex);
        closing = true;
        for (const auto& [name, slot] : slots) {
            for (const WaitPtr& wait : std::exchange(slot->waiting, {})) {
                later.deliveries.emplace_back([wait] { wait->deliver(going_down()); });
            }
            if (slot->model && slot->leases == 0) free_model(*slot, later);
        }
    }
    changed.notify_all();
    later.run();
}

}  // namespace mullama
