#include "server/page_query.h"

#include "base/error.h"
#include "server/request_target.h"

#include <charconv>
#include <string>
#include <system_error>

namespace mullama::server {

Result<api::openai::PageRequest> read_page(
    std::string_view query, api::openai::PageRequest page, std::size_t limit_max
) {
    if (const auto limit = query_value(query, "limit")) {
        const char* end = limit->data() + limit->size();
        const auto [stop, error] = std::from_chars(limit->data(), end, page.limit);
        if (error != std::errc() || stop != end || page.limit < 1 || page.limit > limit_max) {
            return fail(
                ErrorCode::kInvalidArgument,
                "limit is '{}': it must be between 1 and {}",
                *limit,
                limit_max
            );
        }
    }
    if (const auto order = query_value(query, "order")) {
        if (*order != "asc" && *order != "desc") {
            return fail(ErrorCode::kInvalidArgument, "order is '{}': use asc or desc", *order);
        }
        page.ascending = *order == "asc";
    }
    page.after = query_value(query, "after").value_or("");
    return page;
}

}  // namespace mullama::server
