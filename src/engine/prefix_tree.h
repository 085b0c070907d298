#pragma once

#include <mullama/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace mullama {

/// Beginnings of texts that were computed, kept outside the KV cache: a tree of pieces, each some
/// tokens and their state, so that what texts have in common is kept once. Where there is no room,
/// the piece that was used least recently goes, of those that none goes on from.
/// Threads: thread-compatible.
class PrefixTree {
  public:
    /// Keeps at most so many bytes.
    explicit PrefixTree(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    /// A part of a text: the tokens [begin, end), and the state of the piece that begins there,
    /// which may hold more. Valid until the next add().
    struct Part {
        std::int32_t begin = 0;
        std::int32_t end = 0;
        std::span<const std::byte> state;
    };

    /// What is kept of a text's beginning.
    struct Match {
        std::vector<Part> parts;  ///< In order, without gaps.
        std::int32_t tokens = 0;  ///< Of all parts.
    };

    /// The longest match of a text, which counts as used. With `whole`, of whole pieces only; else
    /// the last one may hold other tokens behind its part.
    Match find(std::span<const Token> tokens, bool whole);

    /// Keeps the piece that ends `tokens` and begins at `begin`, where whole pieces end. Gives
    /// false where there is no room for it, or no such end any more.
    bool add(std::span<const Token> tokens, std::int32_t begin, std::vector<std::byte> state);

    std::size_t bytes() const { return bytes_; }

  private:
    struct Piece {
        std::vector<Token> tokens;
        std::vector<std::byte> state;
        std::vector<std::unique_ptr<Piece>> next;
        std::uint64_t used_at = 0;

        std::size_t bytes() const { return tokens.size() * sizeof(Token) + state.size(); }
    };

    struct Path {
        std::vector<Piece*> pieces;  // the last first
        std::size_t tokens = 0;
    };

    static Path longest(const Piece& from, std::span<const Token> tokens, bool whole);
    void drop_oldest();

    std::size_t bytes_max_;
    std::size_t bytes_ = 0;
    std::uint64_t uses_ = 0;
    Piece root_;  // holds nothing
};

/// How many tokens two texts begin with alike.
std::int32_t common_length(std::span<const Token> one, std::span<const Token> other);

}  // namespace mullama
