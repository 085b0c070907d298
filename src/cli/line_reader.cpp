#include "cli/line_reader.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <string_view>

#include <histedit.h>
#include <termios.h>
#include <unistd.h>

namespace mullama::cli {
namespace {

constexpr int kHistoryLines = 1000;
constexpr std::wstring_view kPasteEnd = L"\x1b[201~";

struct EditLineClose {
    void operator()(EditLine* edit) const { el_end(edit); }
};
struct HistoryClose {
    void operator()(History* history) const { history_end(history); }
};

/// While one lives, what is typed is a key at once and is not shown. The line editor does the same,
/// but only after it has shown the prompt: a Ctrl-C in between would be a signal.
class RawInput {
  public:
    RawInput() : is_terminal_(tcgetattr(STDIN_FILENO, &before_) == 0) {
        if (!is_terminal_) return;
        termios raw = before_;
        raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG);
        tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
    }
    RawInput(const RawInput&) = delete;
    RawInput& operator=(const RawInput&) = delete;
    ~RawInput() {
        if (is_terminal_) tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
    }

  private:
    termios before_ = {};
    bool is_terminal_;
};

class TerminalReader final : public LineReader {
  public:
    explicit TerminalReader(std::filesystem::path history_file)
        : history_file_(std::move(history_file)),
          history_(history_init()),
          edit_(el_init("mullama", stdin, stdout, stderr)) {
        HistEvent event;
        history(history_.get(), &event, H_SETSIZE, kHistoryLines);
        history(history_.get(), &event, H_SETUNIQUE, 1);
        history(history_.get(), &event, H_LOAD, history_file_.c_str());
        el_set(edit_.get(), EL_CLIENTDATA, this);
        el_set(edit_.get(), EL_PROMPT, &TerminalReader::show_prompt);
        el_set(edit_.get(), EL_EDITOR, "emacs");
        el_set(edit_.get(), EL_SIGNAL, 1);
        el_set(edit_.get(), EL_HIST, ::history, history_.get());
        bind_keys();
    }

    TypedLine read(const std::string& prompt) override {
        prompt_ = prompt;
        interrupted_ = false;
        RawInput raw;
        set_bracketed_paste(true);
        int length = 0;
        const char* typed = el_gets(edit_.get(), &length);
        set_bracketed_paste(false);
        if (interrupted_) {
            std::fputs("\n", stdout);
            return {TypedLine::Kind::kInterrupt, interrupted_text_};
        }
        if (typed == nullptr || length <= 0) return {TypedLine::Kind::kEnd, {}};
        std::string text(typed, static_cast<std::size_t>(length));
        if (text.ends_with('\n')) text.pop_back();
        remember(text);
        return {TypedLine::Kind::kLine, text};
    }

    void set_history(bool enabled) override { remembers_ = enabled; }

  private:
    static TerminalReader& self(EditLine* edit) {
        void* data = nullptr;
        el_get(edit, EL_CLIENTDATA, &data);
        return *static_cast<TerminalReader*>(data);
    }

    static char* show_prompt(EditLine* edit) { return self(edit).prompt_.data(); }

    static unsigned char on_interrupt(EditLine* edit, int) {
        const LineInfo* line = el_line(edit);
        self(edit).interrupted_ = true;
        self(edit).interrupted_text_.assign(line->buffer, line->lastchar);
        return CC_EOF;
    }

    static unsigned char on_suspend(EditLine*, int) {
        std::raise(SIGTSTP);
        return CC_REDISPLAY;
    }

    // A terminal sends pasted text between two marks: its line breaks do not end the line.
    static unsigned char on_paste(EditLine* edit, int) {
        std::wstring text;
        wchar_t character = 0;
        while (!text.ends_with(kPasteEnd) && el_wgetc(edit, &character) == 1) text += character;
        if (text.ends_with(kPasteEnd)) text.resize(text.size() - kPasteEnd.size());
        std::ranges::replace(text, L'\r', L'\n');
        return el_winsertstr(edit, text.c_str()) == 0 ? CC_REFRESH : CC_ERROR;
    }

    void bind_keys() {
        el_set(edit_.get(), EL_ADDFN, "interrupt", "drop the line", &TerminalReader::on_interrupt);
        el_set(edit_.get(), EL_ADDFN, "paste", "insert pasted text", &TerminalReader::on_paste);
        el_set(edit_.get(), EL_ADDFN, "suspend", "stop the program", &TerminalReader::on_suspend);
        // While a line is edited Ctrl-C and Ctrl-Z are keys; at other times the terminal makes them
        // signals.
        el_set(edit_.get(), EL_SETTY, "-d", "-isig", nullptr);
        el_set(edit_.get(), EL_BIND, "^Z", "suspend", nullptr);
        el_set(edit_.get(), EL_BIND, "^C", "interrupt", nullptr);
        el_set(edit_.get(), EL_BIND, "\\e[200~", "paste", nullptr);
        el_set(edit_.get(), EL_BIND, "^R", "em-inc-search-prev", nullptr);
        el_set(edit_.get(), EL_BIND, "^W", "ed-delete-prev-word", nullptr);
        el_set(edit_.get(), EL_BIND, "^U", "vi-kill-line-prev", nullptr);
        el_set(edit_.get(), EL_BIND, "\\e[3~", "ed-delete-next-char", nullptr);
    }

    static void set_bracketed_paste(bool on) {
        std::fputs(on ? "\x1b[?2004h" : "\x1b[?2004l", stdout);
        std::fflush(stdout);
    }

    void remember(const std::string& text) {
        if (!remembers_ || text.find_first_not_of(" \t\n") == std::string::npos) return;
        HistEvent event;
        history(history_.get(), &event, H_ENTER, text.c_str());
        if (history_file_.empty()) return;
        std::error_code ignored;
        std::filesystem::create_directories(history_file_.parent_path(), ignored);
        history(history_.get(), &event, H_SAVE, history_file_.c_str());
    }

    std::filesystem::path history_file_;
    std::unique_ptr<History, HistoryClose> history_;
    std::unique_ptr<EditLine, EditLineClose> edit_;
    std::string prompt_;
    std::string interrupted_text_;
    bool interrupted_ = false;
    bool remembers_ = true;
};

}  // namespace

std::unique_ptr<LineReader> make_terminal_reader(const std::filesystem::path& history_file) {
    return std::make_unique<TerminalReader>(history_file);
}

}  // namespace mullama::cli
