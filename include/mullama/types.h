#pragma once

#include <mullama/result.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
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

/// The most names in SamplingOptions::samplers.
inline constexpr std::size_t kSamplersMax = 32;

/// How the next token is chosen. The defaults are Ollama's.
///
/// Samplers run in this order, unless `samplers` gives another one: logit bias, penalties, DRY,
/// top-n-sigma, top-k, typical-p, top-p, min-p, XTC, temperature, draw. Mirostat replaces those
/// from top-n-sigma to XTC and the draw. `temperature` 0 is greedy.
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

    /// With "adaptive_p" among the samplers: draw tokens whose probability lies near this one over
    /// time, at most 1; below 0 only draws.
    float adaptive_target = -1.0F;
    /// How much of its history "adaptive_p" keeps for each token, 0 to 0.99.
    float adaptive_decay = 0.9F;

    /// Candidates that top_p, min_p, typical_p and XTC leave at least; 0 = one.
    std::int32_t min_keep = 0;

    /// The order of the samplers between logit bias and draw, by llama-server's names: "penalties",
    /// "dry", "top_n_sigma", "top_k", "typ_p", "top_p", "min_p", "xtc", "temperature". One that is
    /// not named is off, one that is named twice runs twice. At most kSamplersMax; empty = the
    /// order above. Two more are for those who name them: "infill" ends the text of a gap where the
    /// model would likely end it; "adaptive_p" takes the place of the draw, wherever it stands.
    std::vector<std::string> samplers = {};

    /// Added before all other samplers.
    std::vector<LogitBias> logit_bias = {};

    /// Start of the random draw; the same seed gives the same text. Unset draws a new one.
    std::optional<std::uint32_t> seed = {};

    /// A GBNF grammar that the answer must follow; empty for none. Its root rule is "root".
    std::string grammar = {};
    /// Text at the end of the prompt that the grammar's texts begin with.
    std::string grammar_prefix = {};
    /// A regular expression that the answer matches from end to end, as Python's `re` and
    /// ECMAScript have them, but for assertions, back references and flags; in place of `grammar`,
    /// empty for none.
    std::string regex = {};

    friend bool operator==(const SamplingOptions&, const SamplingOptions&) = default;
};

/// A token and how likely it was.
struct TokenChance {
    /// The token.
    Token token = 0;
    /// Its bytes, which need not be whole characters.
    std::string piece = {};
    /// Natural logarithm of its probability, of the model's own, before any sampler.
    float logprob = 0.0F;

    friend bool operator==(const TokenChance&, const TokenChance&) = default;
};

/// One generated token, and what else could have stood in its place.
struct TokenLogprobs {
    /// What was generated.
    TokenChance chosen = {};
    /// The most likely tokens, the likeliest first; as many as were asked for.
    std::vector<TokenChance> top = {};

    friend bool operator==(const TokenLogprobs&, const TokenLogprobs&) = default;
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
    /// Tokens of the prompt, cached ones and rows of pictures included.
    std::int64_t prompt_tokens = 0;
    /// Of those, tokens that needed no computing.
    std::int64_t cached_tokens = 0;
    /// Tokens that were cut out of the prompt, see ContextOverflow; not among `prompt_tokens`.
    std::int64_t cut_tokens = 0;
    /// Tokens generated, the end-of-generation token not counted.
    std::int64_t completion_tokens = 0;
    /// Tokens that were guessed, see EngineOptions::draft_max, and verified.
    std::int64_t drafted_tokens = 0;
    /// Those of them that were right, and so are among `completion_tokens`.
    std::int64_t accepted_tokens = 0;
    /// From submission to the first computed token of the prompt.
    std::int64_t queue_ns = 0;
    /// From there to the first generated token.
    std::int64_t prompt_ns = 0;
    /// From the first to the last generated token.
    std::int64_t decode_ns = 0;

    friend bool operator==(const Usage&, const Usage&) = default;
};

