#include "engine/draft_model.h"
#include "engine/engine_loop.h"
#include "engine/fake_decoder.h"
#include "engine/llama_decoder.h"
#include "engine/model_answers.h"
#include "engine/submission.h"
#include "tests/support/layers.h"
#include "tests/support/models.h"
#include "tests/support/scratch_dir.h"
#include "tests/support/tiny_models.h"
#include <mullama/engine.h>
#include <mullama/event_stream.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

/// Guessed tokens on a model whose memory gives back any position (SmolLM2), and on one with
/// sliding windows (Gemma 3), whose prompt is longer than those. The clock says that all steps take
/// as long, so that guesses are verified whatever the machine does.
namespace mullama {
namespace {

struct Case {
    const char* name;
    std::filesystem::path (*path)();
    int words;  // of the text that is quoted
};

class Drafts : public testing::TestWithParam<Case> {
  protected:
    Drafts() : model_(Model::load(GetParam().path()).value()), tokenizer_(model_tokenizer(model_)) {
        for (int day = 1; static_cast<int>(words_.size()) < 6 * GetParam().words; ++day) {
            words_ += "On day " + std::to_string(day) + " a ship with " +
                      std::to_string(day * 37 % 101) + " barrels came in. ";
        }
    }

    std::string quotation() const { return words_ + "\n\n" + words_ + "\n\nOn day 1 a"; }

    struct Told {
        std::vector<Completion> answers;
        EngineStats stats;
    };

    Told answers_to(const std::vector<GenerateRequest>& requests, std::int32_t draft_max) const {
        EngineOptions options;
        options.threads = 1;
        options.context_length = 1024;
        options.prefix_cache_bytes = 0;
        options.draft_max = draft_max;
        const auto decoder = LlamaDecoder::create(model_, options).value();
        FakeClock clock;
        clock.set_tick(std::chrono::milliseconds(1));
        EngineLoop loop(*decoder, *tokenizer_, options, clock);
        std::vector<EventStream> streams;
        for (const GenerateRequest& request : requests) {
            auto sequence = make_sequence(request, *tokenizer_, *decoder).value();
            auto stream = std::make_shared<Stream>(std::size_t{256}, [] {});
            streams.emplace_back(stream);
            sequence->stream = std::move(stream);
            sequence->submitted_at = clock.now();
            loop.inbox().put(std::move(sequence)).value();
        }
        while (loop.step()) {
        }
        Told told{.answers = {}, .stats = loop.inbox().stats()};
        for (EventStream& stream : streams) told.answers.push_back(stream.collect());
        return told;
    }

