#pragma once

#include "api/json.h"
#include <mullama/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Batches of /v1/batches.
/// Source: the types Batch and BatchCreateParams of OpenAI's clients.
namespace mullama::api::openai {

/// How far a batch is.
enum class BatchStatus {
    kValidating,
    kFailed,  ///< Its input cannot be used.
    kInProgress,
    kFinalizing,
    kCompleted,
    kCancelling,
    kCancelled,
};

/// Whether nothing will change any more.
bool has_ended(BatchStatus status);

/// What is wrong with a batch or a line of it.
struct BatchFault {
    std::string code = {};
    std::string message = {};
    std::string param = {};                 ///< Empty = none.
    std::optional<std::int64_t> line = {};  ///< From 1.

    friend bool operator==(const BatchFault&, const BatchFault&) = default;
};

/// Tokens of all its answers.
struct BatchUsage {
    std::int64_t input_tokens = 0;
    std::int64_t cached_tokens = 0;
    std::int64_t output_tokens = 0;
    std::int64_t reasoning_tokens = 0;

    friend bool operator==(const BatchUsage&, const BatchUsage&) = default;
};

/// A batch. Times are seconds since 1970, unset for what has not come.
struct Batch {
    std::string id = {};
    std::string endpoint = {};
    std::string input_file_id = {};
    std::string completion_window = "24h";
    std::string metadata = "null";  ///< JSON.
    std::string model = {};         ///< Of its first line; empty = not known yet.
    BatchStatus status = BatchStatus::kValidating;
    std::string output_file_id = {};  ///< Empty = none.
    std::string error_file_id = {};   ///< Empty = none.
    std::vector<BatchFault> faults = {};
    std::int64_t created = 0;
    std::int64_t expires = 0;  ///< Is told, but nothing happens then.
    std::optional<std::int64_t> in_progress = {};
    std::optional<std::int64_t> finalizing = {};
    std::optional<std::int64_t> completed = {};
    std::optional<std::int64_t> failed = {};
    std::optional<std::int64_t> cancelling = {};
    std::optional<std::int64_t> cancelled = {};
    std::int64_t lines = 0;
    std::int64_t lines_completed = 0;
    std::int64_t lines_failed = 0;
    BatchUsage usage = {};

    friend bool operator==(const Batch&, const Batch&) = default;
};

/// POST /v1/batches. Gives a batch without an id and times.
/// Errors: kInvalidArgument: not of its shape, an endpoint that batches do not have.
Result<Batch> parse_batch(std::string_view body);

/// The batch object.
std::string format_batch(const Batch& batch);

/// Reads a batch object.
/// Errors: kCorrupt: it is none.
Result<Batch> read_batch(std::string_view text);

}  // namespace mullama::api::openai
