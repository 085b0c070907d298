#pragma once

#include <mullama/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// Plain request and event structs: data, no behaviour. Every module may use them.
namespace mullama {

/// A token id: an index into the vocabulary, 0 <= token < vocab.size().
using Token = std::int32_t;

/// A position in a sequence, counted in tokens from 0.
using Position = std::int32_t;

/// A sequence id inside one context, 0 <= id < sequences_max.
using SequenceId = std::int32_t;

/// Stands for "no token" where a vocabulary lacks a special token.
inline constexpr Token kNoToken = -1;

/// A fixed amount to add to one token's logit before anything else sees it.
struct LogitBias {
    /// The token to bias.
    Token token = 0;
    float bias = 0.0F;  ///< -inf forbids the token.

    friend bool operator==(const LogitBias&, const LogitBias&) = default;
};

/// How the next token is chosen. The defaults are Ollama's.
///
/// Samplers run in this order: logit bias, penalties, DRY, top-n-sigma, top-k, typical-p, top-p,
/// min-p, XTC, temperature, draw. Mirostat replaces those from top-n-sigma to XTC and the draw.
/// `temperature` 0 is greedy.
struct SamplingOptions {
    /// >= 0; 0 takes the most likely token and draws nothing.
    float temperature = 0.8F;
    /// Keep the k most likely; 0 disables.
    std::int32_t top_k = 40;
    /// Keep the smallest set with this probability (arXiv 1904.09751); 1 disables.
    float top_p = 0.9F;
    /// Drop tokens below this share of the best one's probability (arXiv 2407.01082); 0 disables.
    float min_p = 0.0F;
    /// Locally typical sampling (arXiv 2202.00666); 1 disables.
    float typical_p = 1.0F;
    /// Keep logits within n standard deviations of the best (arXiv 2411.07641); <= 0 disables.
    float top_n_sigma = -1.0F;
    /// Chance of excluding top choices at each token; 0 disables.
    float xtc_probability = 0.0F;
    /// Probability from which XTC counts a token as a top choice; > 0.5 disables.
    float xtc_threshold = 0.1F;
    /// Entropy-based temperature within +- this range (arXiv 2309.02772); 0 disables.
    float dynatemp_range = 0.0F;
    /// Shape of the entropy-based temperature.
    float dynatemp_exponent = 1.0F;

    /// Tokens that the penalties look back over; 0 disables, -1 = whole context.
    std::int32_t repeat_last_n = 64;
    /// > 0; divides the logits of repeated tokens; 1 disables.
    float repeat_penalty = 1.0F;
    /// Subtracted once from a token seen in the window; 0 disables.
    float presence_penalty = 0.0F;
    /// Subtracted for each time a token was seen in the window; 0 disables.
    float frequency_penalty = 0.0F;

    /// DRY repetition penalty; 0 disables.
    float dry_multiplier = 0.0F;
    /// Base of DRY's growth with the repeated length.
    float dry_base = 1.75F;
    /// Longest repetition that DRY leaves alone, in tokens.
    std::int32_t dry_allowed_length = 2;
    /// Tokens DRY looks back over; 0 disables, -1 = whole context.
    std::int32_t dry_penalty_last_n = 64;
    /// Texts that end a repetition.
    std::vector<std::string> dry_sequence_breakers = {"\n", ":", "\"", "*"};

    /// 0 off, 1 Mirostat, 2 Mirostat 2.0 (arXiv 2007.14966).
    std::int32_t mirostat = 0;
    /// Target surprise, in bits.
    float mirostat_tau = 5.0F;
    /// Learning rate.
    float mirostat_eta = 0.1F;

    /// Added before all other samplers.
    std::vector<LogitBias> logit_bias = {};

    /// Start of the random draw; the same seed gives the same text. Unset draws a new one.
    std::optional<std::uint32_t> seed = {};

    /// A GBNF grammar that the answer must follow; empty for none. Its root rule is "root".
    std::string grammar = {};

    friend bool operator==(const SamplingOptions&, const SamplingOptions&) = default;
};

/// Why an answer ended.
enum class FinishReason {
    kStop,       ///< End-of-generation token, or a stop string.
    kLength,     ///< `max_tokens` reached or the context is full.
    kCancelled,  ///< The stream was closed.
    kError,      ///< See `Finish::error`.
};

/// What one request cost. Times are wall clock on the engine, in nanoseconds.
struct Usage {
    /// Tokens of the prompt, cached ones included.
    std::int64_t prompt_tokens = 0;
    /// Of those, tokens that needed no computing.
    std::int64_t cached_tokens = 0;
    /// Tokens generated, the end-of-generation token not counted.
    std::int64_t completion_tokens = 0;
    /// From submission to the first computed token of the prompt.
    std::int64_t queue_ns = 0;
    /// From there to the first generated token.
    std::int64_t prompt_ns = 0;
    /// From the first to the last generated token.
    std::int64_t decode_ns = 0;

    friend bool operator==(const Usage&, const Usage&) = default;
};

/// How a request ended; the last event of its stream carries it.
struct Finish {
    /// Why it ended.
    FinishReason reason = FinishReason::kStop;
    /// Set exactly when `reason` is kError.
    std::optional<Error> error = {};
    /// The stop string that matched, or empty.
    std::string stop = {};
    /// What it cost.
    Usage usage = {};
};

/// One piece of an answer.
struct Event {
    /// Valid UTF-8, or empty while a character or stop string is incomplete.
    std::string text = {};
    /// Tokens generated since the last event.
    std::vector<Token> tokens = {};
    /// Set in the last event of a stream and only there.
    std::optional<Finish> finish = {};
};

/// A prompt to continue. `tokens` is used where it is not empty, else `prompt` is tokenized.
struct GenerateRequest {
    /// The text to continue.
    std::string prompt = {};
    /// Its tokens, used in place of `prompt` where there are any.
    std::vector<Token> tokens = {};
    /// Add BOS and its like when tokenizing `prompt`, as the vocabulary says.
    bool add_special = true;
    /// Read special tokens' text in `prompt` as those tokens.
    bool parse_special = true;
    /// How tokens are chosen.
    SamplingOptions sampling = {};
    /// Most tokens to generate; -1 = until the context is full; 0 = only read the prompt.
    std::int32_t max_tokens = -1;
    /// Strings that end the answer; none of them is ever part of it.
    std::vector<std::string> stop = {};
    /// Go on after an end-of-generation token (for measuring).
    bool ignore_eos = false;
};

/// One turn of a conversation.
struct Message {
    /// "system", "user", "assistant" or "tool".
    std::string role = {};
    /// What was said.
    std::string content = {};

    friend bool operator==(const Message&, const Message&) = default;
};

/// A conversation to continue with the assistant's next turn.
struct ChatRequest {
    /// At least one; a last message of the assistant's is continued.
    std::vector<Message> messages = {};
    /// How tokens are chosen.
    SamplingOptions sampling = {};
    /// As in GenerateRequest.
    std::int32_t max_tokens = -1;
    /// As in GenerateRequest.
    std::vector<std::string> stop = {};
    /// Drop the oldest messages (never system ones or the last) that do not fit the context.
    bool truncate = true;
};

/// A whole answer: what a stream's events amount to.
struct Completion {
    /// Valid UTF-8.
    std::string text = {};
    /// All tokens generated.
    std::vector<Token> tokens = {};
    /// How it ended.
    Finish finish = {};
};

}  // namespace mullama
