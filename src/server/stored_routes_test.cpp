#include "api/json.h"
#include "api/openai/stored_response.h"
#include "server/batch_runner.h"
#include "server/fake_response_writer.h"
#include "server/routes.h"
#include "server/test_client.h"
#include "tests/support/scratch_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::server {
namespace {

namespace json = api::json;
using ::testing::HasSubstr;

/// The routes of what clients come back to, on a server without models.
class StoredRoutes : public ::testing::Test {
  protected:
    StoredRoutes()
        : service_(*store::Catalog::create({scratch_.path()}, {}, {}), {}, {}, scratch_.path()),
          runner_(
              service_.batches,
              service_.files,
              [this](const Request& r, ResponseWriter& w) { return router_.handle(r, w); },
              {}
          ) {
        add_openai_routes(router_, service_);
        add_responses_routes(router_, service_);
        add_files_routes(router_, service_);
        add_batches_routes(router_, service_, runner_);
    }

    json::object ask(std::string method, std::string path, std::string body = "") {
        Request request;
        request.method = std::move(method);
        const std::size_t mark = path.find('?');
        if (mark != std::string::npos) request.query = path.substr(mark + 1);
        request.path = path.substr(0, mark);
        request.body = std::move(body);
        request.headers = {{"Content-Type", "multipart/form-data; boundary=x"}};
        FakeResponseWriter writer(loop_);
        loop_.run(router_.handle(request, writer));
        status_ = writer.status.value_or(0);
        raw_ = writer.body;
        return api::parse_body(raw_).value_or(json::object());
    }

    std::string upload(const std::string& content, const std::string& purpose = "batch") {
        const json::object file =
            ask("POST",
                "/v1/files",
                "--x\r\nContent-Disposition: form-data; name=purpose\r\n\r\n" + purpose +
                    "\r\n--x\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\n" +
                    content + "\r\n--x--");
        EXPECT_EQ(status_, 200U) << raw_;
        return std::string(file.at("id").as_string());
    }

    void keep(const std::string& id, const json::array& input) {
        const std::string response = R"({"id":")" + id + R"(","status":"completed","output":[]})";
        service_.responses.keep(id, api::openai::format_stored_response(response, input));
    }

    std::string message() const { return raw_; }

