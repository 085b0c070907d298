#pragma once

#include "engine/engine_loop.h"
#include "engine/fake_decoder.h"
#include "engine/submission.h"
#include <mullama/event_stream.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// What the tests of the engine's loop share.
namespace mullama::test {

inline constexpr EngineInfo kInfo{
    .context_length = 1000,
    .sequences_max = 4,
    .kv_cells = 4000,
    .batch_size = 512,
    .vocab_size = 257,
};

inline EngineOptions options_with(std::int32_t stream_capacity, std::int64_t prefill_budget_ms) {
    EngineOptions options;
    options.prefill_budget_ms = prefill_budget_ms;
    options.prefill_chunk = prefill_budget_ms > 0 ? 256 : 64;
    options.queue_max = 3;
    options.stream_capacity = stream_capacity;
    options.stall_timeout_ms = 30000;
    options.prefix_cache_bytes = 1 << 20;
    return options;
}

inline GenerateRequest ask(std::string prompt, std::int32_t max_tokens = -1) {
    GenerateRequest request;
    request.prompt = std::move(prompt);
    request.max_tokens = max_tokens;
    return request;
}

/// A loop that is stepped by hand over a scripted model.
class Rig {
  public:
    explicit Rig(
        const EngineInfo& info = kInfo,
        std::int32_t stream_capacity = 256,
        Sharing sharing = Sharing::kNone,
        Decoder* draft_model = nullptr,
        std::int64_t prefill_budget_ms = 0
    )
        : options_(options_with(stream_capacity, prefill_budget_ms)),
          decoder(info, sharing),
          loop(decoder, tokenizer_, options_, clock, nullptr, draft_model) {}

    Result<EventStream> try_submit(GenerateRequest request) {
        auto sequence = make_sequence(std::move(request), tokenizer_, decoder);
        if (!sequence) return std::move(sequence).error();
        const auto capacity = static_cast<std::size_t>(options_.stream_capacity);
        const auto stream = std::make_shared<Stream>(capacity, [this] { ++rung; });
        EventStream reader(stream);
        (*sequence)->stream = stream;
        (*sequence)->submitted_at = clock.now();
        auto put = loop.inbox().put(std::move(*sequence));
        if (!put) return std::move(put).error();
        return reader;
    }

    EventStream submit(GenerateRequest request) { return try_submit(std::move(request)).value(); }

    void step(int times = 1) {
        for (int i = 0; i < times; ++i) loop.step();
    }

    void run() {
        for (int i = 0; i < 10000; ++i) {
            if (!loop.step()) return;
        }
        throw std::logic_error("the loop does not come to rest");
    }

    EngineStats stats() const { return loop.inbox().stats(); }

    std::vector<std::size_t> batch_sizes() const {
        std::vector<std::size_t> sizes;
        for (const auto& batch : decoder.batches()) sizes.push_back(batch.size());
        return sizes;
    }

  private:
    const EngineOptions options_;
    const ByteTokenizer tokenizer_;

  public:
    FakeClock clock;
    FakeDecoder decoder;
    EngineLoop loop;
    int rung = 0;
};

inline std::string read_now(EventStream& stream) {
    std::string text;
    while (const auto event = stream.try_next()) text += event->text;
    return text;
}

}  // namespace mullama::test
