#include "engine/prefix_tree.h"

#include "engine/snapshot_folder.h"

#include <algorithm>
#include <ranges>
#include <utility>

namespace mullama {

std::int32_t common_length(std::span<const Token> one, std::span<const Token> other) {
    const auto [end, other_end] = std::ranges::mismatch(one, other);
    return static_cast<std::int32_t>(end - one.begin());
}

// Where a text would be among those that go on from a piece: behind all that are less or the same.
template <typename State>
std::size_t PrefixTree<State>::place_of(const Piece& from, std::span<const Token> tokens) {
    const auto is_less = [](std::span<const Token> one, const std::unique_ptr<Piece>& other) {
        return std::ranges::lexicographical_compare(one, other->tokens);
    };
    const auto place = std::upper_bound(from.next.begin(), from.next.end(), tokens, is_less);
    return static_cast<std::size_t>(place - from.next.begin());
}

// The piece that has most in common with a text lies beside the place where that would be, and
// those that it begins with lie before.
template <typename State>
typename PrefixTree<State>::Path PrefixTree<State>::longest(
    const Piece& from, std::span<const Token> tokens, bool whole
) {
    Path best;
    const auto consider = [&best](Path path, Piece& piece, std::size_t common) {
        path.tokens += common;
        if (path.tokens <= best.tokens) return;
        path.pieces.push_back(&piece);
        best = std::move(path);
    };
    const auto common_with = [tokens](const Piece& piece) {
        return static_cast<std::size_t>(common_length(piece.tokens, tokens));
    };
    std::size_t place = place_of(from, tokens);
    if (!whole && place < from.next.size()) {
        consider({}, *from.next[place], common_with(*from.next[place]));
    }
    while (place > 0) {
        Piece& piece = *from.next[--place];
        const std::size_t common = common_with(piece);
        if (common == piece.tokens.size()) {
            consider(longest(piece, tokens.subspan(common), whole), piece, common);
            continue;
        }
        if (!whole) consider({}, piece, common);
        // What the text begins with and is before this piece is no longer than what they share.
        place = std::min(place, place_of(from, tokens.first(common)));
    }
    return best;
}

template <typename State>
typename PrefixTree<State>::Match PrefixTree<State>::find(
    std::span<const Token> tokens, bool whole
) {
    const Path path = longest(root_, tokens, whole);
    Match match;
    ++uses_;
    for (Piece* piece : path.pieces | std::views::reverse) {
        piece->used_at = uses_;
        const std::size_t left = path.tokens - static_cast<std::size_t>(match.tokens);
        const std::size_t count = std::min(piece->tokens.size(), left);
        const std::int32_t end = match.tokens + static_cast<std::int32_t>(count);
        match.parts.push_back({match.tokens, end, piece->state});
        match.tokens = end;
    }
    return match;
}

// The piece where a text ends, the root for none, or null. It and those before it count as used.
template <typename State>
typename PrefixTree<State>::Piece* PrefixTree<State>::ending(std::span<const Token> tokens) {
    const Path path = longest(root_, tokens, /*whole=*/true);
    if (path.tokens != tokens.size()) return nullptr;
    ++uses_;
    for (Piece* piece : path.pieces) piece->used_at = uses_;
    return path.pieces.empty() ? &root_ : path.pieces.front();
}

template <typename State>
bool PrefixTree<State>::add(
    std::span<const Token> tokens, std::int32_t begin, State state, std::size_t bytes
) {
    const auto before = tokens.first(static_cast<std::size_t>(begin));
    Piece* from = ending(before);
    if (from == nullptr || ending(tokens) != nullptr) return false;
    const auto rest = tokens.subspan(before.size());
    auto piece = std::make_unique<Piece>();
    piece->tokens.assign(rest.begin(), rest.end());
    piece->state = std::move(state);
    piece->bytes = bytes + rest.size_bytes();
    if (piece->bytes > bytes_max_) return false;
    piece->used_at = ++uses_;
    bytes_ += piece->bytes;
    const std::size_t place = place_of(*from, rest);
    from->next.insert(from->next.begin() + static_cast<std::ptrdiff_t>(place), std::move(piece));
    while (bytes_ > bytes_max_) drop_oldest();
    return ending(tokens) != nullptr;
}

template <typename State>
void PrefixTree<State>::cut(const State& state) {
    cut(root_, state);
}

template <typename State>
void PrefixTree<State>::cut(Piece& parent, const State& state) {
    for (std::size_t i = parent.next.size(); i-- > 0;) {
        parent.next[i]->state == state ? drop(parent, i) : cut(*parent.next[i], state);
    }
}

// A piece and all that go on from it.
template <typename State>
void PrefixTree<State>::drop(Piece& parent, std::size_t index) {
    Piece& piece = *parent.next[index];
    while (!piece.next.empty()) drop(piece, piece.next.size() - 1);
    bytes_ -= piece.bytes;
    if (dropped_) dropped_(piece.state);
    parent.next.erase(parent.next.begin() + static_cast<std::ptrdiff_t>(index));
}

template <typename State>
void PrefixTree<State>::drop_oldest() {
    Piece* parent = nullptr;
    std::size_t index = 0;
    std::vector<Piece*> open = {&root_};
    while (!open.empty()) {
        Piece* piece = open.back();
        open.pop_back();
        for (std::size_t i = 0; i < piece->next.size(); ++i) {
            Piece* next = piece->next[i].get();
            if (!next->next.empty()) {
                open.push_back(next);
            } else if (parent == nullptr || next->used_at < parent->next[index]->used_at) {
                parent = piece;
                index = i;
            }
        }
    }
    drop(*parent, index);
}

template class PrefixTree<SharedState>;
template class PrefixTree<SnapshotFile>;

}  // namespace mullama
