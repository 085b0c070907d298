#include "server/model_lists.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

namespace mullama::server {
namespace {

/// When a model goes that is kept for ever.
constexpr std::chrono::hours kForEver{24 * 365 * 100};

// Of a model that only makes vectors and has no engine.
std::int32_t trained_length(const api::ModelInfo& info) {
    const std::uint64_t length = info.context_length.value_or(0);
    return std::in_range<std::int32_t>(length) ? static_cast<std::int32_t>(length) : 0;
}

}  // namespace

std::vector<api::ModelInfo> list_models(Service& service) {
    std::vector<api::ModelInfo> models;
    for (const store::LocalModel& model : service.catalog.list()) {
        models.push_back(service.facts.info(model));
    }
    return models;
}

std::vector<api::RunningModel> list_running(Service& service) {
    const api::WallTime now = std::chrono::system_clock::now();
    std::vector<api::RunningModel> running;
    for (const PooledModel& pooled : service.pool.models()) {
        api::RunningModel& model = running.emplace_back();
        const Result<store::LocalModel> local = service.catalog.find(pooled.name);
        if (local) model.info = service.facts.info(*local);
        model.info.name = pooled.name;
        model.size_bytes = static_cast<std::int64_t>(pooled.size_bytes);
        model.context_length = pooled.context_length;
        if (model.context_length == 0) model.context_length = trained_length(model.info);
        const std::chrono::nanoseconds stays =
            std::min<std::chrono::nanoseconds>(pooled.expires_in.value_or(kForEver), kForEver);
        model.expires_at = now + std::chrono::duration_cast<api::WallTime::duration>(stays);
    }
    return running;
}

}  // namespace mullama::server