/// How far a request has come.
struct Progress {
    /// Tokens of the prompt that are computed, cached ones included.
    std::int64_t prompt_tokens_done = 0;
    /// What it has cost so far.
    Usage usage = {};

    friend bool operator==(const Progress&, const Progress&) = default;
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
    /// One for each of `tokens` where they were asked for.
    std::vector<TokenLogprobs> logprobs = {};
    /// Where GenerateRequest::report_progress asks for it.
    std::optional<Progress> progress = {};
    /// Set in the last event of a stream and only there.
    std::optional<Finish> finish = {};
};

/// The most alternatives of a token that can be asked for.
inline constexpr std::int32_t kTopLogprobsMax = 20;

/// How long a model may think.
struct ThinkingBudget {
    /// Tokens between `start` and `ends`; below 0 = any number. Beyond, the first of `ends` is put
    /// in the answer as if the model had said it.
    std::int32_t tokens = -1;
    /// The text after which it thinks; empty = from the beginning of the answer.
    std::string start = {};
    /// The texts that end it.
    std::vector<std::string> ends = {};
};

/// Where one row of a picture stands, for models whose positions have four axes.
/// Source:  M-RoPE, arXiv 2409.12191.
struct MediaPlace {
    /// Time, height, width and one that few models use.
    std::array<Position, 4> axes = {};
    /// Which of them count from the position where the picture begins; the others are as given.
    std::array<bool, 4> relative = {true, true, true, true};

    friend bool operator==(const MediaPlace&, const MediaPlace&) = default;
};

/// A picture, or a part of one, as a model reads it: rows of embeddings in the place of tokens.
struct MediaEmbedding {
    /// Tells it from others: those with the same id have the same rows.
    std::string id = {};
    /// Shape: [row_count, model.embedding_length_input()] float32, row-major.
    std::vector<float> rows = {};
    /// How many rows there are; each takes a KV cell, as a token does.
    std::int32_t row_count = 0;
    /// How far the positions of what follows are from those of what goes before: `row_count`, or
    /// less where there are `places`.
    std::int32_t position_count = 0;
    /// One for each row where the model's positions have four axes; else empty.
    std::vector<MediaPlace> places = {};
    /// Whether a row sees only the rows before it. Else they are computed in one pass.
    bool causal = true;
};

/// A picture's place in a prompt.
struct MediaSpan {
    /// How many of the prompt's tokens go before it.
    std::size_t tokens_before = 0;
    /// What stands there; not null.
    std::shared_ptr<const MediaEmbedding> media = {};
};

/// What is done where prompt and answer do not fit the context. Prompts with pictures are never
/// cut, and their contexts never shifted.
struct ContextOverflow {
    /// Cut too long a prompt: the tokens behind `keep_tokens` go, as many as it takes, so that half
    /// of the context or less is free for the answer. Else it is an error.
    bool cut_prompt = false;
    /// Go on where the answer has filled the context: of the tokens behind `keep_tokens` the older
    /// half goes, and an answer may become kShiftedContextsMax contexts long. Else it ends there,
    /// as it does with models whose memory cannot forget a part.
    bool shift = false;
    /// How many of the prompt's first tokens stay; below 0 = all of it.
    std::int32_t keep_tokens = 4;

    friend bool operator==(const ContextOverflow&, const ContextOverflow&) = default;
};

/// One of the adapters that a model is loaded with, and how strongly an answer uses it.
struct AdapterUse {
    /// Its place in EngineOptions::adapters, from 0 on.
    std::int32_t index = 0;
    /// Finite; 0 = not at all.
    float scale = 1.0F;

    friend bool operator==(const AdapterUse&, const AdapterUse&) = default;
};

/// The longest answer where contexts are shifted, in contexts.
inline constexpr std::int32_t kShiftedContextsMax = 10;

/// The bounds of GenerateRequest::priority, to either side of 0.
inline constexpr std::int32_t kPriorityMax = 1000;

