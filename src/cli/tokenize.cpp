#include "base/error.h"
#include "cli/input.h"
#include "cli/model_file.h"
#include "cli/quote.h"
#include "cli/verbs.h"
#include <mullama/model.h>

#include <iostream>

#include <fmt/ranges.h>

namespace mullama::cli {
namespace {

Result<std::string> text_to_tokenize(const TokenizeArguments& arguments) {
    if (arguments.text.empty()) return read_stdin();
    return fmt::format("{}", fmt::join(arguments.text, " "));
}

Result<std::string> tokens_text(const TokenizeArguments& arguments) {
    Result<std::string> text = text_to_tokenize(arguments);
    if (!text) return text;
    Result<ModelFile> file = find_model_file(arguments.model);
    if (!file) return file.error();
    ModelOptions options;
    options.vocab_only = true;
    Result<Model> model = Model::load(file->path, options);
    if (!model) return model.error();
    const Vocab& vocab = model->vocab();
    bool special = !arguments.no_special;
    Result<std::vector<Token>> tokens = vocab.tokenize(*text, special, special);
    if (!tokens) return tokens.error();
    if (arguments.ids) return fmt::format("{}\n", *tokens);
    std::string lines;
    for (Token token : *tokens) {
        lines += fmt::format("{:>8}  {}\n", token, quote(vocab.piece(token, true)));
    }
    return lines;
}

}  // namespace

ExitCode tokenize(const TokenizeArguments& arguments) {
    Result<std::string> text = tokens_text(arguments);
    if (!text) return report(text.error());
    std::cout << *text;
    return ExitCode::kSuccess;
}

}  // namespace mullama::cli
