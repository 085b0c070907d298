#include "server/reply.h"

#include "api/llamacpp/errors.h"
#include "api/ollama/responses.h"
#include "server/answering.h"

#include <utility>

namespace mullama::server {

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
    Response response = json_response(api::ollama::format_error(message));
    response.status = status;
    if (status == 503) response.headers.push_back({"Retry-After", "1"});
    return response;
}

Response ollama_error(const Error& error) {
    return ollama_error(status_of(error.code), error.message);
}

Response llamacpp_error(unsigned status, std::string_view message) {
    Response response = json_response(api::llamacpp::format_error(status, message));
    response.status = status;
    if (status == 503) response.headers.push_back({"Retry-After", "1"});
    return response;
}

Response llamacpp_error(const Error& error) {
    return llamacpp_error(status_of(error.code), error.message);
}

}  // namespace mullama::server
