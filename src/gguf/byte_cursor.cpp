#include "gguf/byte_cursor.h"

#include "base/error.h"

#include <algorithm>

namespace mullama {

Error ByteCursor::corrupt_text(std::string_view text) const {
    return fail(ErrorCode::kCorrupt, "{} at byte {}: {}", place_, place_position_, text);
}

Result<void> ByteCursor::check_room(std::uint64_t bytes, std::string_view what) const {
    if (bytes > remaining()) {
        return corrupt(
            "{} needs {} bytes at byte {}, but the file ends at byte {}: it is damaged or {} bytes "
            "are missing",
            what,
            bytes,
            position_,
            source_.size_bytes(),
            bytes - remaining()
        );
    }
    if (position_ + bytes > kHeaderBytesMax) {
        return corrupt(
            "{} needs {} bytes, which makes the header longer than {} MiB",
            what,
            bytes,
            kHeaderBytesMax >> 20
        );
    }
    return {};
}

Result<void> ByteCursor::expect_room(
    std::uint64_t count, std::uint64_t bytes_each, std::string_view what
) const {
    const std::uint64_t possible = remaining() / bytes_each;
    if (count > possible) {
        return corrupt(
            "it declares {} {}, but the {} bytes that follow hold {} at most",
            count,
            what,
            remaining(),
            possible
        );
    }
    return check_room(count * bytes_each, what);
}

Result<void> ByteCursor::read_bytes(std::span<std::byte> out, std::string_view what) {
    MULLAMA_TRY(check_room(out.size(), what));
    while (!out.empty()) {
        const std::uint64_t inside = position_ - window_position_;
        if (inside >= window_.size()) {
            window_.resize(std::min<std::uint64_t>(kWindowBytes, remaining()));
            window_position_ = position_;
            MULLAMA_TRY(source_.read(position_, window_));
            continue;
        }
        const auto available = std::span(window_).subspan(inside);
        const std::size_t count = std::min(available.size(), out.size());
        std::copy_n(available.begin(), count, out.begin());
        out = out.subspan(count);
        position_ += count;
    }
    return {};
}

Result<void> ByteCursor::read(std::string& out, std::string_view what) {
    std::uint64_t length = 0;
    MULLAMA_TRY(read(length, what));
    MULLAMA_TRY(check_room(length, what));
    out.resize(length);
    return read_bytes(std::as_writable_bytes(std::span(out)), what);
}

}  // namespace mullama
