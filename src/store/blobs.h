#pragma once

#include "store/manifest.h"
#include <mullama/result.h>

#include <filesystem>
#include <string>
#include <string_view>

namespace mullama::store {

/// A blob that was asked for.
struct AddedBlob {
    Layer layer;
    bool is_new = false;  ///< It was not there before.
};

/// The pieces of models in a folder, each named by its digest. Only complete ones have their name.
/// Threads: thread-safe for reading; who writes holds the folder's lock.
class Blobs {
  public:
    explicit Blobs(std::filesystem::path folder) : folder_(std::move(folder)) {}

    /// Where the blob of a digest lies, or would.
    std::filesystem::path path(std::string_view digest) const;

    /// Makes `text` a blob, unless it is one. One that is there with other bytes is replaced.
    /// Errors: kIo.
    Result<AddedBlob> add(std::string media_type, std::string_view text) const;

    /// Makes a file a blob, unless it is one: its bytes are shared with the file where the file
    /// system can do that (a reflink, or else a hard link), and copied where not. A blob's own file
    /// is not read: what is there was verified when it arrived.
    /// Errors: kIo: it cannot be read, or the folder cannot be written. kCorrupt: it changed
    ///         meanwhile.
    Result<AddedBlob> add_file(std::string media_type, const std::filesystem::path& file) const;

    /// Replaces `target` by `text`, in one step and durably.
    /// Errors: kIo.
    Result<void> write(const std::filesystem::path& target, std::string_view text) const;

  private:
    Result<std::string> digest_of(const std::filesystem::path& file) const;
    Result<void> share(const std::filesystem::path& file, const Layer& layer) const;
    Result<void> copy(const std::filesystem::path& file, const Layer& layer) const;
    std::filesystem::path partial(std::string_view name) const;

    std::filesystem::path folder_;
};

}  // namespace mullama::store
