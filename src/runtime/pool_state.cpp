#include "runtime/pool_state.h"

#include "base/error.h"
#include "runtime/load_fit.h"
#include <mullama/memory_estimate.h>

#include <algorithm>
#include <utility>

namespace mullama {
namespace {

constexpr std::uint64_t kMiB = 1024 * 1024;

Error going_down() {
    return fail(ErrorCode::kUnavailable, "the models are being unloaded: shutting down");
}

Error stalled_load(const PoolSlot& slot, std::chrono::nanoseconds stall_max) {
    return fail(
        ErrorCode::kTimeout,
        "loading model '{}' has made no progress for {:.0f} s: look at its disk, or allow more "
        "time",
        slot.name,
        std::chrono::duration<double>(stall_max).count()
    );
}

/// Nothing where the clock does not reach so far.
std::optional<Clock::TimePoint> date_after(Clock::TimePoint begin, std::chrono::nanoseconds time) {
    if (time >= Clock::TimePoint::max() - begin) return std::nullopt;
    return begin + std::chrono::duration_cast<Clock::TimePoint::duration>(time);
}

std::string describe_load(
    const PoolSlot& slot, const LoadedModel& model, const LoadOptions& load_options
) {
    std::string text = fmt::format(
        "loaded {} in {:.2f} s, about {} MiB",
        slot.name,
        static_cast<double>(model.load_ns()) / 1e9,
        slot.bytes / kMiB
    );
    if (model.engine() == nullptr) return text;
    const EngineInfo info = model.engine()->info();
    text += fmt::format(", {} x {} tokens", info.sequences_max, info.context_length);
    const std::int32_t asked = load_options.engine.context_length;
    if (asked > info.context_length) {
        text += fmt::format("; num_ctx {} is more than it was trained for", asked);
    }
    if (slot.parallel < slot.loaded_with.engine.sequences_max) {
        text += "; one request at a time, as memory is short";
    }
    return text;
}

}  // namespace

bool PoolSlot::serves(const LoadOptions& wanted) const {
    const std::filesystem::path& draft = wanted.draft_model;
    const bool other_draft = !draft.empty() && draft != loaded_with.draft_model;
    return mullama::serves(loaded_with, wanted) && !(draft_failed && other_draft);
}

std::optional<Clock::TimePoint> PoolSlot::expires_at() const {
    if (!idle() || keep_alive < KeepAlive::zero()) return std::nullopt;
    return date_after(used_at, keep_alive);
}

void PoolState::Later::run(PoolState& pool) {
    if (pool.options.on_event && !events.empty()) {
        const std::lock_guard lock(pool.telling);
        for (const std::string& event : events) pool.options.on_event(event);
    }
    for (const auto& deliver : deliveries) deliver();
}

PoolState::PoolState(const PoolOptions& pool_options)
    : options(pool_options),
      memory_bytes(
          options.memory_bytes_max > 0 ? options.memory_bytes_max : machine_memory_bytes() / 10 * 9
      ) {}

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
    later.run(*this);
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
    later.run(*this);
}

