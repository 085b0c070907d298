#pragma once

#include "cli/interrupt.h"
#include <mullama/result.h>
#include <mullama/runtime.h>
#include <mullama/types.h>

#include <optional>
#include <ostream>
#include <string>

namespace mullama::cli {

/// An answer that was shown while it came.
struct ShownAnswer {
    std::string text;
    std::optional<Finish> finish;  ///< Nothing where Ctrl-C or a closed output ended it.
    bool interrupted = false;      ///< Ctrl-C.
    bool unread = false;           ///< Whoever read `out` has gone.
};

/// Writes a stream's text to `out` as it comes, until it ends, Ctrl-C is pressed or `out` fails.
/// `columns` > 0 breaks lines at words for a terminal of this width.
/// Errors: the stream's own; kIo: `out` takes no more, for another reason than having no reader.
Result<ShownAnswer> show_answer(
    EventStream stream, std::ostream& out, int columns, const Interrupt& interrupt
);

}  // namespace mullama::cli
