#include "engine/prefix_tree.h"

#include <algorithm>
#include <ranges>
#include <utility>

namespace mullama {

std::int32_t common_length(std::span<const Token> one, std::span<const Token> other) {
    const auto [end, other_end] = std::ranges::mismatch(one, other);
    return static_cast<std::int32_t>(end - one.begin());
}

PrefixTree::Path PrefixTree::longest(const Piece& from, std::span<const Token> tokens, bool whole) {
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

PrefixTree::Match PrefixTree::find(std::span<const Token> tokens, bool whole) {
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

bool PrefixTree::add(
    std::span<const Token> tokens, std::int32_t begin, std::vector<std::byte> state
) {
    const auto before = tokens.first(static_cast<std::size_t>(begin));
    const Path path = longest(root_, before, /*whole=*/true);
    if (path.tokens != before.size()) return false;
    Piece* from = path.pieces.empty() ? &root_ : path.pieces.front();

    const auto rest = tokens.subspan(before.size());
    auto piece = std::make_unique<Piece>();
    piece->tokens.assign(rest.begin(), rest.end());
    piece->state = std::move(state);
    const std::size_t bytes = piece->bytes();
    ++uses_;
    piece->used_at = uses_;
    for (Piece* used : path.pieces) used->used_at = uses_;
    from->next.push_back(std::move(piece));
    bytes_ += bytes;
    while (bytes_ > bytes_max_) drop_oldest();
    return find(tokens, /*whole=*/true).tokens == static_cast<std::int32_t>(tokens.size());
}

void PrefixTree::drop_oldest() {
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
    bytes_ -= parent->next[index]->bytes();
    parent->next.erase(parent->next.begin() + static_cast<std::ptrdiff_t>(index));
}

}  // namespace mullama