    const Model model_;
    const std::shared_ptr<const Tokenizer> tokenizer_;
    std::string words_;
};

TEST_P(Drafts, leave_a_greedy_answer_as_it_is) {
    const std::vector<GenerateRequest> requests = {test::greedy(quotation(), 40)};
    const Told plain = answers_to(requests, 0);
    const Told guessed = answers_to(requests, 16);
    const auto& tokens = guessed.answers[0].tokens;
    EXPECT_EQ(test::difference(model_, quotation(), tokens, plain.answers[0].tokens), "");
    EXPECT_EQ(plain.stats.drafted_tokens, 0);
    EXPECT_GE(guessed.stats.accepted_tokens, 20);
    EXPECT_LE(guessed.stats.steps, plain.stats.steps - guessed.stats.accepted_tokens);
}

TEST_P(Drafts, that_are_wrong_leave_no_trace) {
    std::string prompt;  // whose numbers go on
    for (const char* number : {"1", "2", "3", "4"}) {
        prompt += std::string("Line ") + number + " of the list.\n";
    }
    const std::vector<GenerateRequest> requests = {
        test::greedy(prompt, 32), test::greedy("Once upon a time", 32)
    };
    const Told plain = answers_to(requests, 0);
    const Told guessed = answers_to(requests, 16);
    EXPECT_GT(guessed.stats.drafted_tokens, guessed.stats.accepted_tokens);
    for (std::size_t i = 0; i < requests.size(); ++i) {
        const auto& tokens = guessed.answers[i].tokens;
        const auto& expected = plain.answers[i].tokens;
        EXPECT_EQ(test::difference(model_, requests[i].prompt, tokens, expected), "");
    }
}

TEST_P(Drafts, go_with_a_grammar_and_with_penalties) {
    GenerateRequest request = test::greedy(words_.substr(0, 160) + "\n\nOn day 1 a", 32);
    request.ignore_eos = false;
    request.sampling.grammar =
        R"(root ::= " ship with " [0-9]+ " barrels came in. " ("On day " [0-9]+ " a ship with " [0-9]+ " barrels came in. ")*)";
    request.sampling.repeat_penalty = 1.1F;
    const Told plain = answers_to({request}, 0);
    const Told guessed = answers_to({request}, 16);
    EXPECT_EQ(guessed.answers[0].text, plain.answers[0].text);
    EXPECT_GT(guessed.stats.accepted_tokens, 0);
}

// It is as large as the model, so that whether it pays is not asked here, but what it guesses.
TEST_P(Drafts, of_a_model_are_what_that_says) {
    const std::string prompt = words_.substr(0, 400) + "\n\nOn";
    const Completion answer = answers_to({test::greedy(prompt, 12)}, 0).answers[0];
    EngineOptions options;
    options.threads = 1;
    options.context_length = 1024;
    options.sequences_max = 2;
    const auto target = LlamaDecoder::create(model_, options).value();
    const auto decoder = make_draft_decoder(model_, model_, options, target->info()).value();
    DraftModel draft(*decoder, model_.vocab().size());

    for (const SequenceId id : {0, 1}) {
        const auto sequence = make_sequence(test::greedy(prompt, 12), *tokenizer_, *target).value();
        sequence->id = id;
        const auto size = static_cast<std::int32_t>(sequence->tokens.size());
        const bool shares = id == 1 && decoder->sharing() == Sharing::kParts;
        for (std::size_t said = 0; said < 12; said += 4) {
            const auto begin = answer.tokens.begin() + static_cast<std::ptrdiff_t>(said);
            EXPECT_EQ(draft.unread(*sequence), said > 0 || shares ? 1 : size);
            std::vector<DraftModel::Reader> readers = {{.sequence = &*sequence, .guesses_max = 5}};
            while (readers[0].is_open) draft.guess(readers, 512);
            std::vector<Token> guessed;
            for (const Guess& guess : readers[0].guesses) guessed.push_back(guess.token);
            guessed.resize(4);
            EXPECT_EQ(guessed, std::vector<Token>(begin, begin + 4)) << "after " << said;
            sequence->tokens.insert(sequence->tokens.end(), begin, begin + 4);
        }
    }
}

TEST_P(Drafts, of_a_model_without_its_last_layers_leave_a_greedy_answer_as_it_is) {
    const test::ScratchDir folder;
    const auto path = folder.path() / "pruned.gguf";
    test::write_pruned(path, GetParam().path(), model_.layers() - 2);
    const Model pruned = Model::load(path).value();
    EngineOptions options;
    options.threads = 1;
    options.context_length = 1024;
    options.draft_model = pruned;
    const auto engine = make_local_engine(model_, options).value();
    const auto plain = answers_to({test::greedy(words_.substr(0, 400), 40)}, 0);
    const auto with = engine->submit(test::greedy(words_.substr(0, 400), 40)).value().collect();
    EXPECT_EQ(
        test::difference(model_, words_.substr(0, 400), with.tokens, plain.answers[0].tokens), ""
    );
}

INSTANTIATE_TEST_SUITE_P(
    OnModels,
    Drafts,
    testing::Values(
        Case{"smollm2", test::smollm2_path, 40}, Case{"gemma3", test::gemma3_path, 170}
    ),
    [](const auto& tested) { return tested.param.name; }
);

TEST(DraftModels, have_the_vocabulary_of_the_model) {
    EngineOptions options;
    options.draft_model = Model::load(test::gemma3_path()).value();
    const auto engine = make_local_engine(Model::load(test::smollm2_path()).value(), options);
    ASSERT_FALSE(engine);
    EXPECT_EQ(engine.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(engine.error().message.find("another vocabulary"), std::string::npos);
}

TEST(DraftModels, can_take_back_tokens) {
    const test::ScratchDir folder;
    test::write_tiny_mamba(folder.path() / "mamba.gguf", 1);
    test::write_tiny_llama(folder.path() / "llama.gguf", 1);
    EngineOptions options;
    options.context_length = 64;
    options.draft_model = Model::load(folder.path() / "mamba.gguf").value();
    const auto engine =
        make_local_engine(Model::load(folder.path() / "llama.gguf").value(), options);
    ASSERT_FALSE(engine);
    EXPECT_EQ(engine.error().code, ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace mullama
