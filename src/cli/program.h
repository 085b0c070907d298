#pragma once

namespace mullama::cli {

/// The whole program: reads the command line, does what it says, gives the exit status.
/// Threads: the main thread, once.
int run_program(int argc, const char* const* argv);

}  // namespace mullama::cli
