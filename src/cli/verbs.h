#pragma once

#include "cli/exit_code.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// What the program does, a function for each verb; arguments as parsed. Results go to stdout, all
/// else to stderr.
namespace mullama::cli {

/// `mullama serve`
struct ServeArguments {
    std::string config = {};  ///< A configuration file; empty = the default one.
    /// Settings by name, as given on the command line.
    std::map<std::string, std::vector<std::string>> settings = {};
};

ExitCode serve(const ServeArguments& arguments);

/// `mullama run`
struct RunArguments {
    std::string model;
    std::vector<std::string> prompt;
    std::string system;
    std::string format;                ///< "json", a JSON Schema, or empty.
    std::vector<std::string> options;  ///< "KEY=VALUE".
    bool verbose = false;
    std::string think;       ///< "true", "false", "low", "medium", "high", "max" or empty.
    std::string keep_alive;  ///< How long the server keeps the model; empty = as it likes.
    bool hide_thinking = false;
    bool no_word_wrap = false;
    bool stats = false;
    bool truncate = true;         ///< Of an embedding model's text.
    std::int32_t dimensions = 0;  ///< Of an embedding; 0 = all.
    std::string projector;        ///< With which a model file sees images; empty for none.
};
ExitCode run(const RunArguments& arguments);

/// `mullama show`
struct ShowArguments {
    std::string model;
    bool verbose = false;
    bool licence = false;
    bool chat_template = false;
};
ExitCode show(const ShowArguments& arguments);

/// `mullama tokenize`
struct TokenizeArguments {
    std::string model;
    std::vector<std::string> text;  ///< Empty: stdin.
    bool ids = false;
    bool no_special = false;
};
ExitCode tokenize(const TokenizeArguments& arguments);

/// `mullama embed`
struct EmbedArguments {
    std::string model;
    std::vector<std::string> texts;  ///< Empty: stdin.
    std::string pooling;             ///< A pooling kind; empty = the model's own.
    std::int32_t dimensions = 0;     ///< 0 = all.
    bool no_normalize = false;
};
ExitCode embed(const EmbedArguments& arguments);

/// `mullama bench`
struct BenchArguments {
    std::string model;
    std::vector<std::int32_t> prompt_tokens = {512};     ///< Each a test; 0 = none.
    std::vector<std::int32_t> generated_tokens = {128};  ///< As above.
    std::vector<std::int32_t> threads = {0};             ///< Of each test; 0 = automatic.
    std::int32_t repetitions = 5;                        ///< At least 1.
    std::string repack = "auto";                         ///< Or on, off.
    std::string form = "md";                             ///< One of kBenchForms.
};
ExitCode bench(const BenchArguments& arguments);

/// What `mullama bench serve` asks a server for.
struct BenchLoad {
    std::int32_t requests = 32;        ///< At least 1.
    std::int32_t clients = 8;          ///< At least 1: requests under way at a time.
    double rate = 0;                   ///< New requests a second; 0 = as clients come free.
    std::int32_t prefix_words = 0;     ///< Of a system message that all have.
    std::int32_t input_words = 100;    ///< Of each one's own, at least 1.
    std::int32_t output_tokens = 128;  ///< At least 1.
    bool json = false;                 ///< Answers follow a JSON Schema.
    bool copy = false;                 ///< Answers are asked to be the prompt's text again.
    std::int32_t turns = 1;            ///< Requests of a chat, each of which has those before it.
    std::int32_t streams = 0;          ///< Clients more, with answers of 512 tokens meanwhile.
    std::int32_t texts = 0;            ///< Vectors that a request wants; 0 = an answer.
};

/// `mullama bench serve`
struct BenchServeArguments : BenchLoad {
    std::string url;                  ///< Empty = the server that the environment names.
    std::vector<std::string> models;  ///< In turn; empty = the only one that the server has.
    std::string endpoint = "/v1/chat/completions";  ///< Or "/v1/completions".
    std::uint32_t seed = 1;                         ///< Of texts and times.
    double temperature = 0;                         ///< Of the answers.
    std::vector<std::string> goals = {};            ///< "ttft:200".
    std::string form = "md";                        ///< "md" or "jsonl".
    std::string plot;                               ///< A file for an SVG picture; empty for none.

    bool is_chat() const { return endpoint.ends_with("/chat/completions"); }
};
ExitCode bench_serve(const BenchServeArguments& arguments);

/// `mullama pull`
ExitCode pull(const std::string& model);

/// `mullama list`
ExitCode list(const std::string& prefix);

/// `mullama ps`
ExitCode ps(const std::string& prefix);

/// `mullama stop`
struct StopArguments {
    std::string model;
    bool server = false;  ///< Stop the server itself, which was started in the background.
};
ExitCode stop(const StopArguments& arguments);

/// `mullama logs`
struct LogsArguments {
    bool follow = false;
    std::int32_t lines = 100;  ///< From the end; below 0 = all.
};
ExitCode logs(const LogsArguments& arguments);

}  // namespace mullama::cli
