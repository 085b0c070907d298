#pragma once

#include <mullama/result.h>

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace mullama::store {

/// A program to run. No shell reads it.
struct Command {
    std::vector<std::string> arguments;    ///< The program, found on PATH, and its arguments.
    std::vector<std::string> environment;  ///< "NAME=value", added to this process's own.
};

/// Runs a program with stdin empty and stdout and stderr on this process's stderr; gives its exit
/// status, or 128 + n where signal n ended it.
/// Errors:  kNotFound: no such program. kIo: it cannot be started.
/// Threads: thread-safe. Blocks until it ends.
Result<int> run_visibly(const Command& command);

/// The exit status of a program and the last few kilobytes of what it printed.
struct Captured {
    int status = 0;
    std::string output;
};

/// As run_visibly(), with stdout and stderr together in `output`.
Result<Captured> run_captured(const Command& command);

/// Takes bytes that a program writes; an error ends the program.
using ByteSink = std::function<Result<void>(std::span<const std::byte>)>;

/// As run_visibly(), with stdout going to `sink` piece by piece and stderr nowhere.
/// Errors: those of run_visibly() and of `sink`.
Result<int> run_into(const Command& command, const ByteSink& sink);

}  // namespace mullama::store
