#pragma once

#include <mullama/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace mullama {

/// The state of a piece of a text, as Decoder::save() gives it.
using SharedState = std::shared_ptr<const std::vector<std::byte>>;

/// Beginnings of texts that were computed, kept outside the KV cache: a tree of pieces, each some
/// tokens and their `State`, which is cheap to copy, so that what texts have in common is kept
/// once. Where there is no room, the piece that was used least recently goes, of those that none
/// goes on from.
/// Threads: thread-compatible.
template <typename State>
class PrefixTree {
  public:
    /// Keeps at most so many bytes, and tells `dropped` of each state that goes before the tree
    /// does.
    explicit PrefixTree(std::size_t bytes_max, std::function<void(const State&)> dropped = {})
        : bytes_max_(bytes_max), dropped_(std::move(dropped)) {}

    /// A part of a text: the tokens [begin, end), and the state of the piece that begins there,
    /// which may hold more.
    struct Part {
        std::int32_t begin = 0;
        std::int32_t end = 0;
        State state;
    };

    /// What is kept of a text's beginning.
    struct Match {
        std::vector<Part> parts;  ///< In order, without gaps.
        std::int32_t tokens = 0;  ///< Of all parts.
    };

    /// The longest match of a text, which counts as used. With `whole`, of whole pieces only; else
    /// the last one may hold other tokens behind its part.
    Match find(std::span<const Token> tokens, bool whole);

    /// Keeps the piece that ends `tokens` and begins at `begin`, where whole pieces end; its state
    /// takes `bytes`. Gives false where there is no room for it, no such end any more, or another
    /// piece that is the same.
    bool add(std::span<const Token> tokens, std::int32_t begin, State state, std::size_t bytes);

    /// Drops the pieces with this state, and all that go on from them.
    void cut(const State& state);

    std::size_t bytes() const { return bytes_; }

  private:
    struct Piece {
        std::vector<Token> tokens;
        State state{};
        std::size_t bytes = 0;                     // with the tokens
        std::vector<std::unique_ptr<Piece>> next;  // in the order of their tokens
        std::uint64_t used_at = 0;
    };

    struct Path {
        std::vector<Piece*> pieces;  // the last first
        std::size_t tokens = 0;
    };

    static std::size_t place_of(const Piece& from, std::span<const Token> tokens);
    static Path longest(const Piece& from, std::span<const Token> tokens, bool whole);
    Piece* ending(std::span<const Token> tokens);
    void cut(Piece& parent, const State& state);
    void drop(Piece& parent, std::size_t index);
    void drop_oldest();

    std::size_t bytes_max_;
    std::function<void(const State&)> dropped_;
    std::size_t bytes_ = 0;
    std::uint64_t uses_ = 0;
    Piece root_;  // holds nothing
};

/// How many tokens two texts begin with alike.
std::int32_t common_length(std::span<const Token> one, std::span<const Token> other);

}  // namespace mullama
