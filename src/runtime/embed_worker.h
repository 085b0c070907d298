#pragma once

#include "engine/bell.h"
#include <mullama/adapter.h>
#include <mullama/embedding.h>
#include <mullama/executor.h>
#include <mullama/model.h>
#include <mullama/result.h>
#include <mullama/runtime.h>

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

namespace mullama {

/// Computes a model's embeddings on one thread of their own, which holds their context. The context
/// is made by the first request, and anew where a request asks for another pooling or longer texts.
/// Threads: Thread-safe. Requests run one after the other, in order of arrival.
class EmbedWorker {
  public:
    EmbedWorker(Model model, std::vector<AdapterScale> adapters);
    ~EmbedWorker();

    /// Embeds on the worker's thread and waits for it.
    /// Errors: those of Embedder::create() and Embedder::embed().
    Result<Embeddings> embed(const EmbedRequest& request);

    /// Embeds or ranks on the worker's thread, and calls `done` there. Requests that have not begun
    /// when the worker ends may be dropped.
    void embed(EmbedRequest request, std::function<void(Result<Embeddings>)> done);
    void rank(RankRequest request, std::function<void(Result<Ranking>)> done);

  private:
    void post(std::function<void()> job);
    void work(const std::stop_token& stop);
    Result<Embeddings> run(const EmbedRequest& request);
    Result<Ranking> run(const RankRequest& request);
    Result<Embedder*> embedder(Pooling pooling, std::int32_t tokens_max = 0);

    Model model_;
    std::optional<Embedder> embedder_;  // worker thread only
    EmbedderOptions options_;           // what embedder_ is made with
    const std::shared_ptr<Bell> bell_ = std::make_shared<Bell>();
    EventLoop loop_;
    std::jthread thread_;
};

}  // namespace mullama
