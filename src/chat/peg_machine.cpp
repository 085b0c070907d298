#include "chat/peg_machine.h"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <peg-parser.h>

namespace mullama {
namespace {

/// Deeper nesting fails: what models write does not come near.
constexpr std::size_t kDepthMax = 4096;

/// A rule under way.
struct Frame {
    common_peg_parser_id parser;
    std::size_t start;
    std::size_t at;         // how far it has come
    std::size_t events;     // how many there were when it began
    std::size_t child = 0;  // of a sequence or choice: the one under way
    int count = 0;          // of a repetition
    bool waits_for_child = false;
};

/// How a rule ended.
struct Outcome {
    bool matched;
    std::size_t end;
};

/// What comes of a turn of a rule: an outcome, a child to run first, or hunger for more text.
struct Call {
    common_peg_parser_id child;
    std::size_t at;
};
struct Hunger {};
using Turn = std::variant<Outcome, Call, Hunger>;

std::size_t character_bytes(char first) {
    const auto byte = static_cast<unsigned char>(first);
    if (byte < 0xC0) return 1;
    if (byte < 0xE0) return 2;
    return byte < 0xF0 ? 3 : 4;
}

std::uint32_t code_point(std::string_view character) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
    if (character.size() == 1) return byte(0);
    std::uint32_t value = byte(0) & (0x7FU >> character.size());
    for (std::size_t i = 1; i < character.size(); ++i) value = value << 6 | (byte(i) & 0x3FU);
    return value;
}

bool is_hex(char c) {
    return std::isxdigit(static_cast<unsigned char>(c)) != 0;
}

/// Whether the tail of `text` from `at` on is the beginning of `word` but not all of it.
bool is_cut_short(std::string_view text, std::size_t at, std::string_view word) {
    const std::string_view tail = text.substr(at);
    return tail.size() < word.size() && word.starts_with(tail);
}

}  // namespace

struct PegMachine::Impl {
    explicit Impl(const common_peg_arena& rules) : grammar(rules) { begin({grammar.root(), 0}); }

    void begin(Call call) {
        frames.push_back(
            {.parser = call.child, .start = call.at, .at = call.at, .events = log.size()}
        );
        PegEvent event{.opens = true, .at = call.at};
        if (name_node(call.child, event)) log.push_back(event);
    }

    void cut_log(std::size_t size) {
        log.resize(std::min(log.size(), size));
        kept = std::min(kept, log.size());
    }

    void run() {
        while (!frames.empty()) {
            const Turn turn = frames.size() > kDepthMax ? Turn(Outcome{false, 0}) : take_turn();
            if (const Call* call = std::get_if<Call>(&turn)) {
                begin(*call);
            } else if (const Outcome* outcome = std::get_if<Outcome>(&turn)) {
                end(*outcome);
            } else if (closed && looks_ahead()) {
                end({false, 0});
            } else {
                if (closed) close_nodes();
                return;
            }
        }
    }

    // Whether something is only tried: where the text ends amid that, it is not there.
    bool looks_ahead() const {
        return std::ranges::any_of(frames, [this](const Frame& frame) {
            const common_peg_parser_variant& rule = grammar.get(frame.parser);
            return std::holds_alternative<common_peg_and_parser>(rule) ||
                   std::holds_alternative<common_peg_not_parser>(rule);
        });
    }

    Turn take_turn() {
        Frame& frame = frames.back();
        return std::visit(
            [&](const auto& rule) { return step(rule, frame); }, grammar.get(frame.parser)
        );
    }

    void end(Outcome outcome) {
        const Frame frame = frames.back();
        frames.pop_back();
        if (!outcome.matched) {
            cut_log(frame.events);
        } else {
            close_node(frame, outcome.end, false);
        }
        returned = outcome;
        if (!frames.empty()) return;
        state = outcome.matched ? State::kMatched : State::kFailed;
        match_end = outcome.end;
    }

    void close_node(const Frame& frame, std::size_t at, bool is_partial) {
        PegEvent event{.is_partial = is_partial, .at = at};
        if (name_node(frame.parser, event)) log.push_back(event);
    }

    /// Names the node that a rule makes; false where it makes none.
    bool name_node(common_peg_parser_id parser, PegEvent& event) const {
        const common_peg_parser_variant& rule = grammar.get(parser);
        if (const auto* tag = std::get_if<common_peg_tag_parser>(&rule)) {
            event.name = tag->tag;
            return true;
        }
        const auto* named = std::get_if<common_peg_rule_parser>(&rule);
        if (named == nullptr) return false;
        event.name = named->name;
        event.is_rule = true;
        return true;
    }

