#include "cli/model_table.h"

#include <gtest/gtest.h>

namespace mullama::cli {
namespace {

const std::string kDigest(64, 'a');

TEST(ModelTable, lists_names_that_start_so) {
    const std::vector<ListedModel> models = {
        {"one:latest", kDigest, 1'500'000'000, 3 * 24 * 3600}, {"two:1b", kDigest, 98, 0}
    };
    EXPECT_EQ(
        model_table(models, ""),
        "NAME          ID              SIZE      MODIFIED\n"
        "one:latest    aaaaaaaaaaaa    1.5 GB    3 days ago\n"
        "two:1b        aaaaaaaaaaaa    98 B      Less than a second ago\n"
    );
    EXPECT_EQ(model_table(models, "two").find("one"), std::string::npos);
}

TEST(LoadedTable, says_where_a_model_is_and_for_how_long) {
    LoadedRow model{"m:1b", kDigest, 1000, 0, 4096, 299};
    const auto shows = [&](const char* text) {
        EXPECT_NE(loaded_table({model}).find(text), std::string::npos) << loaded_table({model});
    };
    shows("100% CPU     4096       4 minutes from now");
    model.gpu_bytes = 1000;
    shows("100% GPU");
    model.gpu_bytes = 250;
    shows("75%/25% CPU/GPU");
    model.gpu_bytes = 2000;
    shows("Unknown");
    model.expires_in_s = -1;
    shows("Stopping...");
    model.expires_in_s = 9'000'000'000;
    shows("Forever");
}

}  // namespace
}  // namespace mullama::cli
