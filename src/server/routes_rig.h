#pragma once

#include "api/json.h"
#include "server/batch_runner.h"
#include "server/fake_response_writer.h"
#include "server/router.h"
#include "server/routes.h"
#include "server/service.h"
#include "store/catalog.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace mullama::server {

/// All routes over a service of their own, for tests without a port.
class RoutesRig {
  public:
    /// Serves these models, and those that are in `folder`.
    RoutesRig(const std::filesystem::path& folder, store::NamedFiles files)
        : service(catalog_of(folder, std::move(files)), PoolOptions(), load_options(), folder),
          batches(
              service.batches,
              service.files,
              [this](const Request& r, ResponseWriter& w) { return router.handle(r, w); },
              {}
          ) {
        add_all_routes(router, service, batches);
    }

    /// What is answered; valid until the next call.
    const FakeResponseWriter& answer(
        std::string method, const std::string& target, std::string body = ""
    ) {
        const std::size_t mark = std::min(target.find('?'), target.size());
        Request request;
        request.method = std::move(method);
        request.path = target.substr(0, mark);
        request.query = target.substr(std::min(mark + 1, target.size()));
        request.body = std::move(body);
        writer_ = std::make_unique<FakeResponseWriter>(loop_);
        loop_.run(router.handle(request, *writer_));
        return *writer_;
    }

    /// The body of an answer in JSON. Throws where it is none, or has another status than `status`.
    api::json::value json(
        std::string method, const std::string& target, std::string body = "", unsigned status = 200
    ) {
        const FakeResponseWriter& writer = answer(std::move(method), target, std::move(body));
        Result<api::json::value> value = api::parse_json(writer.body);
        if (writer.status == status && value) return std::move(value).value();
        throw std::runtime_error(
            fmt::format("{}: {} {}", target, writer.status.value_or(0), writer.body)
        );
    }

    Service service;
    Router router;
    BatchRunner batches;

  private:
    static store::Catalog catalog_of(const std::filesystem::path& folder, store::NamedFiles files) {
        const store::Paths paths{folder};
        store::Index index = store::load_index(paths).value_or(store::Index());
        return store::Catalog::create(paths, std::move(index), std::move(files)).value();
    }
    static LoadOptions load_options() {
        LoadOptions load;
        load.engine.context_length = 256;
        return load;
    }

    EventLoop loop_;
    std::unique_ptr<FakeResponseWriter> writer_;
};

}  // namespace mullama::server
