#include "api/json_writer.h"
#include "base/error.h"
#include "cli/daemon_client.h"
#include "cli/daemon_start.h"
#include "cli/model_file.h"
#include "cli/model_table.h"
#include "cli/verbs.h"

#include <cstdio>
#include <iostream>

namespace mullama::cli {
namespace {

ExitCode print(const Result<std::string>& table) {
    if (!table) return report(table.error());
    std::cout << *table;
    return ExitCode::kSuccess;
}

}  // namespace

ExitCode pull(const std::string& model) {
    Result<void> pulled = pull_model(model);
    if (!pulled) return report(pulled.error());
    std::fputs("success\n", stderr);
    return ExitCode::kSuccess;
}

ExitCode list(const std::string& prefix) {
    Result<DaemonClient> client = DaemonClient::from_environment();
    if (!client) return report(client.error());
    Result<std::string> table = daemon_model_table(*client, prefix);
    // Without a server the models are on this machine's disk all the same.
    const bool alone = !table && table.error().code == ErrorCode::kUnavailable;
    if (alone && client->address().is_here()) table = model_list(prefix);
    return print(table);
}

ExitCode ps(const std::string& prefix) {
    Result<DaemonClient> client = connect_or_start();
    if (!client) return report(client.error());
    return print(daemon_loaded_table(*client, prefix));
}

ExitCode stop(const StopArguments& arguments) {
    if (arguments.server) {
        const Result<void> stopped = stop_daemon();
        return stopped ? ExitCode::kSuccess : report(stopped.error());
    }
    Result<DaemonClient> client = connect_or_start();
    if (!client) return report(client.error());
    api::JsonWriter out;
    out.begin_object().field("model", arguments.model).field("keep_alive", 0).end_object();
    const Result<std::string> stopped = client->post("/api/generate", out.take());
    if (stopped) return ExitCode::kSuccess;
    if (stopped.error().code != ErrorCode::kNotFound) return report(stopped.error());
    return report(fail(ErrorCode::kNotFound, "couldn't find model \"{}\" to stop", arguments.model)
    );
}

}  // namespace mullama::cli
