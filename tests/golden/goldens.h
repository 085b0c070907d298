#pragma once

#include <functional>
#include <string>
#include <vector>

namespace mullama::test {

/// A file of this folder and how its bytes come about.
struct Golden {
    std::string name;  ///< "openai/chat_text.sse".
    std::function<std::string()> bytes;
};

/// What the servers of each dialect send.
std::vector<Golden> anthropic_goldens();
std::vector<Golden> extra_goldens();
std::vector<Golden> llamacpp_goldens();
std::vector<Golden> ollama_goldens();
std::vector<Golden> openai_goldens();
std::vector<Golden> openai_stored_goldens();

}  // namespace mullama::test
