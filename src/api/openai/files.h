#pragma once

#include "api/multipart.h"
#include <mullama/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Files of /v1/files.
/// Source: the types FileObject and FileCreateParams of OpenAI's clients.
namespace mullama::api::openai {

/// What is known of a file beside its content. Times are seconds since 1970.
struct FileInfo {
    std::string id = {};
    std::string filename = {};
    std::string purpose = {};
    std::int64_t size_bytes = 0;
    std::int64_t created = 0;
    std::optional<std::int64_t> expires = {};  ///< Unset = it stays.

    friend bool operator==(const FileInfo&, const FileInfo&) = default;
};

/// The file object.
std::string format_file(const FileInfo& file);

/// Reads a file object.
/// Errors: kCorrupt: it is none.
Result<FileInfo> read_file_info(std::string_view text);

/// POST /v1/files.
struct Upload {
    std::string filename = {};
    std::string purpose = {};
    std::optional<std::int64_t> expires_after_s = {};
    std::string_view content = {};  ///< Borrowed from the form.
};

/// Reads the fields of a form.
/// Errors: kInvalidArgument: a field is missing or has no such value.
Result<Upload> read_upload(const std::vector<FormPart>& form);

}  // namespace mullama::api::openai
