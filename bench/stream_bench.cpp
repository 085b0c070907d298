// Measures what the server itself costs: streams of a scripted model that makes a token for each of
// them every PERIOD_MS, read by a client process on the same machine. Prints one line of JSON.
//   stream_bench [STREAMS=1000] [TOKENS=200] [PERIOD_MS=50]
//
// A token's text is the number of the step that made it. Its latency is the time from the end of
// that step to the client's having read it, through the engine, the stream, OpenAI's format, HTTP
// and the socket. The server's CPU time for a token is all that it uses, as its model only waits.

#include "api/openai/responses.h"
#include "engine/local_engine.h"
#include "server/http_server.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace mullama;
using Clock = std::chrono::steady_clock;

constexpr std::int32_t kVocabulary = 1 << 20;

struct Settings {
    std::int32_t streams = 1000;
    std::int32_t tokens = 200;
    std::int32_t period_ms = 50;
};

/// What both processes see.
struct Shared {
    std::atomic<std::uint16_t> port = 0;
    std::atomic<std::int64_t> step_end_ns[kVocabulary] = {};
};

std::int64_t now_ns() {
    return std::chrono::nanoseconds(Clock::now().time_since_epoch()).count();
}

[[noreturn]] void stop(std::string_view message) {
    fmt::print(stderr, "error: {}\n", message);
    std::_Exit(1);
}

/// Gives each answer the number of the step as its next token.
class StepSampler final : public TokenSampler {
  public:
    explicit StepSampler(const std::atomic<Token>& step) : step_(step) {}
    Result<Token> sample(std::span<const float>) override { return step_.load(); }
    Result<void> accept(Token) override { return {}; }

  private:
    const std::atomic<Token>& step_;
};

/// A step takes until the next tick of a clock.
class PacedDecoder final : public Decoder {
  public:
    PacedDecoder(const EngineInfo& info, std::chrono::milliseconds period, Shared& shared)
        : info_(info), period_(period), shared_(shared), logits_(1) {}

    EngineInfo info() const override { return info_; }
    Result<void> decode(std::span<const DecodeEntry>) override {
        next_ = std::max(next_ + period_, Clock::now());
        std::this_thread::sleep_until(next_);
        if (++step_ >= kVocabulary) stop("too many steps: ask for fewer tokens");
        shared_.step_end_ns[step_] = now_ns();
        return {};
    }
    Result<void> check_media(const MediaEmbedding&) const override { return unsupported(); }
    Result<void> decode_media(const MediaStep&) override { return unsupported(); }
    Result<std::span<const float>> logits(std::size_t) override {
        return std::span<const float>(logits_);
    }
    std::int32_t threads() const override { return 1; }
    void remove(SequenceId) override {}
    bool can_forget() const override { return false; }
    Result<void> forget(SequenceId, Position, Position) override { return unsupported(); }
    Result<std::unique_ptr<TokenSampler>>
    make_sampler(const SamplingOptions&, std::span<const Token>) const override {
        return std::unique_ptr<TokenSampler>(std::make_unique<StepSampler>(step_));
    }
    void interrupt() override {}

  private:
    static Error unsupported() { return {ErrorCode::kUnsupported, "it only keeps time"}; }

    const EngineInfo info_;
    const std::chrono::milliseconds period_;
    Shared& shared_;
    const std::vector<float> logits_;
    Clock::time_point next_ = Clock::now();
    std::atomic<Token> step_ = 0;
};

/// A token's text is "#" and its number.
class NumberTokenizer final : public Tokenizer {
  public:
    Result<std::vector<Token>> encode(std::string_view, bool, bool) const override {
        return std::vector<Token>{1};
    }
    std::string piece(Token token) const override { return fmt::format("#{}.", token); }
    bool is_eog(Token) const override { return false; }
    std::int32_t size() const override { return kVocabulary; }
};

/// Streams one answer in OpenAI's format.
Task<void> stream_answer(Engine& engine, server::ResponseWriter& writer, std::int32_t tokens) {
    GenerateRequest request;
    request.tokens = {1};
    request.max_tokens = tokens;
    Result<EventStream> events = engine.submit(std::move(request));
    if (!events) co_return;
    api::openai::ChatCompletionFormat format({.model = "scripted"});
    const server::ResponseHead head{.content_type = "text/event-stream"};
    auto beginning = writer.begin(head);
    co_await std::move(beginning);
    while (true) {
        std::optional<Event> event = co_await events->next_async(writer.executor());
        if (!event) break;
        api::AnswerDelta delta{.parts = {{AnswerPartKind::kContent, std::move(event->text)}}};
        const std::string piece = format.delta(delta);
        auto writing = writer.write(piece);
        if (!co_await std::move(writing)) co_return;
    }
    const std::string rest = format.end({}) + format.finish();
    auto writing = writer.write(rest);
    co_await std::move(writing);
    auto ending = writer.end();
    co_await std::move(ending);
}

rusage usage_so_far() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage;
}

/// CPU time of all threads, in microseconds.
double cpu_us(const rusage& usage) {
    const auto us = [](const timeval& time) {
        return 1e6 * static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec);
    };
    return us(usage.ru_utime) + us(usage.ru_stime);
}

// The client.

/// One connection; a token's text may be cut anywhere by the reads.
struct Connection {
    std::string unread = {};
    std::int32_t tokens = 0;
    bool done = false;
};

struct Measured {
    std::vector<double> latencies_ms;
    std::int32_t complete = 0;
};

int connect_to(std::uint16_t port) {
    const int socket_fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(socket_fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        stop("cannot connect");
    }
    constexpr std::string_view kRequest = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    if (write(socket_fd, kRequest.data(), kRequest.size()) < 0) stop("cannot send");
    return socket_fd;
}

