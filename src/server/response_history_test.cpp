#include "server/response_history.h"

#include "api/openai/response_ids.h"
#include "api/openai/stored_response.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::server {
namespace {

namespace json = api::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

json::object item(std::string_view id) {
    return {{"id", json::string(id)}, {"type", "message"}};
}

std::vector<std::string> ids_of(const json::array& items) {
    std::vector<std::string> ids;
    for (const json::value& each : items) ids.emplace_back(each.at("id").as_string());
    return ids;
}

class History : public ::testing::Test {
  protected:
    void keep(
        const std::string& id, const std::string& previous, json::array input, json::array output
    ) {
        json::object response = {{"id", id}, {"output", std::move(output)}};
        if (!previous.empty()) response["previous_response_id"] = previous;
        store_.keep(id, api::openai::format_stored_response(api::to_text(response), input));
    }

    ResponseStore store_{{}};
};

TEST_F(History, goes_from_the_first_input_to_the_last_output) {
    keep("resp_1", "", {item("i1")}, {item("o1")});
    keep("resp_2", "resp_1", {item("i2"), item("i3")}, {item("o2"), item("o3")});
    EXPECT_THAT(
        ids_of(*response_history(store_, "resp_2")), ElementsAre("i1", "o1", "i2", "i3", "o2", "o3")
    );
    EXPECT_TRUE(response_history(store_, "")->empty());
}

TEST_F(History, a_response_that_is_gone_is_named) {
    keep("resp_2", "resp_1", {}, {});
    const auto history = response_history(store_, "resp_2");
    ASSERT_FALSE(history);
    EXPECT_EQ(history.error().code, ErrorCode::kNotFound);
    EXPECT_EQ(history.error().message, "Previous response with id 'resp_1' not found.");
    EXPECT_FALSE(response_history(store_, "../x"));
}

TEST_F(History, a_chain_that_bites_its_tail_ends) {
    keep("resp_1", "resp_2", {}, {});
    keep("resp_2", "resp_1", {}, {});
    EXPECT_EQ(response_history(store_, "resp_1").error().code, ErrorCode::kInvalidArgument);
}

TEST_F(History, damage_is_told) {
    store_.keep("resp_1", "{\"response\":");
    EXPECT_EQ(response_history(store_, "resp_1").error().code, ErrorCode::kCorrupt);
}

TEST_F(History, references_are_resolved_from_the_talk_and_from_other_responses) {
    api::openai::ResponseIds ids(3);
    const std::string said = ids.item("msg_");
    const std::string asked = ids.item("msg_");
    keep(ids.response(), "", {item(asked)}, {item(said)});
    const json::array history = {item("msg_here")};
    const json::array input = {
        json::object{{"type", "item_reference"}, {"id", said}},
        item("msg_new"),
        json::object{{"id", "msg_here"}},
        json::object{{"id", asked}},
    };
    const auto resolved = resolve_references(store_, history, input);
    ASSERT_TRUE(resolved);
    EXPECT_THAT(ids_of(*resolved), ElementsAre(said, "msg_new", "msg_here", asked));
    for (const json::value& each : *resolved) {
        EXPECT_EQ(each.at("type").as_string(), "message");
    }
}

TEST_F(History, an_item_that_is_nowhere_is_named) {
    const json::array input = {json::object{{"type", "item_reference"}, {"id", "msg_x"}}};
    const auto resolved = resolve_references(store_, {}, input);
    ASSERT_FALSE(resolved);
    EXPECT_EQ(resolved.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(resolved.error().message, HasSubstr("'msg_x'"));
}

}  // namespace
}  // namespace mullama::server
