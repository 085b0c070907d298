#include "cli/repl_help.h"

#include "api/options.h"

#include <fmt/format.h>

namespace mullama::cli {

const std::string_view kReplHelp = R"(Available Commands:
  /set            Set session variables
  /show           Show model information
  /load <model>   Load a model
  /list           List downloaded models
  /clear          Clear session context
  /bye            Exit
  /?, /help       Help for a command
  /? shortcuts    Help for keyboard shortcuts

Use """ to begin a multi-line message.

)";

const std::string_view kReplSetHelp = R"(Available Commands:
  /set parameter ...     Set a parameter
  /set system <string>   Set system message
  /set history           Enable history
  /set nohistory         Disable history
  /set wordwrap          Enable wordwrap
  /set nowordwrap        Disable wordwrap
  /set format json       Enable JSON mode
  /set noformat          Disable formatting
  /set verbose           Show LLM stats
  /set quiet             Disable LLM stats
  /set think             Enable thinking
  /set nothink           Disable thinking

)";

const std::string_view kReplShowHelp = R"(Available Commands:
  /show info         Show details for this model
  /show license      Show model license
  /show modelfile    Show Modelfile for this model
  /show parameters   Show parameters for this model
  /show system       Show system message
  /show template     Show prompt template

)";

const std::string_view kReplShortcutsHelp = R"(Available keyboard shortcuts:
  Ctrl + a            Move to the beginning of the line (Home)
  Ctrl + e            Move to the end of the line (End)
   Alt + b            Move back (left) one word
   Alt + f            Move forward (right) one word
  Ctrl + k            Delete the sentence after the cursor
  Ctrl + u            Delete the sentence before the cursor
  Ctrl + w            Delete the word before the cursor
  Ctrl + r            Search the history

  Ctrl + l            Clear the screen
  Ctrl + c            Stop the model from responding
  Ctrl + d            Exit mullama (/bye)

)";

std::string repl_parameters_help() {
    std::string text = "Available Parameters:\n";
    for (const api::OptionHelp& option : api::option_help()) {
        std::string usage = fmt::format("{} <{}>", option.name, option.type);
        if (option.name == "stop") usage += " <string> ...";
        text += fmt::format("  /set parameter {:<30} {}\n", usage, option.help);
    }
    return text + "\n";
}

}  // namespace mullama::cli
