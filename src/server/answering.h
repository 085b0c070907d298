#pragma once

#include "api/answer.h"
#include "api/call.h"
#include "server/http_response.h"
#include "server/interrupt.h"
#include "server/model_use.h"
#include "server/service.h"
#include <mullama/runtime.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace mullama::server {

/// One answer that has begun.
struct StartedAnswer {
    EventStream events;
    AnswerParser parser;
    /// Tokens of the prompt, where that is known.
    std::size_t prompt_tokens = 0;
    /// The prompt's tokens, where the answer's end is to tell them with its own.
    std::vector<Token> context = {};
    /// Text that the answer begins with, before the model's.
    std::string lead = {};
    /// For dialects whose answers repeat it.
    api::AnswerStart about = {};
};

/// A call that answers with what a model writes.
struct AnswerJob {
    api::ModelUse use = {};
    /// Begins the answers on a model that is loaded, one for each choice.
    /// Threads: a work thread, or Service::eyes where it reads images.
    std::function<Result<std::vector<StartedAnswer>>(const LoadedModel&, const ModelChoice&)>
        start = {};
    /// The dialect.
    std::unique_ptr<api::AnswerFormat> format = {};
    /// The dialect's answer to a call that fails before its answer has begun.
    std::function<Response(const Error&)> refuse = {};
    /// Whether `start` reads images.
    bool reads_images = false;
    /// Whether the answer goes out as it comes.
    bool stream = false;
    /// Whether an answer ends with its first call of a tool.
    bool ends_with_call = false;
    /// How long a stream stays silent before it is pinged; unset = as Pings has it.
    std::optional<std::chrono::seconds> ping_interval = {};
    /// Ends the answer where it is, as FinishReason::kCancelled; null where nobody will.
    std::shared_ptr<Interrupt> interrupt = {};
};

/// Answers one call: gets the model, begins the answers, and writes them.
Task<void> answer(Service& service, ResponseWriter& writer, AnswerJob job);

/// The HTTP status of an error that ends a request.
unsigned status_of(ErrorCode code);

/// What a client is told where the engine has no place for its request.
Error busy_if_full(Error error);

}  // namespace mullama::server
