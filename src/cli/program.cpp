#include "cli/program.h"

#include "api/options.h"
#include "base/error.h"
#include "cli/bench_report.h"
#include "cli/display_width.h"
#include "cli/model_file.h"
#include "cli/serve_settings.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "cli/workload.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <functional>
#include <iostream>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

namespace mullama::cli {
namespace {

constexpr const char* kDescription = "Runs open language models on this machine.";

constexpr const char* kFooter = R"(Examples:
  mullama run smollm2:135m "Why is the sky blue?"
  mullama run smollm2:135m                          open a chat
  cat notes.txt | mullama run smollm2:135m "Summarise this:"
  mullama run ./model.gguf "Hello"                  a file of your own

MODEL is a name that `mullama list` or `mullama pull --help` lists, or a GGUF file (*.gguf, or a path
with a '/'). Models by name are answered for by a server, which is started in the background where
none runs; a file is loaded by the program itself.

Environment:
  MULLAMA_HOST        Address of the server (default 127.0.0.1:11434); OLLAMA_HOST too
  MULLAMA_API_KEY     Key to send to it
  MULLAMA_HOME        Folder for models, history, logs and index.json (default ~/.mullama)
  MULLAMA_NOHISTORY   1 = do not remember what is typed in the chat

Exit status:
  0 success, 1 failure, 2 wrong arguments or input, 3 model or file not found, 130 Ctrl-C
)";

constexpr const char* kServeFooter = R"(Examples:
  mullama serve
  mullama serve --host 0.0.0.0 --api-key "$KEY" --tls-cert cert.pem --tls-key key.pem
  mullama serve --model mine=./model.gguf --context-length 8192 --num-parallel 8
  OLLAMA_KEEP_ALIVE=1h mullama serve

Each option is a key of the configuration file too (~/.mullama/config.toml or $MULLAMA_CONFIG, in
TOML, with '_' for '-'), and an environment variable ($MULLAMA_KEEP_ALIVE; Ollama's own are known).
Flags go before variables, variables before the file.
)";

constexpr const char* kRunFooter = R"(Examples:
  mullama run smollm2:135m "Name three colours." --verbose
  mullama run smollm2:135m "Describe Paris." --format json
  mullama run smollm2:135m "Tell a story." --option seed=7 --option num_predict=50
  mullama run smollm2:135m --system "Answer in one word." "The capital of France?"

Text that is piped in goes before the prompt. Without either, a terminal opens the chat: /? there
lists its commands, Ctrl-C stops an answer, Ctrl-D leaves.

Options for --option:
)";

constexpr const char* kShowFooter = R"(Examples:
  mullama show smollm2:135m
  mullama show ./model.gguf --verbose
)";

constexpr const char* kTokenizeFooter = R"(Examples:
  mullama tokenize smollm2:135m "Hello, world"
  mullama tokenize smollm2:135m --ids < notes.txt
)";

constexpr const char* kEmbedFooter = R"(Prints one JSON array of numbers a line for each TEXT.

Examples:
  mullama embed smollm2:135m "a cat" "a dog"
  mullama embed smollm2:135m --pooling mean --dimensions 128 < notes.txt
)";

constexpr const char* kBenchFooter =
    R"(Measures tokens per second as llama.cpp's llama-bench does, on random tokens: reading a prompt
(pp512) and generating (tg128). Several numbers with commas are as many tests. Programs that use
the cores meanwhile, a server's answers among them, make it slower.

Examples:
  mullama bench smollm2:135m
  mullama bench ./model.gguf --n-prompt 512,2048 --n-gen 0 --threads 4,8
  mullama bench smollm2:135m --output jsonl
  mullama bench serve --model smollm2:135m          measure a server under a load
)";

constexpr const char* kBenchServeFooter =
    R"(Asks a server, through OpenAI's interface, for answers to random words, and measures
what its clients see: milliseconds to the first token, between two, and tokens per second. Any
server that speaks it will do; the key to send is that in $MULLAMA_API_KEY.

Examples:
  mullama bench serve --model smollm2:135m
  mullama bench serve http://127.0.0.1:8080 --max-concurrency 1 --output-len 256
  mullama bench serve --model smollm2:135m --num-prompts 200 --request-rate 2 --goodput ttft:500,tpot:50
  mullama bench serve --model smollm2:135m --workload burst --output jsonl

Workloads, whose numbers the other options change:
)";

constexpr const char* kPullFooter = R"(A model that is there already is read whole and verified.

