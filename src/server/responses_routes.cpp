#include "api/openai/lists.h"
#include "api/openai/response_format.h"
#include "api/openai/response_items.h"
#include "api/openai/response_requests.h"
#include "api/openai/stored_response.h"
#include "server/access.h"
#include "server/answering.h"
#include "server/conversation.h"
#include "server/model_job.h"
#include "server/page_query.h"
#include "server/reply.h"
#include "server/request_target.h"
#include "server/response_history.h"
#include "server/routes.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mullama::server {
namespace {

namespace dialect = api::openai;
namespace json = api::json;

constexpr std::size_t kPageMax = 100;

/// What a call talks about: the turns, and the input as it is stored.
struct Talk {
    std::vector<Message> messages = {};
    json::array input = {};
};

Result<Talk> load_talk(
    const ResponseStore& store, const dialect::ResponseTerms& terms, json::array input
) {
    Result<json::array> items = response_history(store, terms.previous_response_id.value_or(""));
    if (!items) return std::move(items).error();
    Result<json::array> resolved = resolve_references(store, *items, std::move(input));
    if (!resolved) return std::move(resolved).error();
    items->insert(items->end(), resolved->begin(), resolved->end());
    Result<std::vector<Message>> messages = dialect::conversation_of(*items);
    if (!messages) return std::move(messages).error();
    if (terms.instructions) messages->insert(messages->begin(), {"system", *terms.instructions});
    return Talk{std::move(messages).value(), std::move(resolved).value()};
}

/// What a request asks for.
struct Asked {
    dialect::ResponseCall call = {};
    Talk talk = {};
};

Response refuse_talk(const Error& error) {
    if (error.code != ErrorCode::kNotFound) return openai_refusal(error);
    const dialect::Fault fault{"previous_response_id", "previous_response_not_found"};
    return openai_error(400, error.message, fault);
}

/// Stores responses that are to be stored, and says that they are not under way any more.
dialect::ResponseFormat::Keep keeper(
    Service& service,
    const dialect::ResponseTerms& terms,
    json::array input,
    std::shared_ptr<RunningResponses::Entry> running
) {
    return [&service,
            id = terms.id,
            stores = terms.store,
            input = std::move(input),
            running = std::move(running)](const std::string& response) mutable {
        if (stores) {
            service.responses.keep(id, dialect::format_stored_response(response, input));
            service.work.post([&service] { service.responses.flush(); });
        }
        running.reset();
    };
}

AnswerJob job_of(
    Service& service, dialect::ResponseCall call, dialect::ResponseIds ids, Talk talk
) {
    AnswerJob job;
    job.interrupt = std::make_shared<Interrupt>();
    auto running = service.running.add(
        call.terms.id,
        call.terms.store ? dialect::format_response(call.terms, {}) : "",
        job.interrupt
    );
    auto keep = keeper(service, call.terms, std::move(talk.input), std::move(running));
    job.format =
        std::make_unique<dialect::ResponseFormat>(call.terms, std::move(ids), std::move(keep));
    job.refuse = openai_refusal;
    job.stream = call.stream;
    job.ends_with_call = !call.request.parallel_tool_calls;
    job.use = call.use;
    call.request.messages = std::move(talk.messages);
    job.reads_images = has_images(call.request.messages);
    job.start = [request = std::move(call.request), name = call.use.model](
                    const LoadedModel& model, const ModelChoice& choice
                ) -> Result<std::vector<StartedAnswer>> {
        Result<ChatRequest> prepared = prepare_chat(request, choice, model, name);
        if (!prepared) return std::move(prepared).error();
        Result<std::vector<StartedAnswer>> started = start_chat(model, *prepared, 1);
        if (started) started->front().about.options = choice.options.values();
        return started;
    };
    return job;
}

/// Reads a request; where that fails, gives nothing and replies.
Task<std::optional<Asked>> read(
    Service& service, const Request& request, ResponseWriter& writer, dialect::ResponseIds& ids
) {
    Result<dialect::ResponseCall> call = dialect::parse_response(request.body, ids);
    if (!call) {
        auto refusing = reply(writer, openai_refusal(call.error()));
        co_await std::move(refusing);
        co_return std::nullopt;
    }
    call->terms.created = std::chrono::system_clock::now();
    auto load = [&service, terms = call->terms, input = std::move(call->input)]() mutable {
        return load_talk(service.responses, terms, std::move(input));
    };
    Offload loading(service.work, writer.executor(), std::move(load));
    Result<Talk> talk = co_await loading;
    if (!talk) {
        auto refusing = reply(writer, refuse_talk(talk.error()));
        co_await std::move(refusing);
        co_return std::nullopt;
    }
    co_return Asked{std::move(*call), std::move(*talk)};
}

Task<void> create(Service& service, const Request& request, ResponseWriter& writer) {
    dialect::ResponseIds ids(service.next_seed());
    auto reading = read(service, request, writer, ids);
    std::optional<Asked> asked = co_await std::move(reading);
    if (!asked) co_return;
    AnswerJob job = job_of(service, std::move(asked->call), std::move(ids), std::move(asked->talk));
    job.use.priority_least = priority_least(service.keys, request);
    auto answering = answer(service, writer, std::move(job));
    co_await std::move(answering);
}

Task<void> input_tokens(Service& service, const Request& request, ResponseWriter& writer) {
    dialect::ResponseIds ids(service.next_seed());
    auto reading = read(service, request, writer, ids);
    std::optional<Asked> asked = co_await std::move(reading);
    if (!asked) co_return;
    ChatRequest chat = std::move(asked->call.request);
    chat.messages = std::move(asked->talk.messages);
    ModelJob job;
    job.use = asked->call.use;
    job.refuse = openai_refusal;
    job.reads_images = has_images(chat.messages);
    job.work = [chat = std::move(chat), name = job.use.model](
                   const LoadedModel& model, const ModelChoice& choice
               ) -> Result<Response> {
        const auto tokens = count_chat(chat, choice, model, name);
        if (!tokens) return tokens.error();
        return json_response(dialect::format_input_tokens(*tokens));
    };
    auto replying = reply_from_model(service, writer, std::move(job));
    co_await std::move(replying);
}

Result<dialect::StoredResponse> find(const Service& service, const std::string& id) {
    Result<std::string> text = service.responses.find(id);
    if (!text) return std::move(text).error();
    return dialect::read_stored_response(*text);
}

Response retrieve(const Service& service, const std::string& id, const std::string& query) {
    if (query_value(query, "stream") == "true") {
        return openai_error(
            400, "a response that was not made in the background cannot be streamed again"
        );
    }
    const std::optional<std::string> running = service.running.find(id);
    if (running && !running->empty()) return json_response(*running);
    const Result<dialect::StoredResponse> stored = find(service, id);
    if (!stored) return openai_refusal(stored.error());
    return json_response(api::to_text(stored->response));
}

Response remove(Service& service, const std::string& id) {
    const Result<void> removed = service.responses.remove(id);
    if (!removed) return openai_refusal(removed.error());
    service.responses.flush();
    return json_response(dialect::format_deleted(id, "response"));
}

Response cancel(Service& service, const std::string& id) {
    const std::optional<std::string> running = service.running.cancel(id);
    if (running) return json_response(dialect::with_status(*running, "cancelled"));
    const Result<dialect::StoredResponse> stored = find(service, id);
    if (!stored) return openai_refusal(stored.error());
    return openai_error(400, "Cannot cancel a synchronous response.");
}

Response input_items(const Service& service, const std::string& id, const std::string& query) {
    const Result<dialect::PageRequest> page = read_page(query, {}, kPageMax);
    if (!page) return openai_refusal(page.error());
    const Result<dialect::StoredResponse> stored = find(service, id);
    if (!stored) return openai_refusal(stored.error());
    std::vector<dialect::Listed> items;
    for (const json::value& item : stored->input) {
        const json::value* name = item.as_object().if_contains("id");
        const bool has_name = name != nullptr && name->is_string();
        items.push_back({has_name ? std::string(name->get_string()) : "", api::to_text(item)});
    }
    const Result<std::string> list = dialect::format_page(items, *page);
    return list ? json_response(*list) : openai_refusal(list.error());
}

}  // namespace

