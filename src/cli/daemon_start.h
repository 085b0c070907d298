#pragma once

#include "cli/daemon_client.h"
#include <mullama/result.h>

#include <filesystem>

namespace mullama::cli {

/// Where a server that was started in the background writes its log: logs/server.log in Mullama's
/// folder.
/// Errors: those of store::default_paths().
Result<std::filesystem::path> daemon_log_file();

/// Ends the server that was started in the background, waiting for what it is at; nothing where
/// there is none.
/// Errors:  kUnavailable: it does not end.
Result<void> stop_daemon();

/// A client of the server that the environment names; one on this machine is started in the
/// background where none answers, and stays when this program ends.
/// Errors:  kUnavailable: none answers, and none could be started; the message says why;
///          kCancelled: Ctrl-C while it starts, which it goes on to do.
Result<DaemonClient> connect_or_start();

}  // namespace mullama::cli
