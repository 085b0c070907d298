#include "llama/gbnf.h"

#include "base/error.h"
#include "llama/gbnf_parser.h"
#include "llama/gbnf_rules.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace mullama {
namespace {

constexpr std::size_t kBytesMax = std::size_t{1} << 20;
// The engine looks for left recursion by walking every path through rules that begin others: once
// for each call counted here, and as deep on the stack as the longest path.
constexpr std::uint64_t kPathsMax = std::uint64_t{1} << 22;
constexpr std::uint32_t kDepthMax = 4000;

// An edge leads from a rule to one that can begin it. It is open-ended where something follows that
// rule, which the engine has to remember.
struct Edge {
    std::uint32_t to = 0;
    bool open_ended = false;
};
using Graph = std::vector<std::vector<Edge>>;
using Rules = std::vector<GbnfRule>;

bool ends_alternative(const GbnfRule& rule, std::size_t index) {
    return index == rule.elements.size() ||
           rule.elements[index].kind == GbnfElement::Kind::kAlternative;
}

// Rules that have an alternative with nothing in it: all that the engine counts as empty.
std::vector<bool> plainly_empty(const Rules& rules) {
    std::vector<bool> empty(rules.size());
    for (std::size_t r = 0; r < rules.size(); ++r) {
        for (std::size_t i = 0; i <= rules[r].elements.size(); ++i) {
            const bool first = i == 0 || ends_alternative(rules[r], i - 1);
            if (first && ends_alternative(rules[r], i)) empty[r] = true;
        }
    }
    return empty;
}

// An alternative of `owner`, and how many of its elements are not known to be empty.
struct Alternative {
    std::uint32_t owner = 0;
    std::size_t solid = 0;
};

// Rules that can match nothing, by whatever path.
std::vector<bool> truly_empty(const Rules& rules) {
    std::vector<Alternative> alternatives;
    std::vector<std::vector<std::size_t>> uses(rules.size());
    for (std::uint32_t r = 0; r < rules.size(); ++r) {
        alternatives.push_back({r, 0});
        for (const auto& element : rules[r].elements) {
            if (element.kind == GbnfElement::Kind::kAlternative) {
                alternatives.push_back({r, 0});
                continue;
            }
            ++alternatives.back().solid;
            if (element.kind == GbnfElement::Kind::kReference) {
                uses[element.rule].push_back(alternatives.size() - 1);
            }
        }
    }
    std::vector<bool> empty(rules.size());
    std::vector<std::uint32_t> todo;
    const auto settle = [&](const Alternative& alternative) {
        if (alternative.solid > 0 || empty[alternative.owner]) return;
        empty[alternative.owner] = true;
        todo.push_back(alternative.owner);
    };
    for (const auto& alternative : alternatives) settle(alternative);
    while (!todo.empty()) {
        const auto rule = todo.back();
        todo.pop_back();
        for (const auto use : uses[rule]) {
            --alternatives[use].solid;
            settle(alternatives[use]);
        }
    }
    return empty;
}

Graph first_rules(const Rules& rules, const std::vector<bool>& empty) {
    Graph graph(rules.size());
    for (std::size_t r = 0; r < rules.size(); ++r) {
        bool at_start = true;
        const auto& elements = rules[r].elements;
        for (std::size_t i = 0; i < elements.size(); ++i) {
            if (elements[i].kind == GbnfElement::Kind::kAlternative) {
                at_start = true;
            } else if (at_start && elements[i].kind == GbnfElement::Kind::kReference) {
                const auto to = elements[i].rule;
                graph[r].push_back({to, !ends_alternative(rules[r], i + 1)});
                at_start = empty[to];
            } else {
                at_start = false;
            }
        }
    }
    return graph;
}

// Tarjan's strongly connected components without recursion (SIAM J. Comput. 1, 1972). A component
// has a lower number than those that lead to it.
class Components {
  public:
    explicit Components(const Graph& graph) : graph_(graph), state_(graph.size()) {
        for (std::uint32_t i = 0; i < graph.size(); ++i) {
            if (state_[i].index == 0) visit(i);
        }
    }

    std::uint32_t of(std::uint32_t node) const { return state_[node].component; }
    /// Nodes, those of lower components first.
    const std::vector<std::uint32_t>& order() const { return order_; }

  private:
    struct Node {
        std::uint32_t index = 0;
        std::uint32_t low = 0;
        std::uint32_t component = 0;
        std::size_t next_edge = 0;
        bool open = false;
    };

