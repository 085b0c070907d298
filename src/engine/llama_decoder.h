#pragma once

#include "engine/decoder.h"
#include "engine/thread_pace.h"
#include "grammar/grammar_compiler.h"
#include <mullama/adapter.h>
#include <mullama/batch.h>
#include <mullama/context.h>
#include <mullama/engine.h>
#include <mullama/model.h>
#include <mullama/result.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace mullama {

/// A Decoder over a Context of llama.cpp.
class LlamaDecoder final : public Decoder {
  public:
    /// Makes a context for `options`, which check_options() has passed.
    /// Errors:  kUnsupported: the model cannot generate. kExhausted: not enough memory. Those of
    ///          Context::create().
    static Result<std::unique_ptr<Decoder>> create(
        const Model& model, const EngineOptions& options
    );

    EngineInfo info() const override { return info_; }
    Result<void> decode(std::span<const DecodeEntry> batch) override;
    Result<void> check_media(const MediaEmbedding& media) const override;
    Result<void> decode_media(const MediaStep& step) override;
    Result<std::span<const float>> logits(std::size_t entry) override;
    std::int32_t threads() const override { return context_.threads(); }
    void remove(SequenceId sequence) override;
    bool can_forget() const override { return can_forget_; }
    Result<void> forget(SequenceId sequence, Position begin, Position end) override;
    std::vector<float> adapter_scales() const override;
    Result<void> use_adapters(std::span<const float> scales) override;
    bool can_truncate() const override { return !keeps_state_; }
    Result<void> truncate(SequenceId sequence, Position end) override;
    Sharing sharing() const override { return sharing_; }
    std::optional<std::uint64_t> state_key() const override;
    Result<void> share(SequenceId from, SequenceId to, Position end) override;
    Result<std::vector<std::byte>> save(SequenceId sequence, Position begin, Position end) override;
    Result<void> restore(
        SequenceId sequence, std::span<const std::byte> state, Position begin, Position end
    ) override;
    Result<std::unique_ptr<TokenSampler>> make_sampler(
        const SamplingOptions& options, std::span<const Token> prompt
    ) const override;
    void interrupt() override { interrupted_ = true; }

  private:
    LlamaDecoder(
        const Model& model, Context context, const EngineInfo& info, const EngineOptions& options
    );

    Result<void> decode_batch();
    Result<void> compute(bool times);
    Result<void> add_row(const MediaStep& step, std::int32_t row);

    const Model model_;
    const EngineInfo info_;
    const std::vector<AdapterScale> adapters_;
    const std::int32_t ubatch_size_;
    const bool keeps_state_;  // of the last token, which nothing takes back
    const bool can_forget_;
    const Sharing sharing_;
    const SequenceId spare_;  // on its way from or to bytes
    std::atomic<bool> interrupted_ = false;
    Context context_;
    Batch batch_;
    const std::unique_ptr<GrammarCompiler> grammars_;
    std::optional<ThreadPace> pace_;  // unset where the caller chose the threads
};

}  // namespace mullama
