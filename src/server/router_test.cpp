#include "server/router.h"

#include "server/fake_response_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Task<void> say(ResponseWriter& writer, std::string text) {
    Response response;
    response.body = std::move(text);
    co_await writer.send(response);
}

class Routing : public ::testing::Test {
  protected:
    Routing() {
        add("GET", "/");
        add("GET", "/api/tags");
        add("POST", "/api/show");
        add("GET", "/v1/models");
        add("GET", "/v1/models/*");
        add("DELETE", "/v1/models/*");
        add("POST", "/v1/batches/*/cancel");
    }

    void add(std::string method, std::string pattern) {
        auto handler = [name = method + " " + pattern](
                           const Request&, ResponseWriter& writer, std::string_view rest
                       ) { return say(writer, name + " [" + std::string(rest) + "]"); };
        router_.add(method, pattern, std::move(handler));
    }

    FakeResponseWriter& answer(std::string method, std::string path) {
        Request request;
        request.method = std::move(method);
        request.path = std::move(path);
        writer_ = std::make_unique<FakeResponseWriter>(loop_);
        loop_.run(router_.handle(request, *writer_));
        return *writer_;
    }

    EventLoop loop_;
    Router router_;
    std::unique_ptr<FakeResponseWriter> writer_;
};

TEST_F(Routing, finds_whole_paths) {
    EXPECT_EQ(answer("GET", "/").body, "GET / []");
    EXPECT_EQ(answer("GET", "/api/tags").body, "GET /api/tags []");
    EXPECT_EQ(answer("POST", "/api/show").body, "POST /api/show []");
}

TEST_F(Routing, gives_what_stands_for_the_star) {
    EXPECT_EQ(answer("GET", "/v1/models/hf.co/a/b:Q4").body, "GET /v1/models/* [hf.co/a/b:Q4]");
    EXPECT_EQ(answer("DELETE", "/v1/models/a").body, "DELETE /v1/models/* [a]");
    EXPECT_EQ(answer("GET", "/v1/models").body, "GET /v1/models []");
    EXPECT_EQ(answer("GET", "/v1/models/").status, 404U);
    EXPECT_EQ(answer("POST", "/v1/batches/b1/cancel").body, "POST /v1/batches/*/cancel [b1]");
    EXPECT_EQ(answer("POST", "/v1/batches/b1/x/cancel").status, 404U);
    EXPECT_EQ(answer("POST", "/v1/batches//cancel").status, 404U);
}

TEST_F(Routing, head_is_answered_as_get) {
    EXPECT_EQ(answer("HEAD", "/api/tags").body, "GET /api/tags []");
    EXPECT_EQ(answer("HEAD", "/api/show").status, 405U);
}

TEST_F(Routing, unknown_paths_and_wrong_methods_are_told_apart) {
    EXPECT_EQ(answer("GET", "/nothing").status, 404U);
    EXPECT_EQ(writer_->body, "404 page not found");
    EXPECT_EQ(writer_->content_type, "text/plain; charset=utf-8");
    EXPECT_EQ(answer("PUT", "/v1/models/a").status, 405U);
    EXPECT_THAT(writer_->headers, ElementsAre(Header{"Allow", "GET, DELETE"}));
}

TEST_F(Routing, anthropics_clients_are_refused_in_its_form) {
    add("POST", "/v1/messages");
    EXPECT_EQ(answer("POST", "/v1/messages/batches").status, 404U);
    EXPECT_THAT(writer_->body, HasSubstr(R"("type":"not_found_error")"));
    EXPECT_EQ(answer("GET", "/v1/messages").status, 405U);
    EXPECT_THAT(writer_->body, HasSubstr(R"({"type":"error")"));
    EXPECT_THAT(writer_->headers, ElementsAre(Header{"Allow", "POST"}));
}

TEST_F(Routing, lists_its_routes_and_tells_which_answers) {
    EXPECT_EQ(router_.routes().at(4), (RouteName{"GET", "/v1/models/*"}));
    EXPECT_EQ(router_.routes().at(6), (RouteName{"POST", "/v1/batches/*/cancel"}));
    const auto find = [&](std::string method, std::string path) {
        return router_.find({.method = std::move(method), .path = std::move(path)});
    };
    EXPECT_EQ(find("GET", "/v1/models/a"), 4U);
    EXPECT_EQ(find("HEAD", "/v1/models"), 3U);
    EXPECT_EQ(find("PUT", "/v1/models"), std::nullopt);
    EXPECT_EQ(find("GET", "/nothing"), std::nullopt);
}

}  // namespace
}  // namespace mullama::server