Models:
)";

constexpr const char* kListFooter = R"(Examples:
  mullama list
  mullama list smol
)";

constexpr const char* kPsFooter = R"(Examples:
  mullama ps
)";

constexpr const char* kStopFooter =
    R"(The model's memory is freed when the answers that it is at are done.

Examples:
  mullama stop smollm2:135m
  mullama stop --server
)";

constexpr const char* kLogsFooter =
    R"(Shows the log of the server that was started in the background.

Examples:
  mullama logs
  mullama logs --follow
)";

std::string bench_serve_footer() {
    std::vector<std::vector<std::string>> rows;
    for (const Workload& workload : workloads()) {
        rows.push_back({std::string(workload.name), std::string(workload.help)});
    }
    return kBenchServeFooter + render_table(rows, 2);
}

std::string run_footer() {
    std::vector<std::vector<std::string>> rows;
    for (const api::OptionHelp& option : api::option_help()) {
        rows.push_back({fmt::format("{}={}", option.name, option.type), std::string(option.help)});
    }
    return kRunFooter + render_table(rows, 2);
}

/// The command line: verbs with their arguments, and what was asked for.
class CommandLine {
  public:
    CommandLine() {
        app_.set_version_flag("-v,--version", "mullama version is " MULLAMA_VERSION);
        app_.footer(kFooter);
        app_.require_subcommand(0, 1);
        app_.get_formatter()->column_width(30);
        add_serve();
        add_run();
        add_show();
        add_tokenize();
        add_embed();
        add_bench();
        add_pull();
        add_list();
        add_ps();
        add_stop();
        add_logs();
        add_help();
    }

    ExitCode run(int argc, const char* const* argv) {
        try {
            app_.parse(argc, argv);
        } catch (const CLI::Success&) {
            return print_requested();
        } catch (const CLI::ParseError& error) {
            const std::string first = argc > 1 ? argv[1] : "";
            const bool has_verb = !app_.get_subcommands().empty();
            const bool is_unknown = !has_verb && !first.empty() && !first.starts_with('-');
            return report(is_unknown ? unknown_command(first) : usage_error(error.what()));
        }
        if (action_) return action_();
        std::cout << program_help();
        return ExitCode::kSuccess;
    }

  private:
    void on(CLI::App* verb, std::function<ExitCode()> action) {
        verb->callback([this, action = std::move(action)] { action_ = action; });
    }

    void add_serve() {
        CLI::App* verb = app_.add_subcommand("serve", "Start the server")->alias("start");
        verb->footer(kServeFooter);
        verb->add_option("--config", serve_.config, "Configuration file")->type_name("FILE");
        for (const Setting& setting : serve_settings()) {
            std::vector<std::string>& values = serve_.settings[std::string(setting.name)];
            CLI::Option* option =
                verb->add_option(setting.flag(), values, std::string(setting.help));
            option->type_name(std::string(setting.value))->allow_extra_args(false);
            if (!setting.many)
                option->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
        }
        on(verb, [this] {
            std::erase_if(serve_.settings, [](const auto& each) { return each.second.empty(); });
            return cli::serve(serve_);
        });
    }

    void add_run() {
        CLI::App* verb = app_.add_subcommand("run", "Answer a prompt, or chat");
        verb->footer(run_footer);
        verb->add_option("MODEL", run_.model, "Model name or GGUF file")->required()->type_name("");
        verb->add_option("PROMPT", run_.prompt, "What to answer")->type_name("");
        verb->add_flag("--verbose", run_.verbose, "Show the timing on stderr");
        verb->add_flag(
            "--stats", run_.stats, "Show tokens/s on stderr where stdout is no terminal"
        );
        verb->add_option(
                "--think", run_.think, "Let the model think: true, false, low, medium, high"
        )
            ->type_name("")
            ->expected(0, 1)
            ->default_str("true")
            ->check(CLI::IsMember({"true", "false", "low", "medium", "high", "max"}));
        verb->add_flag("--hidethinking", run_.hide_thinking, "Do not show what it thinks");
        verb->add_option(
                "--keepalive", run_.keep_alive, "How long the model stays loaded (e.g. 5m)"
        )
            ->type_name("DURATION");
        verb->add_flag("--nowordwrap", run_.no_word_wrap, "Do not break lines at words");
        verb->add_option("--format", run_.format, "Format of the answer: json, or a JSON Schema");
        verb->add_option("--system", run_.system, "System message");
        verb->add_option("--option", run_.options, "Model option, may be given several times")
            ->type_name("KEY=VALUE")
            ->allow_extra_args(false);
        verb->add_flag(
            "--truncate,!--no-truncate", run_.truncate, "Embeddings: cut a long text off"
        );
        verb->add_option(
                "--dimensions", run_.dimensions, "Embeddings: keep the first N numbers only"
        )
            ->check(CLI::PositiveNumber);
        verb->add_option(
                "--projector", run_.projector, "Let a GGUF file see images, with its mmproj file"
        )
            ->type_name("FILE");
        on(verb, [this] { return cli::run(run_); });
    }

