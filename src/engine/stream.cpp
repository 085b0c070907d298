#include "engine/stream.h"

#include <algorithm>
#include <vector>

namespace mullama {

namespace {

struct Delivery {
    std::shared_ptr<Stream> stream;
    std::uint64_t ticket;
};

struct Job {
    Executor* executor;
    std::vector<Delivery> deliveries;
};

std::vector<Delivery>& deliveries_for(std::vector<Job>& jobs, Executor* executor) {
    const auto found = std::ranges::find(jobs, executor, &Job::executor);
    if (found != jobs.end()) return found->deliveries;
    return jobs.emplace_back(Job{executor, {}}).deliveries;
}

}  // namespace

Stream::Stream(std::size_t capacity, std::function<void()> on_room)
    : channel_(capacity, std::move(on_room)) {}

void Stream::wake(std::span<const std::shared_ptr<Stream>> streams) {
    std::vector<Job> jobs;
    for (const auto& stream : streams) {
        stream->channel_.wake();
        if (const auto post = stream->begin_post()) {
            deliveries_for(jobs, post->executor).push_back({stream, post->ticket});
        }
    }
    for (const Job& job : jobs) {
        job.executor->post([deliveries = job.deliveries] {
            for (const auto& [stream, ticket] : deliveries) stream->deliver(ticket);
        });
        for (const auto& delivery : job.deliveries) delivery.stream->end_post();
    }
}

// Where to post to, if somebody is bound to an executor and no job is on its way there. Until
// end_post() the reader's end does not let go of the executor.
std::optional<Stream::Post> Stream::begin_post() {
    auto binding = binding_.lock();
    if (!is_bound(*binding) || binding->scheduled) return std::nullopt;
    // A reader that was quicker than the wake has taken the news already.
    if (!channel_.readable()) return std::nullopt;
    binding->scheduled = true;
    ++binding->posts;
    return Post{binding->executor, ++binding->ticket};
}

void Stream::end_post() {
    --binding_.lock()->posts;
    binding_.notify_all();
}

void Stream::deliver(std::uint64_t ticket) {
    std::coroutine_handle<> awaiting;
    std::shared_ptr<Callback> callback;
    {
        auto binding = binding_.lock();
        if (binding->ticket != ticket) return;
        callback = binding->callback;
        if (callback) {
            binding->calling = std::this_thread::get_id();
        } else {
            if (channel_.readable()) awaiting = std::exchange(binding->awaiting, {});
            binding->scheduled = false;
        }
    }
    if (awaiting) {
        awaiting.resume();
    } else if (callback) {
        try {
            run_callback(*callback);
        } catch (...) {
            end_callback(ticket);
            throw;
        }
        end_callback(ticket);
    }
}

// Runs the callback for what is there now and not for what comes meanwhile: other streams on this
// executor want their turn.
void Stream::run_callback(Callback& callback) {
    for (std::size_t left = channel_.size(); left > 0; --left) {
        auto event = try_next();
        if (!event) return;
        callback(*std::move(event));
    }
}

// Asks for another round where something has come meanwhile, and lets go of the callback after the
// last event.
void Stream::end_callback(std::uint64_t ticket) {
    Executor* executor = nullptr;
    std::shared_ptr<Callback> done;
    {
        auto binding = binding_.lock();
        binding->calling = {};
        if (channel_.ended()) done = std::move(binding->callback);
        binding->scheduled = binding->callback != nullptr && channel_.readable();
        if (binding->scheduled) {
            executor = binding->executor;
            ++binding->posts;
        }
    }
    binding_.notify_all();
    if (!executor) return;
    executor->post([self = shared_from_this(), ticket] { self->deliver(ticket); });
    end_post();
}

void Stream::listen(Executor& executor, std::function<void(Event)> callback) {
    {
        auto binding = binding_.lock();
        binding->executor = &executor;
        binding->callback = std::make_shared<Callback>(std::move(callback));
    }
    if (!channel_.readable()) return;  // a push from now on is followed by a wake
    const std::shared_ptr<Stream> self = shared_from_this();
    wake({&self, 1});
}

bool Stream::await(Executor& executor, std::coroutine_handle<> coroutine) {
    // A push that this check misses is followed by a wake that finds the binding.
    auto binding = binding_.lock();
    if (channel_.readable()) return false;
    binding->executor = &executor;
    binding->awaiting = coroutine;
    return true;
}

void Stream::forget_await() {
    auto binding = binding_.lock_when([](const Binding& state) { return state.posts == 0; });
    binding->awaiting = {};
    binding->scheduled = false;
    ++binding->ticket;
}

void Stream::abandon() {
    channel_.abandon();
    std::shared_ptr<Callback> callback;  // outlives the lock: its destructor is the caller's code
    auto binding = binding_.lock_when([](const Binding& state) {
        const bool calls_elsewhere =
            state.calling != std::thread::id() && state.calling != std::this_thread::get_id();
        return state.posts == 0 && !calls_elsewhere;
    });
    callback.swap(binding->callback);
    binding->awaiting = {};
    binding->executor = nullptr;
    binding->scheduled = false;
    ++binding->ticket;
}

std::optional<Event> Stream::remember(std::optional<Event> event) {
    if (event && event->finish) finish_ = event->finish;
    return event;
}

}  // namespace mullama
