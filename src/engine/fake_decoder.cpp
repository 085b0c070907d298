#include "engine/fake_decoder.h"

#include "base/error.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace mullama {

namespace {

constexpr Token kNoChoice = -1;
constexpr float kSure = 10.0F;

// What follows `history`, see FakeDecoder.
Token next_token(std::span<const Token> history) {
    const auto open = std::ranges::find(history, '<');
    const auto close = std::ranges::find(history, '>');
    if (open == history.end() || close == history.end()) return ByteTokenizer::kEnd;
    const std::span<const Token> words(open + 1, close);
    const auto said = static_cast<std::size_t>(history.end() - close - 1);
    const bool endless = !words.empty() && words.back() == '*';
    const std::size_t length = words.size() - (endless ? 1 : 0);
    if (!endless && said >= length) return ByteTokenizer::kEnd;
    const Token token = words[said % length];
    return token == '!' ? kNoChoice : token;
}

class FakeSampler final : public TokenSampler {
  public:
    Result<Token> sample(std::span<const float> logits) override {
        const auto best = std::ranges::max_element(logits);
        if (*best == 0.0F) return fail(ErrorCode::kInvalidArgument, "no token can be chosen");
        return static_cast<Token>(best - logits.begin());
    }
    Result<void> accept(Token) override { return {}; }
};

}  // namespace

Result<std::vector<Token>> ByteTokenizer::encode(std::string_view text, bool, bool) const {
    std::vector<Token> tokens;
    for (const char byte : text) tokens.push_back(static_cast<unsigned char>(byte));
    return tokens;
}

std::string ByteTokenizer::piece(Token token) const {
    return token >= 0 && token < kEnd ? std::string(1, static_cast<char>(token)) : std::string();
}

FakeDecoder::FakeDecoder(const EngineInfo& info, Sharing sharing) : info_(info) {
    auto state = state_.lock();
    state->sharing = sharing;
    state->histories.resize(static_cast<std::size_t>(info.sequences_max));
    state->positions.resize(state->histories.size());
    state->shared.resize(state->histories.size());
    state->cells = info.kv_cells;
}

Result<void> FakeDecoder::decode(std::span<const DecodeEntry> batch) {
    auto state = state_.lock_when([](const State& s) { return !s.blocked || s.interrupted; });
    check(*state, batch);
    MULLAMA_TRY(check_step(*state, batch.size()));
    state->batches.emplace_back(batch.begin(), batch.end());
    state->rows.assign(batch.size(), {});
    for (std::size_t i = 0; i < batch.size(); ++i) {
        auto& history = state->histories[static_cast<std::size_t>(batch[i].sequence)];
        history.push_back(batch[i].token);
        state->positions[static_cast<std::size_t>(batch[i].sequence)] = batch[i].position + 1;
        if (!batch[i].logits) continue;
        auto& row = state->rows[i];
        row.assign(static_cast<std::size_t>(info_.vocab_size), 0.0F);
        Token next = next_token(history);
        const bool is_letter = next >= 'a' && next <= 'z';
        const auto has = [&](std::size_t index) {
            return state->scales.size() > index && state->scales[index] != 0.0F;
        };
        if (is_letter && has(1)) next += 10;
        if (is_letter && has(0)) next += 'A' - 'a';
        if (next != kNoChoice) row[static_cast<std::size_t>(next)] = kSure;
    }
    if (state->clock != nullptr) state->clock->advance(state->cost(batch));
    return {};
}

void FakeDecoder::take(FakeClock& clock, std::chrono::nanoseconds duration) {
    take(clock, [duration](auto) { return duration; });
}

void FakeDecoder::take(FakeClock& clock, Cost cost) {
    auto state = state_.lock();
    state->clock = &clock;
    state->cost = std::move(cost);
}

