#include "server/infill.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::server {
namespace {

using ::testing::HasSubstr;

/// A byte is a token.
class Bytes final : public Tokenizer {
  public:
    Result<std::vector<Token>> encode(std::string_view text, bool, bool) const override {
        return std::vector<Token>(text.begin(), text.end());
    }
    std::string piece(Token token) const override { return {static_cast<char>(token)}; }
    bool is_eog(Token) const override { return false; }
    std::int32_t size() const override { return 256; }
};

constexpr GapTokens kGap{
    .bos = 'B', .prefix = 'P', .suffix = 'S', .middle = 'M', .repository = 'R', .file = 'F'
};
constexpr GapTokens kBareGap{.prefix = 'P', .suffix = 'S', .middle = 'M'};

api::llamacpp::InfillCall call_with(std::string prefix, std::string suffix) {
    api::llamacpp::InfillCall call;
    call.prefix = {{.text = std::move(prefix)}};
    call.suffix = {{.text = std::move(suffix)}};
    return call;
}

std::string prompt_of(
    const api::llamacpp::InfillCall& call, const GapTokens& gap, std::int32_t tokens_max = 1000
) {
    const auto tokens = infill_tokens(call, gap, Bytes(), tokens_max);
    if (!tokens) return tokens.error().message;
    return {tokens->begin(), tokens->end()};
}

TEST(Infill, puts_the_gap_behind_prefix_and_suffix) {
    EXPECT_EQ(prompt_of(call_with("abc", "xyz"), kBareGap), "PabcSxyzM");
    auto call = call_with("abc", "xyz");
    call.prompt = "d";
    EXPECT_EQ(prompt_of(call, kBareGap), "PabcdSxyzM");
}

TEST(Infill, tells_other_files_before) {
    auto call = call_with("abc", "xyz");
    call.extra = {{"one.py", "1"}, {"two.py", "2"}};
    EXPECT_EQ(prompt_of(call, kGap), "Rmyproject\nFone.py\n1Ftwo.py\n2Ffilename\nBPabcSxyzM");
    EXPECT_EQ(
        prompt_of(call, kBareGap), "\n\n--- snippet ---\n\n1\n\n--- snippet ---\n\n2PabcSxyzM"
    );
}

TEST(Infill, keeps_what_is_next_to_the_gap) {
    const auto call = call_with("0123456789", "abcdefghij");
    EXPECT_EQ(prompt_of(call, kBareGap, 12), "P456789SabM");
    EXPECT_EQ(prompt_of(call_with("01", "abcdefghij"), kBareGap, 12), "P01SabcdefM");
    EXPECT_EQ(prompt_of(call_with("0123456789", "a"), kBareGap, 12), "P3456789SaM");
    EXPECT_EQ(prompt_of(call, kBareGap, 0), "PSM");
}

TEST(Infill, cuts_files_from_the_front) {
    auto call = call_with("ab", "c");
    call.extra = {{"f", "0123456789"}};
    EXPECT_EQ(prompt_of(call, kBareGap, 12), "56789PabScM");
}

TEST(Infill, needs_a_model_with_tokens_for_it) {
    EXPECT_THAT(
        prompt_of(call_with("a", "b"), {.prefix = 'P', .suffix = 'S'}),
        HasSubstr("cannot fill gaps")
    );
}

}  // namespace
}  // namespace mullama::server
