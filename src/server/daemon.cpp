#include "server/daemon.h"

#include "server/access.h"
#include "server/batch_runner.h"
#include "server/cors.h"
#include "server/extra_headers.h"
#include "server/host_check.h"
#include "server/router.h"
#include "server/routes.h"
#include "server/service.h"
#include "server/status_probe.h"

#include <atomic>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace mullama::server {
namespace {

/// Counts a request and tells about it when its handler ends, be it because the client has gone.
class RequestRecord {
  public:
    RequestRecord(
        Metrics& metrics,
        std::optional<std::size_t> route,
        const std::function<void(const std::string&)>& tell,
        const Request& request,
        const StatusProbe& probe
    )
        : metrics_(metrics), route_(route), tell_(tell), request_(request), probe_(probe) {}
    RequestRecord(const RequestRecord&) = delete;
    RequestRecord& operator=(const RequestRecord&) = delete;
    ~RequestRecord() {
        metrics_.count(route_, probe_.status());
        if (!tell_) return;
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - since_;
        const unsigned status = probe_.status() == 0 ? kClientGone : probe_.status();
        tell_(fmt::format("{} {} {} {:.3f} s", request_.method, request_.path, status, took.count())
        );
    }

  private:
    static constexpr unsigned kClientGone = 499;

    Metrics& metrics_;
    const std::optional<std::size_t> route_;
    const std::function<void(const std::string&)>& tell_;
    const Request& request_;
    const StatusProbe& probe_;
    const std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};

}  // namespace

struct Daemon::Impl {
    Impl(const DaemonOptions& options, store::Catalog catalog)
        : service(std::move(catalog), options.pool, options.load, options.data, options.keys),
          cors(options.origins),
          on_request(options.on_request),
          batches(service.batches, service.files, handler(), {.seed = service.next_seed()}) {
        add_all_routes(router, service, batches);
        service.metrics.set_routes(router.routes());
    }

    /// How batches ask, whom no client's address or key stands behind.
    Handler handler() const {
        return [this](const Request& request, ResponseWriter& writer) {
            return router.handle(request, writer);
        };
    }
    Task<void> handle(const Request& request, ResponseWriter& client);

    Service service;
    const Cors cors;
    const std::function<void(const std::string&)> on_request;
    const std::string hostname = machine_name();
    Router router;
    BatchRunner batches;                // its lines go to the router
    std::atomic<bool> loopback = true;  // until it listens elsewhere
    // Last: its handlers, which use all of the above, end first.
    std::optional<HttpServer> http;
};

Task<void> Daemon::Impl::handle(const Request& request, ResponseWriter& client) {
    StatusProbe probe(client);
    const RequestRecord record(service.metrics, router.find(request), on_request, request, probe);
    std::optional<Response> refusal;
    if (loopback) refusal = refuse_foreign_host(request, hostname);
    if (!refusal) refusal = cors.answer(request);
    if (!refusal && loopback) refusal = answer_options(request);
    if (!refusal) refusal = refuse_access(service.keys, request);
    if (refusal) {
        co_await probe.send(*refusal);
        co_return;
    }
    ExtraHeaders with_cors(probe, cors.headers(request));
    co_await router.handle(request, with_cors);
}

Daemon::Daemon(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Daemon::~Daemon() = default;

Result<std::unique_ptr<Daemon>> Daemon::start(
    const DaemonOptions& options, store::Catalog catalog
) {
    auto impl = std::make_unique<Impl>(options, std::move(catalog));
    Handler handler = [&self = *impl](const Request& request, ResponseWriter& writer) {
        return self.handle(request, writer);
    };
    Result<HttpServer> http = HttpServer::listen(options.http, std::move(handler));
    if (!http) return http.error();
    impl->loopback = http->is_loopback();
    impl->http.emplace(std::move(http).value());
    impl->batches.resume();
    return std::unique_ptr<Daemon>(new Daemon(std::move(impl)));
}

const std::string& Daemon::address() const {
    return impl_->http->address();
}

bool Daemon::is_loopback() const {
    return impl_->http->is_loopback();
}

void Daemon::stop(std::chrono::milliseconds grace) {
    impl_->service.draining = true;
    impl_->http->stop(grace);
}

void Daemon::join() {
    impl_->http->join();
}

}  // namespace mullama::server
