#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace mullama::server {

class Histogram;

/// What a metric's samples are.
enum class MetricKind { kCounter, kGauge, kHistogram };

/// Names and values that tell samples of one metric apart.
using MetricLabels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

/// Writes one metric with its samples in the text format of Prometheus.
/// Threads: thread-compatible.
/// Source:  prometheus.io/docs/instrumenting/exposition_formats, "Text-based format".
class MetricsText {
  public:
    /// Writes the metric's head behind `to`, which it borrows.
    MetricsText(std::string& to, std::string_view name, MetricKind kind, std::string_view help);

    /// One sample of a counter or gauge.
    void sample(MetricLabels labels, double value);
    /// The samples of a histogram.
    void histogram(MetricLabels labels, const Histogram& histogram);

  private:
    void line(std::string_view suffix, MetricLabels labels, std::string_view bound, double value);

    std::string& to_;
    std::string name_;
};

}  // namespace mullama::server
