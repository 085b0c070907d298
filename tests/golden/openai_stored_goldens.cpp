#include "api/openai/batch_lines.h"
#include "api/openai/batches.h"
#include "api/openai/files.h"
#include "api/openai/lists.h"
#include "api/openai/response_format.h"
#include "api/openai/response_requests.h"
#include "tests/golden/goldens.h"
#include "tests/golden/script.h"

namespace mullama::test {
namespace {

namespace dialect = api::openai;

/// Answers a response; `more` are further fields of the request.
std::string respond(const std::string& more, Script script) {
    dialect::ResponseIds ids(kSeed);
    dialect::ResponseCall call =
        expect_call(dialect::parse_response(R"({"model":"tiny","input":"Hi")" + more + "}", ids));
    call.terms.created = moment();
    dialect::ResponseFormat format(call.terms, ids, {});
    return call.stream ? stream_of(format, {std::move(script)})
                       : whole_of(format, {std::move(script)});
}

void add_both(
    std::vector<Golden>& goldens,
    const std::string& name,
    Script (*script)(),
    const std::string& more = ""
) {
    goldens.push_back({"openai/response_" + name + ".sse", [=] {
                           return respond(more + ",\"stream\":true", script());
                       }});
    goldens.push_back({"openai/response_" + name + ".json", [=] { return respond(more, script()); }}
    );
}

dialect::Batch ended_batch() {
    dialect::Batch batch = expect_call(dialect::parse_batch(
        R"({"input_file_id":"file-1","endpoint":"/v1/chat/completions","completion_window":"24h",
            "metadata":{"k":"v"}})"
    ));
    batch.id = "batch_1";
    batch.model = "tiny";
    batch.status = dialect::BatchStatus::kCompleted;
    batch.output_file_id = "file-2";
    batch.error_file_id = "file-3";
    batch.created = 1'700'000'000;
    batch.expires = 1'700'086'400;
    batch.in_progress = 1'700'000'001;
    batch.finalizing = 1'700'000'002;
    batch.completed = 1'700'000'003;
    batch.lines = 3;
    batch.lines_completed = 2;
    batch.lines_failed = 1;
    batch.usage = {
        .input_tokens = 7, .cached_tokens = 3, .output_tokens = 5, .reasoning_tokens = 1
    };
    return batch;
}

dialect::Batch failed_batch() {
    dialect::Batch batch = ended_batch();
    batch.status = dialect::BatchStatus::kFailed;
    batch.output_file_id.clear();
    batch.error_file_id.clear();
    batch.faults = dialect::read_batch_input("nope", batch.endpoint).faults;
    batch.in_progress = batch.finalizing = batch.completed = std::nullopt;
    batch.failed = 1'700'000'001;
    batch.lines = batch.lines_completed = batch.lines_failed = 0;
    batch.usage = {};
    return batch;
}

dialect::FileInfo file() {
    return {
        .id = "file-1",
        .filename = "in \"put\".jsonl",
        .purpose = "batch",
        .size_bytes = 12,
        .created = 1'700'000'000,
        .expires = 1'700'003'600,
    };
}

}  // namespace

std::vector<Golden> openai_stored_goldens() {
    std::vector<Golden> goldens;
    add_both(goldens, "text", text_script);
    add_both(goldens, "thinking", thinking_script);
    add_both(goldens, "calls", calls_script, R"(,"tools":[{"type":"function","name":"f"}])");
    add_both(goldens, "broken_call", broken_call_script);
    add_both(goldens, "length", length_script, R"(,"max_output_tokens":9)");
    add_both(
        goldens,
        "logprobs",
        logprobs_script,
        R"(,"include":["message.output_text.logprobs"],"top_logprobs":2)"
    );
    add_both(goldens, "empty", empty_script);
    goldens.push_back({"openai/response_error.sse", [] {
                           return respond(",\"stream\":true", failing_script());
                       }});
    goldens.push_back({"openai/file.json", [] { return dialect::format_file(file()); }});
    goldens.push_back({"openai/file_deleted.json", [] {
                           return dialect::format_deleted("file-1", "file");
                       }});
    goldens.push_back({"openai/batch_completed.json", [] {
                           return dialect::format_batch(ended_batch());
                       }});
    goldens.push_back({"openai/batch_failed.json", [] {
                           return dialect::format_batch(failed_batch());
                       }});
    goldens.push_back({"openai/batch_line.json", [] {
                           return dialect::format_batch_answer({
                               .id = "batch_req_1",
                               .custom_id = "a",
                               .request_id = "req_1",
                               .body = R"({"object":"chat.completion"})",
                           });
                       }});
    return goldens;
}

}  // namespace mullama::test
