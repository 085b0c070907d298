#include "cli/table.h"

#include <gtest/gtest.h>

namespace mullama::cli {
namespace {

TEST(Table, aligns_columns_and_leaves_no_space_at_the_end) {
    EXPECT_EQ(
        render_table({{"NAME", "SIZE"}, {"smollm2:135m", "98 MB"}}),
        "NAME            SIZE\n"
        "smollm2:135m    98 MB\n"
    );
}

TEST(Table, indents_every_line) {
    EXPECT_EQ(render_table({{"a", "b"}, {"cc"}}, 2), "  a     b\n  cc\n");
    EXPECT_EQ(render_table({}), "");
}

}  // namespace
}  // namespace mullama::cli
