#include "api/openai/response_requests.h"

#include "api/openai/response_items.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::api::openai {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

Result<ResponseCall> parse(std::string_view body) {
    ResponseIds ids(1);
    return parse_response(body, ids);
}

ResponseCall valid(std::string_view body) {
    Result<ResponseCall> call = parse(body);
    EXPECT_TRUE(call) << (call ? "" : call.error().message);
    return call ? *std::move(call) : ResponseCall();
}

std::string error_of(std::string_view body) {
    const Result<ResponseCall> call = parse(body);
    return call ? "" : call.error().message;
}

std::vector<Message> turns(std::string_view input) {
    const ResponseCall call = valid(R"({"model":"m","input":)" + std::string(input) + "}");
    Result<std::vector<Message>> messages = conversation_of(call.input);
    EXPECT_TRUE(messages) << (messages ? "" : messages.error().message);
    return messages ? *std::move(messages) : std::vector<Message>();
}

TEST(ResponseRequest, a_text_is_a_message_of_the_users) {
    const ResponseCall call = valid(R"({"model":"m","input":"hi"})");
    EXPECT_EQ(call.use.model, "m");
    EXPECT_FALSE(call.stream);
    EXPECT_TRUE(call.terms.store);
    EXPECT_FALSE(call.request.truncate);
    EXPECT_THAT(call.terms.id, StartsWith("resp_"));
    ASSERT_EQ(call.input.size(), 1U);
    const json::object& item = call.input.at(0).as_object();
    EXPECT_EQ(item.at("type").as_string(), "message");
    EXPECT_EQ(item.at("role").as_string(), "user");
    EXPECT_EQ(item.at("status").as_string(), "completed");
    EXPECT_EQ(item.at("content").at(0).at("type").as_string(), "input_text");
    EXPECT_EQ(item.at("content").at(0).at("text").as_string(), "hi");
    const std::string id(item.at("id").as_string());
    EXPECT_THAT(id, StartsWith("msg_"));
    EXPECT_EQ(response_of_item(id), call.terms.id);
    EXPECT_THAT(turns("\"hi\""), ElementsAre(Message{.role = "user", .content = "hi"}));
}

TEST(ResponseRequest, contents_are_texts_parts_and_pictures) {
    const auto messages = turns(R"([
        {"role":"developer","content":"be brief"},
        {"type":"message","role":"user","content":[
            {"type":"input_text","text":"a"},
            {"type":"input_image","image_url":"data:image/png;base64,aGk="},
            {"type":"input_text","text":"b"}]},
        {"role":"assistant","content":[{"type":"output_text","text":"c"}]}])");
    ASSERT_EQ(messages.size(), 3U);
    EXPECT_EQ(messages[0].role, "system");
    EXPECT_EQ(messages[1].content, "ab");
    EXPECT_THAT(messages[1].images, ElementsAre("hi"));
    EXPECT_EQ(messages[2], (Message{.role = "assistant", .content = "c"}));
}

TEST(ResponseRequest, remote_pictures_and_files_are_refused) {
    const ResponseCall remote =
        valid(R"({"model":"m","input":[{"role":"user","content":[{"type":"input_image",)"
              R"("image_url":"https://example.com/a.png"}]}]})");
    EXPECT_THAT(conversation_of(remote.input).error().message, HasSubstr("send a data URI"));
    const ResponseCall file = valid(
        R"({"model":"m","input":[{"role":"user","content":[{"type":"input_file","file_id":"x"}]}]})"
    );
    EXPECT_THAT(conversation_of(file.input).error().message, HasSubstr("input_file"));
}

TEST(ResponseRequest, what_the_assistant_does_in_a_row_is_one_turn) {
    const auto messages = turns(R"([
        {"role":"user","content":"weather?"},
        {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"think"}]},
        {"type":"message","role":"assistant","content":"let me look"},
        {"type":"function_call","call_id":"call_1","name":"f","arguments":"{\"a\":1}"},
        {"type":"function_call","call_id":"call_2","name":"g","arguments":"{}"},
        {"type":"function_call_output","call_id":"call_2","output":"cold"},
        {"type":"function_call_output","call_id":"call_1",
         "output":[{"type":"input_text","text":"wet"}]},
        {"type":"reasoning","id":"rs_2","summary":[],
         "content":[{"type":"reasoning_text","text":"again"}]},
        {"type":"message","role":"assistant","content":"bad"}])");
    ASSERT_EQ(messages.size(), 5U);
    EXPECT_EQ(messages[1].thinking, "think");
    EXPECT_EQ(messages[1].content, "let me look");
    EXPECT_THAT(
        messages[1].tool_calls,
        ElementsAre(ToolCall{"call_1", "f", "{\"a\":1}"}, ToolCall{"call_2", "g", "{}"})
    );
    EXPECT_EQ(messages[2].role, "tool");
    EXPECT_EQ(messages[2].tool_name, "g");
    EXPECT_EQ(messages[2].content, "cold");
    EXPECT_EQ(messages[3].tool_name, "f");
    EXPECT_EQ(messages[3].content, "wet");
    EXPECT_EQ(messages[4].thinking, "again");
    EXPECT_EQ(messages[4].content, "bad");
}

