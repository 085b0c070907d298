#include "cli/repl.h"

#include "base/error.h"

#include <deque>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto kLine = TypedLine::Kind::kLine;
constexpr auto kInterrupt = TypedLine::Kind::kInterrupt;

class ScriptedReader final : public LineReader {
  public:
    TypedLine read(const std::string& prompt) override {
        prompts.push_back(prompt);
        if (lines.empty()) return {TypedLine::Kind::kEnd, {}};
        TypedLine line = lines.front();
        lines.pop_front();
        return line;
    }
    void set_history(bool enabled) override { history = enabled; }

    std::deque<TypedLine> lines;
    std::vector<std::string> prompts;
    bool history = true;
};

class EchoAssistant final : public Assistant {
  public:
    Result<Answer> answer(const Conversation& conversation) override {
        asked = conversation;
        if (failing) return fail(ErrorCode::kInternal, "it broke");
        return Answer{silent ? "" : "re: " + conversation.messages.back().content, "hm"};
    }
    Result<void> prepare(const Conversation&) override { return {}; }
    Result<void> load(const Conversation&, const std::string& model) override {
        if (model == "nope") return fail(ErrorCode::kNotFound, "model 'nope' not found");
        if (model == "broken") return fail(ErrorCode::kCorrupt, "broken file");
        loaded = model;
        return {};
    }
    Result<std::string> describe(std::string_view topic) override {
        if (topic == "info") return "  Model\n";
        return topic == "parameters" ? parameters : "";
    }
    Result<std::string> list() override { return "NAME    ID\n"; }
    bool embeds() const override { return false; }
    Result<std::vector<float>> embed(const EmbedInput&) override { return std::vector<float>(); }

    Conversation asked;
    std::string loaded;
    std::string parameters;
    bool failing = false;
    bool silent = false;
};

class ReplTest : public ::testing::Test {
  protected:
    std::string type(std::initializer_list<const char*> lines) {
        for (const char* line : lines) reader_.lines.push_back({kLine, line});
        return run();
    }

    std::string run() {
        std::ostringstream out;
        Repl(conversation_, reader_, assistant_, out).run();
        return out.str();
    }

    std::vector<std::string> said() const {
        std::vector<std::string> texts;
        for (const Message& message : conversation_.messages) {
            texts.push_back(message.role + ": " + message.content);
        }
        return texts;
    }

    Conversation conversation_;
    ScriptedReader reader_;
    EchoAssistant assistant_;
};

TEST_F(ReplTest, keeps_the_conversation) {
    type({"one", "two"});
    EXPECT_THAT(
        said(), ElementsAre("user: one", "assistant: re: one", "user: two", "assistant: re: two")
    );
    EXPECT_EQ(assistant_.asked.messages.size(), 3);
}

TEST_F(ReplTest, blank_lines_ask_nothing) {
    type({"", "   ", "\"\"\"\"\"\""});
    EXPECT_TRUE(said().empty());
}

TEST_F(ReplTest, bye_and_exit_end_it_before_the_next_line) {
    for (const char* command : {"/bye", "/exit", "/bye now"}) {
        reader_.prompts.clear();
        reader_.lines.clear();
        type({command, "not asked"});
        EXPECT_EQ(reader_.prompts.size(), 1);
    }
    EXPECT_TRUE(said().empty());
}

TEST_F(ReplTest, the_end_of_the_terminal_ends_the_line) {
    EXPECT_EQ(run(), "\n");
}

TEST_F(ReplTest, interrupt_at_an_empty_prompt_says_how_to_leave) {
    reader_.lines = {{kInterrupt, ""}};
    EXPECT_THAT(run(), HasSubstr("Use Ctrl + d or /bye to exit."));
    reader_.lines = {{kInterrupt, "half a line"}};
    EXPECT_THAT(run(), Not(HasSubstr("Use Ctrl")));
}

TEST_F(ReplTest, three_quotes_open_a_text_of_several_lines) {
    type({"\"\"\"first", "", "  third\"\"\"", "next"});
    EXPECT_THAT(said(), ::testing::Contains("user: first\n\n  third"));
    EXPECT_THAT(reader_.prompts, ElementsAre(">>> ", "... ", "... ", ">>> ", ">>> "));
}

