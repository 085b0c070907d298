#pragma once

#include "base/clock.h"
#include "base/guarded.h"
#include "engine/decoder.h"
#include <mullama/engine.h>
#include <mullama/tokenizer.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// For tests: a model that follows a script, so that the engine's logic runs in microseconds.
namespace mullama {

/// A byte is a token, and one more ends the answer.
class ByteTokenizer : public Tokenizer {
  public:
    static constexpr Token kEnd = 256;

    Result<std::vector<Token>> encode(std::string_view text, bool, bool) const override;
    std::string piece(Token token) const override;
    bool is_eog(Token token) const override { return token == kEnd; }
    std::int32_t size() const override { return kEnd + 1; }
};

/// A clock that stands still until it is told, or goes on by as much each time it is looked at.
class FakeClock final : public Clock {
  public:
    TimePoint now() const override {
        auto now = now_.lock();
        return *now += tick_;
    }
    /// Before it is used.
    void set_tick(std::chrono::nanoseconds tick) {
        tick_ = std::chrono::duration_cast<TimePoint::duration>(tick);
    }
    void advance(std::chrono::nanoseconds duration) {
        auto now = now_.lock();
        *now += std::chrono::duration_cast<TimePoint::duration>(duration);
    }

  private:
    TimePoint::duration tick_{};
    mutable Guarded<TimePoint> now_{TimePoint(std::chrono::hours(1))};
};

/// Answers with what its prompt holds between '<' and '>', and then ends; with "<abc*>" it says
/// "abcabc..." without end, and at a '!' it leaves no token to choose. Prompts without brackets get
/// an empty answer.
///
/// With its first adapter it says capitals, with the second one letters that are ten further on.
///
/// It reads a picture's rows as tokens: the first number of each.
///
/// It throws where it is used as a model must not be: positions that do not follow on, too large a
/// batch, sequences and tokens out of range.
/// Threads: as Decoder; the functions for tests on any thread.
class FakeDecoder final : public Decoder {
  public:
    explicit FakeDecoder(const EngineInfo& info, Sharing sharing = Sharing::kNone);

    EngineInfo info() const override { return info_; }
    Result<void> decode(std::span<const DecodeEntry> batch) override;
    Result<void> check_media(const MediaEmbedding& media) const override;
    Result<void> decode_media(const MediaStep& step) override;
    Result<std::span<const float>> logits(std::size_t entry) override;
    std::int32_t threads() const override { return 4; }
    void remove(SequenceId sequence) override;
    bool can_forget() const override { return state_.lock()->can_forget; }
    Result<void> forget(SequenceId sequence, Position begin, Position end) override;
    std::vector<float> adapter_scales() const override { return state_.lock()->usual_scales; }
    Result<void> use_adapters(std::span<const float> scales) override;
    bool can_truncate() const override { return state_.lock()->can_truncate; }
    Result<void> truncate(SequenceId sequence, Position end) override;
    Sharing sharing() const override { return state_.lock()->sharing; }
    std::optional<std::uint64_t> state_key() const override { return 1; }
    Result<void> share(SequenceId from, SequenceId to, Position end) override;
    Result<std::vector<std::byte>> save(SequenceId sequence, Position begin, Position end) override;
    Result<void> restore(
        SequenceId sequence, std::span<const std::byte> state, Position begin, Position end
    ) override;
    Result<std::unique_ptr<TokenSampler>> make_sampler(
        const SamplingOptions& options, std::span<const Token> prompt
    ) const override;
    void interrupt() override;

    // For tests.

    /// The batches that were decoded.
    std::vector<std::vector<DecodeEntry>> batches() const { return state_.lock()->batches; }
    /// How many rows of pictures each decode_media() had.
    std::vector<std::int32_t> media_steps() const { return state_.lock()->media_steps; }
    std::int32_t cells_used() const { return cells_used(*state_.lock()); }
    /// Makes every decode() take as long on a clock, which is borrowed.
    void take(FakeClock& clock, std::chrono::nanoseconds duration);
    using Cost = std::function<std::chrono::nanoseconds(std::span<const DecodeEntry>)>;
    void take(FakeClock& clock, Cost cost);
    /// Makes the next decode() fail.
    void fail_next(Error error) { state_.lock()->failure = std::move(error); }
    /// Lets it run out of cells earlier than info() says.
    void set_cells(std::int32_t cells) { state_.lock()->cells = cells; }
    void set_can_forget(bool on) { state_.lock()->can_forget = on; }
    void set_can_truncate(bool on) { state_.lock()->can_truncate = on; }
    /// Gives it adapters, before it is used.
    void set_adapter_scales(std::vector<float> scales);
    /// Makes every truncate() fail.
    void fail_truncate() { state_.lock()->fails_truncate = true; }
    /// Makes decode() block until this is called with false, or interrupt().
    void block(bool on);

  private:
    struct State {
        std::vector<std::vector<Token>> histories;
        std::vector<std::vector<DecodeEntry>> batches;
        std::vector<Position> positions;  // where each sequence goes on
        std::vector<bool> shared;         // whether each has shared cells since it was empty
        std::vector<std::int32_t> media_steps;
        std::vector<std::vector<float>> rows;  // of the last batch; empty where not asked for
        std::optional<Error> failure;
        std::int32_t cells = 0;
        Sharing sharing = Sharing::kNone;
        std::vector<float> usual_scales;
        std::vector<float> scales;
        FakeClock* clock = nullptr;
        Cost cost = {};
        bool can_forget = true;
        bool can_truncate = true;
        bool fails_truncate = false;
        bool blocked = false;
        bool interrupted = false;
    };

    static std::int32_t cells_used(const State& state);
    static Result<void> check_step(State& state, std::size_t tokens);
    void check(const State& state, std::span<const DecodeEntry> batch) const;
    static void check_end(const State& state, std::size_t held, Position end);

    const EngineInfo info_;
    Guarded<State> state_;
};

}  // namespace mullama
