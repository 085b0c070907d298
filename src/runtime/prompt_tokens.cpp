#include "runtime/prompt_tokens.h"

#include "base/error.h"
#include "runtime/picture_marks.h"

#include <utility>

namespace mullama {
namespace {

template <typename Function>
void for_each_image(std::span<const Message> messages, const Function& function) {
    for (const Message& message : messages) {
        for (const std::string& image : message.images) function(image);
    }
}

void add(const Picture& picture, PromptTokens& prompt) {
    for (const PicturePart& part : picture.parts) {
        prompt.tokens.insert(prompt.tokens.end(), part.tokens.begin(), part.tokens.end());
        if (part.media) prompt.media.push_back({prompt.tokens.size(), part.media});
    }
}

}  // namespace

std::size_t PromptTokens::size() const {
    std::size_t size = tokens.size();
    for (const MediaSpan& span : media) size += static_cast<std::size_t>(span.media->row_count);
    return size;
}

Result<Pictures> Pictures::read(const Projector* projector, std::span<const Message> messages) {
    Pictures pictures;
    std::vector<std::string_view> images;
    for_each_image(messages, [&](const std::string& image) { images.emplace_back(image); });
    if (!images.empty() && projector == nullptr) {
        return fail(
            ErrorCode::kUnsupported, "the model cannot see images: load it with its projector"
        );
    }
    for (const std::string_view image : images) {
        auto& place = pictures.by_bytes_[image];
        if (place) continue;
        auto picture = projector->read(image);
        if (!picture) return std::move(picture).error();
        place = std::move(picture).value();
    }
    return pictures;
}

Result<PromptTokens> Pictures::tokenize(
    std::string_view text, std::span<const Message> messages, const Tokenizer& tokenizer
) const {
    std::vector<const Picture*> pictures;
    for_each_image(messages, [&](const std::string& image) {
        pictures.push_back(by_bytes_.at(image).get());
    });
    PromptTokens prompt;
    bool first = true;
    for (const MarkedText& stretch : PictureMarks::instance().split(text)) {
        const bool add_special = std::exchange(first, false);
        const auto tokens = tokenizer.encode(stretch.text, add_special, /*parse_special=*/true);
        if (!tokens) return tokens.error();
        prompt.tokens.insert(prompt.tokens.end(), tokens->begin(), tokens->end());
        if (stretch.picture && *stretch.picture < pictures.size()) {
            add(*pictures[*stretch.picture], prompt);
        }
    }
    return prompt;
}

}  // namespace mullama
