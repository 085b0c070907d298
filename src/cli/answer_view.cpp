#include "cli/answer_view.h"

#include "base/error.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fmt/format.h>
#include <unistd.h>

namespace mullama::cli {
namespace {

int columns_for(bool wrap) {
    return wrap && is_smart_terminal(STDOUT_FILENO) ? terminal_columns(STDOUT_FILENO) : 0;
}

// Grey until the thinking ends.
std::string thinking_line(std::string_view text) {
    if (!is_smart_terminal(STDOUT_FILENO)) return std::string(text);
    return fmt::format("\x1b[38;5;245m\x1b[1m{}\x1b[0m\x1b[38;5;245m", text);
}

constexpr std::string_view kGreyOff = "\x1b[0m";

}  // namespace

AnswerView::AnswerView(std::ostream& out, const AnswerStyle& style, bool wrap)
    : out_(out), style_(style), columns_(columns_for(wrap)), wrap_(columns_) {}

Result<void> AnswerView::show(std::string_view thinking, std::string_view text) {
    thinking_ += thinking;
    text_ += text;
    if (!thinking.empty() && !style_.hide_thinking) {
        if (!thinks_) MULLAMA_TRY(open_thinking());
        MULLAMA_TRY(write(wrap_.push(thinking)));
    }
    if (text.empty()) return {};
    if (thinks_) MULLAMA_TRY(close_thinking());
    return write(wrap_.push(text));
}

void AnswerView::wait() {
    if (blank()) spinner_.turn("");
}

Result<void> AnswerView::open_thinking() {
    thinks_ = true;
    return write(thinking_line("Thinking...\n"));
}

Result<void> AnswerView::close_thinking() {
    thinks_ = false;
    wrap_ = WordWrap(columns_);
    const std::string_view line_end = thinking_.ends_with('\n') ? "" : "\n";
    const std::string_view grey_off = is_smart_terminal(STDOUT_FILENO) ? kGreyOff : "";
    return write(fmt::format("{}{}{}", line_end, thinking_line("...done thinking.\n\n"), grey_off));
}

Result<void> AnswerView::write(std::string_view text) {
    if (unread_) return {};
    spinner_.clear();
    errno = 0;
    out_ << text << std::flush;
    if (out_) return {};
    unread_ = errno == EPIPE;
    if (unread_) return {};
    return fail(ErrorCode::kIo, "cannot write the answer: {}", std::strerror(errno));
}

void AnswerView::break_off() {
    spinner_.clear();
    if (unread_) return;
    if (thinks_ && is_smart_terminal(STDOUT_FILENO)) out_ << kGreyOff;
    out_ << (style_.terminal ? "\n\n" : "\n") << std::flush;
}

void AnswerView::finish(const Timing& timing, bool verbose) {
    break_off();
    if (timing.usage.cut_tokens > 0) {
        fmt::print(
            stderr,
            "warning: {} tokens of the prompt did not fit the context and were left out: raise "
            "num_ctx\n",
            timing.usage.cut_tokens
        );
    }
    if (verbose) {
        fmt::print(stderr, "{}", timing_lines(timing));
    } else if (style_.speed_line) {
        const std::string line = speed_line(timing.usage);
        fmt::print(stderr, "{}\n", is_smart_terminal(STDERR_FILENO) ? dim(line) : line);
    }
}

}  // namespace mullama::cli