    void visit(std::uint32_t root) {
        path_.push_back(root);
        while (!path_.empty()) {
            const auto node = path_.back();
            auto& state = state_[node];
            if (state.index == 0) enter(node);
            if (state.next_edge < graph_[node].size()) {
                const auto to = graph_[node][state.next_edge++].to;
                if (state_[to].index == 0) {
                    path_.push_back(to);
                } else if (state_[to].open) {
                    state.low = std::min(state.low, state_[to].index);
                }
                continue;
            }
            path_.pop_back();
            if (!path_.empty()) {
                auto& parent = state_[path_.back()];
                parent.low = std::min(parent.low, state.low);
            }
            if (state.low == state.index) close(node);
        }
    }

    void enter(std::uint32_t node) {
        state_[node].index = state_[node].low = ++index_;
        state_[node].open = true;
        open_.push_back(node);
    }

    void close(std::uint32_t root) {
        ++component_;
        for (;;) {
            const auto node = open_.back();
            open_.pop_back();
            state_[node].open = false;
            state_[node].component = component_;
            order_.push_back(node);
            if (node == root) return;
        }
    }

    const Graph& graph_;
    std::vector<Node> state_;
    std::vector<std::uint32_t> path_;
    std::vector<std::uint32_t> open_;
    std::vector<std::uint32_t> order_;
    std::uint32_t index_ = 0;
    std::uint32_t component_ = 0;
};

Error left_recursion(const GbnfRule& rule) {
    return fail(
        ErrorCode::kInvalidArgument,
        "grammar: rule '{}' begins with itself (left recursion): write it as a repetition or put "
        "the recursion last",
        rule.name
    );
}

Result<void> check_references(const Rules& rules) {
    for (const auto& rule : rules) {
        if (rule.defined) continue;
        return fail(
            ErrorCode::kInvalidArgument,
            "grammar: rule '{}' is used and not defined: add a line '{} ::= ...'",
            rule.name,
            rule.name
        );
    }
    return {};
}

// The engine refuses recursion through the rules that it counts as empty, after a walk that takes
// one call for each path.
Result<void> check_walk(const Rules& rules) {
    const auto graph = first_rules(rules, plainly_empty(rules));
    const Components components(graph);
    std::vector<std::uint64_t> paths(rules.size(), 1);
    std::vector<std::uint32_t> depth(rules.size(), 1);
    std::uint64_t total = 0;
    for (const auto node : components.order()) {
        for (const auto& edge : graph[node]) {
            if (components.of(edge.to) == components.of(node)) return left_recursion(rules[node]);
            paths[node] += paths[edge.to];
            depth[node] = std::max(depth[node], depth[edge.to] + 1);
        }
        total += paths[node];
        if (total > kPathsMax || depth[node] > kDepthMax) {
            return fail(
                ErrorCode::kInvalidArgument,
                "grammar: rule '{}' begins in too many ways: use fewer alternatives that begin "
                "with other rules",
                rules[node].name
            );
        }
    }
    return {};
}

// Recursion through rules that are empty in a roundabout way, which the engine does not see: each
// round would leave more to remember, without end.
Result<void> check_growth(const Rules& rules) {
    const auto graph = first_rules(rules, truly_empty(rules));
    const Components components(graph);
    for (std::uint32_t node = 0; node < rules.size(); ++node) {
        for (const auto& edge : graph[node]) {
            if (edge.open_ended && components.of(edge.to) == components.of(node)) {
                return left_recursion(rules[node]);
            }
        }
    }
    return {};
}

}  // namespace

Result<void> check_gbnf(
    std::string_view grammar,
    std::string_view root,
    const std::function<bool(std::string_view)>& is_token
) {
    if (grammar.size() > kBytesMax) {
        return fail(
            ErrorCode::kInvalidArgument,
            "grammar has {} bytes, at most {} are allowed",
            grammar.size(),
            kBytesMax
        );
    }
    if (grammar.find('\0') != std::string_view::npos) {
        return fail(
            ErrorCode::kInvalidArgument, "grammar holds a NUL byte: write it as \\x00 in a set"
        );
    }
    GbnfParser parser(grammar, is_token);
    const auto rules = parser.parse();
    if (!rules) return rules.error();
    if (parser.find(root) >= rules->size()) {
        return fail(
            ErrorCode::kInvalidArgument,
            "grammar has no rule '{}', with which the answer begins: add a line '{} ::= ...'",
            root,
            root
        );
    }
    MULLAMA_TRY(check_references(*rules));
    MULLAMA_TRY(check_walk(*rules));
    return check_growth(*rules);
}

}  // namespace mullama
