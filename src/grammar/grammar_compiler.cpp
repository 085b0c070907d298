#include "grammar/grammar_compiler.h"

#include "llama/gbnf_grammar.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>
#include <vector>

namespace mullama {
namespace {

// What may wait to be compiled: a client that sends ever new grammars gets the engine's own.
constexpr std::size_t kJobsMax = 16;
constexpr std::size_t kGrammarsMax = 64;
constexpr std::size_t kBytesMax = std::size_t{128} << 20;

bool is_ready(const auto& future) {
    return future.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

// The engine's own grammar until there are masks.
class EarlyGrammar final : public TokenGrammar {
  public:
    EarlyGrammar(std::unique_ptr<TokenGrammar> grammar, FutureMasks masks, std::string prefix)
        : grammar_(std::move(grammar)), masks_(std::move(masks)), prefix_(std::move(prefix)) {}

    bool allows(Token token) override { return grammar_->allows(token); }
    std::span<const std::uint32_t> allowed() override { return grammar_->allowed(); }

    // Looks for the masks between two tokens, so that one grammar says all of a token.
    void accept(Token token) override {
        grammar_->accept(token);
        if (masks_.valid()) accepted_.push_back(token);
        if (masks_.valid() && is_ready(masks_)) replace();
    }

    void reset() override {
        accepted_.clear();
        grammar_->reset();
    }

    std::unique_ptr<TokenGrammar> clone() const override {
        auto copy = std::make_unique<EarlyGrammar>(grammar_->clone(), masks_, prefix_);
        copy->accepted_ = accepted_;
        return copy;
    }

  private:
    void replace() {
        const auto masks = std::exchange(masks_, {}).get();
        auto grammar = masks ? masks->start(prefix_) : nullptr;
        for (const Token token : std::exchange(accepted_, {})) {
            if (!grammar || !grammar->allows(token)) return;
            grammar->accept(token);
        }
        if (grammar) grammar_ = std::move(grammar);
    }

    std::unique_ptr<TokenGrammar> grammar_;
    FutureMasks masks_;  // valid until they have come
    std::string prefix_;
    std::vector<Token> accepted_;  // for the masks to catch up with
};

}  // namespace

GrammarCompiler::GrammarCompiler(Model model) : model_(std::move(model)) {}

GrammarCompiler::~GrammarCompiler() {
    state_.lock()->stopping = true;
    state_.notify_all();
}

Result<std::unique_ptr<TokenGrammar>> GrammarCompiler::start(
    const std::string& grammar, const std::string& prefix
) {
    FutureMasks masks = find(grammar);
    if (masks.valid() && is_ready(masks) && masks.get()) {
        if (auto started = masks.get()->start(prefix)) return started;
    }
    auto own = make_gbnf_grammar(model_.vocab(), grammar, "root", prefix);
    if (!own) return own;
    if (!masks.valid()) masks = ask_for(grammar);
    if (!masks.valid()) return own;
    return std::make_unique<EarlyGrammar>(std::move(own).value(), std::move(masks), prefix);
}

FutureMasks GrammarCompiler::find(const std::string& grammar) {
    auto state = state_.lock();
    const auto found = std::ranges::find(state->grammars, grammar, &Grammar::text);
    if (found == state->grammars.end()) return {};
    state->grammars.splice(state->grammars.begin(), state->grammars, found);
    return found->masks;
}

FutureMasks GrammarCompiler::ask_for(const std::string& grammar) {
    FutureMasks masks;
    {
        auto state = state_.lock();
        if (state->jobs.size() >= kJobsMax) return {};
        state->jobs.push_back({grammar, {}});
        masks = state->jobs.back().masks.get_future();
        state->grammars.push_front({grammar, masks});
        drop_oldest(state->grammars);
        if (!thread_.joinable()) thread_ = std::jthread([this] { compile_all(); });
    }
    state_.notify_all();
    return masks;
}

void GrammarCompiler::drop_oldest(std::list<Grammar>& grammars) {
    std::size_t count = 0;
    std::size_t bytes = 0;
    const auto first_dropped = std::ranges::find_if(grammars, [&](const Grammar& grammar) {
        const auto masks = is_ready(grammar.masks) ? grammar.masks.get() : nullptr;
        bytes += masks ? masks->bytes() : 0;
        return ++count > kGrammarsMax || bytes > kBytesMax;
    });
    grammars.erase(first_dropped, grammars.end());
}

void GrammarCompiler::compile_all() {
    std::optional<MaskCompiler> compiler;
    while (std::optional<Job> job = next_job()) {
        std::shared_ptr<const TokenMasks> masks;
        try {
            if (!compiler) compiler.emplace(model_.vocab());
            masks = compiler->compile(job->text);
        } catch (const std::exception&) {
            // Not enough memory, as it seems: the engine's own grammar goes on.
        }
        job->masks.set_value(std::move(masks));
    }
}

std::optional<GrammarCompiler::Job> GrammarCompiler::next_job() {
    auto state =
        state_.lock_when([](const State& now) { return now.stopping || !now.jobs.empty(); });
    if (state->stopping) return std::nullopt;
    std::optional<Job> job = std::move(state->jobs.front());
    state->jobs.pop_front();
    return job;
}

}  // namespace mullama