void add_responses_routes(Router& router, Service& service) {
    using View = std::string_view;
    router.add("POST", "/v1/responses", [&](const Request& r, ResponseWriter& w, View) {
        return create(service, r, w);
    });
    router.add(
        "POST",
        "/v1/responses/input_tokens",
        [&](const Request& r, ResponseWriter& w, View) { return input_tokens(service, r, w); }
    );
    router.add("POST", "/v1/responses/*/cancel", [&](const Request&, ResponseWriter& w, View id) {
        return reply_with(service, w, [&service, id = std::string(id)] {
            return cancel(service, id);
        });
    });
    router.add(
        "GET",
        "/v1/responses/*/input_items",
        [&](const Request& r, ResponseWriter& w, View id) {
            return reply_with(service, w, [&service, id = std::string(id), query = r.query] {
                return input_items(service, id, query);
            });
        }
    );
    router.add("GET", "/v1/responses/*", [&](const Request& r, ResponseWriter& w, View id) {
        return reply_with(service, w, [&service, id = std::string(id), query = r.query] {
            return retrieve(service, id, query);
        });
    });
    router.add("DELETE", "/v1/responses/*", [&](const Request&, ResponseWriter& w, View id) {
        return reply_with(service, w, [&service, id = std::string(id)] {
            return remove(service, id);
        });
    });
}

}  // namespace mullama::server
