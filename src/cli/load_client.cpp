#include "cli/load_client.h"

#include "api/json.h"
#include "base/error.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include <fmt/format.h>

namespace mullama::cli {
namespace {

using TimePoint = std::chrono::steady_clock::time_point;

/// The first of these fields that has text; empty where none has.
std::string text_of(const api::json::object& piece, std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
        const auto* text = piece.if_contains(name);
        if (text != nullptr && text->is_string() && !text->get_string().empty()) {
            return std::string(text->get_string());
        }
    }
    return {};
}

/// Reads the events of one answer into a request.
class AnswerReader {
  public:
    /// Both are borrowed. The request is sent now.
    AnswerReader(LoadRequest& request, const std::function<bool()>& on_piece)
        : request_(request), on_piece_(on_piece) {}

    /// Takes a line of the stream; false where there is nothing more to read.
    bool take(std::string_view line) {
        constexpr std::string_view kData = "data:";
        if (!line.starts_with(kData)) return true;
        line.remove_prefix(kData.size());
        line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
        if (line.starts_with("[DONE]")) {
            done_ = true;
            return true;
        }
        const Result<api::json::value> event = api::parse_json(line);
        if (!event || !event->is_object()) {
            request_.error = "an event of the answer is no JSON object";
            return false;
        }
        return take(event->get_object()) && request_.error.empty();
    }

    /// Gives the error of the request, which has it too.
    Result<void> end(const Result<void>& called) {
        request_.took_ms = milliseconds_since(begin_);
        if (!called) {
            request_.error = called.error().message;
            return called;
        }
        if (request_.error.empty() && !done_) request_.error = "the answer broke off";
        if (request_.error.empty() && request_.arrivals_ms.empty()) {
            request_.error = "the answer is empty";
        }
        if (!request_.error.empty()) return fail(ErrorCode::kInternal, "{}", request_.error);
        if (request_.answer_tokens == 0) request_.answer_tokens = std::ssize(request_.arrivals_ms);
        return {};
    }

  private:
    bool take(const api::json::object& event) {
        if (const auto* error = event.if_contains("error")) {
            request_.error = api::to_text(*error);
            return false;
        }
        bool goes_on = true;
        api::Fields fields(event, "event");
        for (const api::json::object* choice : fields.objects("choices")) {
            const auto* delta = choice->if_contains("delta");
            const bool is_chat = delta != nullptr && delta->is_object();
            const api::json::object& piece = is_chat ? delta->get_object() : *choice;
            const std::string text = text_of(piece, {"content", "text"});
            if (text.empty() && text_of(piece, {"reasoning_content", "reasoning"}).empty())
                continue;
            request_.arrivals_ms.push_back(milliseconds_since(begin_));
            request_.text += text;
            goes_on = on_piece_() && goes_on;
        }
        if (const api::json::object* usage = fields.object("usage")) {
            api::Fields counts(*usage, "usage");
            counts.read("prompt_tokens", request_.prompt_tokens);
            counts.read("completion_tokens", request_.answer_tokens);
        }
        return goes_on;
    }

    LoadRequest& request_;
    const std::function<bool()>& on_piece_;
    const TimePoint begin_ = std::chrono::steady_clock::now();
    bool done_ = false;
};

/// Reads an answer with vectors into a request.
Result<void> read_vectors(const std::string& body, LoadRequest& request) {
    const Result<api::json::object> answer = api::parse_body(body);
    if (!answer) return answer.error();
    api::Fields fields(*answer, "answer");
    request.vectors = std::ssize(fields.objects("data"));
    if (const api::json::object* usage = fields.object("usage")) {
        api::Fields(*usage, "usage").read("prompt_tokens", request.prompt_tokens);
    }
    return fields.result();
}

}  // namespace

double milliseconds_since(TimePoint begin) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
        .count();
}

Result<void> ask_for_answer(
    DaemonClient& client,
    const std::string& endpoint,
    const std::string& body,
    const LoadWatch& watch,
    LoadRequest& request
) {
    AnswerReader reader(request, watch.on_piece);
    const auto on_line = [&reader](std::string_view line) { return reader.take(line); };
    return reader.end(client.post_lines(endpoint, body, on_line, watch.on_wait));
}

Result<void> ask_for_vectors(
    DaemonClient& client, const std::string& body, std::int32_t count, LoadRequest& request
) {
    const TimePoint begin = std::chrono::steady_clock::now();
    const Result<std::string> answer = client.post("/v1/embeddings", body);
    request.took_ms = milliseconds_since(begin);
    request.arrivals_ms = {request.took_ms};
    Result<void> read = answer ? read_vectors(*answer, request) : Result<void>(answer.error());
    if (read && request.vectors != count) {
        read = fail(ErrorCode::kInternal, "{} texts have {} vectors", count, request.vectors);
    }
    if (!read) request.error = read.error().message;
    return read;
}

}  // namespace mullama::cli
