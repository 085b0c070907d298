#include "runtime/embed_worker.h"

#include "engine/wait_for_work.h"

#include <algorithm>
#include <future>
#include <utility>

namespace mullama {

EmbedWorker::EmbedWorker(Model model, std::vector<AdapterScale> adapters)
    : model_(std::move(model)) {
    options_.adapters = std::move(adapters);
    thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

EmbedWorker::~EmbedWorker() {
    thread_.request_stop();
    bell_->ring();
}

void EmbedWorker::post(std::function<void()> job) {
    const std::shared_ptr<Bell> bell = bell_;  // its end may be that of the worker
    loop_.post(std::move(job));
    bell->ring();
}

void EmbedWorker::work(const std::stop_token& stop) {
    bool has_threads = false;
    while (!stop.stop_requested()) {
        if (loop_.poll() > 0) {
            has_threads = true;
        } else {
            wait_for_work(*bell_, std::nullopt, has_threads);
        }
    }
}

Result<Embeddings> EmbedWorker::embed(const EmbedRequest& request) {
    std::promise<Result<Embeddings>> promise;
    post([&] { promise.set_value(run(request)); });
    return promise.get_future().get();
}

void EmbedWorker::embed(EmbedRequest request, std::function<void(Result<Embeddings>)> done) {
    post([this, request = std::move(request), done = std::move(done)] { done(run(request)); });
}

void EmbedWorker::rank(RankRequest request, std::function<void(Result<Ranking>)> done) {
    post([this, request = std::move(request), done = std::move(done)] { done(run(request)); });
}

Result<Embedder*> EmbedWorker::embedder(Pooling pooling, std::int32_t tokens_max) {
    const std::int32_t wanted = std::min(tokens_max, model_.context_length_train());
    const bool is_short = embedder_ && embedder_->context_length() < wanted;
    if (embedder_ && options_.pooling == pooling && !is_short) return &*embedder_;
    embedder_.reset();
    options_.pooling = pooling;
    if (wanted > Embedder::kUsualLengthMax) options_.context_length = wanted;
    auto made = Embedder::create(model_, options_);
    if (!made) {
        options_.context_length = 0;
        return std::move(made).error();
    }
    embedder_ = std::move(made).value();
    return &*embedder_;
}

Result<Embeddings> EmbedWorker::run(const EmbedRequest& request) {
    auto made = embedder(request.pooling, request.options.tokens_max);
    if (!made) return std::move(made).error();
    if (!request.tokens.empty()) return (*made)->embed_tokenized(request.tokens, request.options);
    return (*made)->embed(request.input, request.options);
}

Result<Ranking> EmbedWorker::run(const RankRequest& request) {
    auto made = embedder(Pooling::kRank);
    if (!made) return std::move(made).error();
    EmbedOptions options;
    options.truncate = request.truncate;
    return (*made)->rank(request.query, request.documents, options);
}

}  // namespace mullama