/// A prompt to continue. `tokens` is used where it is not empty, else `prompt` is tokenized.
struct GenerateRequest {
    /// The text to continue.
    std::string prompt = {};
    /// Its tokens, used in place of `prompt` where there are any.
    std::vector<Token> tokens = {};
    /// Pictures between `tokens`, in order; the last token is behind all of them.
    std::vector<MediaSpan> media = {};
    /// Add BOS and its like when tokenizing `prompt`, as the vocabulary says.
    bool add_special = true;
    /// Read special tokens' text in `prompt` as those tokens.
    bool parse_special = true;
    /// How tokens are chosen.
    SamplingOptions sampling = {};
    /// Most tokens to generate; -1 = as many as the context allows; 0 = only read the prompt.
    std::int32_t max_tokens = -1;
    /// Strings that end the answer; none of them is ever part of it.
    std::vector<std::string> stop = {};
    /// Forbid the tokens that end an answer, and go on after one that comes all the same.
    bool ignore_eos = false;
    /// End the answer once it has a line break and its first token is longer ago than this;
    /// 0 = no limit.
    std::int64_t generate_max_ms = 0;
    /// Tell with each token how far it has come, and send events while the prompt is computed too.
    bool report_progress = false;
    /// Tell each token's logprob and those of this many alternatives, 0 to kTopLogprobsMax; unset
    /// for none.
    std::optional<std::int32_t> top_logprobs = {};
    /// The most tokens that prompt and answer may take; 0 = EngineOptions::context_length. Cut down
    /// to that.
    std::int32_t context_length = 0;
    /// What is done where that is too little.
    ContextOverflow overflow = {};
    /// Take what others have computed of the same beginning, and let others do so.
    bool cache_prompt = true;
    /// Requests with a lower number go first: they start before those that wait, make those that
    /// run wait where there is no room else, and have their prompts read first. A minute of waiting
    /// counts as much as one less, so that nobody waits for ever.
    std::int32_t priority = 0;
    /// The most tokens of a step that are guessed to come next, see EngineOptions::draft_max; below
    /// 0 = as many as there, but none where a seed is given, for then the same text is wanted again
    /// and not one that differs where two tokens are as good as equal.
    std::int32_t draft_max = -1;
    /// The model's adapters that answer it; those that are not named do not. Unset = all, with the
    /// scales that the engine has for them. Requests that use them otherwise are computed in steps
    /// of their own, in turn with the others, and share no beginnings of texts.
    std::optional<std::vector<AdapterUse>> adapters = {};
    /// Bounds the thinking of a model that thinks.
    ThinkingBudget thinking_budget = {};
    /// Control tokens that the answer shows, and their text; the others add nothing to it.
    std::map<Token, std::string> shown_tokens = {};
};

/// A function that a model wants to be called.
struct ToolCall {
    /// Names this call in the message with its result; empty where nobody has given one.
    std::string id = {};
    /// The function.
    std::string name = {};
    /// A JSON object.
    std::string arguments = {};

    friend bool operator==(const ToolCall&, const ToolCall&) = default;
};

/// A function that a model may want to be called.
struct Tool {
    /// What calls name it by.
    std::string name = {};
    /// What it does, for the model.
    std::string description = {};
    /// A JSON Schema of its arguments; empty for a function without any.
    std::string parameters = {};

    friend bool operator==(const Tool&, const Tool&) = default;
};

/// Whether a model calls functions.
enum class ToolChoice {
    kAuto,      ///< As it sees fit.
    kNone,      ///< Never.
    kRequired,  ///< One call at least, held to it by a grammar.
};

/// Whether a model thinks before it answers.
enum class Thinking {
    kModel,  ///< As the model's template has it.
    kOff,    ///< Not, where the template has a switch for that.
    kOn,     ///< It does.
};

