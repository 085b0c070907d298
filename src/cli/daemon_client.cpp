#include "cli/daemon_client.h"

#include "api/json.h"
#include "base/error.h"

#include <cstdlib>
#include <utility>

#include <curl/curl.h>

namespace mullama::cli {
namespace {

/// How long a question of `on_wait` may wait.
constexpr int kLookMs = 50;
constexpr long kConnectTimeoutMs = 5000;

struct FreeEasy {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct FreeMulti {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

ErrorCode code_of(long status) {
    switch (status) {
        case 404:
            return ErrorCode::kNotFound;
        case 501:
            return ErrorCode::kUnsupported;
        case 503:
            return ErrorCode::kExhausted;
        default:
            return status < 500 ? ErrorCode::kInvalidArgument : ErrorCode::kInternal;
    }
}

const api::json::value* field_of(const api::json::value* value, std::string_view name) {
    const api::json::object* object = value == nullptr ? nullptr : value->if_object();
    return object == nullptr ? nullptr : object->if_contains(name);
}

/// The message in {"error": "..."} or {"error": {"message": "..."}}; the text itself where it is
/// neither.
std::string message_of(const std::string& body) {
    const Result<api::json::value> value = api::parse_json(body);
    const api::json::value* message = field_of(value ? &*value : nullptr, "error");
    if (const auto* inner = field_of(message, "message")) message = inner;
    if (message != nullptr && message->is_string()) {
        return std::string(message->get_string().data(), message->get_string().size());
    }
    return body;
}

/// What comes of one call.
struct Transfer {
    CURL* easy = nullptr;
    const DaemonClient::OnLine* on_line = nullptr;
    std::string received;  // of a body that is an error or wanted whole, else an open line
    bool stopped = false;  // by on_line
};

bool is_error(CURL* easy) {
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    return status >= 400;
}

// Called by curl.
std::size_t take_bytes(char* bytes, std::size_t size, std::size_t count, void* user) {
    Transfer& transfer = *static_cast<Transfer*>(user);
    transfer.received.append(bytes, size * count);
    if (transfer.on_line == nullptr || is_error(transfer.easy)) return size * count;
    std::size_t end = transfer.received.find('\n');
    while (end != std::string::npos) {
        const std::string line = transfer.received.substr(0, end);
        transfer.received.erase(0, end + 1);
        if (!line.empty() && !(*transfer.on_line)(line)) {
            transfer.stopped = true;
            return 0;
        }
        end = transfer.received.find('\n');
    }
    return size * count;
}

std::string first_word(const char* text) {
    const std::string_view whole = text == nullptr ? "" : text;
    return std::string(whole.substr(0, whole.find(' ')));
}

}  // namespace

struct DaemonClient::Impl {
    Result<std::string> call(
        const std::string& path,
        const std::string* body,
        const OnLine* on_line,
        const OnWait& on_wait
    );
    CURLcode run(const OnWait& on_wait, bool& cancelled);
    Error connection_error(CURLcode code) const;

    HostAddress address;
    std::string api_key;
    std::unique_ptr<CURL, FreeEasy> easy{curl_easy_init()};
    std::unique_ptr<CURLM, FreeMulti> multi{curl_multi_init()};
};

DaemonClient::DaemonClient(HostAddress address, std::string api_key)
    : impl_(std::make_unique<Impl>()) {
    impl_->address = std::move(address);
    impl_->api_key = std::move(api_key);
}

DaemonClient::DaemonClient(DaemonClient&&) noexcept = default;

DaemonClient& DaemonClient::operator=(DaemonClient&&) noexcept = default;

DaemonClient::~DaemonClient() = default;

Result<DaemonClient> DaemonClient::from_environment(std::string_view host) {
    Result<HostAddress> address = host.empty() ? host_from_environment() : parse_host(host);
    if (!address) return std::move(address).error();
    return DaemonClient(std::move(address).value(), first_word(std::getenv("MULLAMA_API_KEY")));
}

const HostAddress& DaemonClient::address() const {
    return impl_->address;
}

Result<std::string> DaemonClient::get(const std::string& path) {
    return impl_->call(path, nullptr, nullptr, {});
}

Result<std::string> DaemonClient::post(const std::string& path, const std::string& body) {
    return impl_->call(path, &body, nullptr, {});
}

Result<void> DaemonClient::post_lines(
    const std::string& path, const std::string& body, const OnLine& on_line, const OnWait& on_wait
) {
    const Result<std::string> called = impl_->call(path, &body, &on_line, on_wait);
    if (!called) return called.error();
    return {};
}

Result<std::string> DaemonClient::Impl::call(
    const std::string& path, const std::string* body, const OnLine* on_line, const OnWait& on_wait
) {
    CURL* handle = easy.get();
    Transfer transfer{.easy = handle, .on_line = on_line, .received = {}};
    curl_easy_reset(handle);
    const std::string url = address.to_call() + path;
    curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    if (const char* authorities = std::getenv("SSL_CERT_FILE"); authorities != nullptr) {
        curl_easy_setopt(handle, CURLOPT_CAINFO, authorities);
    }
    if (!address.socket.empty()) {
        curl_easy_setopt(handle, CURLOPT_UNIX_SOCKET_PATH, address.socket.c_str());
    }
    curl_slist* fields = curl_slist_append(nullptr, "Content-Type: application/json");
    fields = curl_slist_append(fields, "Expect:");
    if (!api_key.empty()) {
        fields = curl_slist_append(fields, ("Authorization: Bearer " + api_key).c_str());
    }
    const std::unique_ptr<curl_slist, FreeList> headers(fields);
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
    if (body != nullptr) {
        curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body->c_str());
        curl_easy_setopt(
            handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body->size())
        );
    }
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
    bool cancelled = false;
    const CURLcode code = run(on_wait, cancelled);
    if (cancelled) return fail(ErrorCode::kCancelled, "interrupted");
    if (transfer.stopped) return std::string();
    if (code != CURLE_OK) return connection_error(code);
    if (!is_error(handle)) return transfer.received;
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    const std::string_view cure = status == 401 ? " (set $MULLAMA_API_KEY)" : "";
    return fail(code_of(status), "{}{}", message_of(transfer.received), cure);
}

CURLcode DaemonClient::Impl::run(const OnWait& on_wait, bool& cancelled) {
    curl_multi_add_handle(multi.get(), easy.get());
    CURLcode code = CURLE_OK;
    int running = 1;
    while (running > 0 && !cancelled) {
        curl_multi_perform(multi.get(), &running);
        if (running > 0) curl_multi_poll(multi.get(), nullptr, 0, kLookMs, nullptr);
        cancelled = on_wait && !on_wait();
    }
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
        if (message->msg == CURLMSG_DONE) code = message->data.result;
    }
    curl_multi_remove_handle(multi.get(), easy.get());
    return code;
}

Error DaemonClient::Impl::connection_error(CURLcode code) const {
    const std::string where = address.socket.empty() ? address.to_call() : address.to_listen();
    if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST) {
        return fail(
            ErrorCode::kUnavailable,
            "no server answers at {}: start one with `mullama serve`",
            where
        );
    }
    // Somebody answers there, so that starting a server would not help.
    const bool is_tls = code == CURLE_SSL_CONNECT_ERROR || code == CURLE_PEER_FAILED_VERIFICATION;
    return fail(
        is_tls ? ErrorCode::kIo : ErrorCode::kUnavailable,
        "the connection to {} failed: {}",
        where,
        curl_easy_strerror(code)
    );
}

}  // namespace mullama::cli
