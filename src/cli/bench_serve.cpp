#include "api/json.h"
#include "api/json_writer.h"
#include "base/error.h"
#include "cli/daemon_client.h"
#include "cli/interrupt.h"
#include "cli/load_plot.h"
#include "cli/load_report.h"
#include "cli/verbs.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <fstream>
#include <functional>
#include <iostream>
#include <random>
#include <thread>
#include <utility>

#include <fmt/ranges.h>

namespace mullama::cli {
namespace {

using TimePoint = std::chrono::steady_clock::time_point;
using Milliseconds = std::chrono::duration<double, std::milli>;

double milliseconds_since(TimePoint begin) {
    return Milliseconds(std::chrono::steady_clock::now() - begin).count();
}

// The schema of an answer that may be as long as one likes.
constexpr std::string_view kPeople =
    R"({"type":"json_schema","json_schema":{"name":"people","schema":{"type":"object","properties":)"
    R"({"people":{"type":"array","items":{"type":"object","properties":{"name":{"type":"string"},)"
    R"("age":{"type":"integer"},"city":{"type":"string"},)"
    R"("job":{"enum":["baker","smith","teacher"]}},)"
    R"("required":["name","age","city","job"]}}},"required":["people"]}}})";

/// As many common words as asked for, the same for the same seed.
std::string random_words(std::uint64_t seed, std::int32_t count) {
    constexpr std::string_view kWords[] = {
        "river",   "stone",   "early",  "window",  "paper",   "seven",   "garden", "market",
        "letter",  "winter",  "bridge", "silver",  "captain", "morning", "number", "yellow",
        "harbour", "music",   "simple", "travel",  "doctor",  "forest",  "summer", "kitchen",
        "island",  "thunder", "copper", "village", "engine",  "story",   "north",  "candle"
    };
    std::mt19937_64 random(seed);
    std::string text;
    for (std::int32_t i = 0; i < count; ++i) {
        if (i > 0) text += ' ';
        text += kWords[random() % std::size(kWords)];
    }
    return text;
}

std::string request_body(const BenchServeArguments& arguments, std::int32_t number) {
    const std::uint64_t seed = arguments.seed * std::uint64_t{1'000'003};
    api::JsonWriter out;
    const std::string prefix = random_words(seed, arguments.prefix_words);
    const auto own_seed = seed + static_cast<std::uint64_t>(number) + 1;
    const std::string own = random_words(own_seed, arguments.input_words);
    out.begin_object().field("model", arguments.model);
    if (arguments.is_chat()) {
        out.key("messages").begin_array();
        const auto add_message = [&out](std::string_view role, std::string_view content) {
            out.begin_object().field("role", role).field("content", content).end_object();
        };
        if (!prefix.empty()) add_message("system", prefix);
        add_message("user", own);
        out.end_array();
    } else {
        out.field("prompt", prefix.empty() ? own : prefix + " " + own);
    }
    if (arguments.json) {
        out.key("response_format").raw(kPeople);
    } else {
        out.field("ignore_eos", true);
    }
    out.field("max_tokens", arguments.output_tokens)
        .field("temperature", arguments.temperature)
        .field("stream", true)
        .key("stream_options")
        .begin_object()
        .field("include_usage", true)
        .end_object()
        .end_object();
    return out.take();
}

/// Reads the events of one answer into a request.
class AnswerReader {
  public:
    /// `request` is borrowed. It is sent now.
    explicit AnswerReader(LoadRequest& request) : request_(request) {}

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
        take(event->get_object());
        return request_.error.empty();
    }

    void end(const Result<void>& called) {
        request_.took_ms = milliseconds_since(begin_);
        if (!called) request_.error = called.error().message;
        if (!request_.error.empty()) return;
        if (!done_) request_.error = "the answer broke off";
        if (request_.arrivals_ms.empty()) request_.error = "the answer is empty";
        if (request_.answer_tokens == 0) request_.answer_tokens = std::ssize(request_.arrivals_ms);
    }

