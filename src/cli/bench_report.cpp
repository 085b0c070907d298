#include "cli/bench_report.h"

#include "api/json_writer.h"

#include <cmath>
#include <numeric>
#include <span>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace mullama::cli {
namespace {

constexpr char kTableRow[] = "| {:<30} | {:>10} | {:>10} | {:<10} | {:>7} | {:>15} | {:>20} |\n";

struct Spread {
    double mean = 0.0;
    double deviation = 0.0;
};

Spread spread_of(std::span<const double> values) {
    const auto count = static_cast<double>(values.size());
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
    if (values.size() < 2) return {.mean = mean};
    double squares = 0.0;
    for (const double value : values) squares += (value - mean) * (value - mean);
    return {.mean = mean, .deviation = std::sqrt(squares / (count - 1.0))};
}

std::vector<double> speeds_of(const BenchRow& row) {
    std::vector<double> speeds;
    for (const std::int64_t sample : row.samples_ns) {
        speeds.push_back(1e9 * row.test.tokens() / static_cast<double>(sample));
    }
    return speeds;
}

std::string size_text(std::uint64_t bytes) {
    const auto size = static_cast<double>(bytes);
    constexpr double kMi = 1024.0 * 1024.0;
    return size < kMi * 1024.0 ? fmt::format("{:.2f} MiB", size / kMi)
                               : fmt::format("{:.2f} GiB", size / kMi / 1024.0);
}

std::string parameters_text(std::uint64_t count) {
    const auto number = static_cast<double>(count);
    return number < 1e9 ? fmt::format("{:.2f} M", number / 1e6)
                        : fmt::format("{:.2f} B", number / 1e9);
}

std::string quoted(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) result += c == '"' ? std::string("\"\"") : std::string(1, c);
    return result + '"';
}

std::string table_line(const BenchedModel& model, const BenchRow& row, Spread speed) {
    return fmt::format(
        kTableRow,
        model.description,
        size_text(model.size_bytes),
        parameters_text(model.parameters),
        model.device,
        row.test.threads,
        row.test.name(),
        fmt::format("{:.2f} ± {:.2f}", speed.mean, speed.deviation)
    );
}

std::string csv_line(const BenchedModel& model, const BenchRow& row, Spread speed) {
    return fmt::format(
        "{},{},{},{},{},{},{},{},{:.6f},{:.6f}\n",
        quoted(model.file),
        quoted(model.description),
        model.size_bytes,
        model.parameters,
        quoted(model.device),
        row.test.threads,
        row.test.prompt_tokens,
        row.test.generated_tokens,
        speed.mean,
        speed.deviation
    );
}

std::string json_line(
    const BenchedModel& model, const BenchRow& row, Spread speed, std::span<const double> speeds
) {
    api::JsonWriter out;
    out.begin_object()
        .field("model_filename", model.file)
        .field("model_type", model.description)
        .field("model_size", model.size_bytes)
        .field("model_n_params", model.parameters)
        .field("devices", model.device)
        .field("n_threads", row.test.threads)
        .field("n_prompt", row.test.prompt_tokens)
        .field("n_gen", row.test.generated_tokens)
        .field("avg_ts", speed.mean)
        .field("stddev_ts", speed.deviation)
        .raw_field("samples_ns", fmt::format("{}", row.samples_ns))
        .raw_field("samples_ts", fmt::format("[{:.6f}]", fmt::join(speeds, ", ")))
        .end_object();
    return out.take() + "\n";
}

}  // namespace

std::string BenchTest::name() const {
    return prompt_tokens > 0 ? fmt::format("pp{}", prompt_tokens)
                             : fmt::format("tg{}", generated_tokens);
}

std::string bench_head(std::string_view form) {
    if (form == "md") {
        return fmt::format(
                   kTableRow, "model", "size", "params", "backend", "threads", "test", "t/s"
               ) +
               fmt::format(
                   "| {0:-<30} | {0:->9}: | {0:->9}: | {0:-<10} | {0:->6}: | {0:->14}: | "
                   "{0:->19}: |\n",
                   ""
               );
    }
    if (form == "csv") {
        return "model_filename,model_type,model_size,model_n_params,devices,n_threads,n_prompt,"
               "n_gen,avg_ts,stddev_ts\n";
    }
    return "";
}

std::string bench_line(std::string_view form, const BenchedModel& model, const BenchRow& row) {
    const std::vector<double> speeds = speeds_of(row);
    const Spread speed = spread_of(speeds);
    if (form == "csv") return csv_line(model, row, speed);
    if (form == "jsonl") return json_line(model, row, speed, speeds);
    return table_line(model, row, speed);
}

}  // namespace mullama::cli
