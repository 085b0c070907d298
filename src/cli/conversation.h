#pragma once

#include "api/options.h"
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
    std::string grammar;   ///< GBNF that the answer follows; empty = anything.
    bool wrap = true;      ///< Break lines at words, on a terminal.
    bool verbose = false;  ///< Show the timing after each answer.

    /// The system message, if any, and then the others.
    std::vector<Message> all_messages() const;

    /// All turns in a row, for a model without a chat template.
    std::string plain_text() const;

    SamplingOptions sampling() const;
};

}  // namespace mullama::cli
