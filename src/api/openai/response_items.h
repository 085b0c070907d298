#pragma once

#include "api/json.h"
#include "api/openai/response_ids.h"
#include <mullama/result.h>
#include <mullama/types.h>

#include <string>
#include <vector>

/// Items of /v1/responses: what goes in and what comes out, in one form.
/// Source: the types ResponseInputItem and ResponseItem of OpenAI's clients.
namespace mullama::api::openai {

/// "input": a text or a list of items. Each item comes out as it is told later: with its type, an
/// id and a status. An "item_reference" stays one, for the caller to put the item in its place.
/// Errors go to `fields`.
json::array read_input(Fields& fields, ResponseIds& ids);

/// The item that a reference names; empty for an item that is none.
std::string reference_of(const json::value& item);

/// The turns that items make. What the assistant thought, said and called in a row is one turn.
/// Errors:  kInvalidArgument: an item is not of its shape, or an unresolved reference.
///          kUnsupported: an item of a kind that no model here has.
Result<std::vector<Message>> conversation_of(const json::array& items);

}  // namespace mullama::api::openai