TEST(ResponseRequest, two_answers_in_a_row_stay_two_turns) {
    const auto messages =
        turns(R"([{"role":"assistant","content":"a"},{"role":"assistant","content":"b"}])");
    EXPECT_THAT(
        messages,
        ElementsAre(
            Message{.role = "assistant", .content = "a"},
            Message{.role = "assistant", .content = "b"}
        )
    );
}

TEST(ResponseRequest, items_come_out_as_clients_are_told_them) {
    const ResponseCall call = valid(R"({"model":"m","input":[
        {"role":"assistant","content":"a"},
        {"type":"function_call","call_id":"c","name":"f","arguments":"{}"},
        {"type":"function_call_output","call_id":"c","output":"x"},
        {"type":"reasoning","id":"rs_mine"},
        {"id":"msg_1"}]})");
    ASSERT_EQ(call.input.size(), 5U);
    EXPECT_EQ(call.input.at(0).at("content").at(0).at("type").as_string(), "output_text");
    EXPECT_TRUE(call.input.at(0).at("content").at(0).at("annotations").is_array());
    EXPECT_THAT(std::string(call.input.at(1).at("id").as_string()), StartsWith("fc_"));
    EXPECT_THAT(std::string(call.input.at(2).at("id").as_string()), StartsWith("fco_"));
    EXPECT_EQ(call.input.at(2).at("status").as_string(), "completed");
    EXPECT_EQ(call.input.at(3).at("id").as_string(), "rs_mine");
    EXPECT_TRUE(call.input.at(3).at("summary").is_array());
    EXPECT_EQ(reference_of(call.input.at(4)), "msg_1");
    EXPECT_EQ(reference_of(call.input.at(0)), "");
}

