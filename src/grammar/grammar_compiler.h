#pragma once

#include "base/guarded.h"
#include "grammar/token_masks.h"
#include <mullama/model.h>
#include <mullama/result.h>
#include <mullama/token_grammar.h>

#include <cstddef>
#include <deque>
#include <future>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace mullama {

/// Masks that may have to be made yet; null where there will be none.
using FutureMasks = std::shared_future<std::shared_ptr<const TokenMasks>>;

/// The grammars of one model's answers. An answer begins with the engine's own grammar and goes on
/// with masks as soon as a thread of its own has made them; they are kept for later answers.
/// Threads: thread-safe.
class GrammarCompiler {
  public:
    explicit GrammarCompiler(Model model);
    /// Waits for the grammar that is being compiled.
    ~GrammarCompiler();
    GrammarCompiler(const GrammarCompiler&) = delete;
    GrammarCompiler& operator=(const GrammarCompiler&) = delete;

    /// For one answer; `grammar` and `prefix` as for Sampler::constrain().
    /// Errors:  those of Sampler::constrain().
    Result<std::unique_ptr<TokenGrammar>> start(
        const std::string& grammar, const std::string& prefix
    );

  private:
    struct Grammar {
        std::string text;
        FutureMasks masks;
    };
    struct Job {
        std::string text;
        std::promise<std::shared_ptr<const TokenMasks>> masks;
    };
    struct State {
        std::list<Grammar> grammars = {};  // used last first
        std::deque<Job> jobs = {};
        bool stopping = false;
    };

    /// The masks of a grammar that has been asked for; else without a state.
    FutureMasks find(const std::string& grammar);
    /// Without a state where too many wait.
    FutureMasks ask_for(const std::string& grammar);
    static void drop_oldest(std::list<Grammar>& grammars);

    // On its own thread.
    void compile_all();
    std::optional<Job> next_job();

    const Model model_;
    Guarded<State> state_;
    std::jthread thread_;  // from the first grammar on
};

}  // namespace mullama