    test::ScratchDir scratch_;
    EventLoop loop_;
    Router router_;
    Service service_;
    BatchRunner runner_;
    unsigned status_ = 0;
    std::string raw_;
};

TEST_F(StoredRoutes, responses_are_read_and_deleted) {
    keep("resp_a", {json::object{{"id", "msg_1"}}, json::object{{"id", "msg_2"}}});
    EXPECT_EQ(ask("GET", "/v1/responses/resp_a").at("status").as_string(), "completed");
    const json::object items = ask("GET", "/v1/responses/resp_a/input_items?limit=1");
    EXPECT_EQ(items.at("data").at(0).at("id").as_string(), "msg_2");
    EXPECT_TRUE(items.at("has_more").as_bool());
    const json::object rest = ask("GET", "/v1/responses/resp_a/input_items?limit=1&after=msg_2");
    EXPECT_EQ(rest.at("data").at(0).at("id").as_string(), "msg_1");
    EXPECT_FALSE(rest.at("has_more").as_bool());
    ask("POST", "/v1/responses/resp_a/cancel");
    EXPECT_EQ(status_, 400U);
    EXPECT_THAT(message(), HasSubstr("Cannot cancel a synchronous response."));
    EXPECT_TRUE(ask("DELETE", "/v1/responses/resp_a").at("deleted").as_bool());
    for (const char* path : {"/v1/responses/resp_a", "/v1/responses/resp_a/input_items"}) {
        ask("GET", path);
        EXPECT_EQ(status_, 404U) << path;
    }
    ask("DELETE", "/v1/responses/resp_a");
    EXPECT_EQ(status_, 404U);
    ask("POST", "/v1/responses/resp_a/cancel");
    EXPECT_EQ(status_, 404U);
}

TEST_F(StoredRoutes, a_response_under_way_is_read_and_cancelled) {
    const auto interrupt = std::make_shared<Interrupt>();
    auto entry = service_.running.add("resp_a", R"({"status":"in_progress"})", interrupt);
    EXPECT_EQ(ask("GET", "/v1/responses/resp_a").at("status").as_string(), "in_progress");
    EXPECT_EQ(ask("POST", "/v1/responses/resp_a/cancel").at("status").as_string(), "cancelled");
    EXPECT_TRUE(interrupt->asked());
}

TEST_F(StoredRoutes, a_response_before_that_is_unknown_is_told_as_openai_does) {
    const json::object answer =
        ask("POST", "/v1/responses", R"({"model":"m","input":"x","previous_response_id":"resp_x"})"
        );
    EXPECT_EQ(status_, 400U);
    EXPECT_EQ(answer.at("error").at("code").as_string(), "previous_response_not_found");
    EXPECT_EQ(answer.at("error").at("param").as_string(), "previous_response_id");
    EXPECT_THAT(message(), HasSubstr("Previous response with id 'resp_x' not found."));
}

TEST_F(StoredRoutes, hostile_names_are_not_found) {
    for (const char* path :
         {"/v1/responses/../../secret",
          "/v1/responses/resp_a/b/c",
          "/v1/files/../secret",
          "/v1/files/../x/content",
          "/v1/batches/..",
          "/v1/batches/batch_x"}) {
        ask("GET", path);
        EXPECT_EQ(status_, 404U) << path;
    }
}

TEST_F(StoredRoutes, damage_on_the_disk_is_the_servers_fault) {
    service_.responses.keep("resp_a", "{");
    ask("GET", "/v1/responses/resp_a");
    EXPECT_EQ(status_, 500U);
    EXPECT_THAT(message(), HasSubstr("delete it"));
}

TEST_F(StoredRoutes, files_are_uploaded_listed_read_and_deleted) {
    const std::string id = upload("line\r\n--y\nmore", "user_data");
    EXPECT_EQ(ask("GET", "/v1/files/" + id).at("bytes").as_int64(), 14);
    ask("GET", "/v1/files/" + id + "/content");
    EXPECT_EQ(raw_, "line\r\n--y\nmore");
    upload("x");
    EXPECT_EQ(ask("GET", "/v1/files").at("data").as_array().size(), 2U);
    EXPECT_EQ(ask("GET", "/v1/files?purpose=batch").at("data").as_array().size(), 1U);
    EXPECT_EQ(ask("GET", "/v1/files?limit=1").at("data").as_array().size(), 1U);
    ask("GET", "/v1/files?limit=0");
    EXPECT_EQ(status_, 400U);
    EXPECT_TRUE(ask("DELETE", "/v1/files/" + id).at("deleted").as_bool());
    ask("GET", "/v1/files/" + id + "/content");
    EXPECT_EQ(status_, 404U);
    ask("POST", "/v1/files", "no form");
    EXPECT_EQ(status_, 400U);
}

TEST_F(StoredRoutes, a_large_file_comes_in_pieces) {
    const std::string content(1'000'000, 'x');
    const std::string id = upload(content);
    ask("GET", "/v1/files/" + id + "/content");
    EXPECT_EQ(raw_, content);
}

TEST_F(StoredRoutes, a_batch_asks_the_routes_and_its_errors_are_a_file) {
    const std::string file = upload(R"({"custom_id":"a","method":"POST","url":"/v1/embeddings",)"
                                    R"("body":{"model":"none","input":"x"}})");
    const std::string body = R"({"input_file_id":")" + file +
                             R"(","endpoint":"/v1/embeddings","completion_window":"24h"})";
    const json::object created = ask("POST", "/v1/batches", body);
    ASSERT_EQ(status_, 200U) << raw_;
    EXPECT_EQ(created.at("status").as_string(), "validating");
    const std::string path = "/v1/batches/" + std::string(created.at("id").as_string());
    json::object batch;
    EXPECT_TRUE(eventually([&] {
        batch = ask("GET", path);
        return batch.at("status").as_string() == "completed";
    }));
    EXPECT_EQ(batch.at("request_counts").at("failed").as_int64(), 1);
    EXPECT_TRUE(batch.at("output_file_id").is_null());
    ask("GET", "/v1/files/" + std::string(batch.at("error_file_id").as_string()) + "/content");
    EXPECT_THAT(raw_, HasSubstr("model 'none' not found"));
    EXPECT_EQ(ask("GET", "/v1/batches").at("data").as_array().size(), 1U);
    ask("POST", path + "/cancel");
    EXPECT_EQ(status_, 400U);
}

TEST_F(StoredRoutes, a_batch_needs_a_file_of_its_purpose) {
    const auto create = [&](const std::string& file) {
        return ask(
            "POST",
            "/v1/batches",
            R"({"input_file_id":")" + file +
                R"(","endpoint":"/v1/embeddings","completion_window":"24h"})"
        );
    };
    EXPECT_EQ(create("file-x").at("error").at("param").as_string(), "input_file_id");
    EXPECT_EQ(status_, 400U);
    create(upload("x", "user_data"));
    EXPECT_EQ(status_, 400U);
    EXPECT_THAT(message(), HasSubstr("purpose batch"));
}

}  // namespace
}  // namespace mullama::server
