#include "runtime/pool_state.h"
#include <mullama/model_pool.h>

#include <utility>

namespace mullama {

ModelLease::ModelLease(
    std::shared_ptr<PoolState> pool, PoolSlot& slot, LoadedModel model, std::int64_t waited_ns
)
    : pool_(std::move(pool)), slot_(&slot), model_(std::move(model)), waited_ns_(waited_ns) {}

ModelLease::ModelLease(ModelLease&& other) noexcept
    : pool_(std::move(other.pool_)),
      slot_(other.slot_),
      model_(std::exchange(other.model_, std::nullopt)),
      waited_ns_(other.waited_ns_) {}

ModelLease& ModelLease::operator=(ModelLease&& other) noexcept {
    ModelLease moved(std::move(other));
    std::swap(pool_, moved.pool_);
    std::swap(slot_, moved.slot_);
    std::swap(model_, moved.model_);
    std::swap(waited_ns_, moved.waited_ns_);
    return *this;
}

ModelLease::~ModelLease() {
    if (!pool_) return;
    model_.reset();
    pool_->release(*slot_);
}

ModelPool::ModelPool(const PoolOptions& options)
    : state_(std::make_shared<PoolState>(options)),
      house_keeper_([state = state_] { state->keep_house(); }) {}

ModelPool::~ModelPool() {
    state_->close();
    house_keeper_.join();
}

Result<ModelLease> ModelPool::acquire(ModelRequest request) {
    auto wait = std::make_shared<PendingLease::Wait>(std::move(request), state_->clock.now());
    state_->enqueue(wait);
    return wait->take();
}

ModelPool::PendingLease ModelPool::acquire_async(ModelRequest request, Executor& executor) {
    auto wait = std::make_shared<PendingLease::Wait>(std::move(request), state_->clock.now());
    state_->enqueue(wait);
    return PendingLease(std::move(wait), executor);
}

bool ModelPool::unload(const std::string& name) {
    return state_->unload(name);
}

std::vector<PooledModel> ModelPool::models() const {
    return state_->models();
}

std::vector<PooledEngine> ModelPool::engines() const {
    return state_->engines();
}

}  // namespace mullama
