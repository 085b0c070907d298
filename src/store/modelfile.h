#pragma once

#include <mullama/result.h>

#include <string>
#include <string_view>
#include <vector>

namespace mullama::store {

/// A command of a Modelfile.
struct ModelfileCommand {
    std::string name;      ///< In lower case: "from", "parameter", ...
    std::string key = {};  ///< A parameter's name or a message's role; empty for other commands.
    std::string value = {};
    int line = 0;  ///< Where it begins, from 1.

    friend bool operator==(const ModelfileCommand&, const ModelfileCommand&) = default;
};

/// Reads a Modelfile: lines of a command and its value, which is in quotes, or in three quotes,
/// where it has more than one line; comments begin with '#'. The text is UTF-8, or UTF-16 that
/// begins with its mark.
/// Errors: kInvalidArgument: an unknown command or role, a value that does not end, or no FROM; the
///         messages are Ollama's.
/// Source: docs/modelfile.md and parser/parser.go of github.com/ollama/ollama.
Result<std::vector<ModelfileCommand>> parse_modelfile(std::string_view text);

}  // namespace mullama::store
