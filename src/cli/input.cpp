#include "cli/input.h"

#include "base/error.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/ranges.h>
#include <unistd.h>

namespace mullama::cli {

Result<std::string> read_stdin() {
    std::string text;
    std::array<char, 65536> buffer;
    while (true) {
        ssize_t count = read(STDIN_FILENO, buffer.data(), buffer.size());
        if (count == 0) return text;
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail(ErrorCode::kIo, "cannot read stdin: {}", std::strerror(errno));
        text.append(buffer.data(), static_cast<std::size_t>(count));
    }
}

Result<std::string> read_prompt(const std::vector<std::string>& words) {
    std::string prompt = fmt::format("{}", fmt::join(words, " "));
    if (isatty(STDIN_FILENO) == 1) return prompt;
    Result<std::string> piped = read_stdin();
    if (!piped || piped->empty()) return piped ? Result<std::string>(prompt) : piped;
    return words.empty() ? *piped : *piped + " " + prompt;
}

}  // namespace mullama::cli
