#include "chat/answer_syntax.h"
#include "chat/answer_tree.h"
#include "chat/peg_machine.h"
#include <mullama/answer_parser.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace mullama {
namespace {

/// A call as it has been told.
struct ToldCall {
    std::size_t begin = 0;
    std::size_t argument_bytes = 0;
    bool ended = false;
};

bool is_blank(std::string_view text) {
    return text.find_first_not_of(" \t\n\r") == std::string_view::npos;
}

}  // namespace

struct AnswerParser::Impl {
    explicit Impl(std::shared_ptr<const AnswerSyntax> answer_syntax)
        : syntax(std::move(answer_syntax)) {
        if (!syntax) return;
        machine.emplace(syntax->grammar());
        begin_tree();
        const AnswerSyntax::Terms& terms = syntax->terms();
        if (!terms.prefix.empty()) early = push(terms.prefix);
        if (terms.continues) early.clear();
        told_at = machine ? machine->input().size() : 0;
    }

    void begin_tree() { tree.emplace(syntax->terms().arguments, machine->input()); }

    std::vector<AnswerPart> push(std::string_view text) {
        std::vector<AnswerPart> parts = std::exchange(early, {});
        if (text.empty()) return parts;
        if (!machine) {
            parts.push_back({AnswerPartKind::kContent, std::string(text)});
            return parts;
        }
        machine->push(text);
        tell(parts);
        return parts;
    }

    std::vector<AnswerPart> finish() {
        std::vector<AnswerPart> parts = std::exchange(early, {});
        if (!machine) return parts;
        machine->finish();
        finished = true;
        tell(parts);
        if (machine && !told.empty() && !told.back().ended) break_call(parts);
        return parts;
    }

    // Adds what is new since the last time.
    void tell(std::vector<AnswerPart>& parts) {
        if (machine->state() == PegMachine::State::kFailed)
            return give_up(parts, tree->accounted());
        if (machine->events_kept() < tree->events_taken()) begin_tree();
        tree->update(machine->events(), machine->frontier());
        const bool matched = machine->state() == PegMachine::State::kMatched;
        if (matched) tree->end();
        tell_thinking(parts);
        tell_content(parts);
        tell_calls(parts);
        if (matched && machine->matched_end() < machine->input().size()) {
            give_up(parts, machine->matched_end());
        }
    }

    void tell_thinking(std::vector<AnswerPart>& parts) {
        const std::string& thinking = tree->thinking();
        if (thinking.size() <= thinking_told || is_blank(thinking)) return;
        parts.push_back({AnswerPartKind::kThinking, thinking.substr(thinking_told)});
        thinking_told = thinking.size();
    }

    // White space before a call is part of neither.
    void tell_content(std::vector<AnswerPart>& parts) {
        const std::string& content = tree->content();
        if (content.size() <= content_told) return;
        const bool waits = syntax->terms().has_tools && content_told == 0 && is_blank(content);
        if (waits && (!finished || !tree->calls().empty())) return;
        parts.push_back({AnswerPartKind::kContent, content.substr(content_told)});
        content_told = content.size();
    }

    void tell_calls(std::vector<AnswerPart>& parts) {
        const std::vector<ParsedCall>& calls = tree->calls();
        for (std::size_t i = 0; i < calls.size(); ++i) {
            const ParsedCall& call = calls[i];
            if (i == told.size()) {
                told.push_back({.begin = call.begin});
                parts.push_back({AnswerPartKind::kToolCall, call.name, i, call.id});
            }
            if (call.arguments.size() > told[i].argument_bytes) {
                parts.push_back({
                    AnswerPartKind::kToolArguments,
                    call.arguments.substr(told[i].argument_bytes),
                    i,
                });
                told[i].argument_bytes = call.arguments.size();
            }
            if (call.complete && !told[i].ended) {
                parts.push_back({AnswerPartKind::kToolCallEnd, "", i});
                told[i].ended = true;
            }
        }
    }

    void break_call(std::vector<AnswerPart>& parts) {
        const std::size_t begin = std::max(told.back().begin, told_at);
        const std::string text = machine->input().substr(begin);
        parts.push_back({AnswerPartKind::kToolCallBroken, text, told.size() - 1});
        told.back().ended = true;
    }

    // The model has left the grammar: from `rest` on all is content.
    void give_up(std::vector<AnswerPart>& parts, std::size_t rest) {
        if (!told.empty() && !told.back().ended) {
            break_call(parts);
        } else {
            std::string text = machine->input().substr(std::max(rest, told_at));
            if (content_told == 0) text.insert(0, tree->content());
            if (!text.empty()) parts.push_back({AnswerPartKind::kContent, std::move(text)});
        }
        tree.reset();
        machine.reset();
    }

    const std::shared_ptr<const AnswerSyntax> syntax;
    std::optional<PegMachine> machine;  // gone where all is content
    std::optional<AnswerTree> tree;
    std::vector<AnswerPart> early;  // what the prompt holds of the answer
    std::size_t told_at = 0;        // where the answer begins in the machine's input
    std::size_t thinking_told = 0;
    std::size_t content_told = 0;
    std::vector<ToldCall> told;
    bool finished = false;
};

AnswerParser::AnswerParser(std::shared_ptr<const AnswerSyntax> syntax)
    : impl_(std::make_unique<Impl>(std::move(syntax))) {}

AnswerParser::AnswerParser(AnswerParser&&) noexcept = default;

AnswerParser& AnswerParser::operator=(AnswerParser&&) noexcept = default;

AnswerParser::~AnswerParser() = default;

std::vector<AnswerPart> AnswerParser::push(std::string_view text) {
    return impl_->push(text);
}

std::vector<AnswerPart> AnswerParser::finish() {
    return impl_->finish();
}

}  // namespace mullama
