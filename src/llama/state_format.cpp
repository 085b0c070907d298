#include "llama/state_format.h"

#include "base/error.h"
#include "base/xxh64.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>

namespace mullama {
namespace {

constexpr std::string_view kMagic = "MULSTATE";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kVersionAt = 8;
constexpr std::size_t kKindAt = 12;
constexpr std::size_t kChecksumAt = 16;
constexpr std::size_t kLengthAt = 24;
constexpr std::size_t kModelAt = 32;
constexpr std::size_t kPayloadAt = 40;
constexpr std::size_t kEngineAt = 48;
constexpr std::size_t kLayoutAt = 52;
constexpr std::size_t kTokensAt = 56;
constexpr std::size_t kHeaderBytes = 64;

static_assert(std::endian::native == std::endian::little);

template <typename Number>
void put(std::span<std::byte> bytes, std::size_t at, Number number) {
    std::memcpy(bytes.data() + at, &number, sizeof(number));
}

template <typename Number>
Number get(std::span<const std::byte> bytes, std::size_t at) {
    Number number;
    std::memcpy(&number, bytes.data() + at, sizeof(number));
    return number;
}

std::uint64_t checksum_of(std::span<const std::byte> state) {
    Xxh64 hash;
    hash.update(state.subspan(kVersionAt, kChecksumAt - kVersionAt));
    hash.update(state.subspan(kLengthAt));
    return hash.value();
}

template <typename Element>
void append(std::span<std::byte> bytes, std::size_t& at, std::span<const Element> elements) {
    std::ranges::copy(std::as_bytes(elements), bytes.begin() + static_cast<std::ptrdiff_t>(at));
    at += elements.size_bytes();
}

// Lengths that a checksum vouches for, and that still must add up.
struct Lengths {
    std::uint64_t engine;
    std::uint64_t layout;
    std::uint64_t tokens;
    std::uint64_t payload;

    bool add_up_to(std::uint64_t total) const {
        if (payload > total) return false;
        return kHeaderBytes + engine + layout + tokens * sizeof(Token) + payload == total;
    }
};

Result<void> check_frame(std::span<const std::byte> state) {
    const auto magic = std::as_bytes(std::span(kMagic));
    if (state.size() < kHeaderBytes || !std::ranges::equal(state.first(magic.size()), magic)) {
        return fail(ErrorCode::kCorrupt, "{} bytes that are no saved state", state.size());
    }
    if (const auto version = get<std::uint32_t>(state, kVersionAt); version != kVersion) {
        return fail(
            ErrorCode::kInvalidArgument,
            "the state has format {}, this program reads format {}: save it again",
            version,
            kVersion
        );
    }
    if (const auto length = get<std::uint64_t>(state, kLengthAt); length != state.size()) {
        return fail(
            ErrorCode::kCorrupt,
            "the state has {} bytes and says it has {}: it was cut short or changed",
            state.size(),
            length
        );
    }
    if (get<std::uint64_t>(state, kChecksumAt) == checksum_of(state)) return {};
    return fail(ErrorCode::kCorrupt, "the state's checksum is wrong: it was changed after saving");
}

std::string text_at(std::span<const std::byte> state, std::size_t at, std::uint64_t length) {
    const auto* text = reinterpret_cast<const char*>(state.data() + at);
    return {text, static_cast<std::size_t>(length)};
}

}  // namespace

std::vector<std::byte> make_state(const StateHeader& header, std::size_t payload_bytes) {
    const std::size_t tokens_bytes = header.tokens.size() * sizeof(Token);
    const std::size_t total =
        kHeaderBytes + header.engine.size() + header.layout.size() + tokens_bytes + payload_bytes;
    std::vector<std::byte> state(total);
    std::size_t at = 0;
    append(std::span(state), at, std::span(kMagic));
    put(state, kVersionAt, kVersion);
    put(state, kKindAt, static_cast<std::uint32_t>(header.kind));
    put(state, kLengthAt, std::uint64_t{total});
    put(state, kModelAt, header.model);
    put(state, kPayloadAt, std::uint64_t{payload_bytes});
    put(state, kEngineAt, static_cast<std::uint32_t>(header.engine.size()));
    put(state, kLayoutAt, static_cast<std::uint32_t>(header.layout.size()));
    put(state, kTokensAt, static_cast<std::uint32_t>(header.tokens.size()));
    at = kHeaderBytes;
    append(std::span(state), at, std::span<const char>(header.engine));
    append(std::span(state), at, std::span<const char>(header.layout));
    append(std::span(state), at, std::span<const Token>(header.tokens));
    return state;
}

void seal_state(std::span<std::byte> state) {
    put(state, kChecksumAt, checksum_of(state));
}

Result<ParsedState> parse_state(std::span<const std::byte> state) {
    MULLAMA_TRY(check_frame(state));
    const Lengths lengths{
        get<std::uint32_t>(state, kEngineAt),
        get<std::uint32_t>(state, kLayoutAt),
        get<std::uint32_t>(state, kTokensAt),
        get<std::uint64_t>(state, kPayloadAt),
    };
    const auto kind = get<std::uint32_t>(state, kKindAt);
    const bool known = kind >= static_cast<std::uint32_t>(StateKind::kContext) &&
                       kind <= static_cast<std::uint32_t>(StateKind::kCheckpoint);
    if (!known || !lengths.add_up_to(state.size())) {
        return fail(ErrorCode::kCorrupt, "the state's header contradicts itself");
    }
    ParsedState parsed;
    parsed.header.kind = static_cast<StateKind>(kind);
    parsed.header.model = get<std::uint64_t>(state, kModelAt);
    std::size_t at = kHeaderBytes;
    parsed.header.engine = text_at(state, at, lengths.engine);
    at += static_cast<std::size_t>(lengths.engine);
    parsed.header.layout = text_at(state, at, lengths.layout);
    at += static_cast<std::size_t>(lengths.layout);
    parsed.header.tokens.resize(static_cast<std::size_t>(lengths.tokens));
    const auto tokens = std::as_writable_bytes(std::span(parsed.header.tokens));
    std::ranges::copy(state.subspan(at, tokens.size()), tokens.begin());
    parsed.payload = state.subspan(at + tokens.size());
    return parsed;
}

}  // namespace mullama