Result<void> FakeDecoder::check_step(State& state, std::size_t tokens) {
    if (state.interrupted) return fail(ErrorCode::kCancelled, "interrupted");
    if (state.failure) {
        const Error failure = *std::exchange(state.failure, std::nullopt);
        return failure;
    }
    if (cells_used(state) + static_cast<std::int32_t>(tokens) <= state.cells) return {};
    return fail(ErrorCode::kExhausted, "no cells for {} tokens", tokens);
}

Result<void> FakeDecoder::check_media(const MediaEmbedding& media) const {
    if (media.causal || media.row_count <= info_.batch_size) return {};
    return fail(ErrorCode::kInvalidArgument, "{} rows are too many", media.row_count);
}

Result<void> FakeDecoder::decode_media(const MediaStep& step) {
    auto state = state_.lock_when([](const State& s) { return !s.blocked || s.interrupted; });
    const auto sequence = static_cast<std::size_t>(step.sequence);
    const bool begins = step.first == 0;
    const bool ends = step.first + step.count == step.media->row_count;
    const bool whole = begins && ends;
    if (!whole && !step.media->causal) throw std::logic_error("a part of a picture");
    if (step.count < 1 || step.count > info_.batch_size) throw std::logic_error("a wrong count");
    if (begins && state->positions.at(sequence) != step.begin) {
        throw std::logic_error("positions do not follow on");
    }
    MULLAMA_TRY(check_step(*state, static_cast<std::size_t>(step.count)));
    const std::size_t length =
        step.media->rows.size() / static_cast<std::size_t>(step.media->row_count);
    for (std::int32_t row = step.first; row < step.first + step.count; ++row) {
        const float value = step.media->rows[static_cast<std::size_t>(row) * length];
        state->histories[sequence].push_back(static_cast<Token>(value));
    }
    state->media_steps.push_back(step.count);
    if (ends) state->positions[sequence] = step.begin + step.media->position_count;
    return {};
}

void FakeDecoder::check(const State& state, std::span<const DecodeEntry> batch) const {
    const auto require = [](bool condition, const char* what) {
        if (!condition) throw std::logic_error(what);
    };
    require(!batch.empty(), "an empty batch");
    require(batch.size() <= static_cast<std::size_t>(info_.batch_size), "too large a batch");
    std::vector<Position> positions = state.positions;
    for (const DecodeEntry& entry : batch) {
        require(entry.sequence >= 0 && entry.sequence < info_.sequences_max, "no such sequence");
        require(entry.token >= 0 && entry.token < info_.vocab_size, "no such token");
        auto& position = positions[static_cast<std::size_t>(entry.sequence)];
        require(entry.position == position, "positions do not follow on");
        ++position;
        require(entry.position < info_.context_length, "beyond the context");
    }
}

Result<std::span<const float>> FakeDecoder::logits(std::size_t entry) {
    const auto state = state_.lock();
    const auto& row = state->rows.at(entry);
    if (row.empty()) throw std::logic_error("logits were not asked for");
    return std::span<const float>(row);
}

void FakeDecoder::remove(SequenceId sequence) {
    auto state = state_.lock();
    state->histories.at(static_cast<std::size_t>(sequence)).clear();
    state->positions.at(static_cast<std::size_t>(sequence)) = 0;
    state->shared.at(static_cast<std::size_t>(sequence)) = false;
}

Result<void> FakeDecoder::forget(SequenceId sequence, Position begin, Position end) {
    auto state = state_.lock();
    auto& history = state->histories.at(static_cast<std::size_t>(sequence));
    auto& position = state->positions.at(static_cast<std::size_t>(sequence));
    if (begin < 0 || begin >= end || end > position) throw std::logic_error("a wrong range");
    if (state->shared.at(static_cast<std::size_t>(sequence)))
        throw std::logic_error("shared cells");
    history.erase(history.begin() + begin, history.begin() + end);
    position -= end - begin;
    return {};
}

