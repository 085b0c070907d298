#pragma once

#include "api/json.h"

#include <string>

namespace mullama::api::openai {

/// "metadata" as JSON: up to 16 texts by name. `into` stays as it is where there is none. Errors go
/// to `fields`.
void read_metadata(Fields& fields, std::string& into);

}  // namespace mullama::api::openai
