#pragma once

#include <string>
#include <string_view>

/// What /help and its relatives print; wording as Ollama's.
namespace mullama::cli {

extern const std::string_view kReplHelp;
extern const std::string_view kReplSetHelp;
extern const std::string_view kReplShowHelp;
extern const std::string_view kReplShortcutsHelp;

/// All options that /set parameter takes.
std::string repl_parameters_help();

}  // namespace mullama::cli