    // The text has ended amid the grammar: what is not complete counts as far as it goes, but for
    // what counts as a whole only.
    void close_nodes() {
        cut_log(visible());
        const std::size_t at = frontier();
        std::size_t open = 0;
        while (open < frames.size() && !hides(frames[open])) ++open;
        while (open > 0) close_node(frames[--open], at, true);
        frames.clear();
        state = State::kEnded;
        match_end = at;
    }

    bool hides(const Frame& frame) const {
        const common_peg_parser_variant& rule = grammar.get(frame.parser);
        return std::holds_alternative<common_peg_atomic_parser>(rule) ||
               std::holds_alternative<common_peg_and_parser>(rule) ||
               std::holds_alternative<common_peg_not_parser>(rule);
    }

    // Where the first node that is not to be seen yet begins.
    std::size_t visible() const {
        const auto hidden =
            std::ranges::find_if(frames, [this](const Frame& f) { return hides(f); });
        return hidden == frames.end() ? log.size() : hidden->events;
    }

    std::size_t frontier() const {
        const auto hidden =
            std::ranges::find_if(frames, [this](const Frame& f) { return hides(f); });
        if (hidden != frames.end()) return hidden->start;
        return frames.empty() ? match_end : frames.back().at;
    }

    // Leaves.

    Turn step(const common_peg_epsilon_parser&, Frame& frame) { return matched(frame.start); }

    Turn step(const common_peg_start_parser&, Frame& frame) {
        return Outcome{frame.start == 0, frame.start};
    }

    Turn step(const common_peg_end_parser&, Frame& frame) {
        if (frame.start < input.size()) return failed();
        if (!closed) return Hunger{};
        return matched(frame.start);
    }

    Turn step(const common_peg_literal_parser& rule, Frame& frame) {
        const std::string_view rest = std::string_view(input).substr(frame.start);
        if (rest.starts_with(rule.literal)) return matched(frame.start + rule.literal.size());
        if (is_cut_short(input, frame.start, rule.literal)) return Hunger{};
        return failed();
    }

    Turn step(const common_peg_any_parser&, Frame& frame) {
        if (frame.start >= input.size()) return Hunger{};
        return matched(frame.start + character_bytes(input[frame.start]));
    }

    Turn step(const common_peg_space_parser&, Frame& frame) {
        while (frame.at < input.size() && std::isspace(static_cast<unsigned char>(input[frame.at]))
        ) {
            ++frame.at;
        }
        if (frame.at == input.size() && !closed) return Hunger{};
        return matched(frame.at);
    }

    Turn step(const common_peg_chars_parser& rule, Frame& frame) {
        while (rule.max_count == -1 || frame.count < rule.max_count) {
            if (frame.at == input.size()) {
                if (!closed || frame.count < rule.min_count) return Hunger{};
                break;
            }
            const std::size_t bytes = character_bytes(input[frame.at]);
            const std::uint32_t found = code_point(std::string_view(input).substr(frame.at, bytes));
            const bool listed = std::ranges::any_of(rule.ranges, [&](const auto& range) {
                return range.contains(found);
            });
            if (listed == rule.negated) break;
            frame.at += bytes;
            ++frame.count;
        }
        return Outcome{frame.count >= rule.min_count, frame.at};
    }

    // The inside of a quoted text, up to its quote.
    Turn step(const common_peg_string_parser& rule, Frame& frame) {
        while (frame.at < input.size()) {
            const char c = input[frame.at];
            if (c == rule.delimiter) return matched(frame.at);
            if (c != '\\') {
                frame.at += character_bytes(c);
                continue;
            }
            const std::optional<std::size_t> bytes = escape_bytes(frame.at, rule.delimiter);
            if (!bytes) return failed();
            if (frame.at + *bytes > input.size()) return Hunger{};
            frame.at += *bytes;
        }
        return Hunger{};
    }

    // Bytes of an escape, which may not all be there yet; nothing where it is none.
    std::optional<std::size_t> escape_bytes(std::size_t at, char delimiter) const {
        if (at + 1 == input.size()) return 2;
        const char kind = input[at + 1];
        if (kind == delimiter ||
            std::string_view("\\/bfnrt").find(kind) != std::string_view::npos) {
            return 2;
        }
        if (kind != 'u') return std::nullopt;
        for (std::size_t i = at + 2; i < std::min(at + 6, input.size()); ++i) {
            if (!is_hex(input[i])) return std::nullopt;
        }
        return 6;
    }

