#include "server/model_job.h"

#include "server/reply.h"

#include <optional>
#include <utility>

namespace mullama::server {

Task<void> reply_from_model(Service& service, ResponseWriter& writer, ModelJob job) {
    Executor& executor = writer.executor();
    auto choose = [&service, use = job.use] { return choose_model(service, use); };
    Offload choosing(service.work, executor, std::move(choose));
    const Result<ModelChoice> choice = co_await choosing;
    std::optional<Response> response;
    if (!choice) {
        response = job.refuse(choice.error());
    } else {
        auto acquiring = service.pool.acquire_async(choice->request, executor);
        const Result<ModelLease> lease = co_await acquiring;
        if (!lease) {
            response = job.refuse(lease.error());
        } else {
            auto work = [work = job.work, model = LoadedModel(**lease), chosen = *choice] {
                return work(model, chosen);
            };
            Executor& worker = job.reads_images ? service.eyes : service.work;
            Offload working(worker, executor, std::move(work));
            Result<Response> made = co_await working;
            response = made ? std::move(made).value() : job.refuse(made.error());
        }
    }
    auto sending = reply(writer, *std::move(response));
    co_await std::move(sending);
}

}  // namespace mullama::server
