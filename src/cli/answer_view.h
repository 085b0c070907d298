#pragma once

#include "cli/interrupt.h"
#include "cli/repl.h"
#include "cli/terminal.h"
#include "cli/timing.h"
#include "cli/word_wrap.h"
#include <mullama/result.h>

#include <ostream>
#include <string>
#include <string_view>

namespace mullama::cli {

/// How answers are shown.
struct AnswerStyle {
    bool terminal = false;       ///< Leave an empty line behind the answer.
    bool speed_line = false;     ///< Say how many tokens, how fast, where --verbose does not.
    bool hide_thinking = false;  ///< Leave out what the model thinks.
};

/// Shows one answer while it comes, as Ollama does.
/// Threads: thread-compatible.
class AnswerView {
  public:
    /// Breaks lines at words where stdout is a terminal and `wrap` is set. `out` is borrowed.
    AnswerView(std::ostream& out, const AnswerStyle& style, bool wrap);

    /// Shows a further piece of thinking, or of the answer behind it.
    /// Errors: kIo: `out` takes no more, for another reason than having no reader.
    Result<void> show(std::string_view thinking, std::string_view text);

    /// Call it while nothing comes: shows that something is going on.
    void wait();

    /// Ends the answer's last line and says what it took, where that is wanted.
    void finish(const Timing& timing, bool verbose);
    /// The same for an answer that has been broken off.
    void break_off();

    /// Whether nothing has been shown yet.
    bool blank() const { return text_.empty() && (thinking_.empty() || style_.hide_thinking); }
    /// Whoever read `out` has gone: nothing more need be shown.
    bool unread() const { return unread_; }
    /// What has been shown, and whether by Ctrl-C it is all.
    Answer answer(bool interrupted) const { return {text_, thinking_, interrupted}; }

  private:
    Result<void> write(std::string_view text);
    Result<void> open_thinking();
    Result<void> close_thinking();

    std::ostream& out_;
    AnswerStyle style_;
    int columns_;
    WordWrap wrap_;
    Spinner spinner_;
    std::string text_;
    std::string thinking_;
    bool thinks_ = false;  // what is on the screen last is thinking
    bool unread_ = false;
};

}  // namespace mullama::cli
