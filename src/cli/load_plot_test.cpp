#include "cli/load_plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

LoadRequest request(double first, double second) {
    LoadRequest request;
    request.arrivals_ms = {first, second};
    request.took_ms = second;
    return request;
}

TEST(LoadPlot, shows_the_share_within_each_time) {
    const std::vector<LoadRequest> requests = {request(50, 60), request(100, 105)};
    const std::string svg = load_plot(requests, "two <answers>");
    EXPECT_THAT(svg, HasSubstr("two &lt;answers&gt;"));
    // From 0 to 100 ms is from 60 to 400; from none to all, from 280 to 60.
    EXPECT_THAT(svg, HasSubstr("points=\"230.0,280.0 230.0,170.0 400.0,60.0\""));
    // From 0 to 10 ms is from 490 to 830.
    EXPECT_THAT(svg, HasSubstr("points=\"660.0,280.0 660.0,170.0 830.0,60.0\""));
    EXPECT_TRUE(svg.ends_with("</svg>\n"));
}

TEST(LoadPlot, of_nothing_has_axes_only) {
    LoadRequest failed;
    failed.error = "no";
    EXPECT_THAT(load_plot(std::vector{failed}, ""), Not(HasSubstr("polyline")));
}

}  // namespace
}  // namespace mullama::cli