    void add_show() {
        CLI::App* verb = app_.add_subcommand("show", "Show information for a model");
        verb->footer(kShowFooter);
        verb->add_option("MODEL", show_.model, "Model name or GGUF file")
            ->required()
            ->type_name("");
        verb->add_flag("-v,--verbose", show_.verbose, "Show all metadata and tensors");
        verb->add_flag("--license", show_.licence, "Show the licence only");
        verb->add_flag("--template", show_.chat_template, "Show the chat template only");
        on(verb, [this] { return show(show_); });
    }

    void add_tokenize() {
        CLI::App* verb = app_.add_subcommand("tokenize", "Show the tokens of a text");
        verb->footer(kTokenizeFooter);
        verb->add_option("MODEL", tokenize_.model, "Model name or GGUF file")
            ->required()
            ->type_name("");
        verb->add_option("TEXT", tokenize_.text, "The text (default: stdin)")->type_name("");
        verb->add_flag("--ids", tokenize_.ids, "Print the ids only, as a JSON array");
        verb->add_flag(
            "--no-special", tokenize_.no_special, "Add no special tokens, read none in the text"
        );
        on(verb, [this] { return tokenize(tokenize_); });
    }

    void add_embed() {
        CLI::App* verb = app_.add_subcommand("embed", "Turn texts into vectors");
        verb->footer(kEmbedFooter);
        verb->add_option("MODEL", embed_.model, "Model name or GGUF file")
            ->required()
            ->type_name("");
        verb->add_option("TEXT", embed_.texts, "The texts (default: stdin as one text)")
            ->type_name("");
        verb->add_option(
                "--pooling",
                embed_.pooling,
                "How tokens become one vector (default: the model's own, else last)"
        )
            ->check(CLI::IsMember({"none", "mean", "cls", "last"}));
        verb->add_option("--dimensions", embed_.dimensions, "Keep the first N numbers only")
            ->check(CLI::PositiveNumber);
        verb->add_flag("--no-normalize", embed_.no_normalize, "Leave the vectors' lengths alone");
        on(verb, [this] { return embed(embed_); });
    }

    void add_bench() {
        CLI::App* verb = app_.add_subcommand("bench", "Measure a model's or a server's speed");
        verb->footer(kBenchFooter);
        verb->add_option("MODEL", bench_.model, "Model name or GGUF file")->type_name("");
        const auto add_numbers = [verb](const char* flags, auto& numbers, const char* help) {
            return verb->add_option(flags, numbers, help)
                ->type_name("N[,N]")
                ->delimiter(',')
                ->allow_extra_args(false);
        };
        // As the type says it all: its own description would be shown too.
        const auto in = [](std::int32_t least, std::int32_t most) {
            return CLI::Range(least, most).description("");
        };
        add_numbers("-p,--n-prompt", bench_.prompt_tokens, "Tokens of a prompt (default 512)")
            ->check(in(0, 1 << 24));
        add_numbers("-n,--n-gen", bench_.generated_tokens, "Tokens to generate (default 128)")
            ->check(in(0, 1 << 24));
        add_numbers("-t,--threads", bench_.threads, "Threads (default 0 = automatic)")
            ->check(in(0, 512));
        verb->add_option("-r,--repetitions", bench_.repetitions, "Of each test (default 5)")
            ->type_name("N")
            ->check(in(1, 10000));
        verb->add_option(
                "--repack",
                bench_.repack,
                "Weights rearranged: on, off, auto = what is measured to be faster (default auto)"
        )
            ->type_name("")
            ->check(CLI::IsMember({"on", "off", "auto"}).description(""));
        verb->add_option("-o,--output", bench_.form, "md, csv or jsonl (default md)")
            ->type_name("")
            ->check(CLI::IsMember(
                        std::vector<std::string>(std::begin(kBenchForms), std::end(kBenchForms))
            )
                        .description(""));
        const CLI::App* serve = add_bench_serve(*verb);
        on(verb, [this, serve] {
            if (!serve->parsed()) {
                if (bench_.model.empty()) return report(usage_error("MODEL is required"));
                return cli::bench(bench_);
            }
            if (bench_.model.empty()) return cli::bench_serve(bench_serve_);
            return report(usage_error("give either a model or serve"));
        });
    }

