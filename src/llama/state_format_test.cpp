#include "llama/state_format.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace mullama {
namespace {

const StateHeader kHeader = {
    StateKind::kSequence, 0x0123456789ABCDEF, "abc123", "keys f16 values f16", {1, 2, 49151}
};

std::vector<std::byte> sealed(const StateHeader& header = kHeader) {
    auto state = make_state(header, 37);
    for (std::size_t i = 0; i < 37; ++i) state[state.size() - 37 + i] = static_cast<std::byte>(i);
    seal_state(state);
    return state;
}

TEST(StateFormat, gives_back_what_was_written) {
    const auto state = sealed();
    const auto parsed = parse_state(state);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(parsed->header, kHeader);
    ASSERT_EQ(parsed->payload.size(), 37U);
    EXPECT_EQ(parsed->payload[36], std::byte{36});
}

TEST(StateFormat, takes_empty_parts) {
    const StateHeader empty{StateKind::kContext, 0, "", "", {}};
    auto state = make_state(empty, 0);
    seal_state(state);
    EXPECT_EQ(parse_state(state)->header, empty);
}

TEST(StateFormat, refuses_a_state_cut_short_at_any_length) {
    const auto state = sealed();
    for (std::size_t length = 0; length < state.size(); ++length) {
        const auto parsed = parse_state(std::span(state).first(length));
        ASSERT_FALSE(parsed) << length;
        EXPECT_EQ(parsed.error().code, ErrorCode::kCorrupt);
    }
    auto longer = state;
    longer.push_back(std::byte{0});
    EXPECT_EQ(parse_state(longer).error().code, ErrorCode::kCorrupt);
}

TEST(StateFormat, refuses_a_state_with_any_bit_changed) {
    auto state = sealed();
    for (std::size_t i = 0; i < state.size() * 8; ++i) {
        const auto bit = std::byte{1} << (i % 8);
        state[i / 8] ^= bit;
        EXPECT_FALSE(parse_state(state)) << i;
        state[i / 8] ^= bit;
    }
    EXPECT_TRUE(parse_state(state));
}

TEST(StateFormat, names_the_version_that_it_cannot_read) {
    auto state = sealed();
    state[8] = std::byte{9};
    const auto parsed = parse_state(state);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(parsed.error().message.find("format 9"), std::string::npos);
}

TEST(StateFormat, refuses_lengths_that_contradict_each_other_under_a_right_checksum) {
    for (const std::size_t at : {12U, 40U, 47U, 48U, 52U, 56U, 59U}) {
        auto state = sealed();
        state[at] ^= std::byte{0x44};
        seal_state(state);
        EXPECT_EQ(parse_state(state).error().code, ErrorCode::kCorrupt) << at;
    }
}

}  // namespace
}  // namespace mullama
