#pragma once

#include <string>

namespace mullama::server {

/// Why a request is answered without asking the handler.
struct Refusal {
    unsigned status = 400;     ///< 400 to 599.
    std::string message = {};  ///< For people; plain text without quotes and control characters.
};

}  // namespace mullama::server
