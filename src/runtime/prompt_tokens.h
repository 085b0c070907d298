#pragma once

#include <mullama/projector.h>
#include <mullama/result.h>
#include <mullama/tokenizer.h>
#include <mullama/types.h>

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mullama {

/// A prompt as the engine takes it.
struct PromptTokens {
    std::vector<Token> tokens = {};
    std::vector<MediaSpan> media = {};

    /// What it takes of the context.
    std::size_t size() const;
};

/// The pictures of one request, each read once.
class Pictures {
  public:
    /// Reads the images of `messages`, borrowed for as long as this lives. `projector` may be null.
    /// Errors:  kUnsupported: there are images and no projector. Those of Projector::read().
    static Result<Pictures> read(const Projector* projector, std::span<const Message> messages);

    /// Turns a text with PictureMarks for the images of `messages`, which are some of those that
    /// were read, into tokens.
    /// Errors:  those of Tokenizer::encode().
    Result<PromptTokens> tokenize(
        std::string_view text, std::span<const Message> messages, const Tokenizer& tokenizer
    ) const;

  private:
    std::map<std::string_view, std::shared_ptr<const Picture>> by_bytes_;
};

}  // namespace mullama
