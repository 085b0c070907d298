#pragma once

#include "chat/answer_syntax.h"
#include "chat/peg_machine.h"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mullama {

/// A call as far as it is known.
struct ParsedCall {
    std::string id = {};
    std::string name = {};
    std::string arguments = {};  ///< A JSON object, or its beginning.
    bool complete = false;
    std::size_t begin = 0;  ///< Where its text begins in the input.
};

/// What the events of a syntax tree amount to: content, thinking and calls.
/// Threads: thread-compatible.
/// Source:  the tags' meaning is that of common_chat_peg_mapper in llama.cpp's
///          common/chat-peg-parser.cpp.
class AnswerTree {
  public:
    /// `input` is borrowed for as long as this lives.
    AnswerTree(ArgumentStyle style, const std::string& input) : style_(style), input_(input) {}

    /// Takes the events from the first that is new on; those before must still be the same.
    /// `frontier` as in PegMachine.
    void update(std::span<const PegEvent> events, std::size_t frontier);

    std::size_t events_taken() const { return taken_; }
    const std::string& content() const { return content_; }
    const std::string& thinking() const { return thinking_; }
    const std::vector<ParsedCall>& calls() const { return calls_; }
    /// The whole answer has matched: its last call is complete.
    void end() { end_call(accounted_); }
    /// Up to where the input has become content, thinking or complete calls.
    std::size_t accounted() const { return accounted_; }

  private:
    struct Node {
        PegEvent opening;
        std::size_t event;      // index of its opening
        std::size_t taken = 0;  // up to where a growing node's text has been used
    };

    void open(const PegEvent& event, std::size_t index);
    void close(Node& node, std::span<const PegEvent> events, std::size_t index);
    void take_tag(const Node& node, const PegEvent& closing);
    void grow(Node& node, std::size_t end, bool complete);
    void grow_arguments(Node& node, std::size_t end, bool complete);
    void add_argument_name(std::string_view name);
    void begin_string();
    void end_string();
    void end_call(std::size_t end);
    void take_call_tree(const Node& node, std::span<const PegEvent> events, std::size_t index);
    std::string_view text(std::size_t begin, std::size_t end) const;
    ParsedCall* open_call();

    ArgumentStyle style_;
    const std::string& input_;
    std::size_t taken_ = 0;
    std::vector<Node> nodes_;  // open ones, the outermost first
    std::string content_;
    std::string thinking_;
    std::vector<ParsedCall> calls_;
    std::optional<ParsedCall> nameless_;  // a call whose name has not come yet
    int argument_count_ = 0;
    bool in_string_ = false;
    std::size_t accounted_ = 0;
};

}  // namespace mullama
