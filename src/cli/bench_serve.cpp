#include "api/json.h"
#include "base/error.h"
#include "cli/daemon_client.h"
#include "cli/interrupt.h"
#include "cli/load_body.h"
#include "cli/load_client.h"
#include "cli/load_plot.h"
#include "cli/load_report.h"
#include "cli/verbs.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <fstream>
#include <functional>
#include <iostream>
#include <latch>
#include <random>
#include <ranges>
#include <stop_token>
#include <thread>
#include <utility>

#include <fmt/ranges.h>

namespace mullama::cli {
namespace {

using TimePoint = std::chrono::steady_clock::time_point;

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

/// As many clients as asked for.
/// Errors: those of DaemonClient::from_environment().
Result<std::vector<DaemonClient>> make_clients(
    const BenchServeArguments& arguments, std::int32_t count
) {
    std::vector<DaemonClient> clients;
    for (std::int32_t i = 0; i < count; ++i) {
        Result<DaemonClient> client = DaemonClient::from_environment(arguments.url);
        if (!client) return std::move(client).error();
        clients.push_back(std::move(client).value());
    }
    return clients;
}

/// Clients that read long answers, one after the other, while others ask.
class Streams {
  public:
    /// Returns when each reads its first answer, or cannot. All are borrowed.
    Streams(
        const BenchServeArguments& arguments,
        std::vector<DaemonClient>& clients,
        const Interrupt& interrupt
    )
        : arguments_(arguments),
          interrupt_(interrupt),
          answers_(clients.size()),
          begun_(std::ssize(clients)) {
        arguments_.json = false;
        arguments_.output_tokens = 512;
        arguments_.input_words = 25;
        for (std::size_t i = 0; i < clients.size(); ++i) {
            threads_.emplace_back([this, i, &client = clients[i]](const std::stop_token& stop) {
                read(i, client, stop);
            });
        }
        begun_.wait();
        counted_from_ms_ = milliseconds_since(begin_);
    }

    /// Ends them. Gives the milliseconds from each piece to the next, of those that came since all
    /// had begun.
    /// Errors: that of an answer which failed.
    Result<std::vector<double>> end() {
        for (std::jthread& thread : threads_) thread.request_stop();
        threads_.clear();
        std::vector<double> gaps;
        for (const LoadRequest& answer : std::views::join(answers_)) {
            if (!answer.error.empty()) return fail(ErrorCode::kInternal, "{}", answer.error);
            const std::vector<double>& arrivals = answer.arrivals_ms;
            for (std::size_t i = 1; i < arrivals.size(); ++i) {
                if (answer.sent_ms + arrivals[i - 1] < counted_from_ms_) continue;
                gaps.push_back(arrivals[i] - arrivals[i - 1]);
            }
        }
        return gaps;
    }

  private:
    void read(std::size_t place, DaemonClient& client, const std::stop_token& stop) {
        bool has_begun = false;
        const auto begin = [&] {
            if (!std::exchange(has_begun, true)) begun_.count_down();
        };
        const auto goes_on = [&] { return !stop.stop_requested() && !interrupt_.pressed(); };
        const auto on_piece = [&] {
            begin();
            return goes_on();
        };
        const std::string& model = arguments_.models[place % arguments_.models.size()];
        for (std::int32_t round = 0; goes_on(); ++round) {
            LoadRequest& answer = answers_[place].emplace_back();
            answer.sent_ms = milliseconds_since(begin_);
            const auto number = -2 - static_cast<std::int32_t>(place) - 1024 * round;
            const std::string chat[] = {load_question(arguments_, number)};
            [[maybe_unused]] const auto asked = ask_for_answer(
                client,
                arguments_.endpoint,
                answer_body(arguments_, model, chat),
                {.on_wait = goes_on, .on_piece = on_piece},
                answer
            );
            if (!goes_on()) answer.error.clear();  // it was broken off
            if (!answer.error.empty()) break;
        }
        begin();
    }

    BenchServeArguments arguments_;
    const Interrupt& interrupt_;
    const TimePoint begin_ = std::chrono::steady_clock::now();
    double counted_from_ms_ = 0;
    std::vector<std::vector<LoadRequest>> answers_;  // of each client, and written by it
    std::latch begun_;
    std::vector<std::jthread> threads_;  // last: they use all of the above
};

/// The requests of one chat.
class Chat {
  public:
    /// All are borrowed.
    Chat(
        const BenchServeArguments& arguments,
        DaemonClient& client,
        const std::string& model,
        const Interrupt& interrupt
    )
        : arguments_(arguments), client_(client), model_(model), interrupt_(interrupt) {}

