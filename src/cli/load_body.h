#pragma once

#include "cli/verbs.h"

#include <cstdint>
#include <span>
#include <string>

/// What the requests of `mullama bench serve` say. The same seed gives the same words.
namespace mullama::cli {

/// What the request of this number asks. Below 0: one that belongs to no other.
std::string load_question(const BenchServeArguments& arguments, std::int32_t number);

/// A request for the next answer of a chat: the texts of the user and of the model in turn, the
/// user's last.
std::string answer_body(
    const BenchServeArguments& arguments,
    const std::string& model,
    std::span<const std::string> chat
);

/// A request for the vectors of as many texts as `arguments` say.
std::string embedding_body(
    const BenchServeArguments& arguments, const std::string& model, std::int32_t number
);

}  // namespace mullama::cli
