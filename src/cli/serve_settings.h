#pragma once

#include "server/daemon.h"
#include "store/catalog.h"
#include <mullama/result.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mullama::cli {

/// How `mullama serve` serves.
struct ServeSettings {
    server::DaemonOptions daemon = {};
    /// Model files and projectors under names of the user's.
    store::NamedFiles files = {};
    /// API keys given one by one; see server::ApiKeys.
    std::vector<std::string> api_keys = {};
    std::filesystem::path api_key_file = {};
    /// How long running answers may take after SIGTERM.
    std::chrono::seconds drain_time{30};
    /// What the engine says goes to the log: nothing, what it does, or all of it.
    int debug = 0;
    /// Log each request.
    bool log_requests = true;
};

/// One setting: its name is the key of the configuration file, the flag without "--" and with '-'
/// for '_', and, in capitals, the environment variable behind "MULLAMA_".
struct Setting {
    std::string_view name;
    std::string_view value;   ///< What it takes, for people: "HOST:PORT".
    std::string_view ollama;  ///< Ollama's environment variable for it; empty where it has none.
    std::string_view help;
    bool many = false;  ///< May be given several times.
    std::function<Result<void>(ServeSettings&, const std::string&)> set;

    std::string flag() const;
    std::string variable() const;
};

/// All settings, in the order to print them.
std::span<const Setting> serve_settings();

/// A setting as it was given.
struct GivenSetting {
    std::string name;
    std::vector<std::string> values;
};

/// Settings from the environment: MULLAMA_... goes before OLLAMA_.... One of OLLAMA_... that the
/// setting does not take is left out, as Ollama does, with a line on stderr.
std::vector<GivenSetting> settings_from_environment();

/// Settings from a file in TOML: keys and values, lists where a setting may be given several times.
/// Errors:  kNotFound, kIo: the file cannot be read. kCorrupt: it is no TOML; the message says
///          where. kInvalidArgument: a key that is no setting, or a value that is a table.
Result<std::vector<GivenSetting>> settings_from_file(const std::filesystem::path& file);

/// Applies settings; those given later replace those given before.
/// Errors:  kInvalidArgument: a value that the setting does not take; the message names both.
Result<ServeSettings> make_settings(std::span<const GivenSetting> given);

}  // namespace mullama::cli
