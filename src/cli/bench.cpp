#include "base/error.h"
#include "cli/bench_report.h"
#include "cli/interrupt.h"
#include "cli/model_file.h"
#include "cli/verbs.h"
#include "store/paths.h"
#include <mullama/batch.h>
#include <mullama/context.h>
#include <mullama/device.h>
#include <mullama/model.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <random>
#include <utility>

namespace mullama::cli {
namespace {

std::string computing_device() {
    for (const Device& device : devices()) {
        const bool gpu = device.kind == DeviceKind::kGpu;
        if (gpu || device.kind == DeviceKind::kIntegratedGpu) return device.name;
    }
    return "CPU";
}

std::vector<BenchTest> tests_of(const BenchArguments& arguments) {
    std::vector<BenchTest> tests;
    for (const std::int32_t threads : arguments.threads) {
        for (const std::int32_t tokens : arguments.prompt_tokens) {
            if (tokens > 0) tests.push_back({.prompt_tokens = tokens, .threads = threads});
        }
        for (const std::int32_t tokens : arguments.generated_tokens) {
            if (tokens > 0) tests.push_back({.generated_tokens = tokens, .threads = threads});
        }
    }
    return tests;
}

ModelOptions model_options(const BenchArguments& arguments) {
    ModelOptions options;
    if (arguments.repack != "auto") {
        options.repack = arguments.repack == "on";
        return options;
    }
    if (const auto paths = store::default_paths()) options.tuning_file = paths->tuning();
    options.retune = true;
    return options;
}

/// Times a model as llama-bench does: on random tokens, from an empty context, without sampling.
class Bench {
  public:
    /// `longest` is the most tokens of a test; `interrupt` is borrowed.
    static Result<Bench> create(
        const Model& model, std::int32_t longest, const Interrupt& interrupt
    ) {
        ContextOptions options;
        options.context_length = longest;
        auto context = Context::create(model, options);
        if (!context) return context.error();
        return Bench(std::move(context).value(), interrupt);
    }

    /// Sets the threads of `test`; 0 becomes what the context has chosen.
    Result<void> set_threads(BenchTest& test) {
        if (test.threads == 0) test.threads = threads_;
        return context_.set_threads(test.threads, test.threads);
    }

    /// Runs a test and gives its time.
    /// Errors: kCancelled: Ctrl-C. Those of Context::decode().
    Result<std::int64_t> run(const BenchTest& test) {
        context_.memory().clear();
        const auto begin = std::chrono::steady_clock::now();
        position_ = 0;
        while (position_ < test.prompt_tokens) {
            MULLAMA_TRY(step(std::min(context_.batch_size(), test.prompt_tokens - position_)));
        }
        for (std::int32_t i = 0; i < test.generated_tokens; ++i) MULLAMA_TRY(step(1));
        const auto span = std::chrono::steady_clock::now() - begin;
        return std::max<std::int64_t>(std::chrono::nanoseconds(span).count(), 1);
    }

  private:
    Bench(Context context, const Interrupt& interrupt)
        : interrupt_(&interrupt),
          context_(std::move(context)),
          threads_(context_.threads()),
          any_token_(0, context_.model().vocab().size() - 1) {}

    Result<void> step(std::int32_t tokens) {
        MULLAMA_TRY(interrupt_->check());
        batch_.clear();
        for (std::int32_t i = 0; i < tokens; ++i) {
            MULLAMA_TRY(batch_.add(any_token_(random_), position_++, 0, i + 1 == tokens));
        }
        MULLAMA_TRY(context_.decode(batch_));
        context_.synchronize();
        return {};
    }

    const Interrupt* interrupt_;
    Context context_;
    std::int32_t threads_;
    Batch batch_;
    std::int32_t position_ = 0;
    std::mt19937 random_{1};
    std::uniform_int_distribution<Token> any_token_;
};

Result<void> print_rows(const BenchArguments& arguments) {
    std::vector<BenchTest> tests = tests_of(arguments);
    if (tests.empty()) {
        return fail(
            ErrorCode::kInvalidArgument,
            "there is nothing to measure: give --n-prompt or --n-gen a number above 0"
        );
    }
    const Result<ModelFile> file = find_model_file(arguments.model);
    if (!file) return file.error();
    const Result<Model> model = Model::load(file->path, model_options(arguments));
    if (!model) return model.error();
    const BenchedModel benched = {
        .file = file->path.string(),
        .description = model->description(),
        .size_bytes = model->size_bytes(),
        .parameters = model->parameters(),
        .device = computing_device(),
    };
    const Interrupt interrupt;
    const std::int32_t longest = std::ranges::max(tests, {}, &BenchTest::tokens).tokens();
    Result<Bench> bench = Bench::create(*model, longest, interrupt);
    if (!bench) return bench.error();
    std::cout << bench_head(arguments.form) << std::flush;
    for (BenchTest& test : tests) {
        MULLAMA_TRY(bench->set_threads(test));
        const BenchTest warm_up = {
            .prompt_tokens = test.prompt_tokens, .generated_tokens = test.generated_tokens > 0
        };
        MULLAMA_TRY(bench->run(warm_up));
        BenchRow row{.test = test, .samples_ns = {}};
        for (std::int32_t i = 0; i < arguments.repetitions; ++i) {
            const Result<std::int64_t> sample = bench->run(test);
            if (!sample) return sample.error();
            row.samples_ns.push_back(*sample);
        }
        std::cout << bench_line(arguments.form, benched, row) << std::flush;
    }
    if (arguments.form == "md" && model->is_repacked()) {
        std::cout << "\nweights: rearranged, where this CPU has kernels for it\n";
    } else if (arguments.form == "md") {
        std::cout << "\nweights: as they lie in the file\n";
    }
    return {};
}

}  // namespace

ExitCode bench(const BenchArguments& arguments) {
    const Result<void> printed = print_rows(arguments);
    return printed ? ExitCode::kSuccess : report(printed.error());
}

}  // namespace mullama::cli
