#include "server/batch_runner.h"

#include "base/error.h"
#include "server/batch_job.h"
#include "server/collecting_writer.h"
#include "server/driver.h"
#include "server/io_thread.h"
#include "server/reply.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <thread>
#include <utility>

#include <boost/asio/steady_timer.hpp>

namespace mullama::server {

using api::openai::Batch;
using api::openai::BatchLine;
using api::openai::BatchStatus;

// All of it on its thread, but the constructor, the destructor and post().
class BatchRunner::Impl {
  public:
    Impl(BatchStore& batches, FileStore& files, Handler handler, const BatchRunnerOptions& options)
        : batches_(batches),
          files_(files),
          handler_(std::move(handler)),
          options_(options),
          seed_(options.seed),
          retry_(io_.context()),
          thread_([this] { io_.run(); }) {}

    ~Impl() {
        io_.post([this] {
            running_.clear();
            waiting_.clear();
            job_.reset();
            retry_.cancel();
            io_.finish();
        });
    }

    void post(std::function<void()> job) { io_.post(std::move(job)); }

    void resume() {
        for (const Batch& batch : batches_.list()) {
            if (!has_ended(batch.status)) waiting_.push_back(batch.id);
        }
        go_on();
    }

    void submit(std::string id) {
        waiting_.push_back(std::move(id));
        go_on();
    }

    Result<Batch> cancel(const std::string& id) {
        Result<Batch> batch = batches_.find(id);
        if (!batch) return batch;
        if (has_ended(batch->status)) {
            return fail(
                ErrorCode::kInvalidArgument,
                "the batch '{}' has ended: nothing is left to cancel",
                id
            );
        }
        if (job_ && job_->batch().id == id) {
            running_.clear();
            job_->cancel();
            io_.post([this] { go_on(); });
            return job_->batch();
        }
        std::erase(waiting_, id);
        batch->status = BatchStatus::kCancelling;
        BatchJob job(batches_, files_, *std::move(batch), seed_++);
        job.cancel();
        job.finish();
        return job.batch();
    }

  private:
    /// A line that is under way.
    struct Run {
        Run(BatchLine run_line, std::string path, Executor& executor, std::size_t bytes_max)
            : line(std::move(run_line)), writer(executor, bytes_max) {
            request.method = "POST";
            request.path = std::move(path);
            request.headers = {{"Content-Type", "application/json"}};
            request.body = line.body;
            request.peer_is_loopback = true;
            request.is_of_batch = true;
        }

        BatchLine line;
        Request request;
        CollectingWriter writer;
        std::optional<Driver> driver = {};  // last: it uses the others
    };

    /// Begins what can be begun, and ends what has nothing left.
    void go_on() {
        while (job_ || !waiting_.empty()) {
            if (!job_) begin_batch();
            if (!job_) continue;
            while (!paused_ && running_.size() < options_.parallel) {
                std::optional<BatchLine> line = job_->next();
                if (!line) break;
                begin_line(*std::move(line));
            }
            if (!running_.empty() || (paused_ && job_->has_lines())) return;
            job_->finish();
            job_.reset();
        }
    }

    void begin_batch() {
        const Result<Batch> batch = batches_.find(waiting_.front());
        waiting_.pop_front();
        if (!batch) return;
        job_.emplace(batches_, files_, *batch, seed_++);
        attempts_.clear();
        if (job_->has_ended()) job_.reset();
    }

    void begin_line(BatchLine line) {
        const std::uint64_t key = next_run_++;
        auto run = std::make_unique<Run>(
            std::move(line), job_->batch().endpoint, io_, options_.answer_bytes_max
        );
        std::function<void(Driver::End)> on_end = [this, key](Driver::End end) {
            end_line(key, end);
        };
        Task<void> task = handler_(run->request, run->writer);
        run->driver.emplace(Driver::make(std::move(task), io_, std::move(on_end)));
        Driver& driver = *run->driver;
        running_.emplace(key, std::move(run));
        driver.start();
    }

    // Of a run that was dropped meanwhile the end may still come.
    void end_line(std::uint64_t key, Driver::End end) {
        auto ended = running_.extract(key);
        if (ended.empty()) return;
        const Run& run = *ended.mapped();
        const bool answered = end == Driver::End::kReturned && run.writer.is_complete();
        const Response response =
            answered ? run.writer.response()
                     : openai_error(500, "the answer is too large, or its making failed");
        if (response.status == 503 && ++attempts_[run.line.custom_id] < options_.attempts_max) {
            job_->give_back(run.line);
            pause();
        } else {
            job_->answer(run.line, response);
        }
        if (job_->has_ended()) {
            running_.clear();
            job_.reset();
        }
        go_on();
    }

    void pause() {
        if (std::exchange(paused_, true)) return;
        retry_.expires_after(options_.retry_after);
        retry_.async_wait([this](boost::system::error_code error) {
            if (error) return;
            paused_ = false;
            go_on();
        });
    }

    BatchStore& batches_;
    FileStore& files_;
    const Handler handler_;
    const BatchRunnerOptions options_;
    std::uint64_t seed_;
    IoThread io_;
    boost::asio::steady_timer retry_;
    bool paused_ = false;
    std::deque<std::string> waiting_;
    std::optional<BatchJob> job_;
    std::map<std::string, int> attempts_;  // of lines that the server was too busy for
    std::uint64_t next_run_ = 0;
    std::map<std::uint64_t, std::unique_ptr<Run>> running_;
    std::jthread thread_;  // last: it uses all of the above
};

BatchRunner::BatchRunner(
    BatchStore& batches, FileStore& files, Handler handler, const BatchRunnerOptions& options
)
    : impl_(std::make_unique<Impl>(batches, files, std::move(handler), options)) {}

BatchRunner::~BatchRunner() = default;

void BatchRunner::resume() {
    impl_->post([impl = impl_.get()] { impl->resume(); });
}

void BatchRunner::submit(std::string id) {
    impl_->post([impl = impl_.get(), id = std::move(id)] { impl->submit(id); });
}

void BatchRunner::cancel(std::string id, std::function<void(Result<Batch>)> done) {
    impl_->post([impl = impl_.get(), id = std::move(id), done = std::move(done)] {
        done(impl->cancel(id));
    });
}

}  // namespace mullama::server
