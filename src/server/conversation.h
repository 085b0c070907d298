#pragma once

#include "server/answering.h"
#include "server/model_use.h"
#include <mullama/result.h>
#include <mullama/runtime.h>
#include <mullama/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace mullama::server {

/// Whether any of the messages has images; then they are read on Service::eyes.
bool has_images(std::span<const Message> messages);

/// Errors:  kUnsupported, in Ollama's words: images are `needed` and the model takes none.
Result<void> check_vision(bool needed, const ModelChoice& choice, std::string_view name);

/// Completes a conversation with what comes with the model, and checks that the model can hold it:
/// its turns go first, its system message where the talk begins with none.
/// Errors:  kUnsupported, in Ollama's words. `name` is the model as the client wrote it.
Result<ChatRequest> prepare_chat(
    ChatRequest request, const ModelChoice& choice, const LoadedModel& model, std::string_view name
);

/// Checks that a model without a usable chat template reads prompts as they are: it has no
/// template, or one that is the prompt alone. Errors:  kUnsupported: it has one in Go's template
/// language.
Result<void> check_reads_plain(const store::ModelSettings& settings, std::string_view name);

/// A conversation as the model reads it, nothing dropped.
/// Errors:  those of prepare_chat() and LoadedModel::render().
Result<ChatPrompt> render_chat(
    ChatRequest request, const ModelChoice& choice, const LoadedModel& model, std::string_view name
);

/// How many tokens the prompt of render_chat() has, those that images take included.
/// Errors:  those of prepare_chat() and LoadedModel::count_tokens().
Result<std::size_t> count_chat(
    ChatRequest request, const ModelChoice& choice, const LoadedModel& model, std::string_view name
);

/// Begins as many answers to a conversation as asked for; their seeds follow each other.
/// Errors:  those of LoadedModel::answer().
Result<std::vector<StartedAnswer>> start_chat(
    const LoadedModel& model, const ChatRequest& request, std::int32_t choices
);

}  // namespace mullama::server
