#include "server/reply.h"

#include "api/ollama/responses.h"
#include "server/answering.h"

#include <utility>

namespace mullama::server {

Task<void> reply(ResponseWriter& writer, Response response) {
    auto sending = writer.send(response);
    co_await std::move(sending);
}

Task<void> reply_json(ResponseWriter& writer, unsigned status, std::string body) {
    Response response;
    response.status = status;
    response.content_type = "application/json; charset=utf-8";
    response.body = std::move(body);
    return reply(writer, std::move(response));
}

Response ollama_error(unsigned status, std::string_view message) {
    Response response;
    response.status = status;
    response.content_type = "application/json; charset=utf-8";
    response.body = api::ollama::format_error(message);
    if (status == 503) response.headers.push_back({"Retry-After", "1"});
    return response;
}

Response ollama_error(const Error& error) {
    return ollama_error(status_of(error.code), error.message);
}

}  // namespace mullama::server
