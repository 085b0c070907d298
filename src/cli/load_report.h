#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What `mullama bench serve` prints.
namespace mullama::cli {

/// One request of a load, as its client saw it. Times are from when it was sent on.
struct LoadRequest {
    double sent_ms = 0;               ///< Since the load began.
    std::vector<double> arrivals_ms;  ///< Of each piece of the answer's text.
    double took_ms = 0;               ///< Until the answer had ended.
    std::int64_t prompt_tokens = 0;   ///< As the server counts them.
    std::int64_t answer_tokens = 0;   ///< As above.
    std::int64_t vectors = 0;         ///< Where it asked for some.
    std::string text;                 ///< Of the answer.
    std::string error;                ///< Why there is no whole answer; empty where there is.

    bool succeeded() const { return error.empty() && !arrivals_ms.empty(); }
    /// Milliseconds to the first piece.
    double first_ms() const { return arrivals_ms.front(); }
    /// Milliseconds from each piece to the next.
    std::vector<double> gaps_ms() const;
    /// Milliseconds for each token behind the first; 0 where there is one.
    double per_token_ms() const;
};

/// What an answer has to keep within to count as good; unset ones do not matter.
struct LoadGoal {
    std::optional<double> first_ms = {};      ///< "ttft"
    std::optional<double> per_token_ms = {};  ///< "tpot"
    std::optional<double> took_ms = {};       ///< "e2el"

    /// Sets one from "ttft:200". Gives false where the text is no such goal.
    bool set(std::string_view text);
    bool is_set() const { return first_ms || per_token_ms || took_ms; }
    bool holds(const LoadRequest& request) const;
};

/// Times of all requests that succeeded, in milliseconds.
struct LoadTimes {
    std::vector<double> first;
    std::vector<double> gaps;
    std::vector<double> per_token;  ///< Of answers with more than one.
    std::vector<double> whole;
};

LoadTimes times_of(std::span<const LoadRequest> requests);

/// A figure over all requests.
struct LoadFigure {
    double mean = 0;
    double p50 = 0;
    double p90 = 0;
    double p99 = 0;
    double most = 0;
};

/// All zero where there is no value. Between two values a percentile lies in proportion.
LoadFigure figure_of(std::vector<double> values);

/// What a whole load comes to.
struct LoadSummary {
    std::size_t succeeded = 0;
    std::size_t failed = 0;
    double seconds = 0;
    double requests_per_second = 0;
    double prompt_tokens_per_second = 0;
    double answer_tokens_per_second = 0;
    double vectors_per_second = 0;
    std::optional<double> good_per_second = {};  ///< Unset where there is no goal.
    std::optional<LoadFigure> stream_gap = {};   ///< Of streams beside the requests, if any.
    LoadFigure first = {};
    LoadFigure gap = {};
    LoadFigure per_token = {};
    LoadFigure whole = {};
};

/// Those that failed count for nothing but their number.
LoadSummary summarize(std::span<const LoadRequest> requests, double seconds, const LoadGoal& goal);

/// Two tables in Markdown.
std::string load_tables(const LoadSummary& summary);

/// An object for each request and one with the summary, a line each.
std::string load_lines(std::span<const LoadRequest> requests, const LoadSummary& summary);

}  // namespace mullama::cli
