#pragma once

#include "api/openai/batches.h"
#include <mullama/result.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// The lines of a batch's files.
/// Source: developers.openai.com/api/docs/guides/batch.
namespace mullama::api::openai {

/// The most lines of a batch.
inline constexpr std::size_t kBatchLinesMax = 50'000;

/// One request of a batch.
struct BatchLine {
    std::string custom_id = {};
    std::string body = {};  ///< JSON.

    friend bool operator==(const BatchLine&, const BatchLine&) = default;
};

/// What an input file has.
struct BatchInput {
    std::vector<BatchLine> lines = {};
    std::string model = {};  ///< Of the first line; empty = none.
    /// Without any the lines may be run. No more than a hundred are told.
    std::vector<BatchFault> faults = {};
};

/// Reads an input file: a request for `endpoint` on each line that is not empty.
BatchInput read_batch_input(std::string_view text, std::string_view endpoint);

/// How a request ended.
struct BatchAnswer {
    std::string id = {};  ///< "batch_req_...".
    std::string custom_id = {};
    std::string request_id = {};  ///< "req_...".
    unsigned status = 200;        ///< Of HTTP.
    std::string body = {};        ///< JSON, on one line.
};

/// A line of an output or error file, without its end.
std::string format_batch_answer(const BatchAnswer& answer);

/// What counts of such a line afterwards.
struct BatchTally {
    std::string custom_id = {};
    BatchUsage usage = {};
};

/// Reads such a line.
/// Errors: kCorrupt: it is none.
Result<BatchTally> read_batch_answer(std::string_view line);

/// The tokens that a body tells under "usage", in the words of any endpoint.
BatchUsage usage_of_body(std::string_view body);

void add_usage(BatchUsage& sum, const BatchUsage& one);

}  // namespace mullama::api::openai
