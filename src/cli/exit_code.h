#pragma once

#include <mullama/result.h>

#include <string>

namespace mullama::cli {

/// What the program ends with. `mullama --help` documents them.
enum class ExitCode : int {
    kSuccess = 0,
    kFailure = 1,
    kUsage = 2,     ///< Wrong arguments, options or input.
    kNotFound = 3,  ///< No such model or file.
    kInterrupted = 130,
};

/// The code for an error.
ExitCode exit_code_for(ErrorCode code);

/// An error as one line for stderr, "Error: ..." with its line break.
std::string error_line(const Error& error);

/// Prints error_line() to stderr and gives the code to exit with. Who pressed Ctrl-C is told
/// nothing.
ExitCode report(const Error& error);

}  // namespace mullama::cli
