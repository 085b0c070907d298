#pragma once

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <utility>
#include <variant>
#include <vector>

namespace mullama {

template <typename T = void>
class Task;

namespace task_detail {

/// Passes the thread on to whoever awaits, when a task's body has ended.
struct EndOfTask {
    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
        return ended.promise().awaiting;
    }
    void await_resume() const noexcept {}
};

struct PromiseBase {
    std::coroutine_handle<> awaiting = std::noop_coroutine();

    std::suspend_always initial_suspend() const noexcept { return {}; }
    EndOfTask final_suspend() const noexcept { return {}; }
};

template <typename T>
struct Promise : PromiseBase {
    std::variant<std::monostate, T, std::exception_ptr> outcome;

    Task<T> get_return_object() noexcept;
    template <typename U>
    void return_value(U&& value) {
        outcome.template emplace<1>(std::forward<U>(value));
    }
    void unhandled_exception() noexcept { outcome.template emplace<2>(std::current_exception()); }
    T take() {
        if (auto* thrown = std::get_if<2>(&outcome)) std::rethrow_exception(*thrown);
        return std::move(std::get<1>(outcome));
    }
};

template <>
struct Promise<void> : PromiseBase {
    std::exception_ptr thrown;

    Task<void> get_return_object() noexcept;
    void return_void() const noexcept {}
    void unhandled_exception() noexcept { thrown = std::current_exception(); }
    void take() const {
        if (thrown) std::rethrow_exception(thrown);
    }
};

}  // namespace task_detail

/// A coroutine that begins when it is awaited and gives a T, or throws what its body threw.
///
///     Task<std::string> first_word(EventStream stream, Executor& executor) {
///         auto event = co_await stream.next_async(executor);
///         co_return event ? event->text : "";
///     }
///
/// A task is awaited once (`co_await std::move(task)`, or `co_await` on the call), by a coroutine
/// or by EventLoop::run(). Destroying it destroys the coroutine where it is suspended, and with it
/// everything that its body owns, such as a stream.
///
/// With g++ 12, name temporaries that have destructors (capturing lambdas above all) before the
/// co_await expression that uses them: that compiler may destroy them twice.
/// Threads: thread-compatible. The body runs on the thread of the one who awaits, and after each
///          suspension where the awaited thing resumes it.
template <typename T>
class [[nodiscard]] Task {
  public:
    /// What the compiler makes a coroutine of.
    using promise_type = task_detail::Promise<T>;
    /// What it gives.
    using value_type = T;

    /// Takes over the coroutine; the other can then only be destroyed or assigned to.
    Task(Task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, {})) {}
    /// As above.
    Task& operator=(Task&& other) noexcept {
        Task moved(std::move(other));
        std::swap(coroutine_, moved.coroutine_);
        return *this;
    }
    ~Task() {
        if (coroutine_) coroutine_.destroy();
    }

    /// Whether the body has ended.
    bool done() const { return coroutine_.done(); }

    /// Begins the task and gives its value. The task stays alive until then.
    auto operator co_await() && noexcept {
        struct Awaiter : Begin {
            T await_resume() { return this->coroutine.promise().take(); }
        };
        return Awaiter{{coroutine_}};
    }

    /// Begins the task and waits for its end; take() then gives the value.
    auto end() noexcept {
        struct Awaiter : Begin {
            void await_resume() const noexcept {}
        };
        return Awaiter{{coroutine_}};
    }

    /// The value of a task that is done, or what it threw; once.
    T take() { return coroutine_.promise().take(); }

  private:
    friend promise_type;

    struct Begin {
        std::coroutine_handle<promise_type> coroutine;

        bool await_ready() const noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) const noexcept {
            coroutine.promise().awaiting = awaiting;
            return coroutine;
        }
    };

    explicit Task(std::coroutine_handle<promise_type> coroutine) : coroutine_(coroutine) {}

    std::coroutine_handle<promise_type> coroutine_;
};

namespace task_detail {

template <typename T>
Task<T> Promise<T>::get_return_object() noexcept {
    return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
}

inline Task<void> Promise<void>::get_return_object() noexcept {
    return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}

/// Counts branches that are still running; the last to arrive resumes who waits for all.
struct Gathering {
    std::atomic<std::size_t> running;
    std::coroutine_handle<> waiting;

    std::coroutine_handle<> arrive() noexcept {
        return running.fetch_sub(1) == 1 ? waiting : std::noop_coroutine();
    }
};

/// One task under when_all(): begins it, and arrives when it has ended.
class Branch {
  public:
    struct promise_type {
        Gathering* gathering = nullptr;

        struct Arrive {
            bool await_ready() const noexcept { return false; }
            std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> ended
            ) const noexcept {
                return ended.promise().gathering->arrive();
            }
            void await_resume() const noexcept {}
        };

        Branch get_return_object() noexcept {
            return Branch(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_always initial_suspend() const noexcept { return {}; }
        Arrive final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() const noexcept {}  // end() does not throw
    };

    Branch(Branch&& other) noexcept : coroutine_(std::exchange(other.coroutine_, {})) {}
    Branch& operator=(Branch&&) = delete;
    ~Branch() {
        if (coroutine_) coroutine_.destroy();
    }

    void begin(Gathering& gathering) {
        coroutine_.promise().gathering = &gathering;
        coroutine_.resume();
    }

  private:
    explicit Branch(std::coroutine_handle<promise_type> coroutine) : coroutine_(coroutine) {}

    std::coroutine_handle<promise_type> coroutine_;
};

template <typename T>
Branch make_branch(Task<T>& task) {
    co_await task.end();
}

/// Begins all branches, and resumes the awaiting coroutine after the last has ended.
struct BeginAll {
    std::vector<Branch>& branches;
    Gathering& gathering;

    bool await_ready() const noexcept { return branches.empty(); }
    bool await_suspend(std::coroutine_handle<> awaiting) const {
        // One more than the branches, so that none of them resumes us while we begin the others.
        gathering.running = branches.size() + 1;
        gathering.waiting = awaiting;
        for (Branch& branch : branches) branch.begin(gathering);
        return gathering.running.fetch_sub(1) != 1;
    }
    void await_resume() const noexcept {}
};

template <typename T>
Task<void> end_all(std::vector<Task<T>>& tasks) {
    std::vector<Branch> branches;
    for (Task<T>& task : tasks) branches.push_back(make_branch(task));
    Gathering gathering{};
    co_await BeginAll{branches, gathering};
}

}  // namespace task_detail

/// Runs tasks side by side and gives their values in order. All have ended when it does; where some
/// threw, it throws what the first of them in order threw.
template <typename T>
Task<std::vector<T>> when_all(std::vector<Task<T>> tasks) {
    auto ended = task_detail::end_all(tasks);
    co_await std::move(ended);
    std::vector<T> values;
    for (Task<T>& task : tasks) values.push_back(task.take());
    co_return values;
}

/// As above, for tasks without values.
inline Task<void> when_all(std::vector<Task<void>> tasks) {
    auto ended = task_detail::end_all(tasks);
    co_await std::move(ended);
    for (Task<void>& task : tasks) task.take();
}

}  // namespace mullama
