#include "api/openai/batch_lines.h"

#include "api/json_writer.h"
#include "base/error.h"

#include <algorithm>
#include <set>
#include <utility>

namespace mullama::api::openai {
namespace {

constexpr std::size_t kFaultsMax = 100;
constexpr std::size_t kCustomIdBytesMax = 512;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string text_at(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains({name.data(), name.size()});
    if (value == nullptr || !value->is_string()) return {};
    return {value->get_string().data(), value->get_string().size()};
}

std::int64_t number_at(const json::object* object, std::string_view name) {
    if (object == nullptr) return 0;
    const json::value* value = object->if_contains({name.data(), name.size()});
    const auto* number = value == nullptr ? nullptr : value->if_int64();
    return number == nullptr ? 0 : *number;
}

const json::object* object_at(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains({name.data(), name.size()});
    return value == nullptr ? nullptr : value->if_object();
}

BatchUsage usage_of(const json::object& body) {
    const json::object* usage = object_at(body, "usage");
    if (usage == nullptr) return {};
    const bool is_response = usage->contains("input_tokens");
    const auto details = [&](std::string_view name) { return object_at(*usage, name); };
    if (is_response) {
        return {
            number_at(usage, "input_tokens"),
            number_at(details("input_tokens_details"), "cached_tokens"),
            number_at(usage, "output_tokens"),
            number_at(details("output_tokens_details"), "reasoning_tokens"),
        };
    }
    return {
        number_at(usage, "prompt_tokens"),
        number_at(details("prompt_tokens_details"), "cached_tokens"),
        number_at(usage, "completion_tokens"),
        number_at(details("completion_tokens_details"), "reasoning_tokens"),
    };
}

/// Reads input lines one after the other.
class InputReader {
  public:
    explicit InputReader(std::string_view endpoint) : endpoint_(endpoint) {}

    void read(std::string_view text) {
        ++number_;
        if (text.find_first_not_of(" \t\r") == std::string_view::npos) return;
        const Result<json::object> line = parse_body(text);
        if (!line) return note("invalid_json_line", "This line is not parseable as valid JSON.");
        const std::string custom_id = text_at(*line, "custom_id");
        const json::object* body = object_at(*line, "body");
        if (custom_id.empty() || custom_id.size() > kCustomIdBytesMax) {
            return note(
                "missing_required_parameter",
                fmt::format("custom_id must be a text of 1 to {} bytes.", kCustomIdBytesMax),
                "custom_id"
            );
        }
        if (!custom_ids_.insert(custom_id).second) {
            return note(
                "duplicate_custom_id",
                fmt::format("The custom_id '{}' is on a line before this one.", custom_id),
                "custom_id"
            );
        }
        if (text_at(*line, "method") != "POST") {
            return note("invalid_method", "The method must be POST.", "method");
        }
        if (text_at(*line, "url") != endpoint_) {
            return note(
                "invalid_url", fmt::format("The url must be the batch's, {}.", endpoint_), "url"
            );
        }
        if (body == nullptr) {
            return note("missing_required_parameter", "The body must be an object.", "body");
        }
        take(custom_id, *body);
    }

    BatchInput end() {
        if (input_.lines.empty() && input_.faults.empty()) {
            input_.faults.push_back({"empty_file", "The input file has no requests."});
        }
        return std::move(input_);
    }

    /// Whether reading on would tell nothing more.
    bool is_full() const {
        return input_.faults.size() >= kFaultsMax || input_.lines.size() > kBatchLinesMax;
    }

  private:
    void take(const std::string& custom_id, const json::object& body) {
        const json::value* stream = body.if_contains("stream");
        if (stream != nullptr && stream->is_bool() && stream->get_bool()) {
            return note("invalid_request", "Batches are not streamed: leave out stream.", "stream");
        }
        if (input_.lines.size() == kBatchLinesMax) {
            note("too_many_tasks", fmt::format("A batch has {} lines at most.", kBatchLinesMax));
        }
        if (input_.lines.empty()) input_.model = text_at(body, "model");
        input_.lines.push_back({custom_id, to_text(body)});
    }

    void note(std::string code, std::string message, std::string param = {}) {
        input_.faults.push_back({std::move(code), std::move(message), std::move(param), number_});
    }

    std::string_view endpoint_;
    std::int64_t number_ = 0;
    std::set<std::string> custom_ids_;
    BatchInput input_;
};

}  // namespace

BatchInput read_batch_input(std::string_view text, std::string_view endpoint) {
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    InputReader reader(endpoint);
    while (!text.empty() && !reader.is_full()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        reader.read(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return reader.end();
}

std::string format_batch_answer(const BatchAnswer& answer) {
    JsonWriter out;
    out.begin_object().field("id", answer.id).field("custom_id", answer.custom_id);
    out.key("response").begin_object().field("status_code", answer.status);
    out.field("request_id", answer.request_id).raw_field("body", answer.body).end_object();
    out.key("error").null().end_object();
    return out.take();
}

Result<BatchTally> read_batch_answer(std::string_view line) {
    const Result<json::object> object = parse_body(line);
    const std::string custom_id = object ? text_at(*object, "custom_id") : "";
    if (custom_id.empty()) {
        return fail(ErrorCode::kCorrupt, "a line of a batch's answers is damaged");
    }
    BatchTally tally{.custom_id = custom_id};
    const json::object* response = object_at(*object, "response");
    const json::object* body = response == nullptr ? nullptr : object_at(*response, "body");
    if (body != nullptr) tally.usage = usage_of(*body);
    return tally;
}

BatchUsage usage_of_body(std::string_view body) {
    const Result<json::object> object = parse_body(body);
    return object ? usage_of(*object) : BatchUsage();
}

void add_usage(BatchUsage& sum, const BatchUsage& one) {
    sum.input_tokens += one.input_tokens;
    sum.cached_tokens += one.cached_tokens;
    sum.output_tokens += one.output_tokens;
    sum.reasoning_tokens += one.reasoning_tokens;
}

}  // namespace mullama::api::openai