    const CLI::App* add_bench_serve(CLI::App& bench) {
        CLI::App* verb = bench.add_subcommand("serve", "Measure a server under a load");
        verb->footer(bench_serve_footer);
        verb->add_option("URL", bench_serve_.url, "The server (default: $MULLAMA_HOST)")
            ->type_name("");
        verb->add_option(
                "--model", bench_serve_.models, "Models to ask in turn (default: the only one)"
        )
            ->type_name("NAME[,...]")
            ->delimiter(',')
            ->allow_extra_args(false);
        verb->add_option(
                "--endpoint",
                bench_serve_.endpoint,
                "/v1/chat/completions (the default) or /v1/completions"
        )
            ->type_name("")
            ->check(CLI::IsMember({"/v1/chat/completions", "/v1/completions"}).description(""));
        BenchLoad& load = bench_serve_;
        // Before the numbers that it sets, so that those on the command line come after it.
        verb->add_option_function<std::string>(
                "--workload",
                [&load](const std::string& name) { load = find_workload(name)->load; },
                "A load by its name, see below"
        )
            ->type_name("NAME")
            ->check([](const std::string& name) {
                return find_workload(name) ? std::string() : "no workload is called '" + name + "'";
            });
        const auto add_number = [verb](const char* flag, auto& number, auto in, const char* help) {
            verb->add_option(flag, number, help)->type_name("N")->check(in.description(""));
        };
        const CLI::Range from_1(1, 1 << 20);
        BenchServeArguments& to = bench_serve_;
        add_number("--num-prompts", to.requests, from_1, "Requests (default 32)");
        add_number(
            "--max-concurrency", to.clients, CLI::Range(1, 1024), "Requests at a time (default 8)"
        );
        add_number(
            "--request-rate",
            to.rate,
            CLI::Range(0.0, 1e6),
            "New requests a second (default: as others end)"
        );
        add_number(
            "--prefix-words",
            to.prefix_words,
            CLI::Range(0, 1 << 20),
            "Words that all begin with (default 0)"
        );
        add_number(
            "--input-words", to.input_words, from_1, "Words of each one's own (default 100)"
        );
        add_number("--output-len", to.output_tokens, from_1, "Tokens of each answer (default 128)");
        add_number("--turns", to.turns, from_1, "Requests of a chat that goes on (default 1)");
        add_number(
            "--streams", to.streams, CLI::Range(0, 1024), "Clients more, that read long answers"
        );
        add_number(
            "--texts", to.texts, CLI::Range(0, 2048), "Ask for the vectors of so many texts instead"
        );
        verb->add_flag("--copy", to.copy, "Answers are to copy the words");
        verb->add_flag("--json", to.json, "Answers follow a JSON Schema, a list of people");
        verb->add_option("--temperature", to.temperature, "Of the answers (default 0)")
            ->type_name("N")
            ->check(CLI::Range(0.0, 10.0).description(""));
        verb->add_option("--seed", to.seed, "Of words and times (default 1)")->type_name("N");
        verb->add_option(
                "--goodput", to.goals, "What a good answer keeps within, in ms: ttft, tpot, e2el"
        )
            ->type_name("NAME:MS[,...]")
            ->delimiter(',')
            ->allow_extra_args(false);
        verb->add_option("-o,--output", to.form, "md or jsonl (default md)")
            ->type_name("")
            ->check(CLI::IsMember({"md", "jsonl"}).description(""));
        verb->add_option("--plot", to.plot, "A picture of the times, as SVG")->type_name("FILE");
        return verb;
    }

    void add_pull() {
        CLI::App* verb = app_.add_subcommand("pull", "Download a model");
        verb->footer([] { return kPullFooter + known_models_help(); });
        verb->add_option("NAME", name_, "Model name")->required()->type_name("");
        on(verb, [this] { return pull(name_); });
    }

