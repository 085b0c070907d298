#include "tests/fuzz/json_mutator.h"

#include <string_view>
#include <utility>
#include <vector>

namespace mullama::test {
namespace {

namespace json = api::json;

void collect(json::value& node, std::vector<json::value*>& nodes) {
    nodes.push_back(&node);
    if (auto* object = node.if_object()) {
        for (auto& member : *object) collect(member.value(), nodes);
    } else if (auto* list = node.if_array()) {
        for (json::value& element : *list) collect(element, nodes);
    }
}

/// Values that tend to be forgotten.
constexpr std::string_view kOddValues = R"([
    null, true, false, 0, 1, -1, 21, 129, 2147483647, -2147483648, 9223372036854775807,
    -9223372036854775808, 18446744073709551615, 0.5, -0.0, 1e308, 9007199254740993.0, "", "json",
    "auto", "none", "required", "text", "function", "-1", "1h30m", "data:image/png;base64,AAAA",
    "data:image/png;base64,A", "http://example.com/a.png", "\u0000", "\ud83d\ude42", [], [1, 2],
    ["a", ""], ["a", 1], [[1, 2], []], [null, {}], {}, {"type": "text", "text": "x"},
    {"type": "function", "function": {"name": "f"}}
])";

const json::array& odd_values() {
    static const json::array kValues = api::parse_json(kOddValues)->as_array();
    return kValues;
}

}  // namespace

json::value JsonMutator::mutate(json::value value) {
    const std::size_t changes = 1 + random_.below(3);
    for (std::size_t i = 0; i < changes; ++i) change(value);
    return value;
}

void JsonMutator::change(json::value& root) {
    std::vector<json::value*> nodes;
    collect(root, nodes);
    json::value& node = *nodes[random_.below(nodes.size())];
    switch (random_.below(6)) {
        case 0:
            drop_or_repeat(node);
            break;
        case 1:
            node = json::array({json::value(node)});
            break;
        case 2: {
            json::value other = *nodes[random_.below(nodes.size())];
            node = std::move(other);
            break;
        }
        default:
            replace(node);
    }
}

void JsonMutator::replace(json::value& node) {
    node = odd_values()[random_.below(odd_values().size())];
}

void JsonMutator::drop_or_repeat(json::value& node) {
    if (auto* object = node.if_object(); object != nullptr && !object->empty()) {
        object->erase(object->begin() + static_cast<std::ptrdiff_t>(random_.below(object->size())));
    } else if (auto* list = node.if_array(); list != nullptr && !list->empty()) {
        json::value element = (*list)[random_.below(list->size())];
        list->push_back(std::move(element));
    } else {
        replace(node);
    }
}

}  // namespace mullama::test
