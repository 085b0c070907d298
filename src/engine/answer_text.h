#pragma once

#include "engine/stop_matcher.h"
#include <mullama/detokenizer.h>
#include <mullama/tokenizer.h>
#include <mullama/types.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace mullama {

/// The text of one answer: tokens in; out comes text that is valid UTF-8 and free of stop strings.
/// Threads: thread-compatible.
class AnswerText {
  public:
    /// `tokenizer` is borrowed for as long as this lives; `shown` as GenerateRequest::shown_tokens.
    AnswerText(
        const Tokenizer& tokenizer,
        std::vector<std::string> stops,
        std::map<Token, std::string> shown = {}
    )
        : tokenizer_(&tokenizer), shown_(std::move(shown)), stops_(std::move(stops)) {}

    /// The bytes that a token adds.
    std::string piece(Token token) const {
        const auto found = shown_.find(token);
        return found == shown_.end() ? tokenizer_->piece(token) : found->second;
    }

    /// The text that can be given out with one more token.
    std::string push(Token token) { return stops_.push(detokenizer_.push(piece(token))); }

    /// The text that was held back, at the end of the answer. It may complete a stop string.
    std::string flush() {
        std::string rest = stops_.push(detokenizer_.flush());
        rest += stops_.flush();
        return rest;
    }

    /// The stop string that ended the text; empty as long as there is none.
    const std::string& stop() const { return stops_.match(); }

  private:
    const Tokenizer* tokenizer_;
    std::map<Token, std::string> shown_;
    Detokenizer detokenizer_;
    StopMatcher stops_;
};

}  // namespace mullama