Result<void> FakeDecoder::use_adapters(std::span<const float> scales) {
    auto state = state_.lock();
    if (scales.empty()) {
        state->scales = state->usual_scales;
    } else if (scales.size() == state->usual_scales.size()) {
        state->scales.assign(scales.begin(), scales.end());
    } else {
        throw std::logic_error("a wrong number of scales");
    }
    return {};
}

void FakeDecoder::set_adapter_scales(std::vector<float> scales) {
    auto state = state_.lock();
    state->usual_scales = scales;
    state->scales = std::move(scales);
}

Result<void> FakeDecoder::truncate(SequenceId sequence, Position end) {
    auto state = state_.lock();
    auto& history = state->histories.at(static_cast<std::size_t>(sequence));
    auto& position = state->positions.at(static_cast<std::size_t>(sequence));
    if (end < 0 || end > position) throw std::logic_error("a wrong end");
    if (state->fails_truncate) return fail(ErrorCode::kUnsupported, "this cannot be truncated");
    history.resize(history.size() - static_cast<std::size_t>(position - end));
    position = end;
    return {};
}

void FakeDecoder::check_end(const State& state, std::size_t held, Position end) {
    const auto all = static_cast<Position>(held);
    const bool fits = state.sharing == Sharing::kParts ? end <= all : end == all;
    if (!fits || end <= 0) throw std::logic_error("a wrong end");
}

Result<void> FakeDecoder::share(SequenceId from, SequenceId to, Position end) {
    auto state = state_.lock();
    const auto& lent = state->histories.at(static_cast<std::size_t>(from));
    auto& history = state->histories.at(static_cast<std::size_t>(to));
    check_end(*state, lent.size(), end);
    if (!history.empty()) throw std::logic_error("not empty");
    history.assign(lent.begin(), lent.begin() + end);
    state->positions.at(static_cast<std::size_t>(to)) = end;
    state->shared.at(static_cast<std::size_t>(from)) = true;
    state->shared.at(static_cast<std::size_t>(to)) = true;
    return {};
}

// A token for each position.
Result<std::vector<std::byte>> FakeDecoder::save(
    SequenceId sequence, Position begin, Position end
) {
    const auto state = state_.lock();
    const auto& history = state->histories.at(static_cast<std::size_t>(sequence));
    check_end(*state, history.size(), end);
    const auto bytes = std::as_bytes(std::span(history.begin() + begin, history.begin() + end));
    return std::vector<std::byte>(bytes.begin(), bytes.end());
}

Result<void> FakeDecoder::restore(
    SequenceId sequence, std::span<const std::byte> saved, Position begin, Position end
) {
    auto state = state_.lock();
    auto& position = state->positions.at(static_cast<std::size_t>(sequence));
    if (position != begin) throw std::logic_error("positions do not follow on");
    std::vector<Token> tokens(saved.size() / sizeof(Token));
    std::memcpy(tokens.data(), saved.data(), saved.size());
    check_end(*state, tokens.size(), end - begin);
    tokens.resize(static_cast<std::size_t>(end - begin));
    MULLAMA_TRY(check_step(*state, tokens.size()));
    auto& history = state->histories.at(static_cast<std::size_t>(sequence));
    history.insert(history.end(), tokens.begin(), tokens.end());
    position = end;
    return {};
}

Result<std::unique_ptr<TokenSampler>>
FakeDecoder::make_sampler(const SamplingOptions& options, std::span<const Token>) const {
    if (options.temperature < 0) {
        return fail(ErrorCode::kInvalidArgument, "temperature is {}", options.temperature);
    }
    return std::make_unique<FakeSampler>();
}

void FakeDecoder::interrupt() {
    state_.lock()->interrupted = true;
    state_.notify_all();
}

void FakeDecoder::block(bool on) {
    state_.lock()->blocked = on;
    state_.notify_all();
}

std::int32_t FakeDecoder::cells_used(const State& state) {
    std::size_t used = 0;
    for (const auto& history : state.histories) used += history.size();
    return static_cast<std::int32_t>(used);
}

}  // namespace mullama
