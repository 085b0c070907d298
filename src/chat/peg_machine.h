#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

class common_peg_arena;

namespace mullama {

/// The begin or the end of a node of the syntax tree.
struct PegEvent {
    /// Its tag, or the name of its rule; borrowed from the grammar.
    std::string_view name = {};
    bool is_rule = false;
    bool opens = false;
    bool is_partial = false;  ///< Ends because the text did.
    std::size_t at = 0;       ///< Offset into input().
};

/// Matches a text that comes in pieces against a parsing expression grammar of llama-common, each
/// byte once but for what the grammar itself tries twice: where the text ends, it stops amid its
/// rules and goes on from there with the next piece.
///
/// The syntax tree is a list of events. Trying another alternative takes events back.
/// Threads: thread-compatible.
/// Source:  Bryan Ford, "Parsing Expression Grammars", 2004; the meaning of each expression is that
///          of parser_executor in llama.cpp's common/peg-parser.cpp.
class PegMachine {
  public:
    enum class State {
        kHungry,   ///< Goes on with more text.
        kMatched,  ///< All of the grammar has matched; see matched_end().
        kEnded,    ///< The text ended before the grammar did; nodes that were open are closed.
        kFailed,   ///< The text is not of the grammar; events() is empty.
    };

    /// `grammar` is borrowed for as long as this lives.
    explicit PegMachine(const common_peg_arena& grammar);
    ~PegMachine();
    PegMachine(const PegMachine&) = delete;
    PegMachine& operator=(const PegMachine&) = delete;

    /// Goes on with a piece of whole UTF-8 characters. Only in State::kHungry.
    void push(std::string_view piece);

    /// Tells that the text ends here. Only in State::kHungry.
    void finish();

    State state() const;
    /// All text so far.
    const std::string& input() const;
    /// Up to where the innermost open node has taken the input for sure.
    std::size_t frontier() const;
    /// Where the match ended, in State::kMatched.
    std::size_t matched_end() const;

    /// The events that hold for now, valid until the next call of push() or finish(). Those inside
    /// of an atomic node come when it is complete, those of a lookahead never.
    std::span<const PegEvent> events() const;
    /// How many of the events that events() gave last are still the same.
    std::size_t events_kept() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace mullama