void take(
    Connection& connection, std::string_view bytes, const Shared& shared, Measured& measured
) {
    const std::int64_t now = now_ns();
    std::string& text = connection.unread;
    text += bytes;
    std::size_t done = 0;
    while (true) {
        const std::size_t begin = text.find('#', done);
        const std::size_t end = text.find('.', begin);
        if (begin == std::string::npos || end == std::string::npos) break;
        std::size_t step = 0;
        std::from_chars(text.data() + begin + 1, text.data() + end, step);
        const auto waited = static_cast<double>(now - shared.step_end_ns[step]);
        measured.latencies_ms.push_back(waited / 1e6);
        ++connection.tokens;
        done = end + 1;
    }
    text.erase(0, done);
    if (text.find("[DONE]") != std::string::npos) connection.done = true;
}

Measured read_all(const Settings& settings, const Shared& shared) {
    const int poll = epoll_create1(0);
    std::vector<Connection> connections(static_cast<std::size_t>(settings.streams));
    std::vector<int> sockets;
    for (std::size_t i = 0; i < connections.size(); ++i) {
        sockets.push_back(connect_to(shared.port));
        epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
        epoll_ctl(poll, EPOLL_CTL_ADD, sockets.back(), &event);
    }
    Measured measured;
    std::vector<epoll_event> ready(256);
    std::vector<char> buffer(65536);
    for (std::size_t open = connections.size(); open > 0;) {
        const int count = epoll_wait(poll, ready.data(), static_cast<int>(ready.size()), 30'000);
        if (count <= 0) break;
        for (int k = 0; k < count; ++k) {
            const std::size_t i = ready[static_cast<std::size_t>(k)].data.u64;
            const ssize_t got = read(sockets[i], buffer.data(), buffer.size());
            if (got > 0) {
                take(
                    connections[i], {buffer.data(), static_cast<std::size_t>(got)}, shared, measured
                );
            }
            if (got > 0 && !connections[i].done) continue;
            measured.complete += connections[i].done && connections[i].tokens == settings.tokens;
            close(sockets[i]);
            --open;
        }
    }
    return measured;
}

double percentile(std::vector<double>& sorted, double part) {
    if (sorted.empty()) return NAN;
    const auto last = static_cast<double>(sorted.size() - 1);
    return sorted[static_cast<std::size_t>(part * last)];
}

void run_client(const Settings& settings, const Shared& shared) {
    while (shared.port == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    Measured measured = read_all(settings, shared);
    std::ranges::sort(measured.latencies_ms);
    fmt::print(
        R"({{"streams":{},"complete":{},"tokens":{},"p50_ms":{:.2f},"p99_ms":{:.2f},"max_ms":{:.2f})",
        settings.streams,
        measured.complete,
        measured.latencies_ms.size(),
        percentile(measured.latencies_ms, 0.5),
        percentile(measured.latencies_ms, 0.99),
        percentile(measured.latencies_ms, 1.0)
    );
    std::fflush(stdout);
}

int serve(const Settings& settings, Shared& shared, pid_t client) {
    EngineInfo info;
    info.context_length = settings.tokens + 16;
    info.sequences_max = settings.streams;
    info.kv_cells = info.context_length * settings.streams;
    info.batch_size = std::max(2048, settings.streams);
    info.vocab_size = kVocabulary;
    EngineOptions options;
    options.context_length = info.context_length;
    options.sequences_max = settings.streams;
    options.batch_size = info.batch_size;
    options.queue_max = settings.streams;
    auto decoder =
        std::make_unique<PacedDecoder>(info, std::chrono::milliseconds(settings.period_ms), shared);
    LocalEngine engine(std::move(decoder), std::make_shared<NumberTokenizer>(), options);
    server::HttpServerOptions http;
    http.connections_max = static_cast<std::size_t>(settings.streams) + 8;
    server::Handler handler = [&](const server::Request&, server::ResponseWriter& writer) {
        return stream_answer(engine, writer, settings.tokens);
    };
    auto listening = server::HttpServer::listen(http, std::move(handler));
    if (!listening) stop(listening.error().message);
    const rusage before = usage_so_far();
    shared.port = listening->port();
    int status = 0;
    waitpid(client, &status, 0);
    const rusage after = usage_so_far();
    const double tokens = static_cast<double>(settings.streams) * settings.tokens;
    fmt::print(
        ",\"server_cpu_us_per_token\":{:.1f},\"server_mib\":{:.1f}}}\n",
        (cpu_us(after) - cpu_us(before)) / tokens,
        static_cast<double>(after.ru_maxrss) / 1024
    );
    return status == 0 ? 0 : 1;
}

std::int32_t argument(int argc, char** argv, int i, std::int32_t otherwise) {
    return argc > i ? std::atoi(argv[i]) : otherwise;
}

}  // namespace

int main(int argc, char** argv) {
    Settings settings;
    settings.streams = argument(argc, argv, 1, settings.streams);
    settings.tokens = argument(argc, argv, 2, settings.tokens);
    settings.period_ms = argument(argc, argv, 3, settings.period_ms);
    if (settings.streams < 1 || settings.tokens < 1 || settings.period_ms < 1) {
        stop("usage: stream_bench [STREAMS=1000] [TOKENS=200] [PERIOD_MS=50]");
    }
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    void* memory =
        mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) stop("no shared memory");
    auto& shared = *new (memory) Shared;
    const pid_t client = fork();
    if (client == 0) {
        run_client(settings, shared);
        std::_Exit(0);
    }
    return serve(settings, shared, client);
}
