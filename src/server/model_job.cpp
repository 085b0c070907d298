#include "server/model_job.h"

#include "server/reply.h"

#include <utility>

namespace mullama::server {

namespace {

Task<Result<Response>> make(Service& service, ModelJob& job, Executor& executor) {
    auto acquiring = acquire_model(service, job.use, executor);
    const Result<AcquiredModel> acquired = co_await std::move(acquiring);
    if (!acquired) co_return acquired.error();
    const auto& [choice, lease] = *acquired;
    auto work = [work = job.work, model = *lease, choice = choice] { return work(model, choice); };
    Executor& worker = job.reads_images ? service.eyes : service.work;
    Offload working(worker, executor, std::move(work));
    Result<Response> made = co_await working;
    co_return made;
}

}  // namespace

Task<void> reply_from_model(Service& service, ResponseWriter& writer, ModelJob job) {
    auto making = make(service, job, writer.executor());
    Result<Response> made = co_await std::move(making);
    Response response = made ? std::move(made).value() : job.refuse(made.error());
    auto sending = reply(writer, std::move(response));
    co_await std::move(sending);
}

}  // namespace mullama::server
