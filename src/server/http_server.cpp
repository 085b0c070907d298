#include "server/http_server.h"

#include "base/error.h"
#include "server/connection.h"
#include "server/io_thread.h"
#include "server/listen_socket.h"
#include "server/socket_transport.h"
#include "server/tls.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace mullama::server {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Protocol = asio::generic::stream_protocol;
using Clock = std::chrono::steady_clock;

/// Connections beyond the limit that are told so; still further ones are closed without a word.
constexpr std::size_t kTurnedAwayMax = 64;

/// How long to wait before accepting again when the system has no descriptor left.
constexpr std::chrono::milliseconds kAcceptPause{50};

constexpr std::chrono::hours kGraceMax{24 * 365};

}  // namespace

/// All that belongs to the server as a whole happens on the first thread; each connection belongs
/// to one of them.
class HttpServer::Impl {
  public:
    Impl(
        const HttpServerOptions& options,
        Handler handler,
        ListenSocket socket,
        std::optional<Tls> tls
    )
        : options_(options),
          handler_(std::move(handler)),
          socket_(std::move(socket)),
          tls_(std::move(tls)),
          io_(make_io(options.threads)),
          control_(*io_.front()),
          acceptor_(control_.context()),
          pause_(control_.context()),
          deadline_(control_.context()) {
        acceptor_.assign(Protocol(socket_.family(), 0), socket_.release());
    }

    ~Impl() {
        stop(std::chrono::milliseconds(0));
        join();
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    void start() {
        control_.post([this] { accept(); });
        for (const auto& io : io_) threads_.emplace_back([&io] { io->run(); });
    }

    void stop(std::chrono::milliseconds grace) {
        const Clock::time_point deadline =
            Clock::now() + std::min<std::chrono::milliseconds>(grace, kGraceMax);
        control_.post([this, deadline] { begin_stop(deadline); });
    }

    void join() {
        const std::lock_guard held(joining_);
        threads_.clear();
    }

    const ListenSocket& socket() const { return socket_; }

  private:
    using Socket = Protocol::socket;

    static std::vector<std::unique_ptr<IoThread>> make_io(int threads) {
        std::vector<std::unique_ptr<IoThread>> io;
        for (int i = 0; i < threads; ++i) io.push_back(std::make_unique<IoThread>());
        return io;
    }

    void accept() {
        IoThread& io = *io_[next_io_];
        next_io_ = (next_io_ + 1) % io_.size();
        acceptor_.async_accept(
            asio::any_io_executor(io.context().get_executor()),
            [this, &io](error_code error, Socket socket) {
                on_accept(error, std::move(socket), io);
            }
        );
    }

    void on_accept(error_code error, Socket socket, IoThread& io) {
        if (draining_) return;
        if (error) {
            pause_.expires_after(kAcceptPause);
            pause_.async_wait([this](error_code) {
                if (!draining_) accept();
            });
            return;
        }
        if (connections_.size() < options_.connections_max + kTurnedAwayMax) {
            add(std::move(socket), io, connections_.size() >= options_.connections_max);
        }
        accept();
    }

    void add(Socket socket, IoThread& io, bool turn_away) {
        const bool is_local = peer_is_loopback(socket.native_handle());
        std::shared_ptr<Transport> transport =
            tls_ ? tls_->wrap(std::move(socket), io) : make_socket_transport(std::move(socket), io);
        auto connection = std::make_shared<Connection>(
            transport, Connection::Terms{options_.limits, handler_, draining_, is_local}
        );
        const std::uint64_t id = ++last_id_;
        connections_.emplace(id, Entry{io, connection});
        std::function<void()> on_end = [this, id] { control_.post([this, id] { remove(id); }); };
        io.post([connection, turn_away, on_end = std::move(on_end)] {
            turn_away ? connection->turn_away(on_end) : connection->start(on_end);
        });
    }

    void remove(std::uint64_t id) {
        auto ended = connections_.extract(id);
        if (ended.empty()) return;
        dismiss(std::move(ended.mapped()));
        end_if_idle();
    }

    void begin_stop(Clock::time_point deadline) {
        if (ended_ || (draining_ && deadline_.expiry() <= deadline)) return;
        if (!draining_.exchange(true)) {
            error_code ignored;
            acceptor_.close(ignored);
            pause_.cancel();
            for (const auto& [id, entry] : connections_) {
                entry.io.post([connection = entry.connection] { connection->close_if_idle(); });
            }
        }
        deadline_.expires_at(deadline);
        deadline_.async_wait([this](error_code error) {
            if (!error) end_all();
        });
        end_if_idle();
    }

    void end_all() {
        auto connections = std::exchange(connections_, {});
        for (auto& [id, entry] : connections) dismiss(std::move(entry));
        end_if_idle();
    }

    void end_if_idle() {
        if (!draining_ || !connections_.empty()) return;
        ended_ = true;
        deadline_.cancel();
        for (const auto& io : io_) io->finish();
    }

    struct Entry {
        IoThread& io;
        std::shared_ptr<Connection> connection;
    };

    // A connection is destroyed on its own thread, and with it a handler that still runs.
    static void dismiss(Entry entry) {
        auto last = std::make_shared<std::shared_ptr<Connection>>(std::move(entry.connection));
        entry.io.post([last] { last->reset(); });
    }

    const HttpServerOptions options_;
    const Handler handler_;
    ListenSocket socket_;
    const std::optional<Tls> tls_;
    std::atomic<bool> draining_ = false;
    const std::vector<std::unique_ptr<IoThread>> io_;
    IoThread& control_;
    asio::basic_socket_acceptor<Protocol> acceptor_;
    asio::steady_timer pause_;
    asio::steady_timer deadline_;
    // On the control thread only.
    std::size_t next_io_ = 0;
    std::unordered_map<std::uint64_t, Entry> connections_;
    std::uint64_t last_id_ = 0;
    bool ended_ = false;

    std::mutex joining_;
    std::vector<std::jthread> threads_;
};

Result<HttpServer> HttpServer::listen(const HttpServerOptions& options, Handler handler) {
    if (options.threads < 1 || options.connections_max < 1) {
        return fail(
            ErrorCode::kInvalidArgument,
            "a server with {} threads and {} connections cannot serve: both need to be 1 or more",
            options.threads,
            options.connections_max
        );
    }
    std::optional<Tls> tls;
    if (!options.tls.empty()) {
        Result<Tls> loaded = Tls::load(options.tls);
        if (!loaded) return std::move(loaded).error();
        tls.emplace(std::move(loaded).value());
    }
    Result<ListenSocket> socket = ListenSocket::open(options.address, options.send_buffer_bytes);
    if (!socket) return socket.error();
    try {
        auto impl =
            std::make_unique<Impl>(options, std::move(handler), *std::move(socket), std::move(tls));
        impl->start();
        return HttpServer(std::move(impl));
    } catch (const std::exception& error) {
        return fail(ErrorCode::kIo, "cannot serve on {}: {}", options.address, error.what());
    }
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::HttpServer(HttpServer&&) noexcept = default;

HttpServer& HttpServer::operator=(HttpServer&&) noexcept = default;

HttpServer::~HttpServer() = default;

const std::string& HttpServer::address() const {
    return impl_->socket().address();
}

std::uint16_t HttpServer::port() const {
    return impl_->socket().port();
}

bool HttpServer::is_loopback() const {
    return impl_->socket().is_loopback();
}

void HttpServer::stop(std::chrono::milliseconds grace) {
    impl_->stop(grace);
}

void HttpServer::join() {
    impl_->join();
}

}  // namespace mullama::server
