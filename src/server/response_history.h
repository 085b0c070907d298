#pragma once

#include "api/json.h"
#include "server/response_store.h"
#include <mullama/result.h>

#include <string>

namespace mullama::server {

/// The items of a response and of all before it, inputs and outputs, oldest first.
/// Errors:  kNotFound: one of them is not stored. kInvalidArgument: they are too many. kCorrupt,
///          kIo.
/// Threads: any. Blocks on the disk.
Result<api::json::array> response_history(const ResponseStore& store, const std::string& last);

/// Puts items in the place of references to them; they are looked for in `history` first, then in
/// the stored responses.
/// Errors:  kInvalidArgument: there is no such item.
/// Threads: any. Blocks on the disk.
Result<api::json::array> resolve_references(
    const ResponseStore& store, const api::json::array& history, api::json::array input
);

}  // namespace mullama::server
