#include "cli/bench_report.h"

#include "api/json.h"

#include <gtest/gtest.h>

namespace mullama::cli {
namespace {

const BenchedModel kModel = {
    .file = "a \"b\".gguf",
    .description = "llama 135M Q4_1",
    .size_bytes = 91 * 1024 * 1024,
    .parameters = 134'515'008,
    .device = "CPU",
};

// 100 and 50 tokens a second.
const BenchRow kRow = {
    .test = {.prompt_tokens = 512, .threads = 2},
    .samples_ns = {5'120'000'000, 10'240'000'000},
};

TEST(BenchReport, a_table_has_columns_under_each_other) {
    EXPECT_EQ(
        bench_head("md") + bench_line("md", kModel, kRow),
        "| model                          |       size |     params | backend    | threads |      "
        "      test |                  t/s |\n"
        "| ------------------------------ | ---------: | ---------: | ---------- | ------: | -----"
        "---------: | -------------------: |\n"
        "| llama 135M Q4_1                |  91.00 MiB |   134.52 M | CPU        |       2 |      "
        "     pp512 |        75.00 ± 35.36 |\n"
    );
}

TEST(BenchReport, one_repetition_has_no_deviation) {
    const BenchRow row = {
        .test = {.generated_tokens = 16, .threads = 1}, .samples_ns = {1'000'000}
    };
    const std::string line = bench_line("md", kModel, row);
    EXPECT_NE(line.find(" tg16 |"), std::string::npos) << line;
    EXPECT_NE(line.find(" 16000.00 ± 0.00 |"), std::string::npos) << line;
}

TEST(BenchReport, csv_has_a_field_for_each_name) {
    EXPECT_EQ(
        bench_head("csv") + bench_line("csv", kModel, kRow),
        "model_filename,model_type,model_size,model_n_params,devices,n_threads,n_prompt,n_gen,"
        "avg_ts,stddev_ts\n"
        "\"a \"\"b\"\".gguf\",\"llama 135M Q4_1\",95420416,134515008,\"CPU\",2,512,0,75.000000,"
        "35.355339\n"
    );
}

TEST(BenchReport, json_is_one_object_a_line) {
    EXPECT_EQ(bench_head("jsonl"), "");
    const std::string line = bench_line("jsonl", kModel, kRow);
    EXPECT_TRUE(line.ends_with("}\n"));
    const auto value = api::parse_json(line);
    ASSERT_TRUE(value) << line;
    const api::json::object& object = value->get_object();
    EXPECT_EQ(object.at("model_filename"), "a \"b\".gguf");
    EXPECT_EQ(object.at("n_prompt"), 512);
    EXPECT_EQ(object.at("avg_ts").to_number<double>(), 75.0);
    EXPECT_EQ(object.at("samples_ns"), (api::json::array{5'120'000'000, 10'240'000'000}));
    EXPECT_EQ(object.at("samples_ts"), (api::json::array{100.0, 50.0}));
}

}  // namespace
}  // namespace mullama::cli
