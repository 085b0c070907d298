#include "api/id_source.h"
#include "api/openai/batches.h"
#include "api/openai/lists.h"
#include "api/times.h"
#include "server/page_query.h"
#include "server/reply.h"
#include "server/request_target.h"
#include "server/routes.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace mullama::server {
namespace {

namespace dialect = api::openai;

constexpr std::size_t kPageMax = 100;
constexpr std::size_t kIdLength = 24;
constexpr std::int64_t kWindowS = 24 * 3600;

Response create(Service& service, BatchRunner& runner, std::string_view body) {
    Result<dialect::Batch> batch = dialect::parse_batch(body);
    if (!batch) return openai_refusal(batch.error());
    const Result<dialect::FileInfo> file = service.files.find(batch->input_file_id);
    if (!file) return openai_error(400, file.error().message, {.param = "input_file_id"});
    if (file->purpose != "batch") {
        return openai_error(
            400,
            "the input file has another purpose: upload it with the purpose batch",
            {.param = "input_file_id"}
        );
    }
    batch->id = api::IdSource(service.next_seed()).next("batch_", kIdLength);
    batch->created = api::unix_seconds(std::chrono::system_clock::now());
    batch->expires = batch->created + kWindowS;
    const Result<void> added = service.batches.add(*batch);
    if (!added) return openai_refusal(added.error());
    runner.submit(batch->id);
    return json_response(dialect::format_batch(*batch));
}

Response retrieve(const Service& service, const std::string& id) {
    const Result<dialect::Batch> batch = service.batches.find(id);
    return batch ? json_response(dialect::format_batch(*batch)) : openai_refusal(batch.error());
}

Response list(const Service& service, const std::string& query) {
    const auto page = read_page(query, {}, kPageMax);
    if (!page) return openai_refusal(page.error());
    std::vector<dialect::Listed> batches;
    for (const dialect::Batch& batch : service.batches.list()) {
        batches.push_back({batch.id, dialect::format_batch(batch)});
    }
    const Result<std::string> text = dialect::format_page(batches, *page);
    return text ? json_response(*text) : openai_refusal(text.error());
}

Task<void> cancel(BatchRunner& runner, ResponseWriter& writer, std::string id) {
    Handover<Result<dialect::Batch>> cancelling(writer.executor());
    runner.cancel(std::move(id), cancelling.sender());
    const Result<dialect::Batch> batch = co_await cancelling;
    auto replying = reply(
        writer, batch ? json_response(dialect::format_batch(*batch)) : openai_refusal(batch.error())
    );
    co_await std::move(replying);
}

}  // namespace

void add_batches_routes(Router& router, Service& service, BatchRunner& runner) {
    using View = std::string_view;
    router.add("POST", "/v1/batches", [&](const Request& r, ResponseWriter& w, View) {
        return reply_with(service, w, [&service, &runner, body = r.body] {
            return create(service, runner, body);
        });
    });
    router.add("GET", "/v1/batches", [&](const Request& r, ResponseWriter& w, View) {
        return reply_with(service, w, [&service, query = r.query] { return list(service, query); });
    });
    router.add("POST", "/v1/batches/*/cancel", [&](const Request&, ResponseWriter& w, View id) {
        return cancel(runner, w, std::string(id));
    });
    router.add("GET", "/v1/batches/*", [&](const Request&, ResponseWriter& w, View id) {
        return reply_with(service, w, [&service, id = std::string(id)] {
            return retrieve(service, id);
        });
    });
}

}  // namespace mullama::server
