#pragma once

#include <string_view>

namespace mullama::server {

/// The bytes of src/server/openapi.json, built into the program: what all paths take and give.
/// Source: spec.openapis.org/oas/v3.1.0.
extern const std::string_view kOpenApi;

}  // namespace mullama::server
