#pragma once

#include <string>
#include <string_view>

namespace mullama::api::openai {

/// Which field of a request is at fault, and OpenAI's name for the fault; empty = null.
struct Fault {
    std::string_view param = {};
    std::string_view code = {};
};

/// An error's body: {"error":{"message","type","param","code"}}; `status` is the HTTP status.
std::string format_error(unsigned status, std::string_view message, Fault fault = {});

}  // namespace mullama::api::openai
