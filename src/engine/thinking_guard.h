#pragma once

#include <mullama/types.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace mullama {

/// Watches how long a model thinks. Pure: text in, verdict out.
/// Threads: thread-compatible.
class ThinkingGuard {
  public:
    explicit ThinkingGuard(ThinkingBudget budget);

    /// Takes the text of one more token.
    void push(std::string_view piece);

    /// Whether the thinking is to end here: the answer goes on with end_text(), after which end()
    /// is called.
    bool is_over() const;
    void end() { phase_ = Phase::kAfter; }
    /// Empty where there is nothing to watch.
    std::string_view end_text() const;

  private:
    enum class Phase { kBefore, kThinking, kAfter };

    bool ends_with_any() const;

    ThinkingBudget budget_;
    Phase phase_;
    std::int32_t tokens_ = 0;
    std::string tail_;                // the text of late
    std::size_t tail_bytes_max_ = 0;  // enough for the longest border
};

}  // namespace mullama
