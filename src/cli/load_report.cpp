#include "cli/load_report.h"

#include "api/json_writer.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <utility>

#include <fmt/format.h>

namespace mullama::cli {
namespace {

double percentile(std::span<const double> sorted, double share) {
    const double place = share * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, sorted.size() - 1);
    return std::lerp(sorted[below], sorted[above], place - std::floor(place));
}

std::string figure_line(std::string_view name, const LoadFigure& figure) {
    return fmt::format(
        "| {:<23} | {:>9.1f} | {:>9.1f} | {:>9.1f} | {:>9.1f} | {:>9.1f} |\n",
        name,
        figure.mean,
        figure.p50,
        figure.p90,
        figure.p99,
        figure.most
    );
}

void write_figure(api::JsonWriter& out, std::string_view name, const LoadFigure& figure) {
    out.key(name)
        .begin_object()
        .field("mean", figure.mean)
        .field("p50", figure.p50)
        .field("p90", figure.p90)
        .field("p99", figure.p99)
        .field("max", figure.most)
        .end_object();
}

void write_times(api::JsonWriter& out, std::string_view name, const std::vector<double>& times) {
    out.key(name).begin_array();
    for (const double time : times) out.value(time);
    out.end_array();
}

}  // namespace

std::vector<double> LoadRequest::gaps_ms() const {
    std::vector<double> gaps;
    for (std::size_t i = 1; i < arrivals_ms.size(); ++i) {
        gaps.push_back(arrivals_ms[i] - arrivals_ms[i - 1]);
    }
    return gaps;
}

double LoadRequest::per_token_ms() const {
    if (answer_tokens < 2) return 0;
    return (arrivals_ms.back() - first_ms()) / static_cast<double>(answer_tokens - 1);
}

bool LoadGoal::set(std::string_view text) {
    const std::size_t colon = std::min(text.find(':'), text.size());
    const std::string_view name = text.substr(0, colon);
    const std::string_view number = text.substr(std::min(colon + 1, text.size()));
    double most = 0;
    const char* const end = number.data() + number.size();
    const auto [stop, error] = std::from_chars(number.data(), end, most);
    if (error != std::errc() || stop != end || !std::isfinite(most) || !(most > 0)) return false;
    if (name == "ttft") {
        first_ms = most;
    } else if (name == "tpot") {
        per_token_ms = most;
    } else if (name == "e2el") {
        took_ms = most;
    } else {
        return false;
    }
    return true;
}

bool LoadGoal::holds(const LoadRequest& request) const {
    return (!first_ms || request.first_ms() <= *first_ms) &&
           (!per_token_ms || request.per_token_ms() <= *per_token_ms) &&
           (!took_ms || request.took_ms <= *took_ms);
}

LoadTimes times_of(std::span<const LoadRequest> requests) {
    LoadTimes times;
    for (const LoadRequest& request : requests) {
        if (!request.succeeded()) continue;
        const std::vector<double> gaps = request.gaps_ms();
        times.first.push_back(request.first_ms());
        times.gaps.insert(times.gaps.end(), gaps.begin(), gaps.end());
        if (request.answer_tokens > 1) times.per_token.push_back(request.per_token_ms());
        times.whole.push_back(request.took_ms);
    }
    return times;
}

LoadFigure figure_of(std::vector<double> values) {
    if (values.empty()) return {};
    std::ranges::sort(values);
    return {
        .mean =
            std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size()),
        .p50 = percentile(values, 0.5),
        .p90 = percentile(values, 0.9),
        .p99 = percentile(values, 0.99),
        .most = values.back(),
    };
}

