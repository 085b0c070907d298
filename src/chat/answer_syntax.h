#pragma once

#include <memory>
#include <string>

class common_peg_arena;

namespace mullama {

/// How calls' arguments lie in the syntax tree.
enum class ArgumentStyle {
    kJson,     ///< As JSON, or as tagged values that become JSON piece by piece.
    kGemma,    ///< As a tree in Gemma 4's notation.
    kMiniMax,  ///< As a tree in MiniMax M3's notation.
};

/// See answer_parser.h.
class AnswerSyntax {
  public:
    /// What it is made of, beside the grammar.
    struct Terms {
        ArgumentStyle arguments = ArgumentStyle::kJson;
        /// What the prompt holds of the assistant's turn already: the grammar begins before it.
        std::string prefix = {};
        /// The prefix holds what the client has sent, which is no part of the answer.
        bool continues = false;
        bool has_tools = false;
    };

    AnswerSyntax(const std::string& saved_grammar, Terms terms);
    ~AnswerSyntax();

    const common_peg_arena& grammar() const { return *grammar_; }
    const Terms& terms() const { return terms_; }

  private:
    std::unique_ptr<common_peg_arena> grammar_;
    Terms terms_;
};

}  // namespace mullama
