#pragma once

#include "api/json.h"
#include <mullama/result.h>
#include <mullama/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mullama::api {

/// Options that take effect while a model is loaded. Unset ones are left to the library.
struct LoadSettings {
    std::optional<std::int32_t> num_ctx = {};
    std::optional<std::int32_t> num_batch = {};
    std::optional<std::int32_t> num_thread = {};
    std::optional<std::int32_t> num_gpu = {};
    std::optional<std::int32_t> main_gpu = {};
    std::optional<bool> use_mmap = {};
    /// The name of a model; empty = it is loaded without where it is not yet.
    std::optional<std::string> draft_model = {};

    friend bool operator==(const LoadSettings&, const LoadSettings&) = default;
};

/// All options of a request.
struct OptionValues {
    LoadSettings load = {};
    SamplingOptions sampling = {};
    std::int32_t max_tokens = -1;
    std::vector<std::string> stop = {};
    bool ignore_eos = false;
    bool cache_prompt = true;
    std::int32_t priority = 0;
    std::int32_t draft_max = -1;
    std::optional<std::vector<AdapterUse>> adapters = {};
    std::int32_t keep_tokens = ContextOverflow().keep_tokens;

    /// Puts what does not concern loading into a ChatRequest or GenerateRequest.
    void put_into(auto& request) const {
        request.sampling = sampling;
        // Ollama and llama-server know -2 too: until the context is full.
        request.max_tokens = max_tokens == -2 ? -1 : max_tokens;
        request.stop = stop;
        request.ignore_eos = ignore_eos;
        request.cache_prompt = cache_prompt;
        request.priority = priority;
        request.draft_max = draft_max;
        request.adapters = adapters;
        request.overflow.keep_tokens = keep_tokens;
    }
};

/// A text, and what is added to the logit of each of its tokens.
struct TextBias {
    std::string text = {};
    float bias = 0.0F;

    friend bool operator==(const TextBias&, const TextBias&) = default;
};

/// The adapters that a model comes with, and how strongly another on the same weights uses them.
struct NamedAdapters {
    std::string model = {};
    float scale = 1.0F;

    friend bool operator==(const NamedAdapters&, const NamedAdapters&) = default;
};

/// What `options` in a request, PARAMETER in a model's description, `--option KEY=VALUE` and
/// `/set parameter KEY VALUE` set, under Ollama's names, and under llama-server's where Ollama has
/// none.
/// Threads: thread-compatible.
class Options {
  public:
    /// Sets one option. A list becomes `values`; the others take one value.
    /// Errors: kInvalidArgument: unknown, with the known ones named; no value or too many; not of
    ///         the option's type.
    Result<void> set(std::string_view name, std::span<const std::string> values);

    /// Sets one option from "KEY=VALUE". A list grows by VALUE.
    /// Errors: as set(), and where there is no '=' or a number is out of the option's range.
    Result<void> set(std::string_view assignment);

    /// Sets one option from JSON. An unknown one and null are ignored, as Ollama does; an empty
    /// list takes the place of what was there. Errors: kInvalidArgument: another type; the message
    /// is Ollama's.
    Result<void> set(std::string_view name, const json::value& value);

    /// As above, for clients of Ollama and llama-server, which take a number out of its range for
    /// one within it, every name of a sampler, a text with a letter for each, and leave out
    /// samplers that they do not know.
    Result<void> set_leniently(std::string_view name, const json::value& value);

    /// Sets what `over` has been given, in place of what is here.
    void merge(const Options& over);

    const OptionValues& values() const { return values_; }
    /// Biases go before all samplers; those of merge() replace each other. Those of texts count
    /// once they are set again as those of tokens.
    void set_logit_bias(std::vector<LogitBias> biases, std::vector<TextBias> texts = {});
    const std::vector<TextBias>& text_biases() const { return text_biases_; }
    /// Those of merge() replace each other. Those by name count once they are set again by their
    /// places.
    void set_adapters(std::vector<AdapterUse> adapters, std::vector<NamedAdapters> named = {});
    const std::vector<NamedAdapters>& named_adapters() const { return named_adapters_; }

    /// Lets the priority be no lower than this, which it is where nothing else has been asked for.
    void bound_priority(std::int32_t least);

    /// Whether an option has been set.
    bool has(std::string_view name) const { return given_.contains(name); }

    /// What was set, as the user wrote it, by name.
    const std::map<std::string, std::vector<std::string>, std::less<>>& given() const {
        return given_;
    }

    /// What was set as a JSON object, as set() reads it.
    std::string to_json() const;

  private:
    void clear_list(std::string_view name);

    OptionValues values_;
    std::vector<TextBias> text_biases_;
    std::vector<NamedAdapters> named_adapters_;
    std::map<std::string, std::vector<std::string>, std::less<>> given_;
};

/// One option for people to read.
struct OptionHelp {
    std::string_view name;
    std::string_view type;  ///< "int", "float", "bool" or "string".
    std::string_view help;
};

/// All options that Options knows, in the order to print them.
std::vector<OptionHelp> option_help();

}  // namespace mullama::api
