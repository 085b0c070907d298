#pragma once

#include <mullama/result.h>

#include <string>
#include <vector>

namespace mullama::cli {

/// All of stdin. Blocks until its end.
/// Errors: kIo.
Result<std::string> read_stdin();

/// The prompt of `mullama run`: stdin, where it is no terminal and not empty, and the words of the
/// command line, joined by spaces.
/// Errors: kIo.
Result<std::string> read_prompt(const std::vector<std::string>& words);

}  // namespace mullama::cli
