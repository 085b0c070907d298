#include "server/running_responses.h"

namespace mullama::server {

std::shared_ptr<RunningResponses::Entry> RunningResponses::add(
    std::string id, std::string response, std::shared_ptr<Interrupt> interrupt
) {
    Running running{std::move(response), std::move(interrupt)};
    running_.lock()->insert_or_assign(id, std::move(running));
    return std::make_shared<Entry>(*this, std::move(id));
}

std::optional<std::string> RunningResponses::find(const std::string& id) const {
    const auto running = running_.lock();
    const auto found = running->find(id);
    if (found == running->end()) return std::nullopt;
    return found->second.response;
}

std::optional<std::string> RunningResponses::cancel(const std::string& id) {
    Running ended;
    {
        const auto running = running_.lock();
        const auto found = running->find(id);
        if (found == running->end()) return std::nullopt;
        ended = found->second;
    }
    ended.interrupt->ask();
    return std::move(ended.response);
}

}  // namespace mullama::server
