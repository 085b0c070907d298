#pragma once

#include "api/options.h"
#include <mullama/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mullama::api {

/// Which model a call wants, and how.
struct ModelUse {
    /// As the client wrote it; answers repeat it so.
    std::string model = {};
    /// Where no model is named, take the one that is loaded, or else the newest.
    bool any_model = false;
    /// What the dialect takes for granted: below the model's own parameters.
    Options defaults = {};
    /// What the call asks for: above the model's own parameters.
    Options options = {};
    /// The lowest priority that it may have; unset = any.
    std::optional<std::int32_t> priority_least = {};
    /// How long the model stays loaded afterwards; below 0 = for ever; unset = the server's.
    std::optional<std::chrono::nanoseconds> keep_alive = {};
};

/// A conversation to answer. The server puts the options' values into `request`.
struct ChatCall {
    ModelUse use = {};
    ChatRequest request = {};
    std::int32_t choices = 1;
    bool stream = false;
    /// Answer with the rendered prompt only.
    bool render_only = false;
};

/// A prompt, as text or as tokens.
struct Prompt {
    std::string text = {};
    std::vector<Token> tokens = {};
};

/// Prompts to continue; each gets as many answers as asked for. The server puts the options' values
/// into `request`.
struct CompletionCall {
    ModelUse use = {};
    std::vector<Prompt> prompts = {};
    /// Text after a gap that the answers fill; unset for none.
    std::optional<std::string> suffix = {};
    GenerateRequest request = {};
    /// "json", or a JSON Schema; see ChatRequest::format.
    std::string format = {};
    std::int32_t choices = 1;
    /// Answers made for each prompt, of which the likeliest `choices` are given.
    std::int32_t best_of = 1;
    /// Whether answers begin with their prompt.
    bool echo = false;
    bool stream = false;
};

/// Texts to turn into vectors.
struct EmbedCall {
    ModelUse use = {};
    std::vector<Prompt> input = {};
    bool truncate = true;
    /// Values in each vector; 0 = all.
    std::int32_t dimensions = 0;
    /// What vectors are divided by: -1 nothing, 0 their largest value, 1 the sum of their values, 2
    /// their length, more the norm of that order.
    std::int32_t normalization = 2;
};

}  // namespace mullama::api
