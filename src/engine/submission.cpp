#include "engine/submission.h"

#include "base/error.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <utility>

namespace mullama {

namespace {

/// Longer ones are as good as none, and could not be counted in nanoseconds.
constexpr std::chrono::milliseconds kTimeMaxLongest = std::chrono::hours(24 * 365);

Result<void> check_stops(const std::vector<std::string>& stops) {
    if (stops.size() > kStopStringsMax) {
        return fail(
            ErrorCode::kInvalidArgument,
            "request has {} stop strings, the most is {}",
            stops.size(),
            kStopStringsMax
        );
    }
    for (std::size_t i = 0; i < stops.size(); ++i) {
        if (stops[i].empty()) {
            return fail(ErrorCode::kInvalidArgument, "stop string {} is empty: leave it out", i);
        }
        if (stops[i].size() > kStopStringBytesMax) {
            return fail(
                ErrorCode::kInvalidArgument,
                "stop string {} has {} bytes, the most is {}",
                i,
                stops[i].size(),
                kStopStringBytesMax
            );
        }
        if (!is_valid_utf8(stops[i])) {
            return fail(ErrorCode::kInvalidArgument, "stop string {} is not valid UTF-8", i);
        }
    }
    return {};
}

Result<void> check_options(const GenerateRequest& request) {
    if (request.tokens.empty() && !request.media.empty()) {
        return fail(
            ErrorCode::kInvalidArgument, "pictures go between tokens: give tokens, not a prompt"
        );
    }
    if (request.max_tokens < -1) {
        return fail(
            ErrorCode::kInvalidArgument,
            "max_tokens is {}: give a number from 0 on, or -1 for no limit",
            request.max_tokens
        );
    }
    if (request.generate_max_ms < 0) {
        return fail(
            ErrorCode::kInvalidArgument,
            "generate_max_ms is {}: give a number from 1 on, or 0 for no limit",
            request.generate_max_ms
        );
    }
    if (request.context_length < 0) {
        return fail(
            ErrorCode::kInvalidArgument,
            "num_ctx is {}: give a number from 1 on, or 0 for the most there is",
            request.context_length
        );
    }
    if (request.priority < -kPriorityMax || request.priority > kPriorityMax) {
        return fail(
            ErrorCode::kInvalidArgument,
            "priority is {}: give a number from {} to {}",
            request.priority,
            -kPriorityMax,
            kPriorityMax
        );
    }
    const std::int32_t top = request.top_logprobs.value_or(0);
    if (top < 0 || top > kTopLogprobsMax) {
        return fail(
            ErrorCode::kInvalidArgument, "top_logprobs must be between 0 and {}", kTopLogprobsMax
        );
    }
    return check_stops(request.stop);
}

Result<void> check_length(std::size_t tokens, std::int32_t length) {
    if (tokens <= static_cast<std::size_t>(length)) return {};
    return fail(
        ErrorCode::kInvalidArgument,
        "prompt has {} tokens, context is {}: raise num_ctx or shorten the prompt",
        tokens,
        length
    );
}

// Tokens of the caller's are checked against the model. So are those of the tokenizer, which may
// be the caller's too.
Result<void> check_tokens(
    const std::vector<Token>& tokens, std::int32_t length, const EngineInfo& info
) {
    if (tokens.empty()) {
        return fail(ErrorCode::kInvalidArgument, "prompt is empty: give text or tokens");
    }
    MULLAMA_TRY(check_length(tokens.size(), length));
    const auto outside = [&](Token token) { return token < 0 || token >= info.vocab_size; };
    const auto found = std::ranges::find_if(tokens, outside);
    if (found == tokens.end()) return {};
    return fail(
        ErrorCode::kInvalidArgument,
        "token {} at position {} is not in the vocabulary: tokens are 0 to {}",
        *found,
        found - tokens.begin(),
        info.vocab_size - 1
    );
}

Result<void> check_media(
    const std::vector<MediaSpan>& media, std::size_t tokens, const Decoder& decoder
) {
    std::size_t last = 0;
    for (std::size_t i = 0; i < media.size(); ++i) {
        const MediaSpan& span = media[i];
        if (span.media == nullptr || span.tokens_before < last || span.tokens_before >= tokens) {
            return fail(
                ErrorCode::kInvalidArgument,
                "picture {} is not in its place: pictures come in order and before the last token",
                i
            );
        }
        last = span.tokens_before;
        MULLAMA_TRY(decoder.check_media(*span.media));
    }
    return {};
}

std::size_t row_count(const std::vector<MediaSpan>& media) {
    std::size_t rows = 0;
    for (const MediaSpan& span : media) rows += static_cast<std::size_t>(span.media->row_count);
    return rows;
}

// The prompt with the rows of pictures in their places.
void set_prompt(Sequence& sequence, const std::vector<Token>& tokens, GenerateRequest& request) {
    std::size_t done = 0;
    const auto add_tokens = [&](std::size_t end) {
        const auto begin = tokens.begin();
        sequence.tokens.insert(
            sequence.tokens.end(),
            begin + static_cast<std::ptrdiff_t>(done),
            begin + static_cast<std::ptrdiff_t>(end)
        );
        done = end;
    };
    for (MediaSpan& span : request.media) {
        add_tokens(span.tokens_before);
        const auto rows = media_tokens(*span.media);
        const auto begin = static_cast<std::int32_t>(sequence.tokens.size());
        sequence.tokens.insert(sequence.tokens.end(), rows.begin(), rows.end());
        sequence.media.push_back({begin, std::move(span.media)});
    }
    add_tokens(tokens.size());
    sequence.prompt_tokens = static_cast<std::int32_t>(sequence.tokens.size());
}

Result<std::vector<Token>> prompt_tokens(GenerateRequest& request, const Tokenizer& tokenizer) {
    if (!request.tokens.empty()) return std::move(request.tokens);
    return tokenizer.encode(request.prompt, request.add_special, request.parse_special);
}

// Blocks of half of what is not kept go, until the rest fits. Gives how many tokens went.
std::int32_t cut(std::vector<Token>& tokens, std::int32_t keep_tokens, std::int32_t length) {
    const auto size = static_cast<std::int32_t>(tokens.size());
    if (size <= length) return 0;
    const std::int32_t keep = keep_tokens < 0 ? length - 1 : std::min(keep_tokens, length - 1);
    const std::int32_t block = std::max((length - keep) / 2, 1);
    const std::int32_t count = (size - keep - block) / block * block;
    const auto first = tokens.begin() + keep;
    tokens.erase(first, first + count);
    return count;
}

// The last token of an answer needs no cell, since nothing is computed from it.
void set_limits(
    Sequence& sequence, std::int32_t max_tokens, std::int32_t length, bool shifts_context
) {
    const std::int64_t most = shifts_context ? std::int64_t{kShiftedContextsMax} * length
                                             : std::int64_t{length} - sequence.prompt_tokens + 1;
    const std::int64_t tokens = max_tokens == -1 ? most : std::min<std::int64_t>(max_tokens, most);
    sequence.answer_tokens_max = static_cast<std::int32_t>(
        std::min<std::int64_t>(tokens, std::numeric_limits<std::int32_t>::max())
    );
    const std::int64_t cells = sequence.prompt_tokens + std::max<std::int64_t>(tokens - 1, 0);
    sequence.cells = static_cast<std::int32_t>(std::min<std::int64_t>(cells, length));
}

// One for each adapter; none where the request wants what `usual` is.
Result<std::vector<float>> scales_of(
    const std::optional<std::vector<AdapterUse>>& adapters, const std::vector<float>& usual
) {
    std::vector<float> scales;
    if (!adapters) return scales;
    scales.resize(usual.size(), 0.0F);
    for (const AdapterUse& use : *adapters) {
        if (use.index < 0 || static_cast<std::size_t>(use.index) >= scales.size()) {
            return fail(
                ErrorCode::kInvalidArgument,
                "there is no adapter {}: the model has {}, counted from 0",
                use.index,
                scales.size()
            );
        }
        if (!std::isfinite(use.scale)) {
            return fail(
                ErrorCode::kInvalidArgument,
                "the scale of adapter {} is {}: give a number",
                use.index,
                use.scale
            );
        }
        scales[static_cast<std::size_t>(use.index)] = use.scale;
    }
    if (scales == usual) scales.clear();
    return scales;
}

// Guesses change the shapes of batches, by which kernels round, and come when they are fast: who
// gives a seed wants the same text again.
std::int32_t guesses_max(const GenerateRequest& request) {
    if (request.draft_max >= 0) return request.draft_max;
    return request.sampling.seed ? 0 : std::numeric_limits<std::int32_t>::max();
}

void forbid_ends(
    std::vector<LogitBias>& biases, const Tokenizer& tokenizer, std::int32_t vocab_size
) {
    for (Token token = 0; token < vocab_size; ++token) {
        if (tokenizer.is_eog(token)) {
            biases.push_back({token, -std::numeric_limits<float>::infinity()});
        }
    }
}

}  // namespace

Result<std::unique_ptr<Sequence>> make_sequence(
    GenerateRequest request, const Tokenizer& tokenizer, const Decoder& decoder
) {
    MULLAMA_TRY(check_options(request));
    auto tokens = prompt_tokens(request, tokenizer);
    if (!tokens) return std::move(tokens).error();
    const EngineInfo info = decoder.info();
    const std::int32_t length = request.context_length == 0
                                    ? info.context_length
                                    : std::min(request.context_length, info.context_length);
    const ContextOverflow overflow = request.overflow;
    const bool cuts = overflow.cut_prompt && request.media.empty();
    const std::int32_t cut_tokens = cuts ? cut(*tokens, overflow.keep_tokens, length) : 0;
    MULLAMA_TRY(check_tokens(*tokens, length, info));
    MULLAMA_TRY(check_media(request.media, tokens->size(), decoder));
    MULLAMA_TRY(check_length(tokens->size() + row_count(request.media), length));
    if (request.ignore_eos) {
        forbid_ends(request.sampling.logit_bias, tokenizer, info.vocab_size);
    }
    auto adapter_scales = scales_of(request.adapters, decoder.adapter_scales());
    if (!adapter_scales) return std::move(adapter_scales).error();
    auto sampler = decoder.make_sampler(request.sampling, *tokens);
    if (!sampler) return std::move(sampler).error();

    auto sequence = std::make_unique<Sequence>(
        AnswerText(tokenizer, std::move(request.stop), std::move(request.shown_tokens)),
        std::move(request.thinking_budget)
    );
    set_prompt(*sequence, *tokens, request);
    sequence->cut_tokens = cut_tokens;
    sequence->keep_tokens =
        overflow.keep_tokens < 0 ? sequence->prompt_tokens : overflow.keep_tokens;
    sequence->ignore_eos = request.ignore_eos;
    sequence->cache_prompt = request.cache_prompt;
    sequence->priority = request.priority;
    sequence->adapter_scales = *std::move(adapter_scales);
    sequence->guesses_max = guesses_max(request);
    sequence->reports_progress = request.report_progress;
    sequence->time_max =
        std::min(std::chrono::milliseconds(request.generate_max_ms), kTimeMaxLongest);
    sequence->top_logprobs = request.top_logprobs;
    if (!sequence->thinking.end_text().empty()) {
        auto end = tokenizer.encode(
            sequence->thinking.end_text(), /*add_special=*/false, /*parse_special=*/true
        );
        if (!end) return std::move(end).error();
        sequence->thinking_end = std::move(end).value();
    }
    sequence->sampler = std::move(*sampler);
    const bool shifts = overflow.shift && sequence->media.empty() && decoder.can_forget();
    set_limits(*sequence, request.max_tokens, length, shifts);
    return sequence;
}

}  // namespace mullama
