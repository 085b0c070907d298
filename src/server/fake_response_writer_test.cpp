#include "server/fake_response_writer.h"

#include "server/test_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::server {
namespace {

using ::testing::ElementsAre;

TEST(FakeResponseWriter, keeps_a_whole_answer) {
    EventLoop loop;
    FakeResponseWriter writer(loop);
    loop.run(echo(Request{.path = "/a", .body = "b"}, writer));
    EXPECT_EQ(writer.status, 200U);
    EXPECT_EQ(writer.content_type, "text/plain");
    EXPECT_EQ(writer.body, "GET /a? b");
    EXPECT_TRUE(writer.complete);
    EXPECT_FALSE(writer.streamed);
    loop.run(echo(Request{.path = "/c"}, writer));
    EXPECT_EQ(writer.body, "GET /a? b") << "there is one answer";
}

TEST(FakeResponseWriter, keeps_the_pieces_of_a_stream) {
    EventLoop loop;
    FakeResponseWriter writer(loop);
    Feed feed;
    feed.push("one");
    feed.push("two");
    feed.end();
    loop.run(send_stream(feed.reader(), writer));
    EXPECT_THAT(writer.chunks, ElementsAre("one", "two"));
    EXPECT_EQ(writer.body, "onetwo");
    EXPECT_TRUE(writer.streamed);
    EXPECT_TRUE(writer.complete);
}

TEST(FakeResponseWriter, can_be_a_peer_that_goes) {
    EventLoop loop;
    FakeResponseWriter writer(loop);
    writer.chunks_until_gone = 1;
    Feed feed;
    feed.push("one");
    feed.push("two");
    loop.run(send_stream(feed.reader(), writer));
    EXPECT_THAT(writer.chunks, ElementsAre("one"));
    EXPECT_FALSE(writer.complete);
    EXPECT_TRUE(feed.cancelled());
}

}  // namespace
}  // namespace mullama::server
