#include "api/anthropic/errors.h"
#include "api/anthropic/requests.h"
#include "api/anthropic/responses.h"
#include "api/id_source.h"
#include "server/access.h"
#include "server/answering.h"
#include "server/conversation.h"
#include "server/extra_headers.h"
#include "server/model_job.h"
#include "server/reply.h"
#include "server/routes.h"

#include <memory>
#include <string>
#include <utility>

namespace mullama::server {
namespace {

namespace dialect = api::anthropic;

Response error_response(unsigned status, std::string_view message, const std::string& request_id) {
    Response response = json_response(dialect::format_error(status, message, request_id));
    response.status = status;
    if (status == 503) response.headers.push_back({"Retry-After", "1"});
    return response;
}

std::function<Response(const Error&)> refuser(const std::string& request_id) {
    return [request_id](const Error& error) {
        return error_response(status_of(error.code), error.message, request_id);
    };
}

// A model that cannot think is asked all the same, as Anthropic's clients ask for it by habit.
ChatRequest relaxed(ChatRequest request, const LoadedModel& model) {
    if (!model.chat_abilities().thinking) request.thinking = Thinking::kModel;
    return request;
}

Task<void> messages(
    Service& service, const Request& request, ResponseWriter& writer, const std::string& request_id
) {
    const auto refuse = refuser(request_id);
    Result<dialect::MessagesCall> call = dialect::parse_messages(request.body, false);
    if (!call) return reply(writer, refuse(call.error()));
    AnswerJob job;
    job.format = std::make_unique<dialect::MessagesFormat>(
        call->use.model, call->stop_sequences, service.next_seed(), request_id
    );
    job.refuse = refuse;
    job.stream = call->stream;
    job.ends_with_call = !call->request.parallel_tool_calls;
    job.use = call->use;
    job.use.priority_least = priority_least(service.keys, request);
    job.reads_images = has_images(call->request.messages);
    job.start = [call = std::move(*call)](
                    const LoadedModel& model, const ModelChoice& choice
                ) -> Result<std::vector<StartedAnswer>> {
        Result<ChatRequest> prepared =
            prepare_chat(relaxed(call.request, model), choice, model, call.use.model);
        if (!prepared) return std::move(prepared).error();
        return start_chat(model, *prepared, 1);
    };
    return answer(service, writer, std::move(job));
}

Task<void> count_tokens(
    Service& service, const Request& request, ResponseWriter& writer, const std::string& request_id
) {
    const auto refuse = refuser(request_id);
    Result<dialect::MessagesCall> call = dialect::parse_messages(request.body, true);
    if (!call) return reply(writer, refuse(call.error()));
    ModelJob job;
    job.use = call->use;
    job.refuse = refuse;
    job.reads_images = has_images(call->request.messages);
    job.work = [call = std::move(*call
                )](const LoadedModel& model, const ModelChoice& choice) -> Result<Response> {
        const auto tokens = count_chat(relaxed(call.request, model), choice, model, call.use.model);
        if (!tokens) return tokens.error();
        return json_response(dialect::format_token_count(*tokens));
    };
    return reply_from_model(service, writer, std::move(job));
}

using Answering = Task<void> (*)(Service&, const Request&, ResponseWriter&, const std::string&);

/// Gives a request its name, which every answer tells.
Task<void> with_request_id(
    Service& service, const Request& request, ResponseWriter& writer, Answering answering
) {
    const std::string id = api::IdSource(service.next_seed()).next("req_", 24);
    ExtraHeaders named(writer, {{"request-id", id}});
    auto answered = answering(service, request, named, id);
    co_await std::move(answered);
}

}  // namespace

void add_anthropic_routes(Router& router, Service& service) {
    using View = std::string_view;
    router.add("POST", "/v1/messages", [&](const Request& r, ResponseWriter& w, View) {
        return with_request_id(service, r, w, messages);
    });
    router.add("POST", "/v1/messages/count_tokens", [&](const Request& r, ResponseWriter& w, View) {
        return with_request_id(service, r, w, count_tokens);
    });
}

}  // namespace mullama::server
