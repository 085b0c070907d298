#include "runtime/picture_marks.h"

#include <charconv>
#include <random>

#include <fmt/format.h>

namespace mullama {
namespace {

constexpr char kEnd = ']';

}  // namespace

PictureMarks::PictureMarks() : begin_("[img-") {
    std::random_device random;
    for (int i = 0; i < 4; ++i) begin_ += fmt::format("{:08x}", random());
    begin_ += '-';
}

const PictureMarks& PictureMarks::instance() {
    static const PictureMarks marks;
    return marks;
}

std::vector<Message> PictureMarks::put(std::span<const Message> messages) const {
    std::vector<Message> marked;
    std::size_t next = 0;
    for (const Message& message : messages) {
        Message copy = message;
        copy.images.clear();
        std::string marks;
        for (std::size_t i = 0; i < message.images.size(); ++i) {
            marks += fmt::format("{}{}{}", begin_, next++, kEnd);
        }
        copy.content.insert(0, marks);
        marked.push_back(std::move(copy));
    }
    return marked;
}

std::string PictureMarks::put(std::string_view text, std::size_t pictures) const {
    std::string marked;
    for (std::size_t i = 0; i < pictures; ++i) marked += fmt::format("{}{}{}", begin_, i, kEnd);
    return marked.append(text);
}

std::vector<MarkedText> PictureMarks::split(std::string_view text) const {
    std::vector<MarkedText> stretches;
    std::size_t at = 0;
    while (true) {
        const std::size_t begin = text.find(begin_, at);
        const std::size_t end = begin == std::string_view::npos ? begin : text.find(kEnd, begin);
        if (end == std::string_view::npos) break;
        std::size_t picture = 0;
        std::from_chars(text.data() + begin + begin_.size(), text.data() + end, picture);
        stretches.push_back({text.substr(at, begin - at), picture});
        at = end + 1;
    }
    stretches.push_back({text.substr(at), std::nullopt});
    return stretches;
}

std::string PictureMarks::shown(std::string_view text) const {
    std::string shown;
    for (const MarkedText& stretch : split(text)) {
        shown += stretch.text;
        if (stretch.picture) shown += fmt::format("[img-{}]", *stretch.picture);
    }
    return shown;
}

}  // namespace mullama