TEST(ResponseRequest, unknown_items_and_roles_are_refused) {
    EXPECT_THAT(
        error_of(R"({"model":"m","input":[{"type":"computer_call"}]})"), HasSubstr("computer_call")
    );
    EXPECT_THAT(error_of(R"({"model":"m","input":[{}]})"), HasSubstr("item of type ''"));
    EXPECT_THAT(error_of(R"({"model":"m","input":[7]})"), HasSubstr("cannot unmarshal"));
    EXPECT_THAT(error_of(R"({"model":"m"})"), HasSubstr("input is required"));
    const ResponseCall call = valid(R"({"model":"m","input":[{"role":"critic","content":"x"}]})");
    EXPECT_THAT(conversation_of(call.input).error().message, HasSubstr("'critic'"));
    const ResponseCall broken =
        valid(R"({"model":"m","input":[{"type":"function_call","name":"f","arguments":"{"}]})");
    EXPECT_THAT(conversation_of(broken.input).error().message, HasSubstr("not JSON"));
    const ResponseCall loose = valid(R"({"model":"m","input":[{"id":"msg_1"}]})");
    EXPECT_FALSE(conversation_of(loose.input)) << "a reference has to be resolved before";
}

TEST(ResponseRequest, what_needs_openais_own_servers_is_refused_with_the_reason) {
    EXPECT_THAT(
        error_of(R"({"model":"m","input":"x","background":true})"), HasSubstr("stream the response")
    );
    EXPECT_THAT(
        error_of(R"({"model":"m","input":"x","conversation":"conv_1"})"),
        HasSubstr("previous_response_id")
    );
    EXPECT_THAT(
        error_of(R"({"model":"m","input":"x","prompt":{"id":"p"}})"), HasSubstr("instructions")
    );
    EXPECT_THAT(
        error_of(R"({"model":"m","input":"x","tools":[{"type":"web_search"}]})"),
        HasSubstr("'web_search'")
    );
    EXPECT_EQ(error_of(R"({"model":"m","input":"x","background":false})"), "");
}

TEST(ResponseRequest, functions_are_flat) {
    const ResponseCall call = valid(R"({"model":"m","input":"x","tools":[
        {"type":"function","name":"f","description":"d","parameters":{"type":"object"}},
        {"type":"function","name":"g","strict":false}]})");
    EXPECT_THAT(
        call.request.tools, ElementsAre(Tool{"f", "d", R"({"type":"object"})"}, Tool{"g", "", ""})
    );
    EXPECT_EQ(
        call.terms.tools,
        R"([{"type":"function","description":"d","name":"f","parameters":{"type":"object"},)"
        R"("strict":true},{"type":"function","description":null,"name":"g","parameters":null,)"
        R"("strict":false}])"
    );
    EXPECT_THAT(
        error_of(R"({"model":"m","input":"x","tools":[{"type":"function","function":{}}]})"),
        HasSubstr("needs a name")
    );
}

TEST(ResponseRequest, tool_choice_has_all_its_forms) {
    const auto with = [](std::string_view choice) {
        return valid(
            R"({"model":"m","input":"x","tools":[{"type":"function","name":"f"},)"
            R"({"type":"function","name":"g"}],"parallel_tool_calls":false,"tool_choice":)" +
            std::string(choice) + "}"
        );
    };
    EXPECT_EQ(with("\"none\"").request.tool_choice, ToolChoice::kNone);
    EXPECT_EQ(with("\"required\"").request.tool_choice, ToolChoice::kRequired);
    EXPECT_FALSE(with("\"auto\"").request.parallel_tool_calls);
    const ResponseCall named = with(R"({"type":"function","name":"g"})");
    EXPECT_EQ(named.request.tool_choice, ToolChoice::kRequired);
    EXPECT_THAT(named.request.tools, ElementsAre(Tool{"g"}));
    EXPECT_EQ(named.terms.tool_choice, R"({"type":"function","name":"g"})");
    EXPECT_THAT(named.terms.tools, HasSubstr("\"f\"")) << "the response tells all tools";
    const ResponseCall allowed =
        with(R"({"type":"allowed_tools","mode":"auto","tools":[{"type":"function","name":"f"}]})");
    EXPECT_EQ(allowed.request.tool_choice, ToolChoice::kAuto);
    EXPECT_THAT(allowed.request.tools, ElementsAre(Tool{"f"}));
}

TEST(ResponseRequest, settings_go_to_the_model_and_back_to_the_client) {
    const ResponseCall call = valid(R"({"model":"m","input":"x","instructions":"be kind",
        "max_output_tokens":5,"temperature":0.5,"top_p":0.25,"user":"u","stream":true,
        "store":false,"truncation":"auto","previous_response_id":"resp_1",
        "metadata":{"k":"v"},"reasoning":{"effort":"low","summary":"auto"},
        "include":["message.output_text.logprobs","reasoning.encrypted_content"],
        "top_logprobs":2})");
    EXPECT_TRUE(call.stream);
    EXPECT_TRUE(call.request.truncate);
    EXPECT_EQ(call.use.options.values().max_tokens, 5);
    EXPECT_EQ(call.use.options.values().sampling.temperature, 0.5F);
    EXPECT_EQ(call.request.top_logprobs, 2);
    EXPECT_EQ(call.request.thinking, Thinking::kOn);
    EXPECT_EQ(call.request.reasoning_effort, "low");
    EXPECT_EQ(call.terms.instructions, "be kind");
    EXPECT_EQ(call.terms.max_output_tokens, 5);
    EXPECT_EQ(call.terms.temperature, 0.5);
    EXPECT_EQ(call.terms.previous_response_id, "resp_1");
    EXPECT_EQ(call.terms.metadata, R"({"k":"v"})");
    EXPECT_EQ(call.terms.reasoning, R"({"effort":"low","summary":"auto"})");
    EXPECT_TRUE(call.terms.include_encrypted_content);
    EXPECT_FALSE(call.terms.store);
}

