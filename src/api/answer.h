#pragma once

#include "api/options.h"
#include <mullama/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mullama::api {

/// A moment that clients see.
using WallTime = std::chrono::system_clock::time_point;

/// What is known of an answer when it begins.
struct AnswerStart {
    std::string model = {};  ///< The name of the one that answers.
    /// As the model reads it, special tokens shown; empty where nobody wants it.
    std::string prompt = {};
    std::int32_t prompt_tokens = 0;
    std::int32_t context_length = 0;
    /// What holds for it: the call's, the model's and the dialect's.
    OptionValues options = {};
};

/// What is new of one answer. A call with several choices has several answers.
struct AnswerDelta {
    std::size_t choice = 0;
    WallTime at = {};
    std::vector<AnswerPart> parts = {};
    std::vector<Token> tokens = {};
    std::vector<TokenLogprobs> logprobs = {};
    std::optional<Progress> progress = {};  ///< Where the call asks for it.
};

/// Counts the tokens that an answer spends on thinking.
/// Threads: thread-compatible.
class ThinkingTokens {
  public:
    explicit ThinkingTokens(std::int64_t count = 0) : count_(count) {}

    void add(const AnswerDelta& delta);
    std::int64_t count() const { return count_; }

  private:
    bool thinking_ = false;
    std::int64_t count_;
};

/// How one answer ended.
struct AnswerEnd {
    std::size_t choice = 0;
    WallTime at = {};
    Finish finish = {};
    bool has_calls = false;           ///< Tools were called.
    std::int64_t load_ns = 0;         ///< Spent on getting the model.
    std::int64_t total_ns = 0;        ///< Since the request came.
    std::vector<Token> context = {};  ///< Prompt and answer; empty where nobody wants it.
};

/// An answer as a whole.
struct Answer {
    std::string content = {};
    std::string thinking = {};
    std::vector<ToolCall> calls = {};
    std::vector<Token> tokens = {};
    std::vector<TokenLogprobs> logprobs = {};
    std::int64_t thinking_tokens = 0;
    AnswerEnd end = {};
};

/// A call's arguments as a JSON object that parses, whatever the model wrote.
std::string valid_arguments(std::string_view arguments);

/// Puts a whole answer together from what came.
/// Threads: thread-compatible.
class AnswerCollector {
  public:
    void add(const AnswerDelta& delta);
    /// The answer so far; afterwards the collector is empty.
    Answer take(AnswerEnd end);

  private:
    Answer answer_;
    ThinkingTokens thinking_;
};

/// Turns an answer into the bytes of one dialect: deltas as they come, or the whole at once. Each
/// function gives what is to be sent, which may be nothing.
/// Threads: thread-compatible.
class AnswerFormat {
  public:
    virtual ~AnswerFormat() = default;

    /// Told for each choice before anything else.
    virtual void start(std::size_t /*choice*/, const AnswerStart& /*start*/) {}

    // In pieces: begin() once, delta()s and one end() for each choice, then finish().

    virtual std::string_view stream_type() const = 0;
    virtual std::string begin(std::size_t /*prompt_tokens*/) { return {}; }
    virtual std::string delta(const AnswerDelta& delta) = 0;
    virtual std::string end(const AnswerEnd& end) = 0;
    virtual std::string finish() { return {}; }
    /// What the client is told where something fails amid the answer; nothing follows.
    virtual std::string error(const Error& error) = 0;
    /// A piece without meaning that keeps the connection alive; empty where the dialect has none.
    virtual std::string ping() const { return {}; }

    // At once.

    virtual std::string whole(const std::vector<Answer>& answers) = 0;
};

}  // namespace mullama::api
