#include "server/status_probe.h"

#include "server/fake_response_writer.h"

#include <gtest/gtest.h>

namespace mullama::server {
namespace {

class StatusProbing : public ::testing::Test {
  protected:
    EventLoop loop_;
    FakeResponseWriter inner_{loop_};
    StatusProbe probe_{inner_};
};

TEST_F(StatusProbing, knows_the_status_of_a_whole_answer) {
    EXPECT_EQ(probe_.status(), 0U);
    const Response response{.status = 404};
    loop_.run(probe_.send(response));
    EXPECT_EQ(probe_.status(), 404U);
}

TEST_F(StatusProbing, knows_the_status_of_an_answer_in_pieces) {
    const ResponseHead head{.status = 202};
    loop_.run(probe_.begin(head));
    loop_.run(probe_.write("a"));
    EXPECT_EQ(probe_.status(), 202U);
    EXPECT_EQ(inner_.body, "a");
}

TEST_F(StatusProbing, a_ping_that_has_begun_the_answer_gives_its_status) {
    probe_.ping({.bytes = ":"});
    EXPECT_EQ(probe_.status(), 0U) << "no ping has been sent yet";
    loop_.run(inner_.begin(inner_.pings->head));
    EXPECT_EQ(probe_.status(), 200U);
    const Response late{.status = 500};
    loop_.run(probe_.send(late));
    EXPECT_EQ(probe_.status(), 200U);
}

}  // namespace
}  // namespace mullama::server
