#include "server/model_lists.h"

#include <chrono>

namespace mullama::server {
namespace {

/// When a model goes that is kept for ever.
constexpr std::chrono::hours kForEver{24 * 365 * 100};

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
        const std::chrono::nanoseconds stays =
            std::min<std::chrono::nanoseconds>(pooled.expires_in.value_or(kForEver), kForEver);
        model.expires_at = now + std::chrono::duration_cast<api::WallTime::duration>(stays);
    }
    return running;
}

}  // namespace mullama::server
