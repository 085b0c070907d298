#pragma once

#include "base/clock.h"
#include "engine/bell.h"
#include "engine/decoder.h"
#include "engine/engine_loop.h"
#include "engine/snapshot_folder.h"
#include <mullama/engine.h>
#include <mullama/tokenizer.h>

#include <memory>
#include <optional>
#include <stop_token>
#include <thread>

namespace mullama {

/// The engine in this process: one thread that runs an EngineLoop over a Decoder.
/// Threads: thread-safe.
class LocalEngine final : public Engine {
  public:
    /// `snapshots` is where the beginnings of texts go on disk; `draft_model` may be null.
    LocalEngine(
        std::unique_ptr<Decoder> decoder,
        std::shared_ptr<const Tokenizer> tokenizer,
        const EngineOptions& options,
        std::optional<SnapshotFolder> snapshots = {},
        std::unique_ptr<Decoder> draft_model = nullptr
    );
    ~LocalEngine() override;

    Result<EventStream> submit(GenerateRequest request) override;
    EngineInfo info() const override { return decoder_->info(); }
    EngineStats stats() const override { return loop_.inbox().stats(); }

  private:
    void serve(const std::stop_token& stop);

    const std::size_t stream_capacity_;
    const std::unique_ptr<Decoder> decoder_;
    const std::unique_ptr<Decoder> draft_model_;
    const std::shared_ptr<const Tokenizer> tokenizer_;
    const SteadyClock clock_;
    const std::shared_ptr<Bell> bell_;
    EngineLoop loop_;
    std::jthread thread_;
};

/// Checks options by themselves, without a model.
/// Errors:  kInvalidArgument: out of range; the message names the option, its value and the range.
Result<void> check_options(const EngineOptions& options);

}  // namespace mullama
