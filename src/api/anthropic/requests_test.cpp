#include "api/anthropic/requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::api::anthropic {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A request with one message and `more` fields.
Result<MessagesCall> request(std::string_view more = "") {
    std::string body = R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"a"}])";
    if (!more.empty()) body.append(",").append(more);
    return parse_messages(body + "}", false);
}

Result<MessagesCall> with_messages(std::string_view messages) {
    return parse_messages("{\"max_tokens\":9,\"messages\":" + std::string(messages) + "}", false);
}

std::string problem(const Result<MessagesCall>& call) {
    if (call) return "accepted";
    EXPECT_EQ(call.error().code, ErrorCode::kInvalidArgument);
    return call.error().message;
}

TEST(AnthropicRequest, takes_anthropics_values_for_granted) {
    const auto call = request();
    ASSERT_TRUE(call) << call.error().message;
    EXPECT_EQ(call->use.model, "m");
    EXPECT_FALSE(call->stream);
    EXPECT_FLOAT_EQ(call->use.defaults.values().sampling.temperature, 1.0F);
    EXPECT_FLOAT_EQ(call->use.defaults.values().sampling.top_p, 1.0F);
    EXPECT_EQ(call->use.options.values().max_tokens, 9);
    EXPECT_EQ(call->request.thinking, Thinking::kOff);
    EXPECT_EQ(call->request.tool_choice, ToolChoice::kAuto);
    EXPECT_THAT(call->request.messages, ElementsAre(Message{.role = "user", .content = "a"}));
    EXPECT_TRUE(call->stop_sequences.empty());
}

TEST(AnthropicRequest, reads_what_a_client_sends) {
    const auto call = request(R"("stream":true,"temperature":0.5,"top_p":0.25,"top_k":3,
        "stop_sequences":["x","","y"],"system":"b","keep_alive":"5m","min_p":0.125,
        "options":{"num_ctx":512},"metadata":{"user_id":"u"})");
    ASSERT_TRUE(call) << call.error().message;
    EXPECT_TRUE(call->stream);
    EXPECT_EQ(call->use.keep_alive, 5min);
    const OptionValues& values = call->use.options.values();
    EXPECT_FLOAT_EQ(values.sampling.temperature, 0.5F);
    EXPECT_FLOAT_EQ(values.sampling.top_p, 0.25F);
    EXPECT_FLOAT_EQ(values.sampling.min_p, 0.125F);
    EXPECT_EQ(values.sampling.top_k, 3);
    EXPECT_EQ(values.load.num_ctx, 512);
    EXPECT_THAT(values.stop, ElementsAre("x", "y"));
    EXPECT_THAT(call->stop_sequences, ElementsAre("x", "y"));
    ASSERT_EQ(call->request.messages.size(), 2U);
    EXPECT_EQ(call->request.messages[0], (Message{.role = "system", .content = "b"}));
}

TEST(AnthropicRequest, wants_a_limit_unless_it_only_counts) {
    const std::string body = R"({"messages":[{"role":"user","content":"a"}]})";
    EXPECT_EQ(problem(parse_messages(body, false)), "max_tokens is required and must be positive");
    EXPECT_TRUE(parse_messages(body, true));
    EXPECT_EQ(
        problem(parse_messages(R"({"max_tokens":-1,"messages":[]})", false)),
        "max_tokens is required and must be positive"
    );
}

TEST(AnthropicRequest, the_system_prompt_may_come_in_blocks) {
    const auto call =
        request(R"("system":[{"type":"text","text":"b"},{"type":"text","text":"c"}])");
    ASSERT_TRUE(call) << call.error().message;
    EXPECT_EQ(call->request.messages[0].content, "b\nc");
    EXPECT_THAT(
        problem(request(R"("system":[{"type":"video"}])")), HasSubstr("'video' is not supported")
    );
    EXPECT_THAT(problem(request("\"system\":1")), HasSubstr("MessagesRequest.system"));
}

