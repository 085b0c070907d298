#include "runtime/embed_worker.h"

#include <future>
#include <utility>

namespace mullama {

EmbedWorker::EmbedWorker(Model model, std::vector<AdapterScale> adapters)
    : model_(std::move(model)) {
    options_.adapters = std::move(adapters);
    thread_ = std::jthread([this] { loop_.run(); });
}

EmbedWorker::~EmbedWorker() {
    loop_.stop();
}

Result<Embeddings> EmbedWorker::embed(const EmbedRequest& request) {
    std::promise<Result<Embeddings>> promise;
    loop_.post([&] { promise.set_value(run(request)); });
    return promise.get_future().get();
}

void EmbedWorker::embed(EmbedRequest request, std::function<void(Result<Embeddings>)> done) {
    loop_.post([this, request = std::move(request), done = std::move(done)] { done(run(request)); }
    );
}

void EmbedWorker::rank(RankRequest request, std::function<void(Result<Ranking>)> done) {
    loop_.post([this, request = std::move(request), done = std::move(done)] { done(run(request)); }
    );
}

Result<Embedder*> EmbedWorker::embedder(Pooling pooling) {
    if (!embedder_ || options_.pooling != pooling) {
        embedder_.reset();
        options_.pooling = pooling;
        auto made = Embedder::create(model_, options_);
        if (!made) return std::move(made).error();
        embedder_ = std::move(made).value();
    }
    return &*embedder_;
}

Result<Embeddings> EmbedWorker::run(const EmbedRequest& request) {
    auto made = embedder(request.pooling);
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
