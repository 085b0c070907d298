#include "api/extra/requests.h"
#include "api/extra/responses.h"
#include "tests/golden/goldens.h"
#include "tests/golden/script.h"

namespace mullama::test {
namespace {

namespace dialect = api::extra;

Golden ranking(const std::string& name, const std::string& body) {
    return {"extra/rerank_" + name + ".json", [body] {
                const dialect::RerankCall call = expect_call(dialect::parse_rerank(body));
                const dialect::Scores logits{{0.5F, -1.0F, 2.0F}, true, 12};
                return dialect::format_ranking(call, "tiny:latest", logits);
            }};
}

}  // namespace

std::vector<Golden> extra_goldens() {
    const std::vector<dialect::TokenPiece> tokens = {{5, "a\n"}, {6, "\xC3"}};
    return {
        ranking(
            "jina",
            R"({"model":"tiny","query":"q","top_n":2,"return_documents":true,)"
            R"("documents":["a",{"text":"b"},"c"]})"
        ),
        ranking("cohere", R"({"model":"tiny","query":"q","documents":["a","b","c"],"top_n":3})"),
        ranking("tei", R"({"query":"q","texts":["a","b","c"],"return_text":true})"),
        ranking("tei_raw", R"({"query":"q","texts":["a","b","c"],"raw_scores":true})"),
        {"extra/tokenize.json", [=] { return dialect::format_tokens(tokens, false); }},
        {"extra/tokenize_pieces.json", [=] { return dialect::format_tokens(tokens, true); }},
        {"extra/detokenize.json", [] { return dialect::format_content("a \"b\""); }},
        {"extra/apply_template.json", [] { return dialect::format_prompt("<user>Hi\n"); }},
    };
}

}  // namespace mullama::test