TEST(AnthropicRequest, blocks_of_a_turn_are_taken_apart) {
    const auto call = with_messages(R"([{"role":"assistant","content":[
        {"type":"thinking","thinking":"t","signature":"s"},{"type":"redacted_thinking","data":"d"},
        {"type":"text","text":"a"},{"type":"text","text":"b"},
        {"type":"tool_use","id":"1","name":"f","input":{"x":1}},
        {"type":"tool_use","id":"2","name":"g"}]},
        {"role":"user","content":[
        {"type":"tool_result","tool_use_id":"1","content":"r"},
        {"type":"tool_result","tool_use_id":"2","is_error":true,
         "content":[{"type":"text","text":"s"}]},
        {"type":"text","text":"c"},
        {"type":"image","source":{"type":"base64","media_type":"image/png","data":"aGk="}}]}])");
    ASSERT_TRUE(call) << call.error().message;
    const std::vector<Message>& messages = call->request.messages;
    ASSERT_EQ(messages.size(), 4U);
    EXPECT_EQ(messages[0].thinking, "t");
    EXPECT_EQ(messages[0].content, "a\nb");
    EXPECT_THAT(
        messages[0].tool_calls,
        ElementsAre(ToolCall{"1", "f", R"({"x":1})"}, ToolCall{"2", "g", "{}"})
    );
    EXPECT_EQ(messages[1].role, "tool");
    EXPECT_EQ(messages[1].content, "r");
    EXPECT_EQ(messages[1].tool_name, "f");
    EXPECT_EQ(messages[1].tool_call_id, "1");
    EXPECT_EQ(messages[2].content, "Error: s");
    EXPECT_EQ(messages[2].tool_name, "g");
    EXPECT_EQ(messages[3].role, "user");
    EXPECT_EQ(messages[3].content, "c");
    EXPECT_THAT(messages[3].images, ElementsAre("hi"));
}

TEST(AnthropicRequest, keeps_all_that_was_thought_in_a_turn) {
    const auto call = with_messages(R"([{"role":"user","content":"a"},
        {"role":"assistant","content":[{"type":"thinking","thinking":"t"},
        {"type":"text","text":"b"},{"type":"thinking","thinking":"u"}]}])");
    ASSERT_TRUE(call) << call.error().message;
    EXPECT_EQ(call->request.messages.at(1).thinking, "t\nu");
    EXPECT_EQ(call->request.messages.at(1).content, "b");
}

TEST(AnthropicRequest, turns_of_one_role_in_a_row_are_one_turn) {
    const auto call = with_messages(R"([{"role":"user","content":"a"},
        {"role":"user","content":[{"type":"text","text":"b"},
        {"type":"image","source":{"type":"base64","media_type":"image/png","data":"aGk="}}]},
        {"role":"assistant","content":"c"},
        {"role":"assistant","content":[{"type":"tool_use","id":"1","name":"f","input":{}}]}])");
    ASSERT_TRUE(call) << call.error().message;
    EXPECT_THAT(
        call->request.messages,
        ElementsAre(
            Message{.role = "user", .content = "a\nb", .images = {"hi"}},
            Message{.role = "assistant", .content = "c", .tool_calls = {{"1", "f", "{}"}}}
        )
    );
}

TEST(AnthropicRequest, results_of_tools_part_turns_of_one_role) {
    const auto call = with_messages(R"([{"role":"user","content":"a"},
        {"role":"assistant","content":[{"type":"tool_use","id":"1","name":"f","input":{}}]},
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"1","content":"r"},
        {"type":"text","text":"b"}]},{"role":"user","content":"c"}])");
    ASSERT_TRUE(call) << call.error().message;
    const std::vector<Message>& messages = call->request.messages;
    ASSERT_EQ(messages.size(), 4U);
    EXPECT_EQ(messages[2].role, "tool");
    EXPECT_EQ(messages[3].content, "b\nc");
}

TEST(AnthropicRequest, variables_of_the_template_switch_its_thinking_too) {
    const auto call = request(R"("chat_template_kwargs":{"enable_thinking":true,"custom":"x"})");
    ASSERT_TRUE(call) << call.error().message;
    EXPECT_EQ(call->request.thinking, Thinking::kModel);
    EXPECT_EQ(call->request.template_variables.at("custom"), "\"x\"");
}

TEST(AnthropicRequest, refuses_messages_of_another_shape) {
    EXPECT_EQ(problem(with_messages("[]")), "messages: at least one message is required");
    EXPECT_EQ(
        problem(with_messages(R"([{"role":"king","content":"a"}])")),
        "messages: role 'king' is not known, use user or assistant"
    );
    EXPECT_EQ(problem(with_messages(R"([{"role":"user"}])")), "messages: content is required");
    EXPECT_THAT(problem(with_messages("{}")), HasSubstr("MessagesRequest.messages of type []"));
    EXPECT_THAT(
        problem(with_messages(R"([{"role":"user","content":1}])")),
        HasSubstr("MessagesRequest.messages.content")
    );
    EXPECT_EQ(
        problem(with_messages(R"([{"role":"user","content":[{"type":"document"}]}])")),
        "content of type 'document' is not supported"
    );
    EXPECT_THAT(
        problem(with_messages(
            R"([{"role":"user","content":[{"type":"image","source":{"type":"url","url":"u"}}]}])"
        )),
        HasSubstr("addresses are not fetched")
    );
    EXPECT_EQ(
        problem(with_messages(
            R"([{"role":"user","content":[{"type":"image","source":{"type":"base64","data":"?"}}]}])"
        )),
        "the image is not base64"
    );
}