    void add_list() {
        CLI::App* verb = app_.add_subcommand("list", "List downloaded models")->alias("ls");
        verb->footer(kListFooter);
        verb->add_option("PREFIX", name_, "Only names that start so")->type_name("");
        on(verb, [this] { return list(name_); });
    }

    void add_ps() {
        CLI::App* verb = app_.add_subcommand("ps", "List running models");
        verb->footer(kPsFooter);
        verb->add_option("PREFIX", name_, "Only names that start so")->type_name("");
        on(verb, [this] { return ps(name_); });
    }

    void add_stop() {
        CLI::App* verb = app_.add_subcommand("stop", "Stop a running model");
        verb->footer(kStopFooter);
        CLI::Option* model = verb->add_option("MODEL", stop_.model, "Model name")->type_name("");
        CLI::Option* server = verb->add_flag(
            "--server", stop_.server, "Stop the server that was started in the background"
        );
        model->excludes(server);
        on(verb, [this] {
            if (stop_.model.empty() && !stop_.server) {
                return report(usage_error("MODEL is required"));
            }
            return stop(stop_);
        });
    }

    void add_logs() {
        CLI::App* verb = app_.add_subcommand("logs", "Show the server's log");
        verb->footer(kLogsFooter);
        verb->add_flag("-f,--follow", logs_.follow, "Go on showing what is added, until Ctrl-C");
        verb->add_option("-n,--lines", logs_.lines, "Lines from the end, -1 = all (default 100)")
            ->type_name("N");
        on(verb, [this] { return logs(logs_); });
    }

    void add_help() {
        CLI::App* verb = app_.add_subcommand("help", "Help about any command");
        verb->footer("");
        verb->add_option("COMMAND", name_, "A command (default: the program)")->type_name("");
        on(verb, [this] { return print_help(); });
    }

    // App::help() would give that of the verb on the command line.
    std::string program_help() const {
        return app_.get_formatter()->make_help(&app_, app_.get_name(), CLI::AppFormatMode::Normal);
    }

    ExitCode print_help() {
        if (name_.empty()) {
            std::cout << program_help();
            return ExitCode::kSuccess;
        }
        auto named = [this](const CLI::App* verb) { return verb->check_name(name_); };
        const auto verbs = std::as_const(app_).get_subcommands(named);
        if (verbs.empty()) return report(unknown_command(name_));
        std::cout << verbs.front()->help(app_.get_name());
        return ExitCode::kSuccess;
    }

    // --help and --version end the parsing early.
    ExitCode print_requested() {
        const CLI::Option* version = app_.get_option_no_throw("--version");
        if (version != nullptr && version->count() > 0) {
            std::cout << app_.version() << "\n";
        } else {
            std::cout << app_.help();
        }
        return ExitCode::kSuccess;
    }

    Error usage_error(const std::string& what) const {
        std::string verbs;
        for (auto asked = app_.get_subcommands(); !asked.empty();) {
            verbs += " " + asked.front()->get_name();
            asked = asked.front()->get_subcommands();
        }
        return fail(ErrorCode::kInvalidArgument, "{}: see `mullama{} --help`", what, verbs);
    }

    Error unknown_command(const std::string& name) const {
        return usage_error(fmt::format("there is no command '{}'", name));
    }

    CLI::App app_{kDescription, "mullama"};
    ServeArguments serve_;
    RunArguments run_;
    ShowArguments show_;
    TokenizeArguments tokenize_;
    EmbedArguments embed_;
    BenchArguments bench_;
    BenchServeArguments bench_serve_;
    StopArguments stop_;
    LogsArguments logs_;
    std::string name_;
    std::function<ExitCode()> action_;
};

// A reader that has gone is no failure of ours; a full disk is.
ExitCode flush_output(ExitCode code) {
    errno = 0;
    std::cout.flush();
    if (std::cout || code != ExitCode::kSuccess || !has_reader(STDOUT_FILENO)) return code;
    return report(fail(ErrorCode::kIo, "cannot write to stdout: {}", std::strerror(errno)));
}

}  // namespace

int run_program(int argc, const char* const* argv) {
    // Writes to a closed pipe fail with EPIPE, and whoever writes ends in good order.
    std::signal(SIGPIPE, SIG_IGN);
    use_unicode_locale();
    try {
        CommandLine line;
        return static_cast<int>(flush_output(line.run(argc, argv)));
    } catch (const std::exception& error) {
        return static_cast<int>(report(Error{ErrorCode::kInternal, error.what()}));
    }
}

}  // namespace mullama::cli
