#include "engine/stream.h"
#include <mullama/event_stream.h>

#include <cassert>
#include <utility>

namespace mullama {

EventStream::EventStream(std::shared_ptr<Stream> stream) : stream_(std::move(stream)) {
    assert(stream_);
}

EventStream::EventStream(EventStream&&) noexcept = default;

EventStream& EventStream::operator=(EventStream&& other) noexcept {
    if (this == &other) return *this;
    if (stream_) stream_->abandon();
    stream_ = std::move(other.stream_);
    return *this;
}

EventStream::~EventStream() {
    if (stream_) stream_->abandon();
}

std::optional<Event> EventStream::next() {
    return stream_->next();
}

std::optional<Event> EventStream::try_next() {
    return stream_->try_next();
}

std::optional<Event> EventStream::next_for(std::chrono::milliseconds timeout) {
    return stream_->next_until(std::chrono::steady_clock::now() + timeout);
}

bool EventStream::ended() const {
    return stream_->ended();
}

Completion EventStream::collect() {
    Completion completion;
    while (const auto event = stream_->next()) {
        completion.text += event->text;
        completion.tokens.insert(
            completion.tokens.end(), event->tokens.begin(), event->tokens.end()
        );
        completion.logprobs.insert(
            completion.logprobs.end(), event->logprobs.begin(), event->logprobs.end()
        );
    }
    if (stream_->finish()) completion.finish = *stream_->finish();
    return completion;
}

void EventStream::on_event(Executor& executor, std::function<void(Event)> callback) {
    stream_->listen(executor, std::move(callback));
}

EventStream::NextEvent EventStream::next_async(Executor& executor) {
    return NextEvent(stream_, executor);
}

EventStream::NextEvent::NextEvent(std::shared_ptr<Stream> stream, Executor& executor)
    : stream_(std::move(stream)), executor_(&executor) {}

EventStream::NextEvent::~NextEvent() {
    if (awaits_) stream_->forget_await();
}

bool EventStream::NextEvent::await_ready() const {
    return stream_->readable();
}

bool EventStream::NextEvent::await_suspend(std::coroutine_handle<> coroutine) {
    awaits_ = true;
    // Once it is bound, another thread may resume the coroutine and with it destroy this awaiter.
    const std::shared_ptr<Stream> stream = stream_;
    const bool suspended = stream->await(*executor_, coroutine);
    if (!suspended) awaits_ = false;
    return suspended;
}

std::optional<Event> EventStream::NextEvent::await_resume() {
    awaits_ = false;
    return stream_->try_next();
}

}  // namespace mullama