    /// Sends the request of this number, behind those before it, and reads its answer.
    Result<void> ask(std::int32_t number, LoadRequest& request) {
        if (arguments_.texts > 0) {
            const std::string body = embedding_body(arguments_, model_, number);
            return ask_for_vectors(client_, body, arguments_.texts, request);
        }
        texts_.push_back(load_question(arguments_, number));
        const std::string body = answer_body(arguments_, model_, texts_);
        const LoadWatch watch{.on_wait = [this] { return !interrupt_.pressed(); }};
        Result<void> asked = ask_for_answer(client_, arguments_.endpoint, body, watch, request);
        texts_.push_back(request.text);
        return asked;
    }

  private:
    const BenchServeArguments& arguments_;
    DaemonClient& client_;
    const std::string& model_;
    const Interrupt& interrupt_;
    std::vector<std::string> texts_;  // of the user and the model in turn
};

/// Sends all requests from as many clients as asked for, and gives them in order.
Result<std::vector<LoadRequest>> run_load(
    const BenchServeArguments& arguments, const Interrupt& interrupt
) {
    std::vector<LoadRequest> requests(static_cast<std::size_t>(arguments.requests));
    const std::vector<double> due = due_times(arguments);
    const auto turns = static_cast<std::size_t>(arguments.turns);
    Result<std::vector<DaemonClient>> clients =
        make_clients(arguments, std::min(arguments.clients, arguments.requests));
    if (!clients) return std::move(clients).error();
    std::atomic<std::size_t> next = 0;
    const TimePoint begin = std::chrono::steady_clock::now();
    const auto work = [&](DaemonClient& client) {
        for (std::size_t first = turns * next++; first < requests.size(); first = turns * next++) {
            const std::size_t model = first / turns % arguments.models.size();
            Chat chat(arguments, client, arguments.models[model], interrupt);
            const std::size_t end = std::min(first + turns, requests.size());
            for (std::size_t i = first; i < end; ++i) {
                const std::chrono::duration<double> delay(due[i]);
                wait_until(
                    begin + std::chrono::duration_cast<TimePoint::duration>(delay), interrupt
                );
                if (interrupt.pressed()) return;
                requests[i].sent_ms = milliseconds_since(begin);
                if (chat.ask(static_cast<std::int32_t>(i), requests[i])) continue;
                for (std::size_t left = i + 1; left < end; ++left) {
                    requests[left].error = requests[i].error;
                }
                break;
            }
        }
    };
    {
        std::vector<std::jthread> threads;
        for (DaemonClient& client : *clients) threads.emplace_back(work, std::ref(client));
    }
    MULLAMA_TRY(interrupt.check());
    return requests;
}

/// Loads each model, and takes the first step of its kind, before the time runs.
Result<void> warm_up(
    const BenchServeArguments& arguments, DaemonClient& client, const Interrupt& interrupt
) {
    BenchServeArguments small = arguments;
    small.output_tokens = 2;
    small.json = false;  // of which two tokens may be no text yet
    for (const std::string& model : arguments.models) {
        LoadRequest request;
        MULLAMA_TRY(Chat(small, client, model, interrupt).ask(-1, request));
    }
    return {};
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
        "{}: {} requests, {} at a time",
        fmt::join(arguments.models, ", "),
        arguments.requests,
        arguments.clients
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
    if (arguments.models.empty()) {
        Result<std::string> model = only_model(*client);
        if (!model) return std::move(model).error();
        arguments.models.push_back(std::move(model).value());
    }
    const Interrupt interrupt;
    MULLAMA_TRY(warm_up(arguments, *client, interrupt));
    Result<std::vector<DaemonClient>> readers = make_clients(arguments, arguments.streams);
    if (!readers) return readers.error();
    Streams streams(arguments, *readers, interrupt);

    const TimePoint begin = std::chrono::steady_clock::now();
    const Result<std::vector<LoadRequest>> requests = run_load(arguments, interrupt);
    const double seconds = milliseconds_since(begin) / 1000;
    const Result<std::vector<double>> stream_gaps = streams.end();
    if (!requests) return requests.error();
    if (!stream_gaps) return stream_gaps.error();
    LoadSummary summary = summarize(*requests, seconds, *goal);
    if (arguments.streams > 0) summary.stream_gap = figure_of(*stream_gaps);
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
