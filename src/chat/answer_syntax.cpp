#include "chat/answer_syntax.h"

#include <utility>

#include <peg-parser.h>

namespace mullama {

AnswerSyntax::AnswerSyntax(const std::string& saved_grammar, Terms terms)
    : grammar_(std::make_unique<common_peg_arena>()), terms_(std::move(terms)) {
    grammar_->load(saved_grammar);
}

AnswerSyntax::~AnswerSyntax() = default;

}  // namespace mullama
