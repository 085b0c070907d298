#include "engine/stop_matcher.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace mullama {

StopMatcher::StopMatcher(std::vector<std::string> stops) {
    for (std::string& stop : stops) {
        assert(!stop.empty());
        auto borders = borders_of(stop);
        patterns_.push_back({std::move(stop), std::move(borders), 0});
    }
}

std::string StopMatcher::push(std::string_view piece) {
    if (!match_.empty()) return {};
    if (patterns_.empty()) return std::string(piece);
    std::string safe;
    for (const char byte : piece) {
        held_ += byte;
        for (Pattern& pattern : patterns_) advance(pattern, byte);
        if (const Pattern* found = longest_complete()) {
            safe.append(held_, 0, held_.size() - found->text.size());
            held_.clear();
            match_ = found->text;
            return safe;
        }
        const std::size_t free = held_.size() - longest_begun();
        safe.append(held_, 0, free);
        held_.erase(0, free);
    }
    return safe;
}

std::string StopMatcher::flush() {
    for (Pattern& pattern : patterns_) pattern.matched = 0;
    return std::exchange(held_, {});
}

std::vector<std::size_t> StopMatcher::borders_of(std::string_view text) {
    std::vector<std::size_t> borders(text.size(), 0);
    for (std::size_t i = 1; i < text.size(); ++i) {
        std::size_t length = borders[i - 1];
        while (length > 0 && text[length] != text[i]) length = borders[length - 1];
        borders[i] = text[length] == text[i] ? length + 1 : 0;
    }
    return borders;
}

void StopMatcher::advance(Pattern& pattern, char byte) {
    std::size_t& matched = pattern.matched;
    while (matched > 0 && pattern.text[matched] != byte) matched = pattern.borders[matched - 1];
    if (pattern.text[matched] == byte) ++matched;
}

const StopMatcher::Pattern* StopMatcher::longest_complete() const {
    const Pattern* longest = nullptr;
    for (const Pattern& pattern : patterns_) {
        if (pattern.matched < pattern.text.size()) continue;
        if (!longest || pattern.text.size() > longest->text.size()) longest = &pattern;
    }
    return longest;
}

std::size_t StopMatcher::longest_begun() const {
    return std::ranges::max(patterns_, {}, &Pattern::matched).matched;
}

}  // namespace mullama
