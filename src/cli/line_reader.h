#pragma once

#include <filesystem>
#include <memory>
#include <string>

namespace mullama::cli {

/// What came from the prompt.
struct TypedLine {
    enum class Kind {
        kLine,
        kInterrupt,  ///< Ctrl-C; `text` is what stood in the line.
        kEnd,        ///< Ctrl-D in an empty line, or the terminal is gone.
    };

    Kind kind = Kind::kEnd;
    std::string text;  ///< Without its line break; a pasted text may have some inside.
};

/// Reads lines that a person types.
/// Threads: thread-compatible.
class LineReader {
  public:
    virtual ~LineReader() = default;

    /// Shows `prompt` and waits for a line.
    virtual TypedLine read(const std::string& prompt) = 0;

    /// Whether lines are remembered from now on.
    virtual void set_history(bool enabled) = 0;
};

/// A LineReader on the process's terminal, with line editing by libedit. Remembers lines in
/// `history_file`, made when the first line is remembered; empty remembers them in memory only.
std::unique_ptr<LineReader> make_terminal_reader(const std::filesystem::path& history_file);

}  // namespace mullama::cli