LoadSummary summarize(std::span<const LoadRequest> requests, double seconds, const LoadGoal& goal) {
    LoadSummary summary{.seconds = seconds};
    std::int64_t prompt_tokens = 0;
    std::int64_t answer_tokens = 0;
    std::int64_t vectors = 0;
    int good = 0;
    for (const LoadRequest& request : requests) {
        if (!request.succeeded()) {
            ++summary.failed;
            continue;
        }
        ++summary.succeeded;
        prompt_tokens += request.prompt_tokens;
        answer_tokens += request.answer_tokens;
        vectors += request.vectors;
        good += goal.holds(request) ? 1 : 0;
    }
    summary.requests_per_second = static_cast<double>(summary.succeeded) / seconds;
    summary.prompt_tokens_per_second = static_cast<double>(prompt_tokens) / seconds;
    summary.answer_tokens_per_second = static_cast<double>(answer_tokens) / seconds;
    summary.vectors_per_second = static_cast<double>(vectors) / seconds;
    if (goal.is_set()) summary.good_per_second = good / seconds;
    LoadTimes times = times_of(requests);
    summary.first = figure_of(std::move(times.first));
    summary.gap = figure_of(std::move(times.gaps));
    summary.per_token = figure_of(std::move(times.per_token));
    summary.whole = figure_of(std::move(times.whole));
    return summary;
}

std::string load_tables(const LoadSummary& summary) {
    const bool has_vectors = summary.vectors_per_second > 0;
    std::string text = fmt::format(
        "| requests | failed | seconds | requests/s | good/s | prompt tokens/s | {:>9} |\n"
        "| -------: | -----: | ------: | ---------: | -----: | --------------: | --------: |\n"
        "| {:>8} | {:>6} | {:>7.2f} | {:>10.3f} | {:>6} | {:>15.1f} | {:>9.1f} |\n\n",
        has_vectors ? "vectors/s" : "tokens/s",
        summary.succeeded + summary.failed,
        summary.failed,
        summary.seconds,
        summary.requests_per_second,
        summary.good_per_second ? fmt::format("{:.3f}", *summary.good_per_second) : "",
        summary.prompt_tokens_per_second,
        has_vectors ? summary.vectors_per_second : summary.answer_tokens_per_second
    );
    text += fmt::format(
        "| {:<23} | {:>9} | {:>9} | {:>9} | {:>9} | {:>9} |\n"
        "| {:-<23} | {:->8}: | {:->8}: | {:->8}: | {:->8}: | {:->8}: |\n",
        "milliseconds",
        "mean",
        "p50",
        "p90",
        "p99",
        "max",
        "",
        "",
        "",
        "",
        "",
        ""
    );
    if (!has_vectors) {
        text += figure_line("to the first token", summary.first) +
                figure_line("between pieces", summary.gap) +
                figure_line("per token behind it", summary.per_token);
    }
    text += figure_line("for the whole answer", summary.whole);
    if (summary.stream_gap) text += figure_line("between streams' pieces", *summary.stream_gap);
    return text;
}

std::string load_lines(std::span<const LoadRequest> requests, const LoadSummary& summary) {
    std::string lines;
    for (const LoadRequest& request : requests) {
        api::JsonWriter out;
        out.begin_object().field("sent_ms", request.sent_ms);
        if (request.succeeded()) {
            out.field("ttft_ms", request.first_ms())
                .field("e2el_ms", request.took_ms)
                .field("prompt_tokens", request.prompt_tokens)
                .field("completion_tokens", request.answer_tokens);
            write_times(out, "itl_ms", request.gaps_ms());
        } else {
            out.field("error", request.error);
        }
        lines += out.end_object().take() + "\n";
    }
    api::JsonWriter out;
    out.begin_object()
        .key("summary")
        .begin_object()
        .field("completed", summary.succeeded)
        .field("failed", summary.failed)
        .field("duration_s", summary.seconds)
        .field("request_throughput", summary.requests_per_second)
        .field("input_throughput", summary.prompt_tokens_per_second)
        .field("output_throughput", summary.answer_tokens_per_second);
    if (summary.vectors_per_second > 0) out.field("vector_throughput", summary.vectors_per_second);
    if (summary.good_per_second) out.field("request_goodput", *summary.good_per_second);
    write_figure(out, "ttft_ms", summary.first);
    write_figure(out, "itl_ms", summary.gap);
    write_figure(out, "tpot_ms", summary.per_token);
    write_figure(out, "e2el_ms", summary.whole);
    if (summary.stream_gap) write_figure(out, "stream_itl_ms", *summary.stream_gap);
    out.end_object().end_object();
    return lines + out.take() + "\n";
}

}  // namespace mullama::cli
