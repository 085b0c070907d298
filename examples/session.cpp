// Keeps a read prompt on disk: the first run reads the text and saves its state, later runs restore
// the state in place of reading, and go on from there.
//   session MODEL.gguf STATE-FILE PROMPT

#include <mullama/batch.h>
#include <mullama/context.h>
#include <mullama/model.h>
#include <mullama/sampler.h>
#include <mullama/state.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <utility>
#include <vector>

namespace {

constexpr std::int32_t kTokensMax = 24;

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

void decode(
    mullama::Context& context, const std::vector<mullama::Token>& tokens, mullama::Position position
) {
    mullama::Batch batch;
    for (const mullama::Token& token : tokens) {
        value_or_exit(batch.add(token, position++, 0, &token == &tokens.back()));
    }
    succeed_or_exit(context.decode(batch));
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::cerr << "usage: session MODEL.gguf STATE-FILE PROMPT\n";
        return 2;
    }
    const std::filesystem::path state_file = argv[2];
    const auto model = value_or_exit(mullama::Model::load(argv[1]));
    mullama::ContextOptions options;
    options.context_length = 1024;
    auto context = value_or_exit(mullama::Context::create(model, options));

    std::vector<mullama::Token> tokens;
    if (std::filesystem::exists(state_file)) {
        const auto state = value_or_exit(mullama::read_state(state_file));
        tokens = value_or_exit(mullama::restore_state(context, state));
        std::cout << "restored " << tokens.size() << " tokens\n";
        // A state holds what was read and no logits: the last token is read again for them.
        const auto last = static_cast<mullama::Position>(tokens.size()) - 1;
        value_or_exit(context.memory().remove(0, last));
        decode(context, {tokens.back()}, last);
    } else {
        tokens = value_or_exit(model.vocab().tokenize(argv[3], true, true));
        decode(context, tokens, 0);
        const auto state = value_or_exit(mullama::save_state(context, tokens));
        succeed_or_exit(mullama::write_state(state_file, state));
        std::cout << "read and saved " << tokens.size() << " tokens\n";
    }

    mullama::Sampler sampler;
    succeed_or_exit(sampler.add_greedy());
    auto position = static_cast<mullama::Position>(tokens.size());
    for (std::int32_t i = 0; i < kTokensMax; ++i) {
        const auto logits = value_or_exit(context.logits(-1));
        const mullama::Token next = value_or_exit(sampler.sample(logits));
        if (model.vocab().is_eog(next)) break;
        std::cout << model.vocab().piece(next) << std::flush;
        decode(context, {next}, position++);
    }
    std::cout << '\n';
}
