#include "base/error.h"
#include "chat/json_limits.h"
#include <mullama/answer_format.h>

#include <algorithm>
#include <cstddef>
#include <exception>

#include <json-schema-to-grammar.h>
#include <json.h>

namespace mullama {
namespace {

constexpr std::size_t kFormatShownMax = 40;
constexpr std::string_view kJsonGrammar = R"(root   ::= object
value  ::= object | array | string | number | "true" | "false" | "null"
object ::= "{" ws (member ("," ws member)*)? "}"
member ::= string ":" ws value ws
array  ::= "[" ws (value ws ("," ws value ws)*)? "]"
string ::= "\"" ([^"\\\x00-\x1F\x7F] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4}))* "\""
number ::= "-"? ("0" | [1-9] [0-9]{0,15}) ("." [0-9]{1,16})? ([eE] [-+]? [0-9]{1,3})?
ws     ::= | " " | "\n" [ \t]{0,20}
)";

}  // namespace

std::string_view json_grammar() {
    return kJsonGrammar;
}

Result<std::string> grammar_from_json_schema(std::string_view schema) {
    MULLAMA_TRY(check_json_limits(schema, "the JSON Schema"));
    try {
        return json_schema_to_grammar(common_json::parse(std::string(schema)), true);
    } catch (const std::exception& error) {
        std::string reason = error.what();
        std::ranges::replace(reason, '\n', ' ');
        return fail(ErrorCode::kInvalidArgument, "the JSON Schema cannot be followed: {}", reason);
    }
}

Result<std::string> grammar_from_format(std::string_view format) {
    if (format == "json") return std::string(kJsonGrammar);
    const std::size_t start = format.find_first_not_of(" \t\r\n");
    if (start != std::string_view::npos && format[start] == '{') {
        return grammar_from_json_schema(format);
    }
    return fail(
        ErrorCode::kInvalidArgument,
        "invalid format: \"{}\"; expected \"json\" or a JSON Schema object",
        format.substr(0, kFormatShownMax)
    );
}

}  // namespace mullama
