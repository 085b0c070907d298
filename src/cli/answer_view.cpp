#include "cli/answer_view.h"

#include "base/error.h"
#include "cli/terminal.h"
#include "cli/word_wrap.h"

#include <cerrno>
#include <chrono>
#include <cstring>

namespace mullama::cli {
namespace {

// How long Ctrl-C may go unnoticed while the model is silent.
constexpr std::chrono::milliseconds kLook(50);

}  // namespace

Result<ShownAnswer> show_answer(
    EventStream stream, std::ostream& out, int columns, const Interrupt& interrupt
) {
    ShownAnswer answer;
    WordWrap wrap(columns);
    Spinner spinner;
    while (!answer.finish) {
        std::optional<Event> event = stream.next_for(kLook);
        if (interrupt.pressed()) {
            answer.interrupted = true;
            break;
        }
        if (!event) {
            if (answer.text.empty()) spinner.turn("");
            continue;
        }
        spinner.clear();
        answer.text += event->text;
        errno = 0;
        out << wrap.push(event->text) << std::flush;
        if (!out && errno == EPIPE) {
            answer.unread = true;
            break;
        }
        if (!out) {
            return fail(ErrorCode::kIo, "cannot write the answer: {}", std::strerror(errno));
        }
        answer.finish = std::move(event->finish);
    }
    if (answer.finish && answer.finish->reason == FinishReason::kError) {
        return answer.finish->error.value_or(Error{ErrorCode::kInternal, "the answer broke off"});
    }
    return answer;
}

}  // namespace mullama::cli
