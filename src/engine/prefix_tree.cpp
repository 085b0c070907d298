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

template <typename State>
typename PrefixTree<State>::Path PrefixTree<State>::longest(
    const Piece& from, std::span<const Token> tokens, bool whole
) {
    Path best;
    for (const auto& piece : from.next) {
        const auto common = static_cast<std::size_t>(common_length(piece->tokens, tokens));
        Path path;
        if (common == piece->tokens.size()) {
            path = longest(*piece, tokens.subspan(common), whole);
        } else if (whole) {
            continue;
        }
        path.tokens += common;
        if (path.tokens <= best.tokens) continue;
        path.pieces.push_back(piece.get());
        best = std::move(path);
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
    from->next.push_back(std::move(piece));
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
