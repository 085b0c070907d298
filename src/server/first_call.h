#pragma once

#include <mullama/types.h>

#include <algorithm>
#include <vector>

namespace mullama::server {

/// Keeps of an answer what comes up to the end of its first call.
/// Threads: thread-compatible.
class FirstCall {
  public:
    /// Drops the parts behind that end. Gives whether there were any.
    bool cut(std::vector<AnswerPart>& parts) {
        auto rest = parts.begin();
        if (!ended_) {
            rest = std::ranges::find(parts, AnswerPartKind::kToolCallEnd, &AnswerPart::kind);
            if (rest == parts.end()) return false;
            ended_ = true;
            ++rest;
        }
        const bool has_more = rest != parts.end();
        parts.erase(rest, parts.end());
        return has_more;
    }

  private:
    bool ended_ = false;
};

}  // namespace mullama::server
