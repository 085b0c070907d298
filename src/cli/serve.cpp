#include "base/error.h"
#include "cli/serve_settings.h"
#include "cli/verbs.h"
#include "server/daemon.h"
#include "store/paths.h"
#include <mullama/log.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace mullama::cli {
namespace {

/// A line of the log.
void log(std::string_view text) {
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    fmt::print(stderr, "{:%Y-%m-%dT%H:%M:%SZ} {}\n", fmt::gmtime(now), text);
}

void log_engine(int debug) {
    if (debug == 0) return;
    set_log_sink([least = debug == 1 ? LogLevel::kInfo
                                     : LogLevel::kDebug](LogLevel level, std::string_view line) {
        if (level >= least) log(fmt::format("{}: {}", to_string(level), line));
    });
}

/// $MULLAMA_CONFIG, or the user's own file where there is one.
std::filesystem::path default_config_file() {
    if (const char* named = std::getenv("MULLAMA_CONFIG"); named != nullptr) return named;
    const Result<store::Paths> paths = store::default_paths();
    if (!paths) return {};
    std::filesystem::path file = paths->home / "config.toml";
    std::error_code failed;
    return std::filesystem::exists(file, failed) ? file : std::filesystem::path();
}

// The file first, what goes over it later.
Result<ServeSettings> read_settings(const ServeArguments& arguments) {
    std::vector<GivenSetting> given;
    const std::filesystem::path file =
        arguments.config.empty() ? default_config_file() : std::filesystem::path(arguments.config);
    if (!file.empty()) {
        Result<std::vector<GivenSetting>> from_file = settings_from_file(file);
        if (!from_file) return std::move(from_file).error();
        given = std::move(from_file).value();
    }
    for (GivenSetting& setting : settings_from_environment()) given.push_back(std::move(setting));
    for (const auto& [name, values] : arguments.settings) given.push_back({name, values});
    return make_settings(given);
}

Result<server::ApiKeys> read_keys(const ServeSettings& settings) {
    std::string text;
    for (const std::string& key : settings.api_keys) text += key + "\n";
    if (!settings.api_key_file.empty()) {
        Result<std::string> more = server::ApiKeys::read(settings.api_key_file);
        if (!more) return std::move(more).error();
        text += *more;
    }
    return text.empty() ? server::ApiKeys() : server::ApiKeys::parse(text);
}

/// Blocks the signals that end a server, in this thread and those that it starts.
sigset_t block_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    return signals;
}

// The second signal does not wait for what is under way.
void wait_for_end(server::Daemon& daemon, const sigset_t& signals, std::chrono::seconds drain) {
    int signal = 0;
    sigwait(&signals, &signal);
    log(fmt::format("stopping, {} s for what is under way", drain.count()));
    daemon.stop(drain);
    std::jthread again([&](const std::stop_token& stop) {
        const timespec pause{.tv_sec = 0, .tv_nsec = 100'000'000};
        while (!stop.stop_requested()) {
            if (sigtimedwait(&signals, nullptr, &pause) > 0) daemon.stop(std::chrono::seconds(0));
        }
    });
    daemon.join();
}

}  // namespace

ExitCode serve(const ServeArguments& arguments) {
    const sigset_t signals = block_signals();
    Result<ServeSettings> settings = read_settings(arguments);
    if (!settings) return report(settings.error());
    Result<server::ApiKeys> keys = read_keys(*settings);
    if (!keys) return report(keys.error());
    log_engine(settings->debug);
    server::DaemonOptions& options = settings->daemon;
    options.keys = std::move(keys).value();
    options.pool.on_event = [](const std::string& event) { log(event); };
    if (settings->log_requests) options.on_request = [](const std::string& line) { log(line); };
    Result<store::Paths> paths = store::default_paths();
    if (!paths) return report(paths.error());
    options.data = paths->home;
    options.load.engine.snapshot_folder = paths->snapshots();
    options.load.model.tuning_file = paths->tuning();
    Result<store::Catalog> catalog = store::Catalog::open(settings->files);
    if (!catalog) return report(catalog.error());
    auto daemon = server::Daemon::start(options, std::move(catalog).value());
    if (!daemon) return report(daemon.error());
    log(fmt::format("listening on {}", (*daemon)->address()));
    if (!(*daemon)->is_loopback() && options.keys.empty()) {
        log("warning: other machines can reach this server and it has no API keys: whoever does "
            "may "
            "ask its models; managing them is refused to all but this machine");
    }
    wait_for_end(**daemon, signals, settings->drain_time);
    log("stopped");
    return ExitCode::kSuccess;
}

}  // namespace mullama::cli
