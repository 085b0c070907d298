#include "server/response_history.h"

#include "api/openai/response_ids.h"
#include "api/openai/response_items.h"
#include "api/openai/stored_response.h"
#include "base/error.h"
#include "server/record_folder.h"

#include <optional>
#include <utility>
#include <vector>

namespace mullama::server {
namespace {

namespace json = api::json;
using api::openai::StoredResponse;

/// More than anybody says in one talk; a chain that bites its tail ends here too.
constexpr std::size_t kChainMax = 10'000;

Result<StoredResponse> load(const ResponseStore& store, const std::string& id) {
    Result<std::string> text = store.find(id);
    if (!text) return std::move(text).error();
    return api::openai::read_stored_response(*text);
}

void append(json::array& to, json::array items) {
    for (json::value& item : items) to.push_back(std::move(item));
}

std::optional<json::value> find_item(const json::array& items, const std::string& id) {
    for (const json::value& item : items) {
        const json::object* object = item.if_object();
        const json::value* name = object == nullptr ? nullptr : object->if_contains("id");
        if (name != nullptr && name->is_string() && name->get_string() == id) return item;
    }
    return std::nullopt;
}

std::optional<json::value> find_stored_item(const ResponseStore& store, const std::string& id) {
    const Result<StoredResponse> stored = load(store, api::openai::response_of_item(id));
    if (!stored) return std::nullopt;
    std::optional<json::value> item = find_item(stored->output(), id);
    return item ? std::move(item) : find_item(stored->input, id);
}

}  // namespace

Result<json::array> response_history(const ResponseStore& store, const std::string& last) {
    std::vector<StoredResponse> chain;
    for (std::string id = last; !id.empty(); id = chain.back().previous()) {
        if (chain.size() == kChainMax) {
            return fail(
                ErrorCode::kInvalidArgument,
                "more than {} responses go before this one: begin a new talk",
                kChainMax
            );
        }
        Result<StoredResponse> stored = load(store, id);
        if (!stored && stored.error().code == ErrorCode::kNotFound) {
            return fail(ErrorCode::kNotFound, "Previous response with id '{}' not found.", id);
        }
        if (!stored) return std::move(stored).error();
        chain.push_back(std::move(stored).value());
    }
    json::array items;
    for (auto response = chain.rbegin(); response != chain.rend(); ++response) {
        append(items, std::move(response->input));
        append(items, response->output());
    }
    return items;
}

Result<json::array> resolve_references(
    const ResponseStore& store, const json::array& history, json::array input
) {
    for (json::value& item : input) {
        const std::string id = api::openai::reference_of(item);
        if (id.empty()) continue;
        std::optional<json::value> found = find_item(history, id);
        if (!found) found = find_stored_item(store, id);
        if (!found) {
            return fail(
                ErrorCode::kInvalidArgument,
                "Item with id '{}' not found: send the item itself, or store the response it is of",
                id
            );
        }
        item = *std::move(found);
    }
    return input;
}

}  // namespace mullama::server
