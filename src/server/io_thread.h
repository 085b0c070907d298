#pragma once

#include <mullama/executor.h>

#include <memory>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

namespace mullama::server {

/// One thread that serves sockets, and the executor of all connections that belong to it. What is
/// bound to it never runs at the same time, so that connections need no lock and no strand, and an
/// engine that has news for many of them wakes it once.
/// Threads: post() on any; the rest by its owner.
class IoThread final : public Executor {
  public:
    IoThread();
    /// Ends when all work has ended, see run().
    ~IoThread() override;
    IoThread(const IoThread&) = delete;
    IoThread& operator=(const IoThread&) = delete;

    void post(std::function<void()> job) override;

    /// Where its sockets and timers live.
    boost::asio::io_context& context() { return context_; }

    /// Runs jobs until finish() was called and nothing is left to wait for. What a job throws ends
    /// the job, not the thread.
    void run();

    /// Lets run() end.
    /// Threads: any.
    void finish() { work_.reset(); }

  private:
    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
};

}  // namespace mullama::server