TEST(AnthropicRequest, names_the_field_of_another_type) {
    EXPECT_THAT(problem(request("\"model\":1")), HasSubstr("MessagesRequest.model of type string"));
    EXPECT_THAT(problem(request("\"stream\":1")), HasSubstr("MessagesRequest.stream of type bool"));
    EXPECT_THAT(problem(request("\"temperature\":\"a\"")), HasSubstr("\"temperature\" must be"));
    EXPECT_THAT(
        problem(request("\"stop_sequences\":\"a\"")),
        HasSubstr("MessagesRequest.stop_sequences of type []string")
    );
    EXPECT_THAT(problem(request("\"tools\":{}")), HasSubstr("MessagesRequest.tools of type []"));
    EXPECT_THAT(
        problem(request("\"thinking\":true")), HasSubstr("MessagesRequest.thinking of type map")
    );
}

TEST(AnthropicRequest, tools_are_the_clients_own) {
    const auto call =
        request(R"("tools":[{"name":"f","description":"d","input_schema":{"type":"object"}},)"
                R"({"type":"custom","name":"g"}])");
    ASSERT_TRUE(call) << call.error().message;
    EXPECT_THAT(
        call->request.tools, ElementsAre(Tool{"f", "d", R"({"type":"object"})"}, Tool{.name = "g"})
    );
    EXPECT_THAT(
        problem(request(R"("tools":[{"type":"web_search_20250305","name":"web_search"}])")),
        HasSubstr("would run on the server")
    );
}

TEST(AnthropicRequest, tool_choice_has_four_types) {
    const std::string tools = R"("tools":[{"name":"f"},{"name":"g"}],"tool_choice":)";
    const auto choice = [&](std::string_view value) {
        return request(tools + std::string(value)).value().request;
    };
    EXPECT_EQ(choice(R"({"type":"auto"})").tool_choice, ToolChoice::kAuto);
    EXPECT_EQ(choice(R"({"type":"none"})").tool_choice, ToolChoice::kNone);
    EXPECT_EQ(choice(R"({"type":"any"})").tool_choice, ToolChoice::kRequired);
    const ChatRequest named = choice(R"({"type":"tool","name":"g"})");
    EXPECT_EQ(named.tool_choice, ToolChoice::kRequired);
    EXPECT_THAT(named.tools, ElementsAre(Tool{.name = "g"}));
    EXPECT_TRUE(named.parallel_tool_calls);
    EXPECT_FALSE(choice(R"({"type":"auto","disable_parallel_tool_use":true})").parallel_tool_calls);
    EXPECT_EQ(
        problem(request(tools + R"({"type":"tool","name":"h"})")),
        "tool_choice names 'h', which is none of the tools"
    );
    EXPECT_THAT(problem(request(tools + R"({"type":"all"})")), HasSubstr("'all' is not known"));
    EXPECT_EQ(
        problem(request(R"("tool_choice":{"type":"any"})")),
        "tool_choice wants a call, but there are no tools"
    );
}

TEST(AnthropicRequest, thinking_has_a_budget) {
    const auto thinking = [](std::string_view value) {
        return request("\"thinking\":" + std::string(value)).value().request;
    };
    const ChatRequest enabled = thinking(R"({"type":"enabled","budget_tokens":1024})");
    EXPECT_EQ(enabled.thinking, Thinking::kOn);
    EXPECT_EQ(enabled.thinking_tokens_max, 1024);
    EXPECT_EQ(thinking(R"({"type":"adaptive"})").thinking, Thinking::kOn);
    EXPECT_EQ(thinking(R"({"type":"adaptive"})").thinking_tokens_max, -1);
    EXPECT_EQ(thinking(R"({"type":"disabled"})").thinking, Thinking::kOff);
    EXPECT_THAT(
        problem(request(R"("thinking":{"type":"maybe"})")), HasSubstr("'maybe' is not known")
    );
    EXPECT_THAT(
        problem(request(R"("thinking":{"type":"enabled","budget_tokens":"a"})")),
        HasSubstr("MessagesRequest.thinking.budget_tokens of type int")
    );
}

TEST(AnthropicRequest, the_output_may_have_an_effort_and_a_schema) {
    const auto call = request(
        R"("output_config":{"effort":"low","format":{"type":"json_schema","schema":{"a":1}}})"
    );
    ASSERT_TRUE(call) << call.error().message;
    EXPECT_EQ(call->request.reasoning_effort, "low");
    EXPECT_EQ(call->request.format, R"({"a":1})");
}

}  // namespace
}  // namespace mullama::api::anthropic
