#include "api/openai/requests.h"

#include "api/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::api::openai {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

std::string problem(const auto& parsed, ErrorCode code = ErrorCode::kInvalidArgument) {
    if (parsed) return "accepted";
    EXPECT_EQ(parsed.error().code, code);
    return parsed.error().message;
}

/// A chat with one message and `more` fields.
std::string chat_with(std::string_view more) {
    std::string body = R"({"messages":[{"role":"user","content":"a"}])";
    if (!more.empty()) body.append(",").append(more);
    return body + "}";
}

auto chat(std::string_view more) {
    return parse_chat_completion(chat_with(more));
}

auto completion(std::string_view more) {
    return parse_completion("{\"prompt\":\"a\"," + std::string(more) + "}");
}

TEST(OpenAiChatRequest, takes_openais_values_for_granted) {
    const auto call = chat("");
    ASSERT_TRUE(call) << call.error().message;
    EXPECT_EQ(call->use.model, "");
    EXPECT_FALSE(call->use.keep_alive);
    EXPECT_FALSE(call->stream);
    EXPECT_FALSE(call->include_usage);
    EXPECT_EQ(call->choices, 1);
    EXPECT_FLOAT_EQ(call->use.defaults.values().sampling.temperature, 1.0F);
    EXPECT_FLOAT_EQ(call->use.defaults.values().sampling.top_p, 1.0F);
    EXPECT_TRUE(call->use.options.given().empty());
    EXPECT_EQ(call->request.thinking, Thinking::kModel);
    EXPECT_EQ(call->request.tool_choice, ToolChoice::kAuto);
    EXPECT_TRUE(call->request.parallel_tool_calls);
    EXPECT_FALSE(call->request.top_logprobs);
    EXPECT_EQ(call->request.format, "");
}

TEST(OpenAiChatRequest, reads_what_a_client_sends) {
    const auto call = chat(R"("model":"m","stream":true,"stream_options":{"include_usage":true},
        "n":3,"max_tokens":5,"temperature":0.5,"top_p":0.25,"frequency_penalty":0.1,
        "presence_penalty":-0.5,"seed":7,"stop":["x","","y"],"logit_bias":{"3":-100},
        "logprobs":true,"top_logprobs":4,"keep_alive":"5m","min_p":0.125,"top_k":9,
        "options":{"num_ctx":512},"user":"u","store":false)");
    ASSERT_TRUE(call) << call.error().message;
    EXPECT_EQ(call->use.model, "m");
    EXPECT_TRUE(call->stream);
    EXPECT_TRUE(call->include_usage);
    EXPECT_EQ(call->choices, 3);
    EXPECT_EQ(call->use.keep_alive, 5min);
    EXPECT_EQ(call->request.top_logprobs, 4);
    const OptionValues& values = call->use.options.values();
    EXPECT_EQ(values.max_tokens, 5);
    EXPECT_FLOAT_EQ(values.sampling.temperature, 0.5F);
    EXPECT_FLOAT_EQ(values.sampling.top_p, 0.25F);
    EXPECT_FLOAT_EQ(values.sampling.frequency_penalty, 0.1F);
    EXPECT_FLOAT_EQ(values.sampling.presence_penalty, -0.5F);
    EXPECT_FLOAT_EQ(values.sampling.min_p, 0.125F);
    EXPECT_EQ(values.sampling.top_k, 9);
    EXPECT_EQ(values.sampling.seed, 7U);
    EXPECT_THAT(values.stop, ElementsAre("x", "y"));
    EXPECT_THAT(values.sampling.logit_bias, ElementsAre(LogitBias{3, -100.0F}));
    EXPECT_EQ(values.load.num_ctx, 512);
}

TEST(OpenAiChatRequest, the_newer_name_of_the_limit_goes_first) {
    const auto call = chat(R"("max_tokens":5,"max_completion_tokens":6)");
    ASSERT_TRUE(call);
    EXPECT_EQ(call->use.options.values().max_tokens, 6);
}

TEST(OpenAiChatRequest, top_logprobs_alone_ask_for_none) {
    const auto call = chat(R"("top_logprobs":4)");
    ASSERT_TRUE(call);
    EXPECT_FALSE(call->request.top_logprobs);
}

TEST(OpenAiChatRequest, variables_of_the_template_are_json_and_one_of_them_is_the_thinking) {
    const auto call =
        chat(R"("chat_template_kwargs":{"enable_thinking":false,"name":"x","n":[1]})");
    ASSERT_TRUE(call) << call.error().message;
    EXPECT_EQ(call->request.thinking, Thinking::kOff);
    EXPECT_THAT(
        call->request.template_variables, ElementsAre(Pair("n", "[1]"), Pair("name", "\"x\""))
    );
    EXPECT_EQ(
        chat(R"("chat_template_kwargs":{"enable_thinking":true})").value().request.thinking,
        Thinking::kModel
    );
}

