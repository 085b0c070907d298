#include "api/id_source.h"
#include "api/multipart.h"
#include "api/openai/files.h"
#include "api/openai/lists.h"
#include "api/times.h"
#include "base/error.h"
#include "server/page_query.h"
#include "server/reply.h"
#include "server/request_target.h"
#include "server/routes.h"

#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace mullama::server {
namespace {

namespace dialect = api::openai;

constexpr std::size_t kPageMax = 10'000;
constexpr std::size_t kChunkBytes = 256 * 1024;
constexpr std::size_t kIdLength = 24;

Response upload(Service& service, std::string_view content_type, std::string_view body) {
    const auto form = api::parse_multipart(content_type, body);
    if (!form) return openai_refusal(form.error());
    const Result<dialect::Upload> upload = dialect::read_upload(*form);
    if (!upload) return openai_refusal(upload.error());
    dialect::FileInfo file{
        .id = api::IdSource(service.next_seed()).next("file-", kIdLength),
        .filename = upload->filename,
        .purpose = upload->purpose,
        .created = api::unix_seconds(std::chrono::system_clock::now()),
    };
    if (upload->expires_after_s) file.expires = file.created + *upload->expires_after_s;
    const Result<dialect::FileInfo> added = service.files.add(std::move(file), upload->content);
    if (added) return json_response(dialect::format_file(*added));
    // Asking again, as clients do after 503, does not help here.
    const bool full = added.error().code == ErrorCode::kExhausted;
    return full ? openai_error(413, added.error().message) : openai_refusal(added.error());
}

Response list(const Service& service, const std::string& query) {
    const auto page = read_page(query, {.limit = kPageMax}, kPageMax);
    if (!page) return openai_refusal(page.error());
    const std::string purpose = query_value(query, "purpose").value_or("");
    std::vector<dialect::Listed> files;
    for (const dialect::FileInfo& file : service.files.list()) {
        if (!purpose.empty() && file.purpose != purpose) continue;
        files.push_back({file.id, dialect::format_file(file)});
    }
    const Result<std::string> text = dialect::format_page(files, *page);
    return text ? json_response(*text) : openai_refusal(text.error());
}

Response retrieve(const Service& service, const std::string& id) {
    const Result<dialect::FileInfo> file = service.files.find(id);
    return file ? json_response(dialect::format_file(*file)) : openai_refusal(file.error());
}

Response remove(Service& service, const std::string& id) {
    const Result<void> removed = service.files.remove(id);
    if (!removed) return openai_refusal(removed.error());
    return json_response(dialect::format_deleted(id, "file"));
}

Result<std::shared_ptr<std::ifstream>> open(const Service& service, const std::string& id) {
    const Result<std::filesystem::path> path = service.files.content(id);
    if (!path) return path.error();
    auto file = std::make_shared<std::ifstream>(*path, std::ios::binary);
    if (!*file) return fail(ErrorCode::kIo, "cannot read {}", path->string());
    return file;
}

std::string read_chunk(std::ifstream& file) {
    std::string chunk(kChunkBytes, '\0');
    file.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    chunk.resize(static_cast<std::size_t>(file.gcount()));
    return chunk;
}

Task<void> content(Service& service, ResponseWriter& writer, std::string id) {
    Executor& executor = writer.executor();
    auto open_it = [&service, id] { return open(service, id); };
    Offload opening(service.work, executor, std::move(open_it));
    const Result<std::shared_ptr<std::ifstream>> file = co_await opening;
    if (!file) {
        auto refusing = reply(writer, openai_refusal(file.error()));
        co_await std::move(refusing);
        co_return;
    }
    const ResponseHead head{.content_type = "application/octet-stream"};
    auto beginning = writer.begin(head);
    bool alive = co_await std::move(beginning);
    while (alive) {
        auto read = [stream = *file] { return read_chunk(*stream); };
        Offload reading(service.work, executor, std::move(read));
        const std::string chunk = co_await reading;
        if (chunk.empty()) break;
        auto writing = writer.write(chunk);
        alive = co_await std::move(writing);
    }
    auto ending = writer.end();
    co_await std::move(ending);
}

}  // namespace

void add_files_routes(Router& router, Service& service) {
    using View = std::string_view;
    router.add("POST", "/v1/files", [&](const Request& r, ResponseWriter& w, View) {
        std::string type(r.header("Content-Type").value_or(""));
        return reply_with(service, w, [&service, type = std::move(type), body = r.body] {
            return upload(service, type, body);
        });
    });
    router.add("GET", "/v1/files", [&](const Request& r, ResponseWriter& w, View) {
        return reply_with(service, w, [&service, query = r.query] { return list(service, query); });
    });
    router.add("GET", "/v1/files/*/content", [&](const Request&, ResponseWriter& w, View id) {
        return content(service, w, std::string(id));
    });
    router.add("GET", "/v1/files/*", [&](const Request&, ResponseWriter& w, View id) {
        return reply_with(service, w, [&service, id = std::string(id)] {
            return retrieve(service, id);
        });
    });
    router.add("DELETE", "/v1/files/*", [&](const Request&, ResponseWriter& w, View id) {
        return reply_with(service, w, [&service, id = std::string(id)] {
            return remove(service, id);
        });
    });
}

}  // namespace mullama::server
