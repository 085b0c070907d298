#include "api/openai/batches.h"

#include "api/json_writer.h"
#include "api/openai/metadata.h"
#include "base/error.h"

#include <algorithm>
#include <array>
#include <utility>

namespace mullama::api::openai {
namespace {

constexpr std::array<std::string_view, 4> kEndpoints = {
    "/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/responses"
};

constexpr std::array<std::pair<BatchStatus, std::string_view>, 7> kStatuses = {{
    {BatchStatus::kValidating, "validating"},
    {BatchStatus::kFailed, "failed"},
    {BatchStatus::kInProgress, "in_progress"},
    {BatchStatus::kFinalizing, "finalizing"},
    {BatchStatus::kCompleted, "completed"},
    {BatchStatus::kCancelling, "cancelling"},
    {BatchStatus::kCancelled, "cancelled"},
}};

std::string_view name_of(BatchStatus status) {
    return std::ranges::find(kStatuses, status, &std::pair<BatchStatus, std::string_view>::first)
        ->second;
}

/// The moments of a batch and their names.
template <typename BatchType, typename Visit>
void visit_times(BatchType& batch, Visit visit) {
    visit("in_progress_at", batch.in_progress);
    visit("finalizing_at", batch.finalizing);
    visit("completed_at", batch.completed);
    visit("failed_at", batch.failed);
    visit("cancelling_at", batch.cancelling);
    visit("cancelled_at", batch.cancelled);
}

void write_text(JsonWriter& out, std::string_view name, std::string_view text) {
    out.key(name);
    text.empty() ? out.null() : out.value(text);
}

void write_faults(JsonWriter& out, const std::vector<BatchFault>& faults) {
    out.key("errors");
    if (faults.empty()) {
        out.null();
        return;
    }
    out.begin_object().field("object", "list").key("data").begin_array();
    for (const BatchFault& fault : faults) {
        out.begin_object().field("code", fault.code).key("line");
        fault.line ? out.value(*fault.line) : out.null();
        out.field("message", fault.message);
        write_text(out, "param", fault.param);
        out.end_object();
    }
    out.end_array().end_object();
}

void write_usage(JsonWriter& out, const BatchUsage& usage) {
    out.key("usage").begin_object().field("input_tokens", usage.input_tokens);
    out.key("input_tokens_details").begin_object();
    out.field("cached_tokens", usage.cached_tokens).end_object();
    out.field("output_tokens", usage.output_tokens).key("output_tokens_details").begin_object();
    out.field("reasoning_tokens", usage.reasoning_tokens).end_object();
    out.field("total_tokens", usage.input_tokens + usage.output_tokens).end_object();
}

/// Reads the fields of an object in an object.
template <typename Read>
void read_inner(Fields& fields, std::string_view name, Read read) {
    const json::object* object = fields.object(name);
    if (object == nullptr) return;
    Fields inner(*object, fields.path(name));
    read(inner);
    if (inner.failed()) fields.fail_with(inner.result().error());
}

void read_faults(Fields& fields, std::vector<BatchFault>& faults) {
    for (const json::object* object : fields.objects("data")) {
        Fields inner(*object, fields.path("data"));
        BatchFault fault;
        inner.read("code", fault.code);
        inner.read("message", fault.message);
        inner.read("param", fault.param);
        inner.read("line", fault.line);
        if (inner.failed()) fields.fail_with(inner.result().error());
        faults.push_back(std::move(fault));
    }
}

void read_usage(Fields& fields, BatchUsage& usage) {
    fields.read("input_tokens", usage.input_tokens);
    fields.read("output_tokens", usage.output_tokens);
    read_inner(fields, "input_tokens_details", [&](Fields& details) {
        details.read("cached_tokens", usage.cached_tokens);
    });
    read_inner(fields, "output_tokens_details", [&](Fields& details) {
        details.read("reasoning_tokens", usage.reasoning_tokens);
    });
}

void read_names(Fields& fields, Batch& batch) {
    fields.read("endpoint", batch.endpoint);
    fields.read("input_file_id", batch.input_file_id);
    fields.read("completion_window", batch.completion_window);
    read_metadata(fields, batch.metadata);
}

}  // namespace

bool has_ended(BatchStatus status) {
    return status == BatchStatus::kFailed || status == BatchStatus::kCompleted ||
           status == BatchStatus::kCancelled;
}

Result<Batch> parse_batch(std::string_view body) {
    const Result<json::object> object = parse_body(body);
    if (!object) return object.error();
    Fields fields(*object, "BatchRequest");
    Batch batch;
    read_names(fields, batch);
    MULLAMA_TRY(fields.result());
    if (std::ranges::find(kEndpoints, batch.endpoint) == kEndpoints.end()) {
        return fail(
            ErrorCode::kInvalidArgument,
            "endpoint is '{}': use /v1/chat/completions, /v1/completions, /v1/embeddings or "
            "/v1/responses",
            batch.endpoint
        );
    }
    if (batch.input_file_id.empty()) {
        return fail(
            ErrorCode::kInvalidArgument, "input_file_id is required: upload a file at /v1/files"
        );
    }
    if (batch.completion_window != "24h") {
        return fail(
            ErrorCode::kInvalidArgument,
            "completion_window is '{}': the only one is 24h",
            batch.completion_window
        );
    }
    return batch;
}

std::string format_batch(const Batch& batch) {
    JsonWriter out;
    out.begin_object().field("id", batch.id).field("object", "batch");
    out.field("endpoint", batch.endpoint);
    write_text(out, "model", batch.model);
    write_faults(out, batch.faults);
    out.field("input_file_id", batch.input_file_id);
    out.field("completion_window", batch.completion_window).field("status", name_of(batch.status));
    write_text(out, "output_file_id", batch.output_file_id);
    write_text(out, "error_file_id", batch.error_file_id);
    out.field("created_at", batch.created).field("expires_at", batch.expires);
    visit_times(batch, [&](std::string_view name, const std::optional<std::int64_t>& time) {
        out.key(name);
        time ? out.value(*time) : out.null();
    });
    out.key("expired_at").null().key("request_counts").begin_object();
    out.field("total", batch.lines).field("completed", batch.lines_completed);
    out.field("failed", batch.lines_failed).end_object();
    write_usage(out, batch.usage);
    out.raw_field("metadata", batch.metadata).end_object();
    return out.take();
}

Result<Batch> read_batch(std::string_view text) {
    const Error damaged = fail(ErrorCode::kCorrupt, "a batch's description is damaged");
    const Result<json::object> object = parse_body(text);
    if (!object) return damaged;
    Fields fields(*object, "Batch");
    Batch batch;
    std::string status;
    read_names(fields, batch);
    fields.read("id", batch.id);
    fields.read("model", batch.model);
    fields.read("status", status);
    fields.read("output_file_id", batch.output_file_id);
    fields.read("error_file_id", batch.error_file_id);
    fields.read("created_at", batch.created);
    fields.read("expires_at", batch.expires);
    visit_times(batch, [&](std::string_view name, std::optional<std::int64_t>& time) {
        fields.read(name, time);
    });
    read_inner(fields, "errors", [&](Fields& errors) { read_faults(errors, batch.faults); });
    read_inner(fields, "request_counts", [&](Fields& counts) {
        counts.read("total", batch.lines);
        counts.read("completed", batch.lines_completed);
        counts.read("failed", batch.lines_failed);
    });
    read_inner(fields, "usage", [&](Fields& usage) { read_usage(usage, batch.usage); });
    const auto known =
        std::ranges::find(kStatuses, status, &std::pair<BatchStatus, std::string_view>::second);
    if (fields.failed() || known == kStatuses.end()) return damaged;
    batch.status = known->first;
    return batch;
}

}  // namespace mullama::api::openai
