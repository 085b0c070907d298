#include "server/batch_job.h"

#include "api/json.h"
#include "api/json_writer.h"
#include "api/openai/errors.h"
#include "api/times.h"
#include "base/error.h"
#include "server/batch_results.h"

#include <chrono>
#include <set>
#include <utility>

namespace mullama::server {
namespace {

namespace fs = std::filesystem;
using api::openai::BatchAnswer;
using api::openai::BatchFault;
using api::openai::BatchInput;
using api::openai::BatchLine;
using api::openai::BatchStatus;
using api::openai::BatchTally;

constexpr std::size_t kIdLength = 24;

std::int64_t now() {
    return api::unix_seconds(std::chrono::system_clock::now());
}

/// A body as JSON on one line, whatever came.
std::string body_of(const Response& response) {
    const bool is_json = response.content_type.starts_with("application/json");
    if (is_json && response.body.find('\n') == std::string::npos) return response.body;
    const Result<api::json::value> value = api::parse_json(response.body);
    if (is_json && value) return api::to_text(*value);
    std::string text;
    api::append_json_string(text, response.body);
    return text;
}

}  // namespace

BatchJob::BatchJob(
    BatchStore& batches, FileStore& files, api::openai::Batch batch, std::uint64_t seed
)
    : batches_(batches), files_(files), batch_(std::move(batch)), ids_(seed) {
    if (!has_ended()) start();
}

void BatchJob::start() {
    const bool runs =
        batch_.status == BatchStatus::kValidating || batch_.status == BatchStatus::kInProgress;
    if (!runs) return;  // nothing but its end is left, and its answers may be where they belong
    if (!read_input()) return;
    const Result<void> read = read_answers();
    if (!read) return fail_with({{"server_error", read.error().message}});
    if (batch_.status == BatchStatus::kValidating) {
        batch_.status = BatchStatus::kInProgress;
        batch_.in_progress = now();
    }
    put();
}

bool BatchJob::read_input() {
    const Result<fs::path> path = files_.content(batch_.input_file_id);
    const Result<std::string> text = path ? read_file(*path) : path.error();
    if (!text) {
        fail_with({{"file_not_found", text.error().message, "input_file_id"}});
        return false;
    }
    BatchInput input = api::openai::read_batch_input(*text, batch_.endpoint);
    if (!input.faults.empty()) {
        fail_with(std::move(input.faults));
        return false;
    }
    batch_.model = std::move(input.model);
    batch_.lines = std::ssize(input.lines);
    lines_.assign(
        std::make_move_iterator(input.lines.begin()), std::make_move_iterator(input.lines.end())
    );
    return true;
}

// What an earlier job has done is counted again, and not done again.
Result<void> BatchJob::read_answers() {
    std::set<std::string> answered;
    batch_.lines_completed = 0;
    batch_.lines_failed = 0;
    batch_.usage = {};
    const auto count = [&](std::string_view line, std::int64_t& counter) -> Result<void> {
        const Result<BatchTally> tally = api::openai::read_batch_answer(line);
        if (!tally) return tally.error();
        answered.insert(tally->custom_id);
        api::openai::add_usage(batch_.usage, tally->usage);
        ++counter;
        return {};
    };
    MULLAMA_TRY(read_lines(batches_.outputs(batch_.id), [&](std::string_view line) {
        return count(line, batch_.lines_completed);
    }));
    MULLAMA_TRY(read_lines(batches_.errors(batch_.id), [&](std::string_view line) {
        return count(line, batch_.lines_failed);
    }));
    std::erase_if(lines_, [&](const BatchLine& line) { return answered.contains(line.custom_id); });
    return {};
}

bool BatchJob::has_lines() const {
    return !lines_.empty() && batch_.status == BatchStatus::kInProgress;
}

std::optional<BatchLine> BatchJob::next() {
    if (!has_lines()) return std::nullopt;
    BatchLine line = std::move(lines_.front());
    lines_.pop_front();
    return line;
}

void BatchJob::answer(const BatchLine& line, const Response& response) {
    if (has_ended()) return;
    const BatchAnswer answer{
        .id = ids_.next("batch_req_", kIdLength),
        .custom_id = line.custom_id,
        .request_id = ids_.next("req_", kIdLength),
        .status = response.status,
        .body = body_of(response),
    };
    const bool went_well = response.status >= 200 && response.status < 300;
    const Result<void> written = append_line(
        went_well ? batches_.outputs(batch_.id) : batches_.errors(batch_.id),
        api::openai::format_batch_answer(answer)
    );
    if (!written) return fail_with({{"server_error", written.error().message}});
    ++(went_well ? batch_.lines_completed : batch_.lines_failed);
    api::openai::add_usage(batch_.usage, api::openai::usage_of_body(answer.body));
    batches_.show(batch_);
}

void BatchJob::cancel() {
    if (has_ended() || batch_.status == BatchStatus::kCancelling) return;
    batch_.status = BatchStatus::kCancelling;
    batch_.cancelling = now();
    put();
}

void BatchJob::finish() {
    if (has_ended()) return;
    const bool cancelled = batch_.status == BatchStatus::kCancelling;
    if (!cancelled) {
        batch_.status = BatchStatus::kFinalizing;
        batch_.finalizing = now();
        put();
    }
    adopt_results();
    if (!has_ended()) {
        batch_.status = cancelled ? BatchStatus::kCancelled : BatchStatus::kCompleted;
        (cancelled ? batch_.cancelled : batch_.completed) = now();
    }
    put();
}

void BatchJob::fail_with(std::vector<BatchFault> faults) {
    batch_.faults = std::move(faults);
    batch_.status = BatchStatus::kFailed;
    batch_.failed = now();
    lines_.clear();
    adopt_results();
    put();
}

void BatchJob::adopt_results() {
    batch_.output_file_id = adopt(batches_.outputs(batch_.id), "output");
    batch_.error_file_id = adopt(batches_.errors(batch_.id), "error");
}

// The name follows from the batch's: a job that was stopped here does not make a second file.
std::string BatchJob::adopt(const fs::path& results, std::string_view kind) {
    api::openai::FileInfo file{
        .id = "file-" + std::string(kind) + batch_.id.substr(batch_.id.find('_')),
        .filename = batch_.id + "_" + std::string(kind) + ".jsonl",
        .purpose = "batch_output",
        .created = now(),
    };
    std::error_code failed;
    if (!fs::exists(results, failed)) return files_.find(file.id) ? file.id : "";
    const Result<api::openai::FileInfo> adopted = files_.adopt(file, results);
    if (adopted) return file.id;
    batch_.faults.push_back({"server_error", adopted.error().message});
    batch_.status = BatchStatus::kFailed;
    batch_.failed = now();
    return {};
}

// A state that cannot be written counts until the server ends, and then is found out again.
void BatchJob::put() {
    [[maybe_unused]] const Result<void> written = batches_.put(batch_);
}

}  // namespace mullama::server
