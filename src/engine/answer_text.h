#pragma once

#include "engine/stop_matcher.h"
#include <mullama/detokenizer.h>
#include <mullama/tokenizer.h>
#include <mullama/types.h>

#include <string>
#include <vector>

namespace mullama {

/// The text of one answer: tokens in; out comes text that is valid UTF-8 and free of stop strings.
/// Threads: thread-compatible.
class AnswerText {
  public:
    /// `tokenizer` is borrowed for as long as this lives.
    AnswerText(const Tokenizer& tokenizer, std::vector<std::string> stops)
        : tokenizer_(&tokenizer), stops_(std::move(stops)) {}

    /// The text that can be given out with one more token.
    std::string push(Token token) {
        return stops_.push(detokenizer_.push(tokenizer_->piece(token)));
    }

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
    Detokenizer detokenizer_;
    StopMatcher stops_;
};

}  // namespace mullama
