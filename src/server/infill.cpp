#include "server/infill.h"

#include "base/error.h"
#include "server/mixed_tokens.h"

#include <algorithm>
#include <string>
#include <utility>

namespace mullama::server {
namespace {

using Tokens = std::vector<Token>;

/// Stands between files for a model that has no token for that.
constexpr std::string_view kFileBorder = "\n\n--- snippet ---\n\n";

void append(Tokens& to, const Tokens& tokens) {
    to.insert(to.end(), tokens.begin(), tokens.end());
}

Result<void> append(Tokens& to, const Tokenizer& tokenizer, const std::string& text) {
    Result<Tokens> encoded = tokenizer.encode(text, false, false);
    if (!encoded) return std::move(encoded).error();
    append(to, *encoded);
    return {};
}

/// The other files, and the head of the one with the gap.
Result<Tokens> file_tokens(
    const std::vector<api::llamacpp::ExtraFile>& files,
    const GapTokens& gap,
    const Tokenizer& tokenizer
) {
    Tokens tokens;
    const auto begin_file = [&](const std::string& name) -> Result<void> {
        if (gap.file == kNoToken) return {};
        tokens.push_back(gap.file);
        return append(tokens, tokenizer, name + "\n");
    };
    if (gap.repository != kNoToken) {
        tokens.push_back(gap.repository);
        MULLAMA_TRY(append(tokens, tokenizer, "myproject\n"));
    }
    for (const api::llamacpp::ExtraFile& file : files) {
        MULLAMA_TRY(begin_file(file.name));
        const std::string border(gap.file == kNoToken ? kFileBorder : "");
        MULLAMA_TRY(append(tokens, tokenizer, border + file.text));
    }
    MULLAMA_TRY(begin_file("filename"));
    return tokens;
}

Result<void> check(const GapTokens& gap) {
    if (gap.prefix != kNoToken && gap.suffix != kNoToken && gap.middle != kNoToken) return {};
    return fail(
        ErrorCode::kUnsupported,
        "this model cannot fill gaps: its vocabulary has no tokens for the text before and behind "
        "one, use a model for code"
    );
}

void keep_last(Tokens& tokens, std::size_t count) {
    if (tokens.size() > count) {
        tokens.erase(tokens.begin(), tokens.end() - static_cast<std::ptrdiff_t>(count));
    }
}

std::size_t less(std::size_t all, std::size_t part) {
    return all > part ? all - part : 0;
}

}  // namespace

GapTokens gap_tokens(const Vocab& vocab) {
    return {
        .bos = vocab.add_bos() ? vocab.bos() : kNoToken,
        .prefix = vocab.fim_prefix(),
        .suffix = vocab.fim_suffix(),
        .middle = vocab.fim_middle(),
        .repository = vocab.fim_repository(),
        .file = vocab.fim_separator(),
    };
}

// A request for the whole context leaves a quarter of it to the answer.
std::int32_t infill_tokens_max(const ModelChoice& choice, const LoadedModel& model) {
    GenerateRequest request;
    apply(choice.options, request);
    const std::int32_t most = model.engine()->info().context_length;
    const std::int32_t length =
        request.context_length == 0 ? most : std::min(request.context_length, most);
    const std::int32_t answer = request.max_tokens < 0 ? length / 4 : request.max_tokens;
    return std::max(length - answer, length / 2);
}

Result<std::vector<Token>> infill_tokens(
    const api::llamacpp::InfillCall& call,
    const GapTokens& gap,
    const Tokenizer& tokenizer,
    std::int32_t tokens_max
) {
    MULLAMA_TRY(check(gap));
    Result<Tokens> files = file_tokens(call.extra, gap, tokenizer);
    Result<Tokens> prefix = tokens_of(call.prefix, tokenizer, false, false);
    Result<Tokens> suffix = tokens_of(call.suffix, tokenizer, false, false);
    Result<Tokens> begun = tokenizer.encode(call.prompt, false, true);
    for (const Result<Tokens>* each : {&files, &prefix, &suffix, &begun}) {
        if (!*each) return each->error();
    }
    constexpr std::size_t kMarks = 4;  // BOS and those of the gap
    const auto most = static_cast<std::size_t>(std::max(tokens_max, 0));
    const std::size_t room = less(most, kMarks + begun->size());
    const std::size_t suffix_part = std::min(suffix->size(), room / 4);
    keep_last(*prefix, room - suffix_part);
    suffix->resize(std::min(suffix->size(), room - prefix->size()));
    keep_last(*files, room - prefix->size() - suffix->size());

    Tokens tokens = std::move(files).value();
    if (gap.bos != kNoToken) tokens.push_back(gap.bos);
    tokens.push_back(gap.prefix);
    append(tokens, *prefix);
    append(tokens, *begun);
    tokens.push_back(gap.suffix);
    append(tokens, *suffix);
    tokens.push_back(gap.middle);
    return tokens;
}

}  // namespace mullama::server
