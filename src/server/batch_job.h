#pragma once

#include "api/id_source.h"
#include "api/openai/batch_lines.h"
#include "server/batch_store.h"
#include "server/file_store.h"
#include "server/http_response.h"
#include <mullama/result.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mullama::server {

/// One batch from its input file to its output files: which lines are to be run, and what is kept
/// of their answers. It runs none itself. What it has done is on the disk at any moment, so that
/// another job for the same batch goes on where one has stopped.
/// Threads: thread-compatible. Blocks on the disk.
class BatchJob {
  public:
    /// Reads the input and what is answered already. A batch that cannot be run has ended
    /// afterwards, as failed. The stores outlive the job; `seed` is for names.
    BatchJob(BatchStore& batches, FileStore& files, api::openai::Batch batch, std::uint64_t seed);

    /// The batch as it is now.
    const api::openai::Batch& batch() const { return batch_; }
    bool has_ended() const { return api::openai::has_ended(batch_.status); }

    /// The next line to run; nothing where all have been given out, and none after cancel().
    std::optional<api::openai::BatchLine> next();
    /// Whether next() would give one.
    bool has_lines() const;
    /// A line that has to be run once more.
    void give_back(api::openai::BatchLine line) { lines_.push_front(std::move(line)); }
    /// The answer to a line.
    void answer(const api::openai::BatchLine& line, const Response& response);

    /// Gives out no more lines.
    void cancel();
    /// Ends the batch with what is answered. Call it once no line is under way.
    void finish();

  private:
    void start();
    bool read_input();
    Result<void> read_answers();
    void fail_with(std::vector<api::openai::BatchFault> faults);
    void adopt_results();
    std::string adopt(const std::filesystem::path& results, std::string_view kind);
    void put();

    BatchStore& batches_;
    FileStore& files_;
    api::openai::Batch batch_;
    api::IdSource ids_;
    std::deque<api::openai::BatchLine> lines_;
};

}  // namespace mullama::server
