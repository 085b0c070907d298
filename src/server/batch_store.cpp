#include "server/batch_store.h"

#include "base/error.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace mullama::server {
namespace {

namespace fs = std::filesystem;
using api::openai::Batch;

constexpr const char* kPrefix = "batch_";

Error not_found(const std::string& id) {
    return fail(ErrorCode::kNotFound, "No batch found with id '{}'.", id);
}

}  // namespace

BatchStore::BatchStore(fs::path folder, BatchLimits limits)
    : folder_(std::move(folder), kPrefix), limits_(limits), lock_(take_folder()) {
    if (!lock_) return;
    for (const RecordFolder::Entry& entry : folder_.list()) {
        const Result<std::string> text = folder_.read(entry.id);
        const Result<Batch> batch = text ? api::openai::read_batch(*text) : text.error();
        if (batch && batch->id == entry.id) show(*batch);
    }
}

Result<store::FileLock> BatchStore::take_folder() const {
    MULLAMA_TRY(folder_.create());
    Result<store::FileLock> lock = store::FileLock::try_acquire(folder_.path() / "lock");
    if (lock || lock.error().code != ErrorCode::kUnavailable) return lock;
    return fail(
        ErrorCode::kUnavailable,
        "another server has the batches in {}: send them there",
        folder_.path().string()
    );
}

Result<void> BatchStore::make_room() {
    std::string oldest;
    {
        const auto batches = batches_.lock();
        if (batches->size() < limits_.count_max) return {};
        const Batch* found = nullptr;
        for (const auto& [id, batch] : *batches) {
            if (!has_ended(batch.status)) continue;
            if (found == nullptr || batch.created < found->created) found = &batch;
        }
        if (found == nullptr) {
            return fail(
                ErrorCode::kExhausted,
                "{} batches have not ended, which is the most: wait for one, or cancel it",
                batches->size()
            );
        }
        oldest = found->id;
        batches->erase(oldest);
    }
    folder_.remove(oldest);
    return {};
}

Result<void> BatchStore::add(const Batch& batch) {
    if (!lock_) return lock_.error();
    MULLAMA_TRY(make_room());
    Result<void> written = put(batch);
    if (!written) batches_.lock()->erase(batch.id);
    return written;
}

Result<void> BatchStore::put(const Batch& batch) {
    show(batch);
    return folder_.write(batch.id, api::openai::format_batch(batch));
}

void BatchStore::show(const Batch& batch) {
    batches_.lock()->insert_or_assign(batch.id, batch);
}

Result<Batch> BatchStore::find(const std::string& id) const {
    const auto batches = batches_.lock();
    const auto found = batches->find(id);
    if (found == batches->end()) return not_found(id);
    return found->second;
}

std::vector<Batch> BatchStore::list() const {
    std::vector<Batch> all;
    {
        const auto batches = batches_.lock();
        for (const auto& [id, batch] : *batches) all.push_back(batch);
    }
    std::ranges::sort(all, [](const Batch& left, const Batch& right) {
        return std::tie(left.created, left.id) < std::tie(right.created, right.id);
    });
    return all;
}

fs::path BatchStore::outputs(const std::string& id) const {
    return folder_.beside(id, ".outputs");
}

fs::path BatchStore::errors(const std::string& id) const {
    return folder_.beside(id, ".errors");
}

}  // namespace mullama::server
