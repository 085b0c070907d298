#include "server/reply.h"

#include "api/llamacpp/errors.h"
#include "api/ollama/responses.h"
#include "server/answering.h"

#include <utility>

namespace mullama::server {
namespace {

Response error_response(unsigned status, std::string body) {
    Response response = json_response(std::move(body));
    response.status = status;
    if (status == 503) response.headers.push_back({"Retry-After", "1"});
    return response;
}

}  // namespace

Task<void> reply(ResponseWriter& writer, Response response) {
    auto sending = writer.send(response);
    co_await std::move(sending);
}

Response json_response(std::string body) {
    Response response;
    response.content_type = "application/json; charset=utf-8";
    response.body = std::move(body);
    return response;
}

Task<void> reply_json(ResponseWriter& writer, unsigned status, std::string body) {
    Response response = json_response(std::move(body));
    response.status = status;
    return reply(writer, std::move(response));
}

Response ollama_error(unsigned status, std::string_view message) {
    return error_response(status, api::ollama::format_error(message));
}

Response ollama_error(const Error& error) {
    return ollama_error(status_of(error.code), error.message);
}

Response llamacpp_error(unsigned status, std::string_view message) {
    return error_response(status, api::llamacpp::format_error(status, message));
}

Response llamacpp_error(const Error& error) {
    return llamacpp_error(status_of(error.code), error.message);
}

Response openai_error(unsigned status, std::string_view message, api::openai::Fault fault) {
    return error_response(status, api::openai::format_error(status, message, fault));
}

Response openai_refusal(const Error& error) {
    return openai_error(status_of(error.code), error.message);
}

}  // namespace mullama::server
