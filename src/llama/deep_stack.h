#pragma once

#include <mullama/result.h>

#include <cstddef>
#include <functional>

namespace mullama {

/// Runs `function` on a thread with a stack of `stack_bytes` and waits for it. Memory is taken only
/// as far as the stack is used, and given back.
/// Errors:  kExhausted: the system gives no such thread; `function` was not called.
/// Threads: any. `function` must not throw.
Result<void> run_on_deep_stack(std::size_t stack_bytes, const std::function<void()>& function);

}  // namespace mullama
