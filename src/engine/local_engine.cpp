#include "engine/local_engine.h"

#include "base/error.h"
#include "engine/submission.h"
#include "engine/wait_for_work.h"

#include <exception>
#include <utility>

namespace mullama {

namespace {

std::unique_ptr<Snapshots> open_snapshots(
    std::optional<SnapshotFolder> folder,
    const Decoder& decoder,
    const EngineOptions& options,
    std::shared_ptr<Bell> bell
) {
    if (!folder) return nullptr;
    return std::make_unique<Snapshots>(
        *std::move(folder),
        static_cast<std::size_t>(options.snapshot_bytes),
        decoder.sharing() == Sharing::kWhole,
        [bell = std::move(bell)] { bell->ring(); }
    );
}

}  // namespace

LocalEngine::LocalEngine(
    std::unique_ptr<Decoder> decoder,
    std::shared_ptr<const Tokenizer> tokenizer,
    const EngineOptions& options,
    std::optional<SnapshotFolder> snapshots,
    std::unique_ptr<Decoder> draft_model
)
    : stream_capacity_(static_cast<std::size_t>(options.stream_capacity)),
      decoder_(std::move(decoder)),
      draft_model_(std::move(draft_model)),
      tokenizer_(std::move(tokenizer)),
      bell_(std::make_shared<Bell>()),
      loop_(
          *decoder_,
          *tokenizer_,
          options,
          clock_,
          open_snapshots(std::move(snapshots), *decoder_, options, bell_),
          draft_model_.get()
      ),
      thread_([this](const std::stop_token& stop) { serve(stop); }) {}

LocalEngine::~LocalEngine() {
    thread_.request_stop();
    decoder_->interrupt();
    if (draft_model_) draft_model_->interrupt();
    bell_->ring();
    thread_.join();
}

Result<EventStream> LocalEngine::submit(GenerateRequest request) {
    auto sequence = make_sequence(std::move(request), *tokenizer_, *decoder_);
    if (!sequence) return std::move(sequence).error();
    const auto stream =
        std::make_shared<Stream>(stream_capacity_, [bell = bell_] { bell->ring(); });
    EventStream reader(stream);
    (*sequence)->stream = stream;
    (*sequence)->submitted_at = clock_.now();
    MULLAMA_TRY(loop_.inbox().put(std::move(*sequence)));
    bell_->ring();
    return reader;
}

void LocalEngine::serve(const std::stop_token& stop) {
    try {
        bool has_threads = true;
        while (!stop.stop_requested()) {
            if (loop_.step()) {
                has_threads = true;
            } else {
                wait_for_work(*bell_, loop_.deadline(), has_threads);
            }
        }
        loop_.end_all(fail(ErrorCode::kUnavailable, "the engine is shutting down"));
    } catch (const std::exception& exception) {
        loop_.end_all(fail(ErrorCode::kInternal, "the engine failed: {}", exception.what()));
    }
}

}  // namespace mullama
