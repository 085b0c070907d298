#pragma once

#include "api/json_writer.h"
#include <mullama/types.h>

#include <vector>

namespace mullama::api {

/// Writes a list of objects, each with a token and its "top_logprobs". `write_chance(out, chance)`
/// writes the fields that a dialect tells of a token.
template <typename WriteChance>
void write_token_logprobs(
    JsonWriter& out, const std::vector<TokenLogprobs>& tokens, WriteChance write_chance
) {
    out.begin_array();
    for (const TokenLogprobs& token : tokens) {
        out.begin_object();
        write_chance(out, token.chosen);
        out.key("top_logprobs").begin_array();
        for (const TokenChance& chance : token.top) {
            out.begin_object();
            write_chance(out, chance);
            out.end_object();
        }
        out.end_array().end_object();
    }
    out.end_array();
}

}  // namespace mullama::api