TEST_F(ReplTest, three_quotes_may_close_on_the_same_line) {
    type({"\"\"\"a \"b\" c\"\"\""});
    EXPECT_THAT(said(), ElementsAre("user: a \"b\" c", "assistant: re: a \"b\" c"));
}

TEST_F(ReplTest, a_slash_inside_an_open_text_is_no_command) {
    type({"\"\"\"", "/bye", "\"\"\""});
    EXPECT_THAT(said(), ::testing::Contains("user: \n/bye\n"));
}

TEST_F(ReplTest, interrupt_drops_an_open_text) {
    reader_.lines = {{kLine, "\"\"\"half"}, {kInterrupt, ""}, {kLine, "whole"}};
    run();
    EXPECT_THAT(said(), ElementsAre("user: whole", "assistant: re: whole"));
}

TEST_F(ReplTest, a_question_without_an_answer_is_forgotten) {
    assistant_.failing = true;
    EXPECT_THAT(type({"one"}), HasSubstr("Error: it broke\n"));
    assistant_.failing = false;
    assistant_.silent = true;
    type({"two"});
    EXPECT_TRUE(said().empty());
}

TEST_F(ReplTest, sets_parameters) {
    EXPECT_EQ(type({"/set parameter seed 7"}), "Set parameter 'seed' to '7'\n\n");
    EXPECT_EQ(conversation_.options.values().sampling.seed, 7U);
    EXPECT_EQ(type({"/set parameter stop a b"}), "Set parameter 'stop' to 'a, b'\n\n");
    EXPECT_THAT(conversation_.options.values().stop, ElementsAre("a", "b"));
}

TEST_F(ReplTest, refuses_parameters_in_ollamas_words) {
    EXPECT_THAT(
        type({"/set parameter sed 7"}), HasSubstr("Couldn't set parameter: unknown parameter 'sed'")
    );
    EXPECT_THAT(type({"/set parameter top_k x"}), HasSubstr("Couldn't set parameter: invalid"));
    EXPECT_THAT(type({"/set parameter seed"}), HasSubstr("/set parameter num_ctx <int>"));
}

TEST_F(ReplTest, sets_the_system_message) {
    EXPECT_THAT(type({"/set system  Be  brief."}), HasSubstr("Set system message.\n"));
    EXPECT_EQ(conversation_.system, "Be  brief.");
    type({"/set system \"\"\"Be", "kind.\"\"\""});
    EXPECT_EQ(conversation_.system, "Be\nkind.");
    EXPECT_THAT(type({"/show system"}), HasSubstr("Be\nkind.\n"));
    EXPECT_THAT(type({"/set system"}), HasSubstr("Available Commands:"));
}

TEST_F(ReplTest, clear_forgets_what_was_said_and_keeps_the_system_message) {
    EXPECT_THAT(type({"/set system s", "one", "/clear"}), HasSubstr("Cleared session context\n"));
    EXPECT_TRUE(said().empty());
    EXPECT_EQ(conversation_.system, "s");
}

TEST_F(ReplTest, switches_modes) {
    EXPECT_THAT(type({"/set verbose"}), HasSubstr("Set 'verbose' mode.\n"));
    EXPECT_TRUE(conversation_.verbose);
    EXPECT_THAT(type({"/set quiet"}), HasSubstr("Set 'quiet' mode.\n"));
    EXPECT_FALSE(conversation_.verbose);
    EXPECT_THAT(type({"/set nowordwrap"}), HasSubstr("Set 'nowordwrap' mode.\n"));
    EXPECT_FALSE(conversation_.wrap);
    type({"/set wordwrap", "/set nohistory"});
    EXPECT_TRUE(conversation_.wrap);
    EXPECT_FALSE(reader_.history);
    type({"/set history"});
    EXPECT_TRUE(reader_.history);
}

