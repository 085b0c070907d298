#include "engine/thinking_guard.h"

#include <algorithm>
#include <utility>

namespace mullama {

ThinkingGuard::ThinkingGuard(ThinkingBudget budget) : budget_(std::move(budget)) {
    std::erase(budget_.ends, std::string());
    const bool watches = budget_.tokens >= 0 && !budget_.ends.empty();
    phase_ = !watches ? Phase::kAfter : budget_.start.empty() ? Phase::kThinking : Phase::kBefore;
    tail_bytes_max_ = budget_.start.size();
    for (const std::string& end : budget_.ends) {
        tail_bytes_max_ = std::max(tail_bytes_max_, end.size());
    }
}

void ThinkingGuard::push(std::string_view piece) {
    if (phase_ == Phase::kAfter) return;
    if (phase_ == Phase::kThinking) ++tokens_;
    tail_ += piece;
    if (phase_ == Phase::kBefore && tail_.find(budget_.start) != std::string::npos) {
        phase_ = Phase::kThinking;
        tail_.clear();
    } else if (phase_ == Phase::kThinking && ends_with_any()) {
        phase_ = Phase::kAfter;
    }
    if (tail_.size() > tail_bytes_max_) tail_.erase(0, tail_.size() - tail_bytes_max_);
}

bool ThinkingGuard::is_over() const {
    return phase_ == Phase::kThinking && tokens_ >= budget_.tokens;
}

std::string_view ThinkingGuard::end_text() const {
    return phase_ == Phase::kAfter ? std::string_view() : budget_.ends.front();
}

bool ThinkingGuard::ends_with_any() const {
    return std::ranges::any_of(budget_.ends, [this](const std::string& end) {
        return tail_.find(end) != std::string::npos;
    });
}

}  // namespace mullama
