#include "llama/picture_cache.h"

#include <utility>

namespace mullama {
namespace {

std::size_t bytes_of(const Picture& picture) {
    std::size_t bytes = sizeof picture;
    for (const PicturePart& part : picture.parts) {
        bytes += sizeof part + part.tokens.size() * sizeof(Token);
        if (part.media == nullptr) continue;
        bytes += sizeof *part.media + part.media->rows.size() * sizeof(float);
        bytes += part.media->places.size() * sizeof(MediaPlace);
    }
    return bytes;
}

}  // namespace

std::shared_ptr<const Picture> PictureCache::find(const std::string& hash) {
    const auto found = by_hash_.find(hash);
    if (found == by_hash_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->picture;
}

void PictureCache::insert(const std::string& hash, std::shared_ptr<const Picture> picture) {
    const std::size_t bytes = bytes_of(*picture);
    if (bytes > bytes_max_ || by_hash_.contains(hash)) return;
    while (bytes_ + bytes > bytes_max_) {
        bytes_ -= entries_.back().bytes;
        by_hash_.erase(entries_.back().hash);
        entries_.pop_back();
    }
    entries_.push_front({hash, std::move(picture), bytes});
    by_hash_[hash] = entries_.begin();
    bytes_ += bytes;
}

}  // namespace mullama
