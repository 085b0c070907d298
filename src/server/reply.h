#pragma once

#include "api/openai/errors.h"
#include "server/http_response.h"
#include "server/service.h"
#include <mullama/result.h>

#include <string>
#include <string_view>
#include <utility>

namespace mullama::server {

/// Sends a whole answer in JSON.
Task<void> reply_json(ResponseWriter& writer, unsigned status, std::string body);

/// Sends an answer as it is.
Task<void> reply(ResponseWriter& writer, Response response);

/// Runs `work` on the service's threads and sends what it gives.
template <typename Work>
Task<void> reply_with(Service& service, ResponseWriter& writer, Work work) {
    Offload working(service.work, writer.executor(), std::move(work));
    Response response = co_await working;
    auto sending = writer.send(response);
    co_await std::move(sending);
}

/// A whole answer in JSON.
Response json_response(std::string body);

/// An error of Ollama's dialect, with the status of its code.
Response ollama_error(const Error& error);

/// The same with a status of its own.
Response ollama_error(unsigned status, std::string_view message);

/// The same in llama-server's dialect.
Response llamacpp_error(const Error& error);
Response llamacpp_error(unsigned status, std::string_view message);

/// An error of OpenAI's dialect, with the status of its code.
Response openai_refusal(const Error& error);

/// The same with a status of its own.
Response openai_error(unsigned status, std::string_view message, api::openai::Fault fault = {});

}  // namespace mullama::server