TEST_F(ReplTest, switches_json_mode) {
    EXPECT_THAT(type({"/set format json"}), HasSubstr("Set format to 'json' mode.\n"));
    EXPECT_EQ(conversation_.format, "json");
    EXPECT_THAT(type({"/set format yaml"}), HasSubstr("Invalid or missing format."));
    EXPECT_THAT(type({"/set format"}), HasSubstr("Invalid or missing format."));
    EXPECT_THAT(type({"/set noformat"}), HasSubstr("Disabled format.\n"));
    EXPECT_TRUE(conversation_.format.empty());
}

TEST_F(ReplTest, switches_thinking) {
    EXPECT_THAT(type({"/set think"}), HasSubstr("Set 'think' mode.\n"));
    EXPECT_EQ(conversation_.think, "true");
    EXPECT_THAT(type({"/set think high"}), HasSubstr("Set 'think' mode to 'high'.\n"));
    EXPECT_EQ(conversation_.think, "high");
    EXPECT_THAT(type({"/set nothink"}), HasSubstr("Set 'nothink' mode.\n"));
    EXPECT_EQ(conversation_.think, "false");
}

TEST_F(ReplTest, remembers_what_was_thought) {
    type({"one"});
    EXPECT_EQ(conversation_.messages.back().thinking, "hm");
}

TEST_F(ReplTest, shows_what_the_model_says_of_itself) {
    EXPECT_THAT(type({"/show info"}), HasSubstr("  Model\n"));
    EXPECT_THAT(type({"/show license"}), HasSubstr("No license was specified"));
    EXPECT_THAT(type({"/show template"}), HasSubstr("No prompt template was specified"));
    EXPECT_THAT(type({"/show system"}), HasSubstr("No system message was specified"));
    EXPECT_THAT(type({"/show"}), HasSubstr("/show info"));
}

TEST_F(ReplTest, shows_the_parameters_that_were_set) {
    EXPECT_THAT(type({"/show parameters"}), Not(HasSubstr("User defined")));
    EXPECT_THAT(type({"/show parameters"}), HasSubstr("  No additional parameters were"));
    assistant_.parameters = "top_k 3\nstop  \"x\"";
    EXPECT_THAT(
        type({"/show parameters"}),
        HasSubstr("Model defined parameters:\n  top_k 3\n  stop  \"x\"\n\n")
    );
    std::string text = type({"/set parameter seed 7", "/show parameters"});
    EXPECT_THAT(text, HasSubstr("User defined parameters:\n  seed                           7\n"));
}

TEST_F(ReplTest, loads_another_model_and_starts_afresh) {
    EXPECT_THAT(type({"one", "/load other"}), HasSubstr("Loading model 'other'\n"));
    EXPECT_EQ(assistant_.loaded, "other");
    EXPECT_EQ(conversation_.model, "other");
    EXPECT_TRUE(said().empty());
}

TEST_F(ReplTest, keeps_the_model_where_another_cannot_be_loaded) {
    conversation_.model = "first";
    EXPECT_THAT(type({"/load nope"}), HasSubstr("Couldn't find model 'nope'\n"));
    EXPECT_THAT(type({"/load broken"}), HasSubstr("Error: broken file\n"));
    EXPECT_THAT(type({"/load"}), HasSubstr("Usage:\n  /load <modelname>\n"));
    EXPECT_EQ(conversation_.model, "first");
}

TEST_F(ReplTest, lists_models_and_helps) {
    EXPECT_THAT(type({"/list"}), HasSubstr("NAME    ID\n"));
    EXPECT_THAT(type({"/?"}), HasSubstr("/load <model>"));
    EXPECT_THAT(type({"/help set"}), HasSubstr("/set nohistory"));
    EXPECT_THAT(type({"/help /show"}), HasSubstr("/show template"));
    EXPECT_THAT(type({"/? shortcuts"}), HasSubstr("Ctrl + a"));
}

TEST_F(ReplTest, an_unknown_command_is_named_and_not_asked) {
    EXPECT_THAT(type({"/foo bar"}), HasSubstr("Unknown command '/foo'. Type /? for help\n"));
    EXPECT_THAT(type({"/set foo"}), HasSubstr("Unknown command '/set foo'."));
    EXPECT_THAT(type({"/show foo"}), HasSubstr("Unknown command '/show foo'."));
    EXPECT_TRUE(said().empty());
}

}  // namespace
}  // namespace mullama::cli
