#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What `mullama bench` prints, in the forms and with the names of llama.cpp's llama-bench.
namespace mullama::cli {

/// A model as a row names it.
struct BenchedModel {
    std::string file;
    std::string description;  ///< "llama 135M Q4_1".
    std::uint64_t size_bytes = 0;
    std::uint64_t parameters = 0;
    std::string device;  ///< What computes: "CPU", or the first GPU's name.
};

/// One test: a prompt of `prompt_tokens`, or `generated_tokens` after each other; the other is 0.
struct BenchTest {
    std::int32_t prompt_tokens = 0;
    std::int32_t generated_tokens = 0;
    std::int32_t threads = 0;

    /// "pp512", "tg128".
    std::string name() const;
    std::int32_t tokens() const { return prompt_tokens + generated_tokens; }
};

/// A test and how long each of its repetitions took.
struct BenchRow {
    BenchTest test;
    std::vector<std::int64_t> samples_ns;  ///< Not empty, each above 0.
};

/// The forms that bench_head() and bench_line() know.
inline constexpr std::string_view kBenchForms[] = {"md", "csv", "jsonl"};

/// What comes before the rows; empty for "jsonl".
std::string bench_head(std::string_view form);

/// A row, with tokens per second as the mean and the standard deviation over the repetitions.
std::string bench_line(std::string_view form, const BenchedModel& model, const BenchRow& row);

}  // namespace mullama::cli
