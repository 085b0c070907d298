#include "api/openai/logprobs.h"

#include "api/json_writer.h"
#include "api/token_logprobs.h"

#include <algorithm>

#include <fmt/format.h>

namespace mullama::api::openai {
namespace {

void write_chance(JsonWriter& out, const TokenChance& chance) {
    out.field("token", chance.piece).field("logprob", chance.logprob);
    out.key("bytes");
    write_bytes(out, chance.piece);
}

// OpenAI's own way to put bytes that are no text into a text.
std::string text_of(const std::string& piece) {
    if (is_utf8(piece)) return piece;
    std::string text = "bytes:";
    for (const char byte : piece) {
        text += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    }
    return text;
}

}  // namespace

std::string chat_logprobs(const std::vector<TokenLogprobs>& tokens) {
    JsonWriter out;
    out.begin_object().key("content");
    write_token_logprobs(out, tokens, write_chance);
    out.key("refusal").null().end_object();
    return out.take();
}

std::string logprob_list(const std::vector<TokenLogprobs>& tokens) {
    JsonWriter out;
    write_token_logprobs(out, tokens, write_chance);
    return out.take();
}

std::string completion_logprobs(const std::vector<TokenLogprobs>& tokens, std::size_t offset) {
    JsonWriter out;
    out.begin_object().key("tokens").begin_array();
    for (const TokenLogprobs& token : tokens) out.value(text_of(token.chosen.piece));
    out.end_array().key("token_logprobs").begin_array();
    for (const TokenLogprobs& token : tokens) out.value(token.chosen.logprob);
    out.end_array().key("top_logprobs").begin_array();
    for (const TokenLogprobs& token : tokens) {
        out.begin_object();
        for (const TokenChance& chance : token.top)
            out.field(text_of(chance.piece), chance.logprob);
        out.end_object();
    }
    out.end_array().key("text_offset").begin_array();
    for (const TokenLogprobs& token : tokens) {
        out.value(offset);
        offset += character_count(token.chosen.piece);
    }
    out.end_array().end_object();
    return out.take();
}

std::size_t character_count(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80;
    }));
}

}  // namespace mullama::api::openai