  private:
    void take(const api::json::object& event) {
        if (const auto* error = event.if_contains("error")) {
            request_.error = api::to_text(*error);
            return;
        }
        api::Fields fields(event, "event");
        for (const api::json::object* choice : fields.objects("choices")) {
            const auto* delta = choice->if_contains("delta");
            const bool is_chat = delta != nullptr && delta->is_object();
            if (has_text(is_chat ? delta->get_object() : *choice)) {
                request_.arrivals_ms.push_back(milliseconds_since(begin_));
            }
        }
        if (const api::json::object* usage = fields.object("usage")) {
            api::Fields counts(*usage, "usage");
            counts.read("prompt_tokens", request_.prompt_tokens);
            counts.read("completion_tokens", request_.answer_tokens);
        }
    }

    static bool has_text(const api::json::object& piece) {
        return std::ranges::any_of(
            std::array{"content", "reasoning_content", "reasoning", "text"},
            [&piece](const char* name) {
                const auto* text = piece.if_contains(name);
                return text != nullptr && text->is_string() && !text->get_string().empty();
            }
        );
    }

    LoadRequest& request_;
    const TimePoint begin_ = std::chrono::steady_clock::now();
    bool done_ = false;
};

/// Sends the request of this number and reads its answer.
/// Errors: those of DaemonClient::post_lines(); they are in `request` too.
Result<void> ask(
    DaemonClient& client,
    const BenchServeArguments& arguments,
    std::int32_t number,
    const Interrupt& interrupt,
    LoadRequest& request
) {
    const std::string body = request_body(arguments, number);
    AnswerReader reader(request);
    const auto on_line = [&reader](std::string_view line) { return reader.take(line); };
    const auto on_wait = [&interrupt] { return !interrupt.pressed(); };
    Result<void> called = client.post_lines(arguments.endpoint, body, on_line, on_wait);
    reader.end(called);
    return called;
}

/// The only model that a server has.
Result<std::string> only_model(DaemonClient& client) {
    const Result<std::string> body = client.get("/v1/models");
    if (!body) return body.error();
    const Result<api::json::object> answer = api::parse_body(*body);
    if (!answer) return answer.error();
    std::vector<std::string> names;
    api::Fields fields(*answer, "models");
    for (const api::json::object* model : fields.objects("data")) {
        std::string name;
        api::Fields(*model, "model").read("id", name);
        names.push_back(std::move(name));
    }
    if (names.size() == 1) return std::move(names.front());
    return fail(
        ErrorCode::kInvalidArgument,
        "the server has {} models: choose one with --model{}{}",
        names.size(),
        names.empty() ? "" : " of ",
        fmt::join(names, ", ")
    );
}

/// When each request is due, in seconds from the start: as they come by chance, at `rate` a second.
std::vector<double> due_times(const BenchServeArguments& arguments) {
    std::vector<double> due(static_cast<std::size_t>(arguments.requests), 0.0);
    if (!(arguments.rate > 0)) return due;
    std::mt19937_64 random(arguments.seed);
    for (std::size_t i = 1; i < due.size(); ++i) {
        // The standard's distributions differ between libraries, its engines do not.
        const double share = static_cast<double>(random() >> 11) * 0x1p-53;  // in [0, 1)
        due[i] = due[i - 1] - std::log1p(-share) / arguments.rate;
    }
    return due;
}

void wait_until(TimePoint time, const Interrupt& interrupt) {
    constexpr std::chrono::milliseconds kNap{20};
    while (!interrupt.pressed()) {
        const auto now = std::chrono::steady_clock::now();
        if (now >= time) return;
        std::this_thread::sleep_for(std::min<TimePoint::duration>(time - now, kNap));
    }
}

/// Sends all requests from as many clients as asked for, and gives them in order.
Result<std::vector<LoadRequest>> run_load(
    const BenchServeArguments& arguments, const Interrupt& interrupt
) {
    std::vector<LoadRequest> requests(static_cast<std::size_t>(arguments.requests));
    const std::vector<double> due = due_times(arguments);
    std::vector<DaemonClient> clients;
    for (std::int32_t i = 0; i < std::min(arguments.clients, arguments.requests); ++i) {
        Result<DaemonClient> client = DaemonClient::from_environment(arguments.url);
        if (!client) return std::move(client).error();
        clients.push_back(std::move(client).value());
    }
    std::atomic<std::size_t> next = 0;
    const TimePoint begin = std::chrono::steady_clock::now();
    const auto work = [&](DaemonClient& client) {
        for (std::size_t i = next++; i < requests.size(); i = next++) {
            const auto delay = std::chrono::duration<double>(due[i]);
            wait_until(begin + std::chrono::duration_cast<TimePoint::duration>(delay), interrupt);
            if (interrupt.pressed()) return;
            const auto number = static_cast<std::int32_t>(i);
            requests[i].sent_ms = milliseconds_since(begin);
            [[maybe_unused]] const auto asked =
                ask(client, arguments, number, interrupt, requests[i]);
        }
    };
    {
        std::vector<std::jthread> threads;
        for (DaemonClient& client : clients) threads.emplace_back(work, std::ref(client));
    }
    MULLAMA_TRY(interrupt.check());
    return requests;
}

Result<LoadGoal> goal_of(const std::vector<std::string>& texts) {
    LoadGoal goal;
    for (const std::string& text : texts) {
        if (goal.set(text)) continue;
        return fail(
            ErrorCode::kInvalidArgument,
            "'{}' is no goal: write ttft, tpot or e2el, a colon and milliseconds",
            text
        );
    }
    return goal;
}

Result<void> write_plot(
    const BenchServeArguments& arguments, const std::vector<LoadRequest>& requests
) {
    const std::string title = fmt::format(
        "{}: {} requests, {} at a time", arguments.model, arguments.requests, arguments.clients
    );
    std::ofstream file(arguments.plot, std::ios::binary);
    file << load_plot(requests, title) << std::flush;
    if (file) return {};
    return fail(ErrorCode::kIo, "{} cannot be written: {}", arguments.plot, std::strerror(errno));
}

Result<void> measure(BenchServeArguments arguments) {
    const Result<LoadGoal> goal = goal_of(arguments.goals);
    if (!goal) return goal.error();
    Result<DaemonClient> client = DaemonClient::from_environment(arguments.url);
    if (!client) return std::move(client).error();
    if (arguments.model.empty()) {
        Result<std::string> model = only_model(*client);
        if (!model) return std::move(model).error();
        arguments.model = std::move(model).value();
    }
    const Interrupt interrupt;
    // The model is loaded, and the first step of its kind taken, before the time runs.
    BenchServeArguments small = arguments;
    small.output_tokens = 2;
    small.json = false;  // of which two tokens may be no text yet
    LoadRequest warm_up;
    MULLAMA_TRY(ask(*client, small, -1, interrupt, warm_up));
    if (!warm_up.error.empty()) return fail(ErrorCode::kInternal, "{}", warm_up.error);

    const TimePoint begin = std::chrono::steady_clock::now();
    const Result<std::vector<LoadRequest>> requests = run_load(arguments, interrupt);
    if (!requests) return requests.error();
    const double seconds = milliseconds_since(begin) / 1000;
    const LoadSummary summary = summarize(*requests, seconds, *goal);
    std::cout << (arguments.form == "jsonl" ? load_lines(*requests, summary) : load_tables(summary))
              << std::flush;
    if (!arguments.plot.empty()) MULLAMA_TRY(write_plot(arguments, *requests));
    const auto failed = std::ranges::find_if(*requests, [](const LoadRequest& request) {
        return !request.succeeded();
    });
    if (failed == requests->end()) return {};
    return fail(
        ErrorCode::kInternal,
        "{} of {} requests failed; the first: {}",
        summary.failed,
        requests->size(),
        failed->error
    );
}

}  // namespace

ExitCode bench_serve(const BenchServeArguments& arguments) {
    const Result<void> measured = measure(arguments);
    return measured ? ExitCode::kSuccess : report(measured.error());
}

}  // namespace mullama::cli
