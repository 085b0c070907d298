#include "api/extra/requests.h"

#include "api/json.h"
#include "api/shared_fields.h"
#include "base/error.h"

#include <array>
#include <utility>

namespace mullama::api::extra {
namespace {

ModelUse read_use(Fields& fields) {
    ModelUse use;
    use.any_model = true;
    fields.read("model", use.model);
    return use;
}

/// A list of texts or of {"text"}.
std::vector<std::string> read_documents(Fields& fields, std::string_view name) {
    std::vector<std::string> documents;
    const json::array* list = fields.array(name);
    if (list == nullptr) return documents;
    for (const json::value& element : *list) {
        const auto* object = element.if_object();
        const json::value* text = object == nullptr ? &element : object->if_contains("text");
        if (text == nullptr || !text->is_string()) {
            fields.fail_with(fail(
                ErrorCode::kInvalidArgument,
                "\"{}\" must be a list of texts or of objects with a \"text\"",
                name
            ));
            return {};
        }
        documents.emplace_back(text->get_string());
    }
    return documents;
}

}  // namespace

Result<RerankCall> parse_rerank(std::string_view body) {
    auto object = parse_body(body);
    if (!object) return std::move(object).error();
    Fields fields(*object, "RerankRequest");
    RerankCall call;
    call.use = read_use(fields);
    call.is_tei = fields.find("documents") == nullptr && fields.find("texts") != nullptr;
    fields.read("query", call.query);
    call.documents = read_documents(fields, call.is_tei ? "texts" : "documents");
    fields.read("top_n", call.top_n);
    fields.read(call.is_tei ? "return_text" : "return_documents", call.return_documents);
    fields.read("raw_scores", call.raw_scores);
    fields.read("truncate", call.truncate);
    MULLAMA_TRY(fields.result());
    if (fields.find("query") == nullptr) {
        return fail(ErrorCode::kInvalidArgument, "\"query\" must be provided");
    }
    if (call.documents.empty()) {
        return fail(ErrorCode::kInvalidArgument, "\"documents\" must be a list that is not empty");
    }
    if (call.top_n && *call.top_n < 1) {
        return fail(
            ErrorCode::kInvalidArgument, "top_n is {}: give a number from 1 on", *call.top_n
        );
    }
    return call;
}

Result<TokenizeCall> parse_tokenize(std::string_view body) {
    auto object = parse_body(body);
    if (!object) return std::move(object).error();
    Fields fields(*object, "TokenizeRequest");
    TokenizeCall call;
    call.use = read_use(fields);
    bool has_content = false;
    for (const std::string_view name : {"content", "prompt", "text"}) {
        if (has_content || fields.find(name) == nullptr) continue;
        has_content = true;
        call.content = read_mixed_prompt(fields, name);
    }
    fields.read("add_special", call.add_special);
    fields.read("parse_special", call.parse_special);
    fields.read("with_pieces", call.with_pieces);
    MULLAMA_TRY(fields.result());
    if (!has_content) return fail(ErrorCode::kInvalidArgument, "\"content\" must be provided");
    return call;
}

Result<DetokenizeCall> parse_detokenize(std::string_view body) {
    auto object = parse_body(body);
    if (!object) return std::move(object).error();
    Fields fields(*object, "DetokenizeRequest");
    DetokenizeCall call;
    call.use = read_use(fields);
    read_tokens(fields, "tokens", call.tokens);
    MULLAMA_TRY(fields.result());
    if (fields.find("tokens") == nullptr) {
        return fail(ErrorCode::kInvalidArgument, "\"tokens\" must be provided");
    }
    return call;
}

}  // namespace mullama::api::extra
