#pragma once

#include "api/openai/lists.h"
#include <mullama/result.h>

#include <cstddef>
#include <string_view>

namespace mullama::server {

/// "limit", "order" and "after" of a list. `page` has what counts where a query says nothing.
/// Errors: kInvalidArgument: a limit that is not in 1 to `limit_max`, another order.
Result<api::openai::PageRequest> read_page(
    std::string_view query, api::openai::PageRequest page, std::size_t limit_max
);

}  // namespace mullama::server