TEST(OpenAiChatRequest, null_is_the_same_as_nothing) {
    const auto call =
        chat(R"("model":null,"stream":null,"n":null,"stop":null,"temperature":null,"tools":null,)"
             R"("tool_choice":null,"response_format":null,"stream_options":null,"max_tokens":null)"
        );
    ASSERT_TRUE(call) << call.error().message;
    EXPECT_TRUE(call->use.options.given().empty());
    EXPECT_EQ(call->choices, 1);
}

TEST(OpenAiChatRequest, wants_messages) {
    EXPECT_EQ(problem(parse_chat_completion("{}")), "[] is too short - 'messages'");
    EXPECT_EQ(problem(parse_chat_completion(R"({"messages":[]})")), "[] is too short - 'messages'");
    EXPECT_EQ(problem(parse_chat_completion("")), "missing request body");
    EXPECT_THAT(problem(parse_chat_completion("[1]")), HasSubstr("cannot unmarshal array"));
    EXPECT_THAT(problem(parse_chat_completion("{")), HasSubstr("unexpected end"));
}

TEST(OpenAiChatRequest, refuses_numbers_out_of_bounds) {
    EXPECT_EQ(problem(chat("\"n\":0")), "n is 0: it must be between 1 and 128");
    EXPECT_EQ(problem(chat("\"n\":129")), "n is 129: it must be between 1 and 128");
    EXPECT_EQ(problem(chat("\"top_logprobs\":21")), "top_logprobs must be between 0 and 20");
    EXPECT_EQ(problem(chat("\"top_logprobs\":-1")), "top_logprobs must be between 0 and 20");
}

TEST(OpenAiChatRequest, names_the_field_of_another_type) {
    const auto field = [](std::string_view name, std::string_view type) {
        return "into Go struct field ChatCompletionRequest." + std::string(name) + " of type " +
               std::string(type);
    };
    EXPECT_THAT(problem(chat("\"model\":1")), HasSubstr(field("model", "string")));
    EXPECT_THAT(problem(chat("\"stream\":\"a\"")), HasSubstr(field("stream", "bool")));
    EXPECT_THAT(problem(chat("\"n\":\"a\"")), HasSubstr(field("n", "int")));
    EXPECT_THAT(problem(chat("\"n\":1.5")), HasSubstr(field("n", "int")));
    EXPECT_THAT(problem(chat("\"temperature\":\"a\"")), HasSubstr(field("temperature", "float64")));
    EXPECT_THAT(problem(chat("\"stop\":[1]")), HasSubstr(field("stop", "string")));
    EXPECT_THAT(problem(chat("\"stop\":1")), HasSubstr(field("stop", "[]string")));
    EXPECT_THAT(problem(chat("\"logprobs\":2")), HasSubstr(field("logprobs", "bool")));
    EXPECT_THAT(problem(chat("\"max_tokens\":\"a\"")), HasSubstr(field("max_tokens", "int")));
    EXPECT_THAT(
        problem(chat("\"stream_options\":1")),
        HasSubstr(field("stream_options", "map[string]interface {}"))
    );
    EXPECT_THAT(
        problem(chat("\"stream_options\":{\"include_usage\":1}")),
        HasSubstr(field("stream_options.include_usage", "bool"))
    );
    EXPECT_THAT(
        problem(chat("\"chat_template_kwargs\":\"a\"")),
        HasSubstr(field("chat_template_kwargs", "map[string]interface {}"))
    );
    EXPECT_THAT(
        problem(chat("\"chat_template_kwargs\":{\"enable_thinking\":\"a\"}")),
        HasSubstr(field("chat_template_kwargs.enable_thinking", "bool"))
    );
    EXPECT_THAT(problem(chat("\"logit_bias\":[1]")), HasSubstr("logit_bias needs token ids"));
}

TEST(OpenAiCompletionRequest, takes_openais_values_for_granted) {
    const auto call = parse_completion("{}");
    ASSERT_TRUE(call) << call.error().message;
    ASSERT_EQ(call->prompts.size(), 1U);
    EXPECT_EQ(call->prompts[0].text, "");
    EXPECT_EQ(call->choices, 1);
    EXPECT_EQ(call->best_of, 1);
    EXPECT_FALSE(call->echo);
    EXPECT_FALSE(call->stream);
    EXPECT_FALSE(call->suffix);
    EXPECT_FALSE(call->request.top_logprobs);
    EXPECT_FLOAT_EQ(call->use.defaults.values().sampling.temperature, 1.0F);
}

