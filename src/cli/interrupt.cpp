#include "cli/interrupt.h"

#include "base/error.h"

#include <atomic>
#include <csignal>

namespace mullama::cli {
namespace {

static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may only touch these");
std::atomic<bool> interrupted = false;
struct sigaction before;

void on_interrupt(int) {
    interrupted = true;
}

}  // namespace

Interrupt::Interrupt() {
    interrupted = false;
    struct sigaction action = {};
    action.sa_handler = on_interrupt;
    // Reads and writes go on: who waits looks at the flag between waits.
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, &before);
}

Interrupt::~Interrupt() {
    sigaction(SIGINT, &before, nullptr);
}

bool Interrupt::pressed() const {
    return interrupted;
}

Result<void> Interrupt::check() const {
    if (pressed()) return fail(ErrorCode::kCancelled, "interrupted");
    return {};
}

void Interrupt::clear() {
    interrupted = false;
}

}  // namespace mullama::cli