bool PoolState::unload(const std::string& name) {
    Later later;
    {
        const std::lock_guard lock(mutex);
        const auto slot = slots.find(name);
        if (slot == slots.end() || !(slot->second->model || slot->second->loading)) return false;
        slot->second->keep_alive = KeepAlive::zero();
        drop_expired(clock.now(), later);
        settle_all(later);
    }
    changed.notify_all();
    later.run(*this);
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
        model.size_bytes = slot->bytes;
        model.parallel = slot->parallel;
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

std::vector<PooledEngine> PoolState::engines() const {
    std::vector<PooledEngine> engines;
    const std::lock_guard lock(mutex);
    for (const auto& [name, slot] : slots) {
        const Engine* engine = slot->model ? slot->model->engine() : nullptr;
        if (engine != nullptr) engines.push_back({name, engine->info(), engine->stats()});
    }
    return engines;
}

void PoolState::settle_all(Later& later) {
    for (const auto& [name, slot] : slots) settle(*slot, later);
}

// Gives the model to those who wait for it, or sees to it that it is loaded.
void PoolState::settle(PoolSlot& slot, Later& later) {
    if (closing) return;
    std::erase_if(slot.waiting, [](const WaitPtr& wait) { return wait->withdrawn(); });
    if (slot.stalled) return refuse_all(slot, stalled_load(slot, options.stall_max), later);
    while (!slot.waiting.empty() && slot.model && !slot.loading &&
           slot.serves(slot.waiting.front()->request.load)) {
        const WaitPtr wait = std::move(slot.waiting.front());
        slot.waiting.pop_front();
        grant(slot, wait, later);
    }
    if (slot.waiting.empty() || slot.loading || slot.leases > 0) return;
    const LoadOptions least = wanted_load(slot);
    if (refuse_impossible(slot, least, later)) return;
    LoadOptions asked = least;
    if (slot.model && same_weights(slot.loaded_with, asked)) {
        // The weights can stay, and what others have asked for too, but for what is of no use.
        LoadOptions before = slot.loaded_with;
        if (slot.draft_failed) before.draft_model.clear();
        asked = joined(std::move(asked), before);
        slot.weights = slot.model->model();
        slot.replaced = std::exchange(slot.model, std::nullopt);
    } else if (slot.model) {
        free_model(slot, later);
    }
    if (slot.replaced && !has_memory(slot, asked, later)) asked = least;
    LoadOptions load_options = asked;
    if (make_room(slot, load_options, later)) {
        start_load(slot, std::move(load_options), asked);
    } else if (slot.replaced) {
        slot.weights.reset();
        slot.model = std::exchange(slot.replaced, std::nullopt);
        free_model(slot, later);
    }
}

// What suits all who wait.
LoadOptions PoolState::wanted_load(const PoolSlot& slot) const {
    LoadOptions load_options = slot.waiting.front()->request.load;
    for (const WaitPtr& wait : slot.waiting) {
        load_options = joined(std::move(load_options), wait->request.load);
    }
    return load_options;
}

void PoolState::grant(PoolSlot& slot, const WaitPtr& wait, Later& later) {
    ++slot.leases;
    if (wait->request.keep_alive) slot.keep_alive = *wait->request.keep_alive;
    const std::int64_t waited_ns = std::chrono::nanoseconds(clock.now() - wait->since).count();
    auto lease =
        std::make_shared<ModelLease>(shared_from_this(), slot, LoadedModel(*slot.model), waited_ns);
    later.deliveries.emplace_back([wait, lease] { wait->deliver(std::move(*lease)); });
}

void PoolState::refuse_all(PoolSlot& slot, const Error& error, Later& later) {
    for (const WaitPtr& wait : std::exchange(slot.waiting, {})) {
        later.deliveries.emplace_back([wait, error] { wait->deliver(error); });
    }
}

// Frees idle models until there is memory for this.
bool PoolState::has_memory(const PoolSlot& slot, const LoadOptions& load_options, Later& later) {
    const auto need = estimated_bytes(slot.waiting.front()->request.file, load_options);
    if (!need) return true;  // whatever is wrong with the file, loading tells
    while (*need + others_bytes(slot) > memory_bytes && drop_idle(slot, later)) {
    }
    return *need + others_bytes(slot) <= memory_bytes;
}

// Frees idle models until there is a place and memory for one more; false where it has to wait for
// those in use.
bool PoolState::make_room(PoolSlot& slot, LoadOptions& load_options, Later& later) {
    const std::filesystem::path& file = slot.waiting.front()->request.file;
    Result<std::uint64_t> need = estimated_bytes(file, load_options);
    // Whatever is wrong with the file, loading tells.
    if (!need) need = std::uint64_t{0};
    while (others_count(slot) >= options.models_max) {
        if (!drop_idle(slot, later)) return false;
    }
    while (*need + others_bytes(slot) > memory_bytes && drop_idle(slot, later)) {
    }
    if (*need + others_bytes(slot) > memory_bytes && load_options.engine.sequences_max > 1) {
        load_options.engine.sequences_max = 1;
        need = estimated_bytes(file, load_options);
        if (!need) return true;
    }
    slot.bytes = *need;
    return *need + others_bytes(slot) <= memory_bytes || others_bytes(slot) == 0;
}

// Refuses all who wait where there will never be enough memory, before anything goes for them.
bool PoolState::refuse_impossible(PoolSlot& slot, LoadOptions load_options, Later& later) {
    if (options.memory_bytes_max == 0) return false;
    load_options.engine.sequences_max = 1;
    const auto need = estimated_bytes(slot.waiting.front()->request.file, load_options);
    if (!need || *need <= memory_bytes) return false;
    refuse_all(
        slot,
        fail(
            ErrorCode::kExhausted,
            "model '{}' needs about {} MiB of memory, {} MiB are allowed: lower num_ctx or allow "
            "more",
            slot.name,
            *need / kMiB,
            memory_bytes / kMiB
        ),
        later
    );
    return true;
}

std::int32_t PoolState::others_count(const PoolSlot& slot) const {
    std::int32_t count = 0;
    for (const auto& [name, other] : slots) {
        if (other.get() != &slot && (other->model || other->loading)) ++count;
    }
    return count;
}

std::uint64_t PoolState::others_bytes(const PoolSlot& slot) const {
    std::uint64_t bytes = 0;
    for (const auto& [name, other] : slots) {
        if (other.get() != &slot && (other->model || other->loading)) bytes += other->bytes;
    }
    return bytes;
}

// Frees the model that was idle longest; false where all are in use.
bool PoolState::drop_idle(const PoolSlot& wanted, Later& later) {
    PoolSlot* oldest = nullptr;
    for (const auto& [name, slot] : slots) {
        if (slot.get() == &wanted || !slot->model || !slot->idle()) continue;
        if (oldest == nullptr || slot->used_at < oldest->used_at) oldest = slot.get();
    }
    if (oldest == nullptr) return false;
    free_model(*oldest, later);
    return true;
}

void PoolState::free_model(PoolSlot& slot, Later& later) {
    freed.push_back(std::move(*slot.model));
    slot.model.reset();
    later.events.push_back(fmt::format("unloaded {}", slot.name));
    changed.notify_all();
}

void PoolState::start_load(PoolSlot& slot, LoadOptions load_options, const LoadOptions& asked) {
    const ModelRequest& first = slot.waiting.front()->request;
    slot.loading = true;
    slot.progressed_at = clock.now();
    changed.notify_all();
    slot.loaded_with = asked;
    slot.parallel = load_options.engine.sequences_max;
    if (!slot.replaced) slot.keep_alive = first.keep_alive.value_or(options.keep_alive);
    ++loaders;
    slot.loader = std::thread([self = shared_from_this(), &slot, file = first.file, load_options](
                              ) mutable { self->load(slot, file, std::move(load_options)); });
}

void PoolState::load(PoolSlot& slot, const std::filesystem::path& file, LoadOptions load_options) {
    LoadOptions cancellable = load_options;
    cancellable.model.on_progress = [this, &slot, &load_options](float progress) {
        const auto& on_progress = load_options.model.on_progress;
        return take_progress(slot) && (!on_progress || on_progress(progress));
    };
    std::vector<LoadedModel> gone;
    {
        // The memory of those that made room is needed now.
        const std::lock_guard lock(mutex);
        gone = std::exchange(freed, {});
    }
    gone.clear();
    // Only this thread looks at these while the slot is loading. What is replaced goes first: the
    // engine does not guard what a model knows of its adapters.
    slot.replaced.reset();
    const std::optional<Model> weights = std::exchange(slot.weights, std::nullopt);
    end_load(
        slot,
        weights ? LoadedModel::load(*weights, cancellable) : LoadedModel::load(file, cancellable),
        load_options
    );
}

void PoolState::end_load(
    PoolSlot& slot, Result<LoadedModel> model, const LoadOptions& load_options
) {
    Later later;
    std::thread loader;
    {
        const std::lock_guard lock(mutex);
        slot.loading = false;
        slot.stalled = false;
        loader = std::move(slot.loader);
        if (closing) {
            if (model) freed.push_back(std::move(model).value());
        } else if (model) {
            later.events.push_back(describe_load(slot, *model, load_options));
            slot.draft_failed = model->no_draft_model().has_value();
            slot.model = std::move(model).value();
            slot.used_at = clock.now();
        } else {
            later.events.push_back(
                fmt::format("could not load {}: {}", slot.name, model.error().message)
            );
            refuse_all(slot, model.error(), later);
        }
        settle_all(later);
    }
    later.run(*this);
    {
        const std::lock_guard lock(mutex);
        ended_loaders.push_back(std::move(loader));
    }
    changed.notify_all();
}

// False where the load is to end.
bool PoolState::take_progress(PoolSlot& slot) {
    const std::lock_guard lock(mutex);
    slot.progressed_at = clock.now();
    return !closing && !slot.stalled;
}

// What hangs cannot be ended: it is left to itself, and those who ask for it are told.
void PoolState::give_up_stalled(Clock::TimePoint now, Later& later) {
    if (options.stall_max <= std::chrono::nanoseconds::zero()) return;
    for (const auto& [name, slot] : slots) {
        if (!slot->loading || slot->stalled || now - slot->progressed_at < options.stall_max) {
            continue;
        }
        slot->stalled = true;
        const Error error = stalled_load(*slot, options.stall_max);
        later.events.push_back(error.message);
        refuse_all(*slot, error, later);
    }
}

void PoolState::drop_expired(Clock::TimePoint now, Later& later) {
    for (const auto& [name, slot] : slots) {
        const auto expires_at = slot->expires_at();
        if (slot->model && expires_at && *expires_at <= now) free_model(*slot, later);
    }
}

std::optional<Clock::TimePoint> PoolState::next_date() const {
    std::optional<Clock::TimePoint> next;
    const auto add = [&next](std::optional<Clock::TimePoint> date) {
        if (date) next = std::min(next.value_or(*date), *date);
    };
    const bool watches = options.stall_max > std::chrono::nanoseconds::zero();
    for (const auto& [name, slot] : slots) {
        if (slot->model) add(slot->expires_at());
        if (watches && slot->loading && !slot->stalled) {
            add(date_after(slot->progressed_at, options.stall_max));
        }
    }
    return next;
}

void PoolState::keep_house() {
    std::unique_lock lock(mutex);
    while (!closing || loaders > 0 || !freed.empty()) {
        Later later;
        drop_expired(clock.now(), later);
        give_up_stalled(clock.now(), later);
        settle_all(later);
        std::vector<std::thread> ended = std::exchange(ended_loaders, {});
        std::vector<LoadedModel> gone = std::exchange(freed, {});
        loaders -= ended.size();
        lock.unlock();
        gone.clear();
        later.run(*this);
        for (std::thread& loader : ended) loader.join();
        lock.lock();
        if (!ended_loaders.empty() || !freed.empty() || (closing && loaders == 0)) continue;
        const auto next = next_date();
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
    later.run(*this);
}

}  // namespace mullama
