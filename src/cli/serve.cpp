#include "cli/verbs.h"
#include "server/daemon.h"

#include <csignal>
#include <iostream>

#include <fmt/format.h>

namespace mullama::cli {
namespace {

constexpr std::chrono::seconds kDrainTime{30};

}  // namespace

ExitCode serve(const ServeArguments& arguments) {
    // Threads inherit the mask: the signals wait for sigwait() here.
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);

    server::DaemonOptions options;
    options.http.address = arguments.host;
    Result<store::Catalog> catalog = store::Catalog::open();
    if (!catalog) return report(catalog.error());
    auto daemon = server::Daemon::start(options, std::move(catalog).value());
    if (!daemon) return report(daemon.error());
    std::cerr << fmt::format("Listening on {}\n", (*daemon)->address());
    int signal = 0;
    sigwait(&signals, &signal);
    (*daemon)->stop(kDrainTime);
    (*daemon)->join();
    return ExitCode::kSuccess;
}

}  // namespace mullama::cli
