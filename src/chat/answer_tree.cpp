#include "chat/answer_tree.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include <chat-peg-parser.h>
#include <json.h>

namespace mullama {
namespace {

using Tags = common_chat_peg_builder;

bool is_space(char c) {
    return std::string_view(" \t\n\v\f\r").find(c) != std::string_view::npos;
}

std::string_view trim_end(std::string_view text) {
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

// At its begin one space only: the templates put no more there.
std::string_view trim(std::string_view text) {
    if (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    return trim_end(text);
}

std::string json_string(std::string_view text) {
    return common_json(std::string(text)).dump();
}

std::string escaped(std::string_view text) {
    const std::string quoted = json_string(text);
    return quoted.substr(1, quoted.size() - 2);
}

// Objects of `json` that are not closed yet.
int open_objects(std::string_view json) {
    int depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (in_string && c == '\\') {
            ++i;
        } else if (c == '"') {
            in_string = !in_string;
        } else if (!in_string && (c == '{' || c == '}')) {
            depth += c == '{' ? 1 : -1;
        }
    }
    return depth;
}

/// Python's notation of values to JSON's, as the engine has it.
struct ValueNotation final : common_chat_peg_mapper {
    using common_chat_peg_mapper::common_chat_peg_mapper;

    static std::string to_json(const std::string& value) {
        common_chat_msg unused;
        return ValueNotation(unused).normalize_container_value(value);
    }
};

}  // namespace

void AnswerTree::update(std::span<const PegEvent> events, std::size_t frontier) {
    for (; taken_ < events.size(); ++taken_) {
        const PegEvent& event = events[taken_];
        if (event.opens) {
            open(event, taken_);
            continue;
        }
        Node node = nodes_.back();
        nodes_.pop_back();
        close(node, events, taken_);
    }
    if (!nodes_.empty()) grow(nodes_.back(), frontier, false);
}

void AnswerTree::open(const PegEvent& event, std::size_t index) {
    nodes_.push_back({event, index, event.at});
    if (event.is_rule || style_ != ArgumentStyle::kJson || event.name != Tags::TOOL_OPEN) return;
    end_call(accounted_);
    nameless_ = ParsedCall{.begin = accounted_};
    argument_count_ = 0;
    in_string_ = false;
}

void AnswerTree::close(Node& node, std::span<const PegEvent> events, std::size_t index) {
    const PegEvent& closing = events[index];
    grow(node, closing.at, true);
    if (node.opening.is_rule) return;
    if (style_ == ArgumentStyle::kJson) {
        take_tag(node, closing);
    } else if (node.opening.name == Tags::TOOL && !closing.is_partial) {
        take_call_tree(node, events, index);
    }
}

void AnswerTree::take_tag(const Node& node, const PegEvent& closing) {
    ParsedCall* call = open_call();
    if (call == nullptr) return;
    const std::string_view tag = node.opening.name;
    const std::string_view found = text(node.opening.at, closing.at);
    if (tag == Tags::TOOL_ID) {
        std::string_view id = trim_end(found);
        const bool quoted = id.size() >= 2 && id.front() == '"' && id.back() == '"';
        call->id = quoted ? id.substr(1, id.size() - 2) : id;
    } else if (tag == Tags::TOOL_NAME && nameless_) {
        nameless_->name = trim_end(found);
        if (nameless_->arguments.empty()) nameless_->arguments = "{";
        calls_.push_back(*std::exchange(nameless_, std::nullopt));
    } else if (tag == Tags::TOOL_ARG_OPEN) {
        in_string_ = false;
    } else if (tag == Tags::TOOL_ARG_NAME) {
        add_argument_name(trim(found));
    } else if (tag == Tags::TOOL_ARG_VALUE) {
        call->arguments += ValueNotation::to_json(std::string(found));
    } else if (tag == Tags::TOOL_ARG_CLOSE) {
        end_string();
    } else if ((tag == Tags::TOOL_CLOSE || tag == Tags::TOOL) && !closing.is_partial) {
        end_call(closing.at);
    }
}

void AnswerTree::grow(Node& node, std::size_t end, bool complete) {
    if (node.opening.is_rule || end < node.taken) return;
    const std::string_view tag = node.opening.name;
    if (tag == Tags::CONTENT || tag == Tags::REASONING) {
        (tag == Tags::CONTENT ? content_ : thinking_) += text(node.taken, end);
        node.taken = end;
        accounted_ = end;
    } else if (style_ != ArgumentStyle::kJson) {
        return;
    } else if (tag == Tags::TOOL_ARGS) {
        grow_arguments(node, end, complete);
    } else if (tag == Tags::TOOL_ARG_STRING_VALUE && open_call() != nullptr) {
        if (end > node.taken || complete) begin_string();
        open_call()->arguments += escaped(text(node.taken, end));
        node.taken = end;
    }
}

// Arguments that are JSON already. White space at the end waits for what follows it.
void AnswerTree::grow_arguments(Node& node, std::size_t end, bool complete) {
    ParsedCall* call = open_call();
    const std::string_view whole = text(node.opening.at, end);
    if (call == nullptr || !whole.starts_with('{')) return;
    if (node.taken == node.opening.at) call->arguments.clear();
    const std::string_view more = trim_end(text(node.taken, end));
    call->arguments += more;
    node.taken = complete ? end : node.taken + more.size();
}

void AnswerTree::add_argument_name(std::string_view name) {
    std::string& arguments = open_call()->arguments;
    if (arguments.empty()) arguments = "{";
    if (argument_count_ > 0) arguments += ",";
    arguments += json_string(name) + ":";
    ++argument_count_;
}

void AnswerTree::begin_string() {
    if (!in_string_) open_call()->arguments += '"';
    in_string_ = true;
}

void AnswerTree::end_string() {
    if (in_string_) open_call()->arguments += '"';
    in_string_ = false;
}

void AnswerTree::end_call(std::size_t end) {
    ParsedCall* call = open_call();
    if (call == nullptr) return;
    end_string();
    for (int open = open_objects(call->arguments); open > 0; --open) call->arguments += '}';
    accounted_ = std::max(accounted_, end);
    if (!nameless_) call->complete = true;
    nameless_.reset();
}

// The engine reads the notations that are trees, from a whole call.
void AnswerTree::take_call_tree(
    const Node& node, std::span<const PegEvent> events, std::size_t index
) {
    struct Open {
        PegEvent opening;
        std::vector<common_peg_ast_id> children;
    };
    common_peg_ast_arena arena;
    std::vector<Open> open;
    common_peg_ast_id root = COMMON_PEG_INVALID_AST_ID;
    for (std::size_t i = node.event; i <= index; ++i) {
        if (events[i].opens) {
            open.push_back({events[i], {}});
            continue;
        }
        Open ended = std::move(open.back());
        open.pop_back();
        const std::string name(ended.opening.name);
        root = arena.add_node(
            ended.opening.is_rule ? name : "",
            ended.opening.is_rule ? "" : name,
            ended.opening.at,
            events[i].at,
            text(ended.opening.at, events[i].at),
            std::move(ended.children)
        );
        if (!open.empty()) open.back().children.push_back(root);
    }
    common_chat_msg message;
    common_chat_peg_gemma4_mapper gemma(message);
    common_chat_peg_minimax_m3_mapper minimax(message);
    common_chat_peg_mapper& mapper =
        style_ == ArgumentStyle::kGemma ? static_cast<common_chat_peg_mapper&>(gemma) : minimax;
    const common_peg_parse_result result(
        COMMON_PEG_PARSE_RESULT_SUCCESS, node.opening.at, events[index].at, {root}
    );
    mapper.from_ast(arena, result);
    for (common_chat_tool_call& call : message.tool_calls) {
        calls_.push_back({
            .id = std::move(call.id),
            .name = std::move(call.name),
            .arguments = call.arguments.empty() ? "{}" : std::move(call.arguments),
            .complete = true,
            .begin = accounted_,
        });
    }
    accounted_ = std::max(accounted_, events[index].at);
}

std::string_view AnswerTree::text(std::size_t begin, std::size_t end) const {
    return std::string_view(input_).substr(begin, end - begin);
}

ParsedCall* AnswerTree::open_call() {
    if (nameless_) return &*nameless_;
    return calls_.empty() || calls_.back().complete ? nullptr : &calls_.back();
}

}  // namespace mullama
