#include "server/test_client.h"

#include <array>
#include <charconv>
#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace mullama::server {
namespace {

constexpr int kPatienceMs = 60'000;

template <typename Address>
int connect_to(int fd, const Address& address) {
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return fd;
    ::close(fd);
    throw std::runtime_error("no connection to the server");
}

int connect_unix(const std::string& path) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    path.copy(name.sun_path, sizeof(name.sun_path) - 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return connect_to(fd, name);
}

int connect_tcp(std::uint16_t port, int receive_buffer_bytes) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(port);
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (receive_buffer_bytes > 0) {
        const auto size = static_cast<socklen_t>(sizeof(receive_buffer_bytes));
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, size);
    }
    return connect_to(fd, name);
}

std::size_t read_number(std::string_view text, int base) {
    std::size_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number, base);
    return number;
}

}  // namespace

std::string ClientResponse::header(std::string_view name) const {
    const std::size_t start = head.find(fmt::format("\r\n{}: ", name));
    if (start == std::string::npos) return "";
    const std::size_t value = start + name.size() + 4;
    return head.substr(value, head.find("\r\n", value) - value);
}

TestClient::TestClient(const std::string& address, int receive_buffer_bytes) {
    if (address.starts_with("unix:")) {
        fd_ = connect_unix(address.substr(5));
    } else {
        const auto port = read_number(address.substr(address.rfind(':') + 1), 10);
        fd_ = connect_tcp(static_cast<std::uint16_t>(port), receive_buffer_bytes);
    }
}

TestClient::TestClient(TestClient&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), received_(std::move(other.received_)) {}

TestClient::~TestClient() {
    close();
}

bool TestClient::send(std::string_view text) {
    while (!text.empty()) {
        const ssize_t count = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
        if (count <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

bool TestClient::get(std::string_view path) {
    return send(fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n", path));
}

bool TestClient::post(std::string_view body, std::string_view header_lines) {
    return send(fmt::format(
        "POST / HTTP/1.1\r\nHost: localhost\r\n{}Content-Length: {}\r\n\r\n{}",
        header_lines,
        body.size(),
        body
    ));
}

ClientResponse TestClient::receive(bool has_body) {
    ClientResponse response;
    response.head = receive_until("\r\n\r\n");
    if (!response.head.starts_with("HTTP/1.1 ")) return response;
    response.status = static_cast<unsigned>(read_number(response.head.substr(9), 10));
    if (has_body && response.status != 204) {
        receive_body(response);
    } else {
        response.complete = true;
    }
    return response;
}

void TestClient::receive_body(ClientResponse& response) {
    if (response.header("Transfer-Encoding") == "chunked") {
        std::string size = receive_until("\r\n");
        while (!size.empty() && size != "0\r\n") {
            if (!receive_bytes(read_number(size, 16), response.body)) return;
            receive_until("\r\n");
            size = receive_until("\r\n");
        }
        response.complete = !size.empty() && receive_until("\r\n") == "\r\n";
    } else if (const std::string length = response.header("Content-Length"); !length.empty()) {
        response.complete = receive_bytes(read_number(length, 10), response.body);
    } else {
        while (receive_more()) {
        }
        response.body = std::exchange(received_, {});
        response.complete = true;
    }
}

std::string TestClient::receive_until(std::string_view end) {
    std::size_t found = received_.find(end);
    while (found == std::string::npos) {
        if (!receive_more()) return "";
        found = received_.find(end);
    }
    std::string text = received_.substr(0, found + end.size());
    received_.erase(0, text.size());
    return text;
}

std::string TestClient::receive_chunk() {
    std::string chunk;
    receive_bytes(read_number(receive_until("\r\n"), 16), chunk);
    receive_until("\r\n");
    return chunk;
}

bool TestClient::is_closed() {
    return received_.empty() && !receive_more();
}

bool TestClient::receive_bytes(std::size_t count, std::string& into) {
    while (received_.size() < count) {
        if (!receive_more()) return false;
    }
    into += received_.substr(0, count);
    received_.erase(0, count);
    return true;
}

bool TestClient::receive_more() {
    pollfd waiting{fd_, POLLIN, 0};
    if (poll(&waiting, 1, kPatienceMs) != 1) {
        throw std::runtime_error("the server sends nothing and does not close");
    }
    std::array<char, 65536> buffer;
    const ssize_t count = recv(fd_, buffer.data(), buffer.size(), 0);
    if (count <= 0) return false;
    received_.append(buffer.data(), static_cast<std::size_t>(count));
    return true;
}

void TestClient::finish_sending() {
    shutdown(fd_, SHUT_WR);
}

void TestClient::close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void TestClient::reset() {
    const linger at_once{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close();
}

HttpServer serve(Handler handler, const HttpServerOptions& options) {
    Result<HttpServer> server = HttpServer::listen(options, std::move(handler));
    if (!server) throw std::runtime_error(server.error().message);
    return *std::move(server);
}

Feed::Feed() : stream_(std::make_shared<Stream>(4096, [] {})) {}

void Feed::push(std::string text) {
    stream_->push(Event{.text = std::move(text)});
    Stream::wake({&stream_, 1});
}

void Feed::end() {
    stream_->close(Event{.finish = Finish{}});
    Stream::wake({&stream_, 1});
}

Task<void> send_stream(EventStream stream, ResponseWriter& writer) {
    const ResponseHead head{.content_type = "text/plain"};
    auto beginning = writer.begin(head);
    if (!co_await std::move(beginning)) co_return;
    while (true) {
        const std::optional<Event> event = co_await stream.next_async(writer.executor());
        if (!event) break;
        auto writing = writer.write(event->text);
        if (!co_await std::move(writing)) co_return;
    }
    auto ending = writer.end();
    co_await std::move(ending);
}

Task<void> echo(const Request& request, ResponseWriter& writer) {
    const Response response{
        .content_type = "text/plain",
        .body =
            fmt::format("{} {}?{} {}", request.method, request.path, request.query, request.body)
    };
    auto sending = writer.send(response);
    co_await std::move(sending);
}

}  // namespace mullama::server
