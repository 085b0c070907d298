#include "server/answering.h"

#include "server/arrival.h"
#include "server/driver.h"
#include "server/first_call.h"
#include "server/gate.h"
#include "server/metrics.h"
#include "server/reply.h"

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

namespace mullama::server {
namespace {

using Clock = std::chrono::steady_clock;

/// Writes the pieces of an answer, beginning it with the first one.
class PieceWriter {
  public:
    PieceWriter(ResponseWriter& writer, const api::AnswerFormat& format)
        : writer_(writer), head_{.content_type = std::string(format.stream_type())} {}

    /// False where the client has gone.
    Task<bool> write(std::string piece) {
        if (piece.empty()) co_return alive_;
        auto entering = gate_.enter();
        const Gate::Pass pass = co_await entering;
        if (alive_ && !begun_) {
            begun_ = true;
            auto beginning = writer_.begin(head_);
            alive_ = co_await std::move(beginning);
        }
        if (alive_) {
            auto writing = writer_.write(piece);
            alive_ = co_await std::move(writing);
        }
        co_return alive_;
    }

    Task<void> end() {
        if (!alive_) co_return;
        auto ending = writer_.end();
        co_await std::move(ending);
    }

    bool has_begun() const { return begun_ || writer_.has_begun(); }

  private:
    ResponseWriter& writer_;
    const ResponseHead head_;
    Gate gate_;
    bool begun_ = false;
    bool alive_ = true;
};

/// Reads one answer to its end and tells its pieces.
class Teller {
  public:
    /// What all tellers of a call have in common.
    struct Terms {
        Clock::time_point since;  ///< When the call came.
        std::int64_t load_ns;
        std::shared_ptr<Interrupt> interrupt;
        ModelMetrics& metrics;  ///< Outlives the teller.
        bool ends_with_call;
    };

    Teller(std::size_t choice, StartedAnswer started, const Terms& terms)
        : choice_(choice),
          started_(std::move(started)),
          interrupt_(terms.interrupt),
          since_(terms.since),
          load_ns_(terms.load_ns),
          meter_(terms.metrics, terms.since) {
        if (terms.ends_with_call) first_call_.emplace();
    }

    const api::AnswerStart& about() const { return started_.about; }

    /// The next piece; nothing after the last.
    Task<std::optional<api::AnswerDelta>> next(Executor& executor) {
        if (ended_) co_return std::nullopt;
        NextOrInterrupt waiting(started_.events, interrupt_.get(), executor);
        std::optional<Event> event = co_await waiting;
        api::AnswerDelta delta{.choice = choice_, .at = std::chrono::system_clock::now()};
        if (!started_.lead.empty()) {
            delta.parts.push_back({AnswerPartKind::kContent, std::exchange(started_.lead, "")});
        }
        if (!event) {
            ended_ = true;
            if (interrupt_ && interrupt_->asked()) end_early(delta);
            co_return delta;
        }
        meter_.take(*event, Clock::now());
        const bool was_cut = take(started_.parser.push(event->text), delta);
        tokens_ += event->tokens.size();
        delta.logprobs = std::move(event->logprobs);
        delta.progress = event->progress;
        if (!started_.context.empty()) {
            started_.context.insert(
                started_.context.end(), event->tokens.begin(), event->tokens.end()
            );
        }
        delta.tokens = std::move(event->tokens);
        if (event->finish) {
            take(started_.parser.finish(), delta);
            finish_ = std::move(*event->finish);
            ended_ = true;
        } else if (was_cut) {
            stop_engine();
        }
        co_return delta;
    }

    /// How it ended, after next() gave the last piece.
    api::AnswerEnd end() {
        return {
            .choice = choice_,
            .at = std::chrono::system_clock::now(),
            .finish = std::move(finish_),
            .has_calls = has_calls_,
            .load_ns = std::max<std::int64_t>(load_ns_, 1),
            .total_ns = std::chrono::nanoseconds(Clock::now() - since_).count(),
            .context = std::move(started_.context),
        };
    }