TEST(ResponseRequest, logprobs_come_only_where_they_are_included) {
    EXPECT_FALSE(valid(R"({"model":"m","input":"x","top_logprobs":2})").request.top_logprobs);
    EXPECT_EQ(
        valid(R"({"model":"m","input":"x","include":["message.output_text.logprobs"]})")
            .request.top_logprobs,
        0
    );
    EXPECT_THAT(
        error_of(R"({"model":"m","input":"x","top_logprobs":21})"), HasSubstr("between 0 and 20")
    );
}

TEST(ResponseRequest, a_format_may_be_a_schema) {
    const ResponseCall call = valid(R"({"model":"m","input":"x","text":{"format":{
        "type":"json_schema","name":"n","strict":true,"schema":{"type":"object"}}}})");
    EXPECT_EQ(call.request.format, R"({"type":"object"})");
    EXPECT_THAT(call.terms.text, HasSubstr(R"("name":"n")"));
    EXPECT_THAT(call.terms.text, HasSubstr(R"("verbosity":"medium")"));
    EXPECT_EQ(
        valid(R"({"model":"m","input":"x","text":{"format":{"type":"json_object"}}})")
            .request.format,
        "json"
    );
    EXPECT_THAT(
        valid(R"({"model":"m","input":"x","text":{"verbosity":"low"}})").request.format, IsEmpty()
    );
}

TEST(ResponseRequest, takes_the_format_and_the_variables_that_other_dialects_take) {
    const auto request = [](std::string_view more) {
        return valid(R"({"model":"m","input":"x",)" + std::string(more) + "}").request;
    };
    EXPECT_EQ(request(R"("format":"json")").format, "json");
    EXPECT_EQ(request(R"("json_schema":{"type":"object"})").format, R"({"type":"object"})");
    const ChatRequest both =
        request(R"("format":"json","text":{"format":{"type":"json_schema","schema":{"a":1}}})");
    EXPECT_EQ(both.format, R"({"a":1})");
    EXPECT_EQ(
        request(R"("chat_template_kwargs":{"enable_thinking":false})").thinking, Thinking::kOff
    );
}

TEST(ResponseRequest, metadata_and_truncation_are_checked) {
    EXPECT_THAT(
        error_of(R"({"model":"m","input":"x","metadata":{"k":1}})"), HasSubstr("up to 16 texts")
    );
    EXPECT_THAT(
        error_of(R"({"model":"m","input":"x","metadata":{")" + std::string(65, 'k') + R"(":"v"}})"),
        HasSubstr("up to 64")
    );
    EXPECT_THAT(
        error_of(R"({"model":"m","input":"x","truncation":"some"})"), HasSubstr("auto or disabled")
    );
}

TEST(ResponseIds, items_lead_to_their_response) {
    ResponseIds ids(7);
    const std::string first = ids.item("msg_");
    const std::string second = ids.item("fc_");
    EXPECT_NE(first.substr(4), second.substr(3));
    EXPECT_EQ(response_of_item(first), ids.response());
    EXPECT_EQ(response_of_item(second), ids.response());
    EXPECT_EQ(response_of_item("msg_1"), "");
    EXPECT_EQ(response_of_item("msg"), "");
    EXPECT_EQ(response_of_item(""), "");
    EXPECT_EQ(response_of_item("msg_" + std::string(40, '/')), "");
    EXPECT_NE(ids.call(), ids.call());
}

}  // namespace
}  // namespace mullama::api::openai
