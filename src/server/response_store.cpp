#include "server/response_store.h"

#include "base/error.h"

#include <optional>
#include <utility>

namespace mullama::server {
namespace {

constexpr const char* kPrefix = "resp_";

Error not_found(const std::string& id) {
    return fail(ErrorCode::kNotFound, "Response with id '{}' not found.", id);
}

std::optional<std::string> take_first(std::deque<std::string>& ids) {
    if (ids.empty()) return std::nullopt;
    std::string id = std::move(ids.front());
    ids.pop_front();
    return id;
}

}  // namespace

void ResponseStore::State::add(const std::string& id, Record record) {
    erase(id);
    record.age = next_age++;
    by_age.emplace(record.age, id);
    size_bytes += record.size_bytes;
    records.emplace(id, std::move(record));
}

bool ResponseStore::State::erase(const std::string& id) {
    const auto found = records.find(id);
    if (found == records.end()) return false;
    size_bytes -= found->second.size_bytes;
    by_age.erase(found->second.age);
    records.erase(found);
    return true;
}

ResponseStore::ResponseStore(std::filesystem::path folder, ResponseLimits limits)
    : folder_(std::move(folder), kPrefix), limits_(limits) {
    const auto state = state_.lock();
    for (const RecordFolder::Entry& entry : folder_.list()) {
        state->add(entry.id, {.size_bytes = entry.size_bytes});
    }
    shrink(*state);
}

void ResponseStore::shrink(State& state) const {
    while (!state.by_age.empty() &&
           (state.records.size() > limits_.count_max || state.size_bytes > limits_.bytes_max)) {
        const std::string oldest = state.by_age.begin()->second;
        state.erase(oldest);
        state.gone.push_back(oldest);
    }
}

void ResponseStore::keep(const std::string& id, std::string text) {
    if (!is_record_id(id, kPrefix) || std::ssize(text) > limits_.bytes_max) return;
    Record record{.size_bytes = std::ssize(text)};
    record.unwritten = std::make_shared<const std::string>(std::move(text));
    const auto state = state_.lock();
    state->add(id, std::move(record));
    state->unwritten.push_back(id);
    shrink(*state);
}

void ResponseStore::flush() {
    while (const std::optional<std::string> id = take_first(state_.lock()->unwritten)) write(*id);
    while (const std::optional<std::string> id = take_first(state_.lock()->gone)) {
        folder_.remove(*id);
    }
}

void ResponseStore::write(const std::string& id) {
    std::shared_ptr<const std::string> text;
    {
        const auto state = state_.lock();
        const auto found = state->records.find(id);
        if (found != state->records.end()) text = found->second.unwritten;
    }
    if (!text) return;
    const Result<void> written = folder_.write(id, *text);
    const bool stays = !written && written.error().code == ErrorCode::kUnavailable;
    const auto state = state_.lock();
    const auto found = state->records.find(id);
    if (found == state->records.end()) {
        state->gone.push_back(id);  // it went while it was written
    } else if (written) {
        found->second.unwritten.reset();
    } else if (!stays) {
        state->erase(id);
    }
}

Result<std::string> ResponseStore::find(const std::string& id) const {
    {
        const auto state = state_.lock();
        const auto found = state->records.find(id);
        if (found == state->records.end()) return not_found(id);
        if (found->second.unwritten) return *found->second.unwritten;
    }
    Result<std::string> text = folder_.read(id);
    if (!text && text.error().code == ErrorCode::kNotFound) return not_found(id);
    return text;
}

Result<void> ResponseStore::remove(const std::string& id) {
    const auto state = state_.lock();
    if (!state->erase(id)) return not_found(id);
    state->gone.push_back(id);
    return {};
}

}  // namespace mullama::server
