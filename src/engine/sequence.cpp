#include "engine/sequence.h"

namespace mullama {

namespace {

std::int64_t nanoseconds_between(Clock::TimePoint begin, Clock::TimePoint end) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(end - begin).count();
}

}  // namespace

Usage Sequence::usage(Clock::TimePoint now) const {
    Usage usage;
    usage.prompt_tokens = prompt_tokens;
    usage.completion_tokens = generated();
    usage.queue_ns = nanoseconds_between(submitted_at, started_at.value_or(now));
    if (started_at) {
        usage.prompt_ns = nanoseconds_between(*started_at, first_token_at.value_or(now));
    }
    if (first_token_at) usage.decode_ns = nanoseconds_between(*first_token_at, last_token_at);
    return usage;
}

}  // namespace mullama
