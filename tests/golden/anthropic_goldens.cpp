#include "api/anthropic/errors.h"
#include "api/anthropic/requests.h"
#include "api/anthropic/responses.h"
#include "tests/golden/goldens.h"
#include "tests/golden/script.h"

namespace mullama::test {
namespace {

namespace dialect = api::anthropic;

/// Answers a message; `more` are further fields of the request.
std::string messages(const std::string& more, Script script) {
    const dialect::MessagesCall call = expect_call(dialect::parse_messages(
        R"({"model":"tiny","max_tokens":9,"messages":[{"role":"user","content":"Hi"}])" + more +
            "}",
        false
    ));
    dialect::MessagesFormat format(call.use.model, call.stop_sequences, kSeed, "req_1");
    return call.stream ? stream_of(format, {std::move(script)})
                       : whole_of(format, {std::move(script)});
}

void add_both(
    std::vector<Golden>& goldens,
    const std::string& name,
    Script (*script)(),
    const std::string& more = ""
) {
    goldens.push_back({"anthropic/messages_" + name + ".sse", [=] {
                           return messages(more + ",\"stream\":true", script());
                       }});
    goldens.push_back({"anthropic/messages_" + name + ".json", [=] {
                           return messages(more, script());
                       }});
}

}  // namespace

std::vector<Golden> anthropic_goldens() {
    std::vector<Golden> goldens;
    add_both(goldens, "text", text_script);
    add_both(goldens, "thinking", thinking_script);
    add_both(goldens, "calls", calls_script);
    add_both(goldens, "broken_call", broken_call_script);
    add_both(goldens, "length", length_script);
    add_both(goldens, "stop", stop_script, R"(,"stop_sequences":["END"])");
    add_both(goldens, "empty", empty_script);
    goldens.push_back({"anthropic/messages_error.sse", [] {
                           return messages(",\"stream\":true", failing_script());
                       }});
    goldens.push_back({"anthropic/count_tokens.json", [] {
                           return dialect::format_token_count(12);
                       }});
    goldens.push_back({"anthropic/error_request.json", [] {
                           const auto call = dialect::parse_messages(R"({"model":"m"})", false);
                           return dialect::format_error(400, expect_refusal(call), "req_1");
                       }});
    goldens.push_back({"anthropic/error_overloaded.json", [] {
                           return dialect::format_error(503, "server busy", "req_1");
                       }});
    return goldens;
}

}  // namespace mullama::test
