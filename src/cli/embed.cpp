#include "base/error.h"
#include "cli/embedding_text.h"
#include "cli/input.h"
#include "cli/model_file.h"
#include "cli/verbs.h"
#include <mullama/embedding.h>
#include <mullama/model.h>

#include <array>
#include <iostream>
#include <string_view>
#include <utility>

namespace mullama::cli {
namespace {

// The command line has checked the name.
Pooling pooling_of(std::string_view name) {
    constexpr std::array<std::pair<std::string_view, Pooling>, 4> kNames = {{
        {"none", Pooling::kNone},
        {"mean", Pooling::kMean},
        {"cls", Pooling::kCls},
        {"last", Pooling::kLast},
    }};
    for (const auto& [known, pooling] : kNames) {
        if (name == known) return pooling;
    }
    return Pooling::kModel;
}

Result<std::vector<std::string>> texts_of(const EmbedArguments& arguments) {
    if (!arguments.texts.empty()) return arguments.texts;
    Result<std::string> text = read_stdin();
    if (!text) return text.error();
    if (text->empty()) {
        return fail(
            ErrorCode::kInvalidArgument,
            "there is no text to embed: give one as an argument or on stdin"
        );
    }
    return std::vector<std::string>{*text};
}

Result<std::string> lines_of(
    Embedder& embedder, const std::vector<std::string>& texts, const EmbedOptions& options
) {
    std::string lines;
    if (embedder.pooling() == Pooling::kNone) {
        Result<std::vector<TokenEmbeddings>> embeddings = embedder.embed_tokens(texts, options);
        if (!embeddings) return embeddings.error();
        for (const TokenEmbeddings& text : *embeddings) lines += embedding_line(text);
        return lines;
    }
    Result<Embeddings> embeddings = embedder.embed(texts, options);
    if (!embeddings) return embeddings.error();
    for (const std::vector<float>& row : embeddings->rows) lines += embedding_line(row);
    return lines;
}

Result<std::string> compute(const EmbedArguments& arguments) {
    Result<std::vector<std::string>> texts = texts_of(arguments);
    if (!texts) return texts.error();
    Result<ModelFile> file = find_model_file(arguments.model);
    if (!file) return file.error();
    Result<Model> model = Model::load(file->path);
    if (!model) return model.error();
    EmbedderOptions embedder_options;
    embedder_options.pooling = pooling_of(arguments.pooling);
    Result<Embedder> embedder = Embedder::create(*model, embedder_options);
    if (!embedder) return embedder.error();
    EmbedOptions options;
    options.dimensions = arguments.dimensions;
    if (arguments.no_normalize) options.normalization = Normalization::kNone;
    return lines_of(*embedder, *texts, options);
}

}  // namespace

ExitCode embed(const EmbedArguments& arguments) {
    Result<std::string> lines = compute(arguments);
    if (!lines) return report(lines.error());
    std::cout << *lines;
    return ExitCode::kSuccess;
}

}  // namespace mullama::cli
