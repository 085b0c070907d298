#include "api/openai/metadata.h"

#include "api/openai/logprobs.h"
#include "base/error.h"

namespace mullama::api::openai {
namespace {

constexpr std::size_t kPairsMax = 16;
constexpr std::size_t kNameCharactersMax = 64;
constexpr std::size_t kValueCharactersMax = 512;

bool is_valid(const json::object& metadata) {
    if (metadata.size() > kPairsMax) return false;
    for (const auto& [name, value] : metadata) {
        const auto* text = value.if_string();
        if (text == nullptr) return false;
        if (character_count({name.data(), name.size()}) > kNameCharactersMax) return false;
        if (character_count({text->data(), text->size()}) > kValueCharactersMax) return false;
    }
    return true;
}

}  // namespace

void read_metadata(Fields& fields, std::string& into) {
    const json::object* metadata = fields.object("metadata");
    if (metadata == nullptr) return;
    if (is_valid(*metadata)) {
        into = to_text(*metadata);
        return;
    }
    fields.fail_with(fail(
        ErrorCode::kInvalidArgument,
        "metadata takes up to {} texts of up to {} characters, with names of up to {}",
        kPairsMax,
        kValueCharactersMax,
        kNameCharactersMax
    ));
}

}  // namespace mullama::api::openai
