#include "api/openai/message_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::api::openai {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// An object of fields and the reader on it.
class Body {
  public:
    explicit Body(std::string_view text) : object_(*parse_body(text)) {}

    operator Fields&() { return fields_; }

    std::string problem() const {
        return fields_.failed() ? fields_.result().error().message : "none";
    }

  private:
    json::object object_;
    Fields fields_{object_, "Request"};
};

std::vector<Message> messages_in(std::string_view list) {
    Body body("{\"messages\":" + std::string(list) + "}");
    std::vector<Message> messages = read_messages(body);
    EXPECT_EQ(body.problem(), "none");
    return messages;
}

std::string messages_problem(std::string_view list) {
    Body body("{\"messages\":" + std::string(list) + "}");
    read_messages(body);
    return body.problem();
}

TEST(OpenAiMessages, have_plain_contents_and_roles_of_old_and_new_names) {
    const auto messages = messages_in(R"([{"role":"developer","content":"a"},
        {"role":"user","content":null},{"role":"assistant","content":"b","reasoning":"c"},
        {"role":"assistant","reasoning_content":"d"},
        {"role":"function","name":"f","content":"e"}])");
    ASSERT_EQ(messages.size(), 5U);
    EXPECT_EQ(messages[0], (Message{.role = "system", .content = "a"}));
    EXPECT_EQ(messages[1], Message{.role = "user"});
    EXPECT_EQ(messages[2].thinking, "c");
    EXPECT_EQ(messages[3].thinking, "d");
    EXPECT_EQ(messages[4].role, "tool");
    EXPECT_EQ(messages[4].tool_name, "f");
}

TEST(OpenAiMessages, put_parts_of_a_content_together) {
    const auto messages = messages_in(R"([{"role":"user","content":[
        {"type":"text","text":"a"},{"type":"input_text","text":"b"},
        {"type":"output_text","text":"c"},{"type":"refusal","refusal":"d"},
        {"type":"image_url","image_url":{"url":"data:image/png;base64,aGk="}},
        {"type":"input_image","image_url":"data:image/png;base64,aG8="}]}])");
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_EQ(messages[0].content, "abcd");
    EXPECT_THAT(messages[0].images, ElementsAre("hi", "ho"));
}

TEST(OpenAiMessages, results_take_the_name_of_their_call) {
    const auto messages = messages_in(R"([{"role":"assistant","tool_calls":[
        {"id":"1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},
        {"id":"2","type":"function","function":{"name":"g","arguments":""}}]},
        {"role":"tool","tool_call_id":"2","content":"x"},
        {"role":"tool","tool_call_id":"1","name":"own","content":"y"},
        {"role":"tool","tool_call_id":"3","content":"z"}])");
    ASSERT_EQ(messages.size(), 4U);
    EXPECT_THAT(
        messages[0].tool_calls, ElementsAre(ToolCall{"1", "f", "{\"a\":1}"}, ToolCall{"2", "g", ""})
    );
    EXPECT_EQ(messages[1].tool_name, "g");
    EXPECT_EQ(messages[2].tool_name, "own");
    EXPECT_EQ(messages[3].tool_name, "");
}

