#include "api/openai/files.h"

#include "api/json.h"
#include "api/json_writer.h"
#include "base/error.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace mullama::api::openai {
namespace {

constexpr std::array<std::string_view, 6> kPurposes = {
    "batch", "assistants", "fine-tune", "vision", "user_data", "evals"
};
constexpr std::int64_t kExpiresAfterMinS = 3600;
constexpr std::int64_t kExpiresAfterMaxS = 30 * 24 * 3600;
constexpr std::size_t kNameBytesMax = 512;

const FormPart* find_part(const std::vector<FormPart>& form, std::string_view name) {
    const auto part = std::ranges::find(form, name, &FormPart::name);
    return part == form.end() ? nullptr : &*part;
}

Result<std::optional<std::int64_t>> read_expiry(const std::vector<FormPart>& form) {
    const FormPart* part = find_part(form, "expires_after[seconds]");
    if (part == nullptr) return std::optional<std::int64_t>();
    std::int64_t seconds = 0;
    const char* end = part->content.data() + part->content.size();
    const auto [stop, error] = std::from_chars(part->content.data(), end, seconds);
    if (error != std::errc() || stop != end || seconds < kExpiresAfterMinS ||
        seconds > kExpiresAfterMaxS) {
        return fail(
            ErrorCode::kInvalidArgument,
            "expires_after[seconds] must be between {} and {}",
            kExpiresAfterMinS,
            kExpiresAfterMaxS
        );
    }
    return std::optional(seconds);
}

}  // namespace

std::string format_file(const FileInfo& file) {
    JsonWriter out;
    out.begin_object().field("id", file.id).field("object", "file");
    out.field("bytes", file.size_bytes).field("created_at", file.created);
    out.key("expires_at");
    file.expires ? out.value(*file.expires) : out.null();
    out.field("filename", file.filename).field("purpose", file.purpose);
    out.field("status", "processed").key("status_details").null().end_object();
    return out.take();
}

Result<FileInfo> read_file_info(std::string_view text) {
    const Result<json::object> object = parse_body(text);
    if (!object) return fail(ErrorCode::kCorrupt, "a file's description is damaged");
    Fields fields(*object, "File");
    FileInfo file;
    fields.read("id", file.id);
    fields.read("filename", file.filename);
    fields.read("purpose", file.purpose);
    fields.read("bytes", file.size_bytes);
    fields.read("created_at", file.created);
    fields.read("expires_at", file.expires);
    if (fields.failed() || file.id.empty()) {
        return fail(ErrorCode::kCorrupt, "a file's description is damaged");
    }
    return file;
}

Result<Upload> read_upload(const std::vector<FormPart>& form) {
    const FormPart* file = find_part(form, "file");
    const FormPart* purpose = find_part(form, "purpose");
    if (file == nullptr) {
        return fail(ErrorCode::kInvalidArgument, "the form has no field 'file'");
    }
    if (purpose == nullptr || std::ranges::find(kPurposes, purpose->content) == kPurposes.end()) {
        return fail(
            ErrorCode::kInvalidArgument,
            "purpose must be one of batch, assistants, fine-tune, vision, user_data and evals"
        );
    }
    Result<std::optional<std::int64_t>> expiry = read_expiry(form);
    if (!expiry) return std::move(expiry).error();
    std::string filename = file->filename.value_or("");
    if (filename.size() > kNameBytesMax) {
        return fail(
            ErrorCode::kInvalidArgument, "a file's name may have {} bytes at most", kNameBytesMax
        );
    }
    if (!is_utf8(filename)) {
        return fail(ErrorCode::kInvalidArgument, "a file's name must be in UTF-8");
    }
    if (filename.empty()) filename = "upload";
    return Upload{std::move(filename), std::string(purpose->content), *expiry, file->content};
}

}  // namespace mullama::api::openai
