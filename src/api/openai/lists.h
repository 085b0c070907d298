#pragma once

#include <mullama/result.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// Lists that clients read page by page.
namespace mullama::api::openai {

/// Which part of a list is wanted.
struct PageRequest {
    std::size_t limit = 20;
    bool ascending = false;
    std::string after = {};  ///< The last one that the client has; empty = from the beginning.
};

/// Something in a list: its name and its JSON.
struct Listed {
    std::string id = {};
    std::string json = {};
};

/// The part of `all`, which goes from the first to the last, that is wanted:
/// {"object":"list","data":[...],"first_id","last_id","has_more"}.
/// Errors: kInvalidArgument: `after` is not in the list.
Result<std::string> format_page(const std::vector<Listed>& all, const PageRequest& page);

/// {"id","object","deleted":true}.
std::string format_deleted(std::string_view id, std::string_view object);

}  // namespace mullama::api::openai
