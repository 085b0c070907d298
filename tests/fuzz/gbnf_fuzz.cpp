#include "tests/fuzz/gbnf_fuzz.h"

#include "grammar/ebnf.h"
#include "llama/gbnf.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace mullama::test {
namespace {

constexpr std::array<std::string_view, 6> kCorpus = {
    R"(root   ::= object
value  ::= object | array | string | number | "true" | "false" | "null"
object ::= "{" ws (member ("," ws member)*)? "}"
member ::= string ":" ws value ws
array  ::= "[" ws (value ws ("," ws value ws)*)? "]"
string ::= "\"" ([^"\\\x00-\x1F\x7F] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4}))* "\""
number ::= "-"? ("0" | [1-9] [0-9]{0,15}) ("." [0-9]{1,16})? ([eE] [-+]? [0-9]{1,3})?
ws     ::= | " " | "\n" [ \t]{0,20}
)",
    "root ::= a+? \"b\" (a{0} \"c\" | [] \"d\"){ 1 , 2 } [^] a{2,}* .\na ::= \"x\" | \"yz\"\n",
    "# a comment\r\nroot ::=\r\n  \"é\\u00e4\\U0001F600\" | ( # within\n  root-2 ) |\n  "
    "\"\"\nroot-2 ::= "
    "[a-z-]\n",
    "root ::= <|im_end|> !<[12]> <[7]>\n",
    "root ::= \"(\" root \")\" (\",\" root)? | [0-9]*",
    "root ::= ((((\"a\"{2}){3}){4}){5} | \"b\"{0,15}){1}\n",
};

void expect(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

// Of the rewritten text, in which neither literals nor sets hold one.
bool are_parentheses_paired(std::string_view text) {
    int open = 0;
    for (const char c : text) {
        open += c == '(' ? 1 : c == ')' ? -1 : 0;
        if (open < 0) return false;
    }
    return open == 0;
}

}  // namespace

std::span<const std::string_view> gbnf_corpus() {
    return kCorpus;
}

bool try_gbnf(std::string_view text) {
    const auto is_token = [](std::string_view token) { return token == "<|im_end|>"; };
    const auto checked = check_gbnf(text, "root", is_token);
    if (!checked) {
        expect(!checked.error().message.empty(), "an error has a message");
        return false;
    }
    const auto ebnf = ebnf_from_gbnf(text);
    if (!ebnf) return true;
    expect(ebnf->find("\nr-root ::= ") != std::string::npos, "the root is there");
    expect(are_parentheses_paired(*ebnf), "parentheses come in pairs");
    expect(ebnf->size() < 100 * (text.size() + 1), "it grows by what characters become");
    return true;
}

}  // namespace mullama::test

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    mullama::test::try_gbnf({reinterpret_cast<const char*>(data), size});
    return 0;
}
