#include "api/openai/lists.h"

#include "api/json_writer.h"
#include "base/error.h"

#include <algorithm>

namespace mullama::api::openai {
namespace {

void write_id(JsonWriter& out, std::string_view name, const std::vector<const Listed*>& part) {
    out.key(name);
    if (part.empty()) {
        out.null();
    } else {
        out.value((name == "first_id" ? part.front() : part.back())->id);
    }
}

}  // namespace

Result<std::string> format_page(const std::vector<Listed>& all, const PageRequest& page) {
    std::vector<const Listed*> order;
    for (const Listed& each : all) order.push_back(&each);
    if (!page.ascending) std::ranges::reverse(order);
    auto begin = order.begin();
    if (!page.after.empty()) {
        begin = std::ranges::find(order, page.after, &Listed::id);
        if (begin == order.end()) {
            return fail(
                ErrorCode::kInvalidArgument,
                "after names '{}', which is not in the list: use the id of an entry of it",
                page.after
            );
        }
        ++begin;
    }
    const auto left = static_cast<std::size_t>(order.end() - begin);
    const auto count = std::min(left, page.limit);
    const std::vector<const Listed*> part(begin, begin + static_cast<std::ptrdiff_t>(count));
    JsonWriter out;
    out.begin_object().field("object", "list").key("data").begin_array();
    for (const Listed* each : part) out.raw(each->json);
    out.end_array();
    write_id(out, "first_id", part);
    write_id(out, "last_id", part);
    out.field("has_more", left > count).end_object();
    return out.take();
}

std::string format_deleted(std::string_view id, std::string_view object) {
    JsonWriter out;
    out.begin_object().field("id", id).field("object", object).field("deleted", true);
    out.end_object();
    return out.take();
}

}  // namespace mullama::api::openai
