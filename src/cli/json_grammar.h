#pragma once

#include <string_view>

namespace mullama::cli {

/// A GBNF grammar whose texts are JSON objects (RFC 8259). White space between tokens is bounded,
/// so that a model cannot go on with spaces for ever.
extern const std::string_view kJsonGrammar;

}  // namespace mullama::cli