    Turn step(const common_peg_until_parser& rule, Frame& frame) {
        if (rule.delimiters.empty()) frame.at = input.size();
        for (; frame.at < input.size(); frame.at += character_bytes(input[frame.at])) {
            for (const std::string& delimiter : rule.delimiters) {
                if (std::string_view(input).substr(frame.at).starts_with(delimiter)) {
                    return matched(frame.at);
                }
                if (!closed && is_cut_short(input, frame.at, delimiter)) return Hunger{};
            }
        }
        if (!closed) return Hunger{};
        return matched(frame.at);
    }

    // Rules over other rules.

    Turn step(const common_peg_sequence_parser& rule, Frame& frame) {
        if (std::exchange(frame.waits_for_child, false)) {
            if (!returned.matched) return failed();
            frame.at = returned.end;
            ++frame.child;
        }
        if (frame.child == rule.children.size()) return matched(frame.at);
        return call(rule.children[frame.child], frame);
    }

    Turn step(const common_peg_choice_parser& rule, Frame& frame) {
        if (std::exchange(frame.waits_for_child, false)) {
            if (returned.matched) return returned;
            ++frame.child;
        }
        if (frame.child == rule.children.size()) return failed();
        return call(rule.children[frame.child], frame);
    }

    Turn step(const common_peg_repetition_parser& rule, Frame& frame) {
        bool goes_on = true;
        if (std::exchange(frame.waits_for_child, false)) {
            goes_on = returned.matched && returned.end > frame.at;
            if (goes_on) {
                frame.at = returned.end;
                ++frame.count;
            }
        }
        if (goes_on && (rule.max_count == -1 || frame.count < rule.max_count)) {
            if (frame.at < input.size()) return call(rule.child, frame);
            if (!closed || frame.count < rule.min_count) return Hunger{};
        }
        return Outcome{frame.count >= rule.min_count, frame.at};
    }

    Turn step(const common_peg_and_parser& rule, Frame& frame) {
        if (!frame.waits_for_child) return call(rule.child, frame);
        cut_log(frame.events);
        return Outcome{returned.matched, frame.start};
    }

    Turn step(const common_peg_not_parser& rule, Frame& frame) {
        if (!frame.waits_for_child) return call(rule.child, frame);
        cut_log(frame.events);
        return Outcome{!returned.matched, frame.start};
    }

    Turn step(const common_peg_ref_parser& rule, Frame& frame) {
        return pass(grammar.get_rule(rule.name), frame);
    }

    template <typename Rule>
        requires requires(const Rule& rule) { rule.child; }
    Turn step(const Rule& rule, Frame& frame) {
        return pass(rule.child, frame);
    }

    Turn pass(common_peg_parser_id child, Frame& frame) {
        if (frame.waits_for_child) return returned;
        return call(child, frame);
    }

    static Turn call(common_peg_parser_id child, Frame& frame) {
        frame.waits_for_child = true;
        return Call{child, frame.at};
    }

    static Turn matched(std::size_t end) { return Outcome{true, end}; }
    static Turn failed() { return Outcome{false, 0}; }

    const common_peg_arena& grammar;
    std::string input;
    bool closed = false;
    State state = State::kHungry;
    std::vector<Frame> frames;
    Outcome returned{};
    std::size_t match_end = 0;
    std::vector<PegEvent> log;
    std::size_t kept = 0;
};

PegMachine::PegMachine(const common_peg_arena& grammar) : impl_(std::make_unique<Impl>(grammar)) {}

PegMachine::~PegMachine() = default;

void PegMachine::push(std::string_view piece) {
    impl_->kept = impl_->visible();
    impl_->input += piece;
    impl_->run();
}

void PegMachine::finish() {
    impl_->kept = impl_->visible();
    impl_->closed = true;
    impl_->run();
}

PegMachine::State PegMachine::state() const {
    return impl_->state;
}

const std::string& PegMachine::input() const {
    return impl_->input;
}

std::size_t PegMachine::frontier() const {
    return impl_->frontier();
}

std::size_t PegMachine::matched_end() const {
    return impl_->match_end;
}

std::span<const PegEvent> PegMachine::events() const {
    return std::span(impl_->log).first(impl_->visible());
}

std::size_t PegMachine::events_kept() const {
    return impl_->kept;
}

}  // namespace mullama