/// One turn of a conversation.
struct Message {
    /// "system", "user", "assistant" or "tool".
    std::string role = {};
    /// What was said.
    std::string content = {};
    /// What the assistant thought before it said that.
    std::string thinking = {};
    /// The calls that the assistant made.
    std::vector<ToolCall> tool_calls = {};
    /// Of a tool's turn: the function whose result this is.
    std::string tool_name = {};
    /// Of a tool's turn: the call whose result this is.
    std::string tool_call_id = {};
    /// Pictures that go with the content: the bytes of PNG, JPEG, ... files.
    std::vector<std::string> images = {};

    friend bool operator==(const Message&, const Message&) = default;
};

/// A conversation to continue with the assistant's next turn.
struct ChatRequest {
    /// Text that goes before the rendered prompt; empty for none.
    std::string lead = {};
    /// At least one; a last message of the assistant's is continued.
    std::vector<Message> messages = {};
    /// Functions that the model may ask for.
    std::vector<Tool> tools = {};
    /// Whether it calls them.
    ToolChoice tool_choice = ToolChoice::kAuto;
    /// Whether it may make several calls in one turn.
    bool parallel_tool_calls = true;
    /// Whether it thinks first.
    Thinking thinking = Thinking::kModel;
    /// How hard it thinks ("low", "medium", "high"), for templates that ask; empty = theirs.
    std::string reasoning_effort = {};
    /// Tokens that it may think; below 0 = any number.
    std::int32_t thinking_tokens_max = -1;
    /// "json", or a JSON Schema that the answer (not the thinking) follows; empty for none.
    std::string format = {};
    /// Further variables of the template: names and JSON values.
    std::map<std::string, std::string> template_variables = {};
    /// How tokens are chosen.
    SamplingOptions sampling = {};
    /// As in GenerateRequest.
    std::int32_t max_tokens = -1;
    /// As in GenerateRequest.
    std::vector<std::string> stop = {};
    /// As in GenerateRequest.
    bool ignore_eos = false;
    /// Drop the oldest messages (never system ones or the last) that do not fit the context.
    bool truncate = true;
    /// As in GenerateRequest.
    std::optional<std::int32_t> top_logprobs = {};
    /// As in GenerateRequest.
    std::int32_t context_length = 0;
    /// What is done where that is too little even for what `truncate` leaves.
    ContextOverflow overflow = {};
    /// As in GenerateRequest.
    bool cache_prompt = true;
    /// As in GenerateRequest.
    std::int32_t priority = 0;
    /// As in GenerateRequest.
    std::int32_t draft_max = -1;
    /// As in GenerateRequest.
    std::optional<std::vector<AdapterUse>> adapters = {};
};

/// What kind of text an AnswerPart brings.
enum class AnswerPartKind {
    kContent,        ///< Further text of the answer.
    kThinking,       ///< Further text of the thinking before it.
    kToolCall,       ///< A call begins; the text is the function's name.
    kToolArguments,  ///< Further text of the call's arguments, a JSON object.
    kToolCallEnd,    ///< The call's arguments are complete.
    /// The call turned out to be none: take it back if that is still possible; the text is all that
    /// the model wrote from its beginning on.
    kToolCallBroken,
};

/// A piece of an answer, taken apart.
struct AnswerPart {
    /// What the text is.
    AnswerPartKind kind = AnswerPartKind::kContent;
    /// See AnswerPartKind.
    std::string text = {};
    /// Which call, from 0, where it is about one.
    std::size_t call = 0;
    /// Of kToolCall: the call's name for itself, where the model gave one.
    std::string id = {};

    friend bool operator==(const AnswerPart&, const AnswerPart&) = default;
};

/// A whole answer: what a stream's events amount to.
struct Completion {
    /// Valid UTF-8.
    std::string text = {};
    /// All tokens generated.
    std::vector<Token> tokens = {};
    /// One for each of `tokens` where they were asked for.
    std::vector<TokenLogprobs> logprobs = {};
    /// How it ended.
    Finish finish = {};
};

}  // namespace mullama
