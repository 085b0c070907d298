#pragma once

#include "api/options.h"
#include <mullama/result.h>
#include <mullama/types.h>

#include <string>
#include <vector>

namespace mullama::cli {

/// What has been said, and how the next answer is to be made and shown.
struct Conversation {
    std::string model;  ///< As the user named it.
    std::string system;
    std::vector<Message> messages;  ///< Without the system message.
    api::Options options;
    std::string format;  ///< "json", or a JSON Schema that the answer follows; empty = anything.
    std::string think;   ///< "true", "false" or how hard ("low", ...); empty = as the model does.
    std::string keep_alive;  ///< How long a server keeps the model; empty = as it likes.
    bool wrap = true;        ///< Break lines at words, on a terminal.
    bool verbose = false;    ///< Show the timing after each answer.

    /// The system message, if any, and then the others.
    std::vector<Message> all_messages() const;

    /// All turns in a row, for a model without a chat template.
    std::string plain_text() const;

    /// Whether plain_text() holds everything, for a model without a chat template.
    /// Errors: kUnsupported: there is a system message.
    Result<void> check_plain() const;

    /// That the model takes no images.
    Error cannot_see() const;
};

}  // namespace mullama::cli
