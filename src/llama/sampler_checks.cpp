#include "llama/sampler_checks.h"

#include "base/error.h"
#include "llama/gbnf.h"
#include "llama/handles.h"

#include <array>

#include <llama.h>

namespace mullama {

namespace {

Error not_between(std::string_view name, const auto& value, const auto& min, const auto& max) {
    return fail(
        ErrorCode::kInvalidArgument, "{} is {}: it must be between {} and {}", name, value, min, max
    );
}

}  // namespace

Result<void> check_range(std::string_view name, float value, float min, float max) {
    if (value >= min && value <= max) return {};
    if (max < kUnbounded) return not_between(name, value, min, max);
    if (min > -kUnbounded) {
        return fail(
            ErrorCode::kInvalidArgument,
            "{} is {}: it must be a number of at least {}",
            name,
            value,
            min
        );
    }
    return fail(ErrorCode::kInvalidArgument, "{} is {}: it must be a finite number", name, value);
}

Result<void> check_range(
    std::string_view name, std::int32_t value, std::int32_t min, std::int32_t max
) {
    if (value >= min && value <= max) return {};
    return not_between(name, value, min, max);
}

Result<void> check_positive(std::string_view name, float value) {
    if (value > 0.0F && value <= kUnbounded) return {};
    return fail(ErrorCode::kInvalidArgument, "{} is {}: it must be a number above 0", name, value);
}

Result<void> check_grammar(const Vocab& vocab, std::string_view grammar, std::string_view root) {
    const auto is_token = [&vocab](std::string_view text) {
        std::array<llama_token, 2> tokens{};
        const auto length = static_cast<std::int32_t>(text.size());
        return llama_tokenize(handle(vocab), text.data(), length, tokens.data(), 2, false, true) ==
               1;
    };
    return check_gbnf(grammar, root, is_token);
}

}  // namespace mullama