  private:
    /// Whether the answer ends with what it has.
    bool take(std::vector<AnswerPart> parts, api::AnswerDelta& delta) {
        const bool was_cut = first_call_ && first_call_->cut(parts);
        for (AnswerPart& part : parts) {
            if (part.kind == AnswerPartKind::kToolCallEnd) has_calls_ = true;
            delta.parts.push_back(std::move(part));
        }
        return was_cut;
    }

    void end_early(api::AnswerDelta& delta) {
        take(started_.parser.finish(), delta);
        finish_.reason = FinishReason::kCancelled;
        count_usage();
    }

    void stop_engine() {
        const EventStream stopped = std::move(started_.events);
        ended_ = true;
        count_usage();
    }

    // What an engine that was stopped does not tell.
    void count_usage() {
        finish_.usage.prompt_tokens = static_cast<std::int64_t>(started_.prompt_tokens);
        finish_.usage.completion_tokens = static_cast<std::int64_t>(tokens_);
    }

    std::size_t choice_;
    StartedAnswer started_;
    std::shared_ptr<Interrupt> interrupt_;
    Clock::time_point since_;
    std::int64_t load_ns_;
    AnswerMeter meter_;
    std::optional<FirstCall> first_call_;
    Finish finish_;
    std::size_t tokens_ = 0;
    bool has_calls_ = false;
    bool ended_ = false;
};

Task<void> tell(Teller& teller, PieceWriter& out, api::AnswerFormat& format, Executor& executor) {
    while (true) {
        auto reading = teller.next(executor);
        const std::optional<api::AnswerDelta> delta = co_await std::move(reading);
        if (!delta) break;
        auto writing = out.write(format.delta(*delta));
        if (!co_await std::move(writing)) co_return;
    }
    auto writing = out.write(format.end(teller.end()));
    co_await std::move(writing);
}

Task<void> collect(Teller& teller, api::AnswerCollector& into, Executor& executor) {
    while (true) {
        auto reading = teller.next(executor);
        const std::optional<api::AnswerDelta> delta = co_await std::move(reading);
        if (!delta) break;
        into.add(*delta);
    }
}

/// Runs tasks side by side on one executor, and ends when all have ended.
Task<void> run_all(std::vector<Task<void>> tasks, Executor& executor) {
    if (tasks.size() == 1) {
        co_await std::move(tasks.front());
        co_return;
    }
    std::size_t left = tasks.size();
    Arrival<bool> all;
    const auto arrive = all.sender();
    std::function<void(Driver::End)> on_end = [&left, arrive](Driver::End) {
        if (--left == 0) arrive(true);
    };
    std::vector<Driver> drivers;
    for (Task<void>& task : tasks) {
        drivers.push_back(Driver::make(std::move(task), executor, on_end));
    }
    for (Driver& driver : drivers) driver.start();
    co_await all;
}

struct Begun {
    std::optional<ModelLease> lease = {};  // first: the model stays as long as its answers
    std::size_t prompt_tokens = 0;
    std::vector<Teller> tellers = {};
};

/// Gets the model and begins the answers on it.
Task<Result<Begun>> begin(Service& service, AnswerJob& job, Executor& executor) {
    const Clock::time_point since = Clock::now();
    auto acquiring = acquire_model(service, job.use, executor);
    Result<AcquiredModel> acquired = co_await std::move(acquiring);
    if (!acquired) co_return std::move(acquired).error();
    auto& [choice, lease] = *acquired;
    auto start = [model = *lease, choice = choice, start = job.start] {
        return start(model, choice);
    };
    Executor& starter = job.reads_images ? service.eyes : service.work;
    Offload starting(starter, executor, std::move(start));
    Result<std::vector<StartedAnswer>> started = co_await starting;
    if (!started) co_return busy_if_full(std::move(started).error());
    Begun begun;
    const Teller::Terms terms{
        .since = since,
        .load_ns = lease.waited_ns(),
        .interrupt = job.interrupt,
        .metrics = service.metrics.model(choice.model.name),
        .ends_with_call = job.ends_with_call,
    };
    for (StartedAnswer& each : *started) {
        begun.prompt_tokens = each.prompt_tokens;
        begun.tellers.emplace_back(begun.tellers.size(), std::move(each), terms);
        job.format->start(begun.tellers.size() - 1, begun.tellers.back().about());
    }
    begun.lease.emplace(std::move(lease));
    co_return begun;
}

Task<void> stream_all(Begun& begun, ResponseWriter& writer, api::AnswerFormat& format) {
    PieceWriter out(writer, format);
    auto beginning = out.write(format.begin(begun.prompt_tokens));
    co_await std::move(beginning);
    std::vector<Task<void>> tasks;
    for (Teller& teller : begun.tellers) {
        tasks.push_back(tell(teller, out, format, writer.executor()));
    }
    auto running = run_all(std::move(tasks), writer.executor());
    co_await std::move(running);
    auto finishing = out.write(format.finish());
    co_await std::move(finishing);
    auto ending = out.end();
    co_await std::move(ending);
}

Task<void> send_whole(Begun& begun, ResponseWriter& writer, AnswerJob& job) {
    std::vector<api::AnswerCollector> collectors(begun.tellers.size());
    std::vector<Task<void>> tasks;
    for (std::size_t i = 0; i < begun.tellers.size(); ++i) {
        tasks.push_back(collect(begun.tellers[i], collectors[i], writer.executor()));
    }
    auto running = run_all(std::move(tasks), writer.executor());
    co_await std::move(running);
    std::vector<api::Answer> answers;
    for (std::size_t i = 0; i < begun.tellers.size(); ++i) {
        answers.push_back(collectors[i].take(begun.tellers[i].end()));
        const Finish& finish = answers.back().end.finish;
        if (!finish.error) continue;
        auto refusing = reply(writer, job.refuse(*finish.error));
        co_await std::move(refusing);
        co_return;
    }
    auto sending = reply(writer, json_response(job.format->whole(answers)));
    co_await std::move(sending);
}

// A ping may have begun the answer: then the error is told in the answer.
Task<void> send_error(ResponseWriter& writer, AnswerJob& job, const Error& error) {
    if (!writer.has_begun()) {
        auto sending = reply(writer, job.refuse(error));
        co_await std::move(sending);
        co_return;
    }
    const std::string piece = job.format->error(error);
    auto writing = writer.write(piece);
    co_await std::move(writing);
    auto ending = writer.end();
    co_await std::move(ending);
}

}  // namespace

Task<void> answer(Service& service, ResponseWriter& writer, AnswerJob job) {
    const std::string ping = job.stream ? job.format->ping() : "";
    if (!ping.empty()) {
        Pings pings{
            .head = {.content_type = std::string(job.format->stream_type())}, .bytes = ping
        };
        if (job.ping_interval) pings.interval = *job.ping_interval;
        writer.ping(std::move(pings));
    }
    auto beginning = begin(service, job, writer.executor());
    Result<Begun> begun = co_await std::move(beginning);
    if (!begun) {
        auto sending = send_error(writer, job, begun.error());
        co_await std::move(sending);
        co_return;
    }
    auto writing =
        job.stream ? stream_all(*begun, writer, *job.format) : send_whole(*begun, writer, job);
    co_await std::move(writing);
}

unsigned status_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::kInvalidArgument:
        case ErrorCode::kUnsupported:
            return 400;
        case ErrorCode::kNotFound:
            return 404;
        case ErrorCode::kExhausted:
        case ErrorCode::kUnavailable:
            return 503;
        case ErrorCode::kCancelled:
            return 499;
        case ErrorCode::kTimeout:
            return 504;
        case ErrorCode::kCorrupt:
        case ErrorCode::kIo:
        case ErrorCode::kInternal:
            return 500;
    }
    return 500;
}

Error busy_if_full(Error error) {
    if (error.code != ErrorCode::kExhausted) return error;
    return {error.code, "server busy, please try again.  maximum pending requests exceeded"};
}

}  // namespace mullama::server
