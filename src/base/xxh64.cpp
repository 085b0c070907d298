#include "base/xxh64.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace mullama {
namespace {

constexpr std::uint64_t kPrime1 = 0x9E3779B185EBCA87;
constexpr std::uint64_t kPrime2 = 0xC2B2AE3D27D4EB4F;
constexpr std::uint64_t kPrime3 = 0x165667B19E3779F9;
constexpr std::uint64_t kPrime4 = 0x85EBCA77C2B2AE63;
constexpr std::uint64_t kPrime5 = 0x27D4EB2F165667C5;

template <typename Number>
std::uint64_t read(const std::byte* bytes) {
    static_assert(std::endian::native == std::endian::little);
    Number number;
    std::memcpy(&number, bytes, sizeof(number));
    return number;
}

std::uint64_t round(std::uint64_t lane, std::uint64_t input) {
    return std::rotl(lane + input * kPrime2, 31) * kPrime1;
}

std::uint64_t merge(std::uint64_t hash, std::uint64_t lane) {
    return (hash ^ round(0, lane)) * kPrime1 + kPrime4;
}

// The bytes after the last whole stripe.
std::uint64_t add_rest(std::uint64_t hash, std::span<const std::byte> rest) {
    while (rest.size() >= 8) {
        hash = std::rotl(hash ^ round(0, read<std::uint64_t>(rest.data())), 27) * kPrime1 + kPrime4;
        rest = rest.subspan(8);
    }
    if (rest.size() >= 4) {
        const std::uint64_t word = read<std::uint32_t>(rest.data());
        hash = std::rotl(hash ^ (word * kPrime1), 23) * kPrime2 + kPrime3;
        rest = rest.subspan(4);
    }
    for (const std::byte byte : rest) {
        hash = std::rotl(hash ^ (std::to_integer<std::uint64_t>(byte) * kPrime5), 11) * kPrime1;
    }
    return hash;
}

std::uint64_t avalanche(std::uint64_t hash) {
    hash = (hash ^ (hash >> 33)) * kPrime2;
    hash = (hash ^ (hash >> 29)) * kPrime3;
    return hash ^ (hash >> 32);
}

}  // namespace

void Xxh64::add_stripe(const std::byte* stripe) {
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
        lanes_[i] = round(lanes_[i], read<std::uint64_t>(stripe + 8 * i));
    }
}

void Xxh64::update(std::span<const std::byte> bytes) {
    const auto pending = static_cast<std::size_t>(length_bytes_ % kStripeBytes);
    length_bytes_ += bytes.size();
    if (pending > 0) {
        const auto taken = std::min(bytes.size(), kStripeBytes - pending);
        std::copy_n(bytes.begin(), taken, pending_.begin() + static_cast<std::ptrdiff_t>(pending));
        bytes = bytes.subspan(taken);
        if (pending + taken < kStripeBytes) return;
        add_stripe(pending_.data());
    }
    while (bytes.size() >= kStripeBytes) {
        add_stripe(bytes.data());
        bytes = bytes.subspan(kStripeBytes);
    }
    std::ranges::copy(bytes, pending_.begin());
}

void Xxh64::update(std::uint64_t number) {
    update(std::as_bytes(std::span(&number, 1)));
}

void Xxh64::update(std::string_view text) {
    update(static_cast<std::uint64_t>(text.size()));
    update(std::as_bytes(std::span(text)));
}

std::uint64_t Xxh64::value() const {
    std::uint64_t hash = kPrime5;
    if (length_bytes_ >= kStripeBytes) {
        hash = std::rotl(lanes_[0], 1) + std::rotl(lanes_[1], 7) + std::rotl(lanes_[2], 12) +
               std::rotl(lanes_[3], 18);
        for (const std::uint64_t lane : lanes_) hash = merge(hash, lane);
    }
    hash += length_bytes_;
    const auto pending = static_cast<std::size_t>(length_bytes_ % kStripeBytes);
    return avalanche(add_rest(hash, std::span(pending_).first(pending)));
}

std::uint64_t xxh64(std::span<const std::byte> bytes) {
    Xxh64 hash;
    hash.update(bytes);
    return hash.value();
}

}  // namespace mullama
