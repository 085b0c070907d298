#include "llama/deep_stack.h"

#include "base/error.h"

#include <pthread.h>

namespace mullama {
namespace {

void* call(void* function) {
    (*static_cast<const std::function<void()>*>(function))();
    return nullptr;
}

}  // namespace

Result<void> run_on_deep_stack(std::size_t stack_bytes, const std::function<void()>& function) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_t thread{};
    const bool failed =
        pthread_attr_setstacksize(&attributes, stack_bytes) != 0 ||
        pthread_create(&thread, &attributes, call, const_cast<std::function<void()>*>(&function)) !=
            0;
    pthread_attr_destroy(&attributes);
    if (failed) {
        return fail(
            ErrorCode::kExhausted, "the system gives no thread with {} bytes of stack", stack_bytes
        );
    }
    pthread_join(thread, nullptr);
    return {};
}

}  // namespace mullama
