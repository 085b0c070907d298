#pragma once

#include "server/io_thread.h"
#include "server/transport.h"

#include <array>
#include <cassert>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

namespace mullama::server {

/// A transport over a stream of Asio's: a socket, or TLS over one. Derived classes open and shut
/// the stream.
/// Threads: as Transport.
template <typename Stream>
class StreamTransport : public Transport,
                        public std::enable_shared_from_this<StreamTransport<Stream>> {
  public:
    template <typename... Args>
    explicit StreamTransport(IoThread& io, Args&&... args)
        : io_(io), stream_(std::forward<Args>(args)...), timer_(io.context()) {}

    Executor& executor() override { return io_; }

    void read_some(TimePoint deadline, std::function<void(ReadResult)> done) override {
        if (const auto early = std::exchange(early_, std::nullopt)) {
            // Not before this call returns.
            io_.post([self = this->shared_from_this(), early = *early, done = std::move(done)] {
                done(early);
            });
            return;
        }
        on_read_ = std::move(done);
        read_deadline_ = deadline;
        read_timed_out_ = false;
        arm_timer();
        begin_read();
    }

    ReadResult read_now() override {
        return std::exchange(early_, std::nullopt).value_or(ReadResult{IoStatus::kDone});
    }

    // What comes is read at once, since that is how TLS can tell that there is something.
    void wait_readable(std::function<void()> ready) override {
        on_readable_ = std::move(ready);
        begin_read();
    }

    void wait_broken(std::function<void()> broken) override {
        const auto self = this->shared_from_this();
        socket().async_wait(Socket::wait_error, [self, broken = std::move(broken)](const Code&) {
            broken();
        });
    }

    void write(
        std::string bytes, std::chrono::milliseconds stall_time, std::function<void(IoStatus)> done
    ) override {
        assert(!write_);
        write_ = Write{std::move(bytes), 0, stall_time, std::move(done)};
        write_more();
    }

    std::unique_ptr<Timer> call_at(TimePoint when, std::function<void()> job) override {
        auto timer = std::make_unique<AsioTimer>(io_.context());
        timer->timer.expires_at(when);
        timer->timer.async_wait([job = std::move(job),
                                 alive = std::weak_ptr(timer->alive)](const Code& error) {
            if (!error && !alive.expired()) job();
        });
        return timer;
    }

    void shutdown_send() override { shut(); }

    void close() override {
        Code ignored;
        socket().close(ignored);
        timer_.cancel();
    }

  protected:
    using Code = boost::system::error_code;
    using Socket = boost::asio::generic::stream_protocol::socket;

    /// The socket at the bottom.
    virtual Socket& socket() = 0;
    /// Makes the stream ready to be read and written, then calls `done`.
    virtual void open(std::function<void(const Code&)> done) = 0;
    /// Tells the peer that nothing more comes.
    virtual void shut() = 0;

    Stream& stream() { return stream_; }

  private:
    using Clock = std::chrono::steady_clock;

    static constexpr std::size_t kReadBytes = 16 * 1024;

    struct AsioTimer final : Timer {
        explicit AsioTimer(boost::asio::io_context& context) : timer(context) {}

        boost::asio::steady_timer timer;
        // A call that is on its way already cannot be cancelled.
        std::shared_ptr<int> alive = std::make_shared<int>();
    };

    struct Write {
        std::string bytes;
        std::size_t written;
        std::chrono::milliseconds stall_time;
        std::function<void(IoStatus)> done;
    };

    void begin_read() {
        if (std::exchange(reading_, true)) return;
        const auto self = this->shared_from_this();
        if (std::exchange(open_, true)) {
            read_stream();
            return;
        }
        open([self](const Code& error) {
            if (error) {
                self->on_bytes(error, 0);
            } else {
                self->read_stream();
            }
        });
    }

    void read_stream() {
        stream_.async_read_some(
            boost::asio::buffer(read_bytes_),
            [self = this->shared_from_this()](const Code& error, std::size_t count) {
                self->on_bytes(error, count);
            }
        );
    }

    void on_bytes(const Code& error, std::size_t count) {
        reading_ = false;
        read_deadline_.reset();
        ReadResult result{IoStatus::kDone, {read_bytes_.data(), count}};
        if (error) result = {read_timed_out_ ? IoStatus::kTimedOut : IoStatus::kClosed};
        const auto on_readable = std::exchange(on_readable_, nullptr);
        if (const auto on_read = std::exchange(on_read_, nullptr)) {
            on_read(result);
        } else {
            early_ = result;
        }
        if (on_readable) on_readable();
    }

    void write_more() {
        write_deadline_ = Clock::now() + write_->stall_time;
        arm_timer();
        const boost::asio::const_buffer rest = boost::asio::buffer(write_->bytes) + write_->written;
        stream_.async_write_some(
            rest,
            [self = this->shared_from_this()](const Code& error, std::size_t count) {
                self->wrote(error, count);
            }
        );
    }

    void wrote(const Code& error, std::size_t count) {
        write_->written += count;
        if (!error && write_->written < write_->bytes.size()) {
            write_more();
            return;
        }
        write_deadline_.reset();
        const std::function<void(IoStatus)> done = std::move(write_->done);
        write_.reset();
        if (!error) {
            done(IoStatus::kDone);
        } else {
            done(write_timed_out_ ? IoStatus::kTimedOut : IoStatus::kClosed);
        }
    }

    // One timer serves both directions, and is not touched while it would fire early enough:
    // deadlines mostly move away before they pass.
    void arm_timer() {
        std::optional<TimePoint> next = read_deadline_;
        if (!next || (write_deadline_ && *write_deadline_ < *next)) next = write_deadline_;
        if (!next || !socket().is_open()) return;
        if (armed_for_ && *armed_for_ <= *next) return;
        armed_for_ = *next;
        timer_.expires_at(*next);
        const std::weak_ptr<StreamTransport> weak = this->weak_from_this();
        timer_.async_wait([weak](const Code& error) {
            const auto self = weak.lock();
            if (!error && self) self->on_timer();
        });
    }

    void on_timer() {
        armed_for_.reset();
        const TimePoint now = Clock::now();
        Code ignored;
        if (write_deadline_ && *write_deadline_ <= now) {
            write_timed_out_ = true;
            close();
        } else if (read_deadline_ && *read_deadline_ <= now) {
            read_timed_out_ = true;
            read_deadline_.reset();
            socket().cancel(ignored);
        }
        arm_timer();
    }

    IoThread& io_;
    Stream stream_;
    boost::asio::steady_timer timer_;
    std::optional<TimePoint> armed_for_;
    std::optional<TimePoint> read_deadline_;
    std::optional<TimePoint> write_deadline_;
    bool read_timed_out_ = false;
    bool write_timed_out_ = false;
    bool open_ = false;
    bool reading_ = false;
    std::function<void(ReadResult)> on_read_;
    std::function<void()> on_readable_;
    std::optional<ReadResult> early_;  // read before somebody asked
    std::optional<Write> write_;
    std::array<char, kReadBytes> read_bytes_;
};

}  // namespace mullama::server
