#pragma once

#include <mullama/result.h>
#include <mullama/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace mullama {

/// What a saved state holds.
enum class StateKind : std::uint32_t {
    kContext = 1,
    kSequence = 2,
    kCheckpoint = 3,
};

/// What is written before the engine's bytes.
struct StateHeader {
    StateKind kind = StateKind::kContext;
    std::uint64_t model = 0;  ///< Its fingerprint.
    std::string engine;       ///< The commit that it was built from.
    std::string layout;       ///< The context options that matter, for people to compare.
    std::vector<Token> tokens;

    friend bool operator==(const StateHeader&, const StateHeader&) = default;
};

/// A state that was found whole and unchanged.
struct ParsedState {
    StateHeader header;
    std::span<const std::byte> payload;  ///< The engine's bytes, within those that were parsed.
};

/// A state with room for `payload_bytes` of the engine's, which are its end: fill them, then call
/// seal_state(). All numbers are little-endian:
///   0 magic "MULSTATE"     8 version u32        12 kind u32         16 checksum u64
///  24 whole length u64    32 model u64          40 payload bytes u64
///  48 engine bytes u32    52 layout bytes u32   56 tokens u32       60 zero u32
///  64 engine, layout, tokens i32, payload
/// The checksum is XXH64 over all from byte 24 on, with version and kind before.
std::vector<std::byte> make_state(const StateHeader& header, std::size_t payload_bytes);

/// Writes the checksum, after which nothing may change.
void seal_state(std::span<std::byte> state);

/// Errors: kCorrupt: no saved state, cut short, or changed. kInvalidArgument: of another version of
///         this format.
Result<ParsedState> parse_state(std::span<const std::byte> state);

}  // namespace mullama
