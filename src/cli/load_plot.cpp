#include "cli/load_plot.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace mullama::cli {
namespace {

constexpr int kWidth = 860;
constexpr int kHeight = 340;
constexpr int kTop = 60;
constexpr int kPanelWidth = 340;
constexpr int kPanelHeight = 220;
constexpr int kTicks = 4;

std::string escaped(std::string_view text) {
    std::string result;
    for (const char c : text) {
        switch (c) {
            case '&':
                result += "&amp;";
                break;
            case '<':
                result += "&lt;";
                break;
            case '>':
                result += "&gt;";
                break;
            default:
                result += c;
        }
    }
    return result;
}

/// 1, 2 or 5 times a power of ten, the least that is not below `value`.
double round_above(double value) {
    if (!(value > 0)) return 1;
    const double power = std::pow(10.0, std::floor(std::log10(value)));
    for (const double factor : {1.0, 2.0, 5.0}) {
        if (value <= factor * power) return factor * power;
    }
    return 10 * power;
}

std::string line(double x1, double y1, double x2, double y2, std::string_view colour) {
    return fmt::format(
        "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\"/>\n",
        x1,
        y1,
        x2,
        y2,
        colour
    );
}

std::string text(double x, double y, std::string_view anchor, std::string_view content) {
    return fmt::format(
        "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n",
        x,
        y,
        anchor,
        escaped(content)
    );
}

/// The share of `values` that is not above each of them, between two axes; `left` is where they
/// begin.
std::string panel(int left, std::string_view name, std::vector<double> values) {
    std::ranges::sort(values);
    const double most = round_above(values.empty() ? 0 : values.back());
    const double bottom = kTop + kPanelHeight;
    const auto x_of = [&](double value) { return left + kPanelWidth * value / most; };
    const auto y_of = [&](double share) { return bottom - kPanelHeight * share; };
    std::string svg = text(left + kPanelWidth / 2.0, kTop - 12, "middle", name);
    for (int tick = 0; tick <= kTicks; ++tick) {
        const double share = static_cast<double>(tick) / kTicks;
        svg += line(left, y_of(share), left + kPanelWidth, y_of(share), "#ddd");
        svg += text(left - 6, y_of(share) + 4, "end", fmt::format("{:.0f} %", 100 * share));
        svg += text(x_of(share * most), bottom + 18, "middle", fmt::format("{:g}", share * most));
    }
    svg += text(left + kPanelWidth / 2.0, bottom + 38, "middle", "milliseconds");
    if (values.empty()) return svg;
    svg += "<polyline fill=\"none\" stroke=\"#1f6feb\" stroke-width=\"2\" points=\"";
    svg += fmt::format("{:.1f},{:.1f}", x_of(values.front()), y_of(0));
    for (std::size_t i = 0; i < values.size(); ++i) {
        const double share = static_cast<double>(i + 1) / static_cast<double>(values.size());
        svg += fmt::format(" {:.1f},{:.1f}", x_of(values[i]), y_of(share));
    }
    return svg + "\"/>\n";
}

}  // namespace

std::string load_plot(std::span<const LoadRequest> requests, std::string_view title) {
    LoadTimes times = times_of(requests);
    std::string svg = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" "
        "viewBox=\"0 0 {0} {1}\" font-family=\"sans-serif\" font-size=\"12\">\n"
        "<rect width=\"{0}\" height=\"{1}\" fill=\"white\"/>\n",
        kWidth,
        kHeight
    );
    svg += text(kWidth / 2.0, 22, "middle", title);
    svg += panel(60, "to the first token", std::move(times.first));
    svg += panel(490, "between pieces", std::move(times.gaps));
    return svg + "</svg>\n";
}

}  // namespace mullama::cli
