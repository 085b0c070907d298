#pragma once

#include <mullama/types.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mullama::api::openai {

/// The "logprobs" of a choice of /v1/chat/completions.
std::string chat_logprobs(const std::vector<TokenLogprobs>& tokens);

/// A list of such tokens alone, as /v1/responses has it.
std::string logprob_list(const std::vector<TokenLogprobs>& tokens);

/// The "logprobs" of a choice of /v1/completions; `offset` characters of its text went before.
std::string completion_logprobs(const std::vector<TokenLogprobs>& tokens, std::size_t offset);

/// Characters of a text in UTF-8.
std::size_t character_count(std::string_view text);

}  // namespace mullama::api::openai
