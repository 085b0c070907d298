#pragma once

#include <mullama/result.h>

#include <filesystem>
#include <functional>
#include <string_view>

/// A file to which lines are added while a batch runs.
namespace mullama::server {

/// Adds a line, whole or not at all. Makes the file where there is none.
/// Errors: kIo.
Result<void> append_line(const std::filesystem::path& path, std::string_view line);

/// Gives the lines to `take`, and cuts off what a crash has left after the last of them. Without
/// the file there are none.
/// Errors: kIo; those of `take`, which end the reading.
Result<void> read_lines(
    const std::filesystem::path& path, const std::function<Result<void>(std::string_view)>& take
);

}  // namespace mullama::server
