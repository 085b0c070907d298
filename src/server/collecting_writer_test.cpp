#include "server/collecting_writer.h"

#include "server/test_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::server {
namespace {

constexpr std::size_t kMany = 1000;

TEST(CollectingWriter, keeps_a_whole_answer) {
    EventLoop loop;
    CollectingWriter writer(loop, kMany);
    loop.run(echo(Request{.path = "/a", .body = "b"}, writer));
    EXPECT_TRUE(writer.is_complete());
    EXPECT_EQ(writer.response().status, 200U);
    EXPECT_EQ(writer.response().content_type, "text/plain");
    EXPECT_EQ(writer.response().body, "GET /a? b");
    EXPECT_FALSE(loop.run(writer.send({}))) << "there is one answer";
}

TEST(CollectingWriter, joins_the_pieces_of_a_stream) {
    EventLoop loop;
    CollectingWriter writer(loop, kMany);
    Feed feed;
    feed.push("one");
    feed.push("two");
    feed.end();
    loop.run(send_stream(feed.reader(), writer));
    EXPECT_TRUE(writer.is_complete());
    EXPECT_EQ(writer.response().body, "onetwo");
}

TEST(CollectingWriter, is_a_client_that_goes_where_the_answer_is_too_large) {
    EventLoop loop;
    CollectingWriter whole(loop, 3);
    Response response;
    response.body = "four";
    EXPECT_FALSE(loop.run(whole.send(response)));
    EXPECT_FALSE(whole.is_complete());
    CollectingWriter pieces(loop, 5);
    Feed feed;
    feed.push("one");
    feed.push("two");
    loop.run(send_stream(feed.reader(), pieces));
    EXPECT_FALSE(pieces.is_complete());
    EXPECT_TRUE(feed.cancelled());
}

}  // namespace
}  // namespace mullama::server
