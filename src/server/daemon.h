#pragma once

#include "server/api_keys.h"
#include "server/http_server.h"
#include "store/catalog.h"
#include <mullama/model_pool.h>
#include <mullama/result.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace mullama::server {

/// How a daemon serves.
struct DaemonOptions {
    /// Address and limits.
    HttpServerOptions http = {};
    /// Web pages that may call it beside those of this machine; see Cors.
    std::vector<std::string> origins = {};
    /// Without any, everybody who reaches it may ask models, and only this machine may manage them.
    ApiKeys keys = {};
    /// How long and how many models are kept.
    PoolOptions pool = {};
    /// A folder for what clients come back to: responses, files, batches. Without a path nothing of
    /// that outlives the daemon.
    std::filesystem::path data = {};
    /// How models are loaded where a request says nothing else.
    LoadOptions load = {};
    /// Told about each request when it has been answered: "POST /api/chat 200 1.2 s".
    /// Called on any thread.
    std::function<void(const std::string&)> on_request = {};
};

/// The server with all its routes.
/// Threads: thread-safe.
class Daemon {
  public:
    /// Listens, and answers at once.
    /// Errors: those of HttpServer::listen().
    static Result<std::unique_ptr<Daemon>> start(
        const DaemonOptions& options, store::Catalog catalog
    );

    /// Stops at once and joins.
    ~Daemon();

    /// As HttpServer::address().
    const std::string& address() const;

    /// As HttpServer::is_loopback().
    bool is_loopback() const;

    /// As HttpServer::stop().
    void stop(std::chrono::milliseconds grace);
    /// As HttpServer::join().
    void join();

  private:
    struct Impl;
    explicit Daemon(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
};

}  // namespace mullama::server
