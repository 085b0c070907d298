#include "runtime/embed_worker.h"

#include <future>
#include <utility>

namespace mullama {

EmbedWorker::EmbedWorker(Model model) : model_(std::move(model)) {
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

Result<Embeddings> EmbedWorker::run(const EmbedRequest& request) {
    if (!embedder_ || options_.pooling != request.pooling) {
        embedder_.reset();
        options_.pooling = request.pooling;
        auto made = Embedder::create(model_, options_);
        if (!made) return std::move(made).error();
        embedder_ = std::move(made).value();
    }
    return embedder_->embed(request.input, request.options);
}

}  // namespace mullama
