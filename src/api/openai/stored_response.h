#pragma once

#include "api/json.h"
#include <mullama/result.h>

#include <string>
#include <string_view>

namespace mullama::api::openai {

/// A response that has ended, and what it answered.
struct StoredResponse {
    json::object response = {};  ///< The response object.
    json::array input = {};      ///< Its input, see read_input().

    /// The items of its output.
    json::array output() const;
    /// The response before it; empty for none.
    std::string previous() const;
};

/// Writes one as text. `response` is JSON.
std::string format_stored_response(std::string_view response, const json::array& input);

/// Reads such a text.
/// Errors: kCorrupt: it is no such text.
Result<StoredResponse> read_stored_response(std::string_view text);

/// A response object with another status. `response` is JSON.
std::string with_status(std::string_view response, std::string_view status);

}  // namespace mullama::api::openai
