#include "server/metrics_text.h"

#include "server/metrics.h"

#include <chrono>
#include <iterator>

#include <fmt/format.h>

namespace mullama::server {
namespace {

std::string_view name_of(MetricKind kind) {
    switch (kind) {
        case MetricKind::kCounter:
            return "counter";
        case MetricKind::kGauge:
            return "gauge";
        case MetricKind::kHistogram:
            return "histogram";
    }
    return "untyped";
}

void append_label(std::string& to, std::string_view name, std::string_view value) {
    to += to.back() == '{' ? "" : ",";
    to.append(name).append("=\"");
    for (const char c : value) {
        if (c == '\n') {
            to += "\\n";
            continue;
        }
        if (c == '"' || c == '\\') to += '\\';
        to += c;
    }
    to += '"';
}

}  // namespace

MetricsText::MetricsText(
    std::string& to, std::string_view name, MetricKind kind, std::string_view help
)
    : to_(to), name_(name) {
    fmt::format_to(
        std::back_inserter(to_), "# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, name_of(kind)
    );
}

void MetricsText::line(
    std::string_view suffix, MetricLabels labels, std::string_view bound, double value
) {
    to_.append(name_).append(suffix);
    if (labels.size() > 0 || !bound.empty()) {
        to_ += '{';
        for (const auto& [name, text] : labels) append_label(to_, name, text);
        if (!bound.empty()) append_label(to_, "le", bound);
        to_ += '}';
    }
    fmt::format_to(std::back_inserter(to_), " {}\n", value);
}

void MetricsText::sample(MetricLabels labels, double value) {
    line("", labels, "", value);
}

// Each bucket counts those before it too.
void MetricsText::histogram(MetricLabels labels, const Histogram& histogram) {
    const auto buckets = histogram.buckets();
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < buckets.size(); ++i) {
        count += buckets[i];
        const std::string bound = i < Histogram::kBoundsSeconds.size()
                                      ? fmt::format("{}", Histogram::kBoundsSeconds[i])
                                      : "+Inf";
        line("_bucket", labels, bound, static_cast<double>(count));
    }
    line("_sum", labels, "", std::chrono::duration<double>(histogram.sum()).count());
    line("_count", labels, "", static_cast<double>(count));
}

}  // namespace mullama::server