TEST(OpenAiMessages, of_another_shape_are_refused) {
    EXPECT_THAT(messages_problem("{}"), HasSubstr("Request.messages of type []interface {}"));
    EXPECT_THAT(messages_problem("[1]"), HasSubstr("Request.messages of type map"));
    EXPECT_THAT(messages_problem(R"([{"role":1}])"), HasSubstr("Request.messages.role"));
    EXPECT_THAT(messages_problem(R"([{"content":1}])"), HasSubstr("Request.messages.content"));
    EXPECT_THAT(
        messages_problem(R"([{"content":[{"type":"text","text":1}]}])"),
        HasSubstr("Request.messages.content.text")
    );
    EXPECT_EQ(
        messages_problem(R"([{"content":[{"type":"input_audio"}]}])"),
        "content of type 'input_audio' is not supported: send text or image_url"
    );
    EXPECT_EQ(
        messages_problem(R"([{"tool_calls":[{"function":{"name":"f","arguments":"{"}}]}])"),
        "invalid tool call arguments: they are not JSON"
    );
    EXPECT_THAT(
        messages_problem(R"([{"tool_calls":[{"function":{"name":1}}]}])"),
        HasSubstr("Request.messages.tool_calls.function.name")
    );
}

TEST(OpenAiImage, is_a_data_uri_and_never_an_address) {
    Body good("{}");
    EXPECT_EQ(read_image(good, "data:image/jpeg;base64,aGk="), "hi");
    EXPECT_EQ(good.problem(), "none");
    for (const char* url :
         {"", "https://a/b.png", "data:image/png,aGk=", "data:text/plain;base64,aGk=", "data:"}) {
        Body body("{}");
        EXPECT_EQ(read_image(body, url), "");
        EXPECT_THAT(body.problem(), HasSubstr("addresses are not fetched")) << url;
    }
    Body broken("{}");
    EXPECT_EQ(read_image(broken, "data:image/png;base64,?"), "");
    EXPECT_EQ(broken.problem(), "invalid image input: not base64");
}

ChatRequest two_tools() {
    ChatRequest request;
    request.tools = {{.name = "f"}, {.name = "g"}};
    return request;
}

ChatRequest request_with_choice(std::string_view choice) {
    ChatRequest request = two_tools();
    Body body("{\"tool_choice\":" + std::string(choice) + "}");
    read_tool_choice(body, request);
    EXPECT_EQ(body.problem(), "none");
    return request;
}

std::string choice_problem(std::string_view choice, ChatRequest request = two_tools()) {
    Body body("{\"tool_choice\":" + std::string(choice) + "}");
    read_tool_choice(body, request);
    return body.problem();
}

TEST(OpenAiToolChoice, is_a_word_or_names_a_function) {
    EXPECT_EQ(request_with_choice("\"none\"").tool_choice, ToolChoice::kNone);
    EXPECT_EQ(request_with_choice("\"auto\"").tool_choice, ToolChoice::kAuto);
    EXPECT_EQ(request_with_choice("\"required\"").tool_choice, ToolChoice::kRequired);
    EXPECT_EQ(request_with_choice("null").tool_choice, ToolChoice::kAuto);
    for (const char* choice :
         {R"({"type":"function","function":{"name":"g"}})", R"({"type":"function","name":"g"})"}) {
        const ChatRequest named = request_with_choice(choice);
        EXPECT_EQ(named.tool_choice, ToolChoice::kRequired);
        EXPECT_THAT(named.tools, ElementsAre(Tool{.name = "g"}));
    }
}

TEST(OpenAiToolChoice, may_name_the_tools_that_are_allowed) {
    const ChatRequest allowed =
        request_with_choice(R"({"type":"allowed_tools","allowed_tools":{"mode":"required",)"
                            R"("tools":[{"type":"function","function":{"name":"f"}}]}})");
    EXPECT_EQ(allowed.tool_choice, ToolChoice::kRequired);
    EXPECT_THAT(allowed.tools, ElementsAre(Tool{.name = "f"}));
    const ChatRequest flat = request_with_choice(
        R"({"type":"allowed_tools","mode":"auto","tools":[{"type":"function","name":"g"}]})"
    );
    EXPECT_EQ(flat.tool_choice, ToolChoice::kAuto);
    EXPECT_THAT(flat.tools, ElementsAre(Tool{.name = "g"}));
}

TEST(OpenAiToolChoice, of_another_kind_is_refused) {
    EXPECT_THAT(choice_problem("\"some\""), HasSubstr("use none, auto, required"));
    EXPECT_THAT(choice_problem("1"), HasSubstr("use none, auto, required"));
    EXPECT_THAT(choice_problem(R"({"type":"web"})"), HasSubstr("type 'web' is not known"));
    EXPECT_THAT(
        choice_problem(R"({"type":"allowed_tools","mode":"some","tools":[]})"),
        HasSubstr("mode of allowed_tools is 'some'")
    );
    EXPECT_EQ(
        choice_problem(R"({"type":"function","function":{"name":"h"}})"),
        "tool_choice names 'h', which is none of the tools"
    );
    EXPECT_EQ(
        choice_problem("\"required\"", ChatRequest()),
        "tool_choice is required, but there are no tools"
    );
}

TEST(OpenAiToolChoice, may_forbid_calls_side_by_side) {
    ChatRequest request;
    Body body(R"({"parallel_tool_calls":false})");
    read_tool_choice(body, request);
    EXPECT_FALSE(request.parallel_tool_calls);
}

TEST(OpenAiReasoning, has_an_effort) {
    const auto read = [](std::string_view text) {
        ChatRequest request;
        Body body(text);
        read_reasoning(body, request);
        EXPECT_EQ(body.problem(), "none");
        return std::pair(request.thinking, request.reasoning_effort);
    };
    using Read = std::pair<Thinking, std::string>;
    EXPECT_EQ(read("{}"), Read(Thinking::kModel, ""));
    EXPECT_EQ(read(R"({"reasoning_effort":"none"})"), Read(Thinking::kOff, ""));
    EXPECT_EQ(read(R"({"reasoning_effort":"minimal"})"), Read(Thinking::kOn, "low"));
    EXPECT_EQ(read(R"({"reasoning_effort":"xhigh"})"), Read(Thinking::kOn, "max"));
    EXPECT_EQ(read(R"({"reasoning":{"effort":"medium"}})"), Read(Thinking::kOn, "medium"));
    ChatRequest request;
    Body unknown(R"({"reasoning_effort":"much"})");
    read_reasoning(unknown, request);
    EXPECT_THAT(unknown.problem(), HasSubstr("invalid reasoning value: 'much'"));
    Body number(R"({"reasoning":{"effort":1}})");
    read_reasoning(number, request);
    EXPECT_THAT(number.problem(), HasSubstr("Request.reasoning.effort of type string"));
}

TEST(OpenAiResponseFormat, is_text_json_or_a_schema) {
    const auto read = [](std::string_view value) {
        std::string format;
        Body body("{\"response_format\":" + std::string(value) + "}");
        read_response_format(body, "response_format", format);
        return body.problem() == "none" ? format : body.problem();
    };
    EXPECT_EQ(read("null"), "");
    EXPECT_EQ(read(R"({"type":"text"})"), "");
    EXPECT_EQ(read(R"({"type":"json_object"})"), "json");
    EXPECT_EQ(read(R"({"type":"json_object","schema":{"a":1}})"), R"({"a":1})");
    EXPECT_EQ(
        read(R"({"type":"json_schema","json_schema":{"name":"s","schema":{"a":1}}})"), R"({"a":1})"
    );
    EXPECT_EQ(read(R"({"type":"json_schema","name":"s","schema":{"a":1}})"), R"({"a":1})");
    EXPECT_EQ(
        read(R"({"type":"json_schema"})"), "response_format of type json_schema needs a schema"
    );
    EXPECT_EQ(
        read(R"({"type":"xml"})"),
        "response_format.type is 'xml': use text, json_object or json_schema"
    );
    EXPECT_THAT(read("1"), HasSubstr("Request.response_format of type map"));
    EXPECT_THAT(read(R"({"type":1})"), HasSubstr("Request.response_format.type of type string"));
}

TEST(OpenAiSampling, takes_one_stop_or_several) {
    const auto stops = [](std::string_view stop) {
        Options options;
        Body body("{\"stop\":" + std::string(stop) + "}");
        read_sampling(body, options);
        EXPECT_EQ(body.problem(), "none");
        return options.values().stop;
    };
    EXPECT_THAT(stops("\"a\""), ElementsAre("a"));
    EXPECT_THAT(stops(R"(["a","b"])"), ElementsAre("a", "b"));
    EXPECT_THAT(stops("[]"), ElementsAre());
    EXPECT_THAT(stops("\"\""), ElementsAre());
}

TEST(OpenAiSampling, takes_seeds_of_64_bits) {
    const auto seed = [](std::string_view text) {
        Options options;
        Body body("{\"seed\":" + std::string(text) + "}");
        read_sampling(body, options);
        EXPECT_EQ(body.problem(), "none");
        return options.values().sampling.seed;
    };
    EXPECT_EQ(seed("7"), 7U);
    EXPECT_EQ(seed("4294967294"), 4294967294U);
    EXPECT_EQ(seed("4294967301"), 5U);
    EXPECT_EQ(seed("-2"), 4294967294U);
    EXPECT_EQ(seed("9223372036854775807"), 4294967295U);
    EXPECT_EQ(seed("-1"), std::nullopt);
    Options options;
    Body text(R"({"seed":"7"})");
    read_sampling(text, options);
    EXPECT_THAT(text.problem(), HasSubstr("Request.seed of type int64"));
}

TEST(OpenAiMaxTokens, limit_the_answer) {
    Options options;
    Body body(R"({"most":3,"wrong":"x"})");
    read_max_tokens(body, "none", options);
    EXPECT_FALSE(options.has("num_predict"));
    read_max_tokens(body, "most", options);
    EXPECT_EQ(options.values().max_tokens, 3);
    read_max_tokens(body, "wrong", options);
    EXPECT_THAT(body.problem(), HasSubstr("Request.wrong of type int"));
}

}  // namespace
}  // namespace mullama::api::openai
