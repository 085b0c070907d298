#pragma once

#include <mullama/result.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mullama::api {

/// One field of a form.
struct FormPart {
    std::string name = {};
    std::optional<std::string> filename = {};  ///< Set where the field is a file.
    std::string content_type = {};             ///< Empty where nothing is said.
    std::string_view content = {};             ///< Lies in the body.
};

/// What a form may have.
struct FormLimits {
    std::size_t parts_max = 32;
    /// Header fields of one part together.
    std::size_t header_bytes_max = 8 * 1024;
};

/// Reads a form in multipart/form-data. `content_type` is the request's Content-Type, which says
/// where parts end. The parts borrow `body`.
/// Errors:  kInvalidArgument: another content type, a part without a name, a form that does not
///          end, more than `limits`.
/// Threads: any.
/// Source:  RFC 7578 and RFC 2046, section 5.1.1; names as the WHATWG's HTML standard escapes them.
Result<std::vector<FormPart>> parse_multipart(
    std::string_view content_type, std::string_view body, const FormLimits& limits = {}
);

}  // namespace mullama::api
