// Continues several prompts at once: one batch a step holds the next token of each.
//   batch MODEL.gguf PROMPT...

#include <mullama/batch.h>
#include <mullama/context.h>
#include <mullama/model.h>
#include <mullama/sampler.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

namespace {

constexpr std::int32_t kTokensMax = 24;

// One prompt and what became of it.
struct Branch {
    mullama::Position position = 0;  // of the next token
    mullama::Token next = 0;
    std::int32_t output = 0;  // where in the batch its logits are
    bool done = false;
    std::string text;
};

template <typename T>
T value_or_exit(mullama::Result<T> result) {
    if (!result) {
        std::cerr << "error: " << result.error().message << '\n';
        std::exit(1);
    }
    return std::move(result).value();
}

void succeed_or_exit(const mullama::Result<void>& result) {
    if (!result) {
        std::cerr << "error: " << result.error().message << '\n';
        std::exit(1);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::cerr << "usage: batch MODEL.gguf PROMPT...\n";
        return 2;
    }
    const std::vector<std::string> prompts(argv + 2, argv + argc);
    const auto model = value_or_exit(mullama::Model::load(argv[1]));
    mullama::ContextOptions options;
    options.context_length = 2048;
    options.sequences_max = static_cast<std::int32_t>(prompts.size());
    auto context = value_or_exit(mullama::Context::create(model, options));

    mullama::Batch batch;
    std::vector<Branch> branches(prompts.size());
    for (std::size_t i = 0; i < prompts.size(); ++i) {
        Branch& branch = branches[i];
        const auto tokens = value_or_exit(model.vocab().tokenize(prompts[i], true, true));
        for (const mullama::Token& token : tokens) {
            const bool last = &token == &tokens.back();
            branch.output = value_or_exit(
                batch.add(token, branch.position++, static_cast<mullama::SequenceId>(i), last)
            );
        }
    }

    mullama::Sampler sampler;
    succeed_or_exit(sampler.add_greedy());
    for (std::int32_t step = 0; step < kTokensMax && !batch.empty(); ++step) {
        succeed_or_exit(context.decode(batch));
        for (Branch& branch : branches) {
            if (branch.done) continue;
            branch.next =
                value_or_exit(sampler.sample(value_or_exit(context.logits(branch.output))));
            branch.done = model.vocab().is_eog(branch.next);
            branch.text += model.vocab().piece(branch.next);
        }
        batch.clear();
        for (std::size_t i = 0; i < branches.size(); ++i) {
            Branch& branch = branches[i];
            if (branch.done) continue;
            branch.output = value_or_exit(
                batch.add(branch.next, branch.position++, static_cast<mullama::SequenceId>(i), true)
            );
        }
    }
    for (std::size_t i = 0; i < branches.size(); ++i) {
        std::cout << prompts[i] << " ->" << branches[i].text << '\n';
    }
}
