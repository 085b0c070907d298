#pragma once

#include <mullama/projector.h>

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <string>

namespace mullama {

/// Pictures that were read before, by the hash of their files. Those used longest ago go first.
/// Threads: thread-compatible.
class PictureCache {
  public:
    explicit PictureCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    /// Null where it is not known.
    std::shared_ptr<const Picture> find(const std::string& hash);

    /// Keeps a picture, unless it is larger than the whole cache or known already.
    void insert(const std::string& hash, std::shared_ptr<const Picture> picture);

  private:
    struct Entry {
        std::string hash;
        std::shared_ptr<const Picture> picture;
        std::size_t bytes;
    };

    const std::size_t bytes_max_;
    std::size_t bytes_ = 0;
    std::list<Entry> entries_;  // the one used last in front
    std::map<std::string, std::list<Entry>::iterator> by_hash_;
};

}  // namespace mullama