TEST(OpenAiCompletionRequest, reads_what_a_client_sends) {
    const auto call = completion(R"("model":"m","suffix":"b","n":2,"best_of":3,"logprobs":4,
        "max_tokens":5,"format":"json","stop":"x")");
    ASSERT_TRUE(call) << call.error().message;
    EXPECT_EQ(call->prompts[0].text, "a");
    EXPECT_EQ(call->suffix, "b");
    EXPECT_EQ(call->choices, 2);
    EXPECT_EQ(call->best_of, 3);
    EXPECT_EQ(call->request.top_logprobs, 4);
    EXPECT_EQ(call->format, "json");
    EXPECT_EQ(call->use.options.values().max_tokens, 5);
    EXPECT_THAT(call->use.options.values().stop, ElementsAre("x"));
}

TEST(OpenAiCompletionRequest, takes_prompts_as_texts_and_as_tokens) {
    const auto prompts = [](std::string_view prompt) {
        return parse_completion("{\"prompt\":" + std::string(prompt) + "}").value().prompts;
    };
    ASSERT_EQ(prompts(R"(["a","b"])").size(), 2U);
    EXPECT_EQ(prompts(R"(["a","b"])")[1].text, "b");
    ASSERT_EQ(prompts("[1,2]").size(), 1U);
    EXPECT_THAT(prompts("[1,2]")[0].tokens, ElementsAre(1, 2));
    ASSERT_EQ(prompts("[[1],[2,3]]").size(), 2U);
    EXPECT_THAT(prompts("[[1],[2,3]]")[1].tokens, ElementsAre(2, 3));
    for (const char* wrong : {"1", "{}", "[1.5]", "[[]]", "[null]", "[1,\"a\"]", "[3000000000]"}) {
        EXPECT_THAT(
            problem(parse_completion("{\"prompt\":" + std::string(wrong) + "}")),
            HasSubstr("prompt must be a text")
        ) << wrong;
    }
}

TEST(OpenAiCompletionRequest, an_empty_suffix_is_none) {
    EXPECT_FALSE(completion(R"("suffix":"")").value().suffix);
}

TEST(OpenAiCompletionRequest, refuses_what_does_not_go_together) {
    EXPECT_EQ(
        problem(completion("\"n\":3,\"best_of\":2")),
        "best_of is 2: it must be between n, which is 3, and 128"
    );
    EXPECT_THAT(problem(completion("\"best_of\":129")), HasSubstr("best_of is 129"));
    EXPECT_EQ(
        problem(completion("\"best_of\":2,\"stream\":true")),
        "best_of cannot be streamed: leave out one of them"
    );
    EXPECT_EQ(problem(completion("\"logprobs\":21")), "logprobs must be between 0 and 20");
    EXPECT_EQ(problem(completion("\"logprobs\":-1")), "logprobs must be between 0 and 20");
    EXPECT_EQ(
        problem(completion("\"logprobs\":1,\"echo\":true"), ErrorCode::kUnsupported),
        "logprobs of the prompt are not supported: leave out echo"
    );
}

TEST(OpenAiEmbeddingRequest, reads_what_a_client_sends) {
    const auto plain = parse_embeddings(R"({"model":"m","input":"a"})");
    ASSERT_TRUE(plain) << plain.error().message;
    EXPECT_EQ(plain->use.model, "m");
    EXPECT_FALSE(plain->base64);
    EXPECT_EQ(plain->dimensions, 0);
    EXPECT_EQ(plain->normalization, 2);
    const auto all = parse_embeddings(
        R"({"input":[[1,2],[3]],"encoding_format":"base64","dimensions":8,"keep_alive":0})"
    );
    ASSERT_TRUE(all) << all.error().message;
    EXPECT_TRUE(all->base64);
    EXPECT_EQ(all->dimensions, 8);
    EXPECT_EQ(all->use.keep_alive, 0s);
    EXPECT_THAT(all->input.at(0).tokens, ElementsAre(1, 2));
}

TEST(OpenAiEmbeddingRequest, refuses_other_encodings_and_nothing_at_all) {
    EXPECT_EQ(
        problem(parse_embeddings(R"({"input":"a","encoding_format":"hex"})")),
        "Invalid value for 'encoding_format' = hex. Supported values: ['float', 'base64']."
    );
    EXPECT_EQ(problem(parse_embeddings("{}")), "invalid input");
    EXPECT_EQ(problem(parse_embeddings(R"({"input":""})")), "invalid input");
    EXPECT_EQ(problem(parse_embeddings(R"({"input":[]})")), "invalid input");
    EXPECT_THAT(problem(parse_embeddings(R"({"input":1})")), HasSubstr("input must be a text"));
    EXPECT_THAT(
        problem(parse_embeddings(R"({"input":"a","dimensions":"b"})")),
        HasSubstr("EmbedRequest.dimensions of type int")
    );
}

}  // namespace
}  // namespace mullama::api::openai
