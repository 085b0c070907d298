#include "base/error.h"
#include <mullama/embedding.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <limits>

namespace mullama {
namespace {

// Independent lanes, so that the compiler can use vector instructions without reordering.
constexpr std::size_t kLanes = 16;

constexpr double kInt16Scale = 32760.0;

double norm_of(std::span<const float> values, Normalization normalization, std::int32_t p) {
    double sum = 0.0;
    switch (normalization) {
        case Normalization::kNone:
            return 1.0;
        case Normalization::kMaxAbs:
            for (const float value : values) sum = std::max(sum, std::fabs(double{value}));
            return sum / kInt16Scale;
        case Normalization::kTaxicab:
            for (const float value : values) sum += std::fabs(double{value});
            return sum;
        case Normalization::kEuclidean:
            for (const float value : values) sum += double{value} * double{value};
            return std::sqrt(sum);
        case Normalization::kPNorm:
            for (const float value : values) sum += std::pow(std::fabs(double{value}), p);
            return std::pow(sum, 1.0 / p);
    }
    return 1.0;
}

bool nearer(const Neighbor& a, const Neighbor& b) {
    return a.score > b.score || (a.score == b.score && a.row < b.row);
}

Error not_rows(std::size_t values, std::size_t length) {
    return fail(
        ErrorCode::kInvalidArgument, "{} values are no whole number of rows of {}", values, length
    );
}

}  // namespace

void normalize(std::span<float> values, Normalization normalization, std::int32_t p) {
    const double norm = norm_of(values, normalization, p);
    const double factor = norm > 0.0 ? 1.0 / norm : 0.0;
    for (float& value : values) value = static_cast<float>(double{value} * factor);
}

float dot(std::span<const float> a, std::span<const float> b) {
    assert(a.size() == b.size());
    const std::size_t size = std::min(a.size(), b.size());
    std::array<float, kLanes> lanes{};
    std::size_t i = 0;
    for (; i + kLanes <= size; i += kLanes) {
        for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += a[i + lane] * b[i + lane];
    }
    double sum = 0.0;
    for (const float lane : lanes) sum += double{lane};
    for (; i < size; ++i) sum += double{a[i]} * double{b[i]};
    return static_cast<float>(sum);
}

float cosine_similarity(std::span<const float> a, std::span<const float> b) {
    const double lengths = std::sqrt(double{dot(a, a)}) * std::sqrt(double{dot(b, b)});
    if (lengths > 0.0)
        return std::clamp(static_cast<float>(double{dot(a, b)} / lengths), -1.0F, 1.0F);
    return dot(a, a) == dot(b, b) ? 1.0F : 0.0F;
}

Result<std::vector<Neighbor>> top_k(
    std::span<const float> query, std::span<const float> rows, std::size_t k
) {
    if (query.empty()) return fail(ErrorCode::kInvalidArgument, "the query has no values");
    if (rows.size() % query.size() != 0) return not_rows(rows.size(), query.size());
    std::vector<Neighbor> all(rows.size() / query.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i] = {i, cosine_similarity(query, rows.subspan(i * query.size(), query.size()))};
    }
    k = std::min(k, all.size());
    std::ranges::partial_sort(all, all.begin() + static_cast<std::ptrdiff_t>(k), nearer);
    all.resize(k);
    return all;
}

Result<float> max_sim(
    std::span<const float> query, std::span<const float> document, std::int32_t dimensions
) {
    if (dimensions < 1) {
        return fail(ErrorCode::kInvalidArgument, "dimensions is {}: give 1 or more", dimensions);
    }
    const auto length = static_cast<std::size_t>(dimensions);
    if (query.empty() || query.size() % length != 0) return not_rows(query.size(), length);
    if (document.empty() || document.size() % length != 0) return not_rows(document.size(), length);
    double sum = 0.0;
    for (std::size_t q = 0; q < query.size(); q += length) {
        float best = -std::numeric_limits<float>::infinity();
        for (std::size_t d = 0; d < document.size(); d += length) {
            best = std::max(best, dot(query.subspan(q, length), document.subspan(d, length)));
        }
        sum += double{best};
    }
    return static_cast<float>(sum);
}

}  // namespace mullama
