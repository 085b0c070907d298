#include "server/tls.h"

#include "server/http_server.h"
#include "server/test_client.h"
#include "tests/support/scratch_dir.h"

#include <charconv>
#include <fstream>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace mullama::server {
namespace {

namespace asio = boost::asio;
using ::testing::HasSubstr;

/// Writes a fresh key and a certificate for localhost that it signs itself.
TlsFiles make_certificate(const std::filesystem::path& folder, const std::string& name) {
    const TlsFiles files{folder / (name + ".pem"), folder / (name + ".key")};
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME* subject = X509_get_subject_name(certificate);
    const auto* host = reinterpret_cast<const unsigned char*>("localhost");
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, host, -1, -1, 0);
    X509_set_issuer_name(certificate, subject);
    X509_sign(certificate, key, EVP_sha256());
    std::FILE* out = std::fopen(files.certificate.c_str(), "w");
    PEM_write_X509(out, certificate);
    std::fclose(out);
    out = std::fopen(files.key.c_str(), "w");
    PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(out);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return files;
}

/// A client that trusts one certificate.
class TlsClient {
  public:
    TlsClient(std::uint16_t port, const TlsFiles& files)
        : context_(asio::ssl::context::tls_client) {
        context_.load_verify_file(files.certificate.string());
        context_.set_verify_mode(asio::ssl::verify_peer);
        stream_.emplace(io_, context_);
        const asio::ip::tcp::endpoint server(asio::ip::address_v4::loopback(), port);
        stream_->next_layer().connect(server);
        stream_->handshake(asio::ssl::stream_base::client);
    }

    void send(const std::string& text) { asio::write(*stream_, asio::buffer(text)); }

    /// The next answer's body, framed by Content-Length.
    std::string receive() {
        asio::read_until(*stream_, received_, "\r\n\r\n");
        std::string text = take(received_.size());
        const std::size_t head = text.find("\r\n\r\n") + 4;
        const std::size_t field = text.find("Content-Length: ") + 16;
        std::size_t length = 0;
        std::from_chars(text.data() + field, text.data() + head, length);
        if (text.size() < head + length) {
            const std::size_t rest = head + length - text.size();
            asio::read(*stream_, received_, asio::transfer_exactly(rest));
            text += take(rest);
        }
        return text.substr(head);
    }

    void close() { stream_->next_layer().close(); }

  private:
    std::string take(std::size_t count) {
        const auto* begin = static_cast<const char*>(received_.data().data());
        std::string text(begin, begin + count);
        received_.consume(count);
        return text;
    }

    asio::io_context io_;
    asio::ssl::context context_;
    std::optional<asio::ssl::stream<asio::ip::tcp::socket>> stream_;
    asio::streambuf received_;
};

class OverTls : public ::testing::Test {
  protected:
    HttpServer serve_tls(Handler handler) {
        HttpServerOptions options;
        options.tls = files_;
        return serve(std::move(handler), options);
    }

    test::ScratchDir scratch_;
    const TlsFiles files_ = make_certificate(scratch_.path(), "server");
};

TEST_F(OverTls, answers_one_request_after_the_other) {
    HttpServer server = serve_tls(echo);
    TlsClient client(server.port(), files_);
    client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(client.receive(), "GET /a? ");
    client.send("POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
    EXPECT_EQ(client.receive(), "POST /b? abc");
}

TEST_F(OverTls, large_bodies_go_both_ways) {
    HttpServer server = serve_tls(echo);
    TlsClient client(server.port(), files_);
    const std::string body(3 << 20, 'x');
    client.send(
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n"
    );
    client.send(body);
    EXPECT_EQ(client.receive(), "POST /? " + body);
}

TEST_F(OverTls, a_client_that_goes_ends_its_handler) {
    Feed feed;
    std::atomic<int> begun = 0;
    std::atomic<int> destroyed = 0;
    HttpServer server = serve_tls([&](const Request&, ResponseWriter& writer) -> Task<void> {
        const Guard guard(destroyed);
        ++begun;
        auto sending = send_stream(feed.reader(), writer);
        co_await std::move(sending);
    });
    TlsClient client(server.port(), files_);
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_TRUE(eventually([&] { return begun == 1; }));
    client.close();
    EXPECT_TRUE(eventually([&] { return destroyed == 1; }));
    EXPECT_TRUE(feed.cancelled());
}

TEST_F(OverTls, what_is_no_tls_is_closed) {
    HttpServer server = serve_tls(echo);
    TestClient client(server.address());
    client.get("/");
    EXPECT_EQ(client.receive().status, 0U);
    TlsClient other(server.port(), files_);
    other.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(other.receive(), "GET /a? ");
}

TEST_F(OverTls, files_that_do_not_fit_are_told) {
    const TlsFiles other = make_certificate(scratch_.path(), "other");
    const auto message = [](const TlsFiles& files) {
        const Result<Tls> loaded = Tls::load(files);
        return loaded ? "" : loaded.error().message;
    };
    EXPECT_EQ(message(files_), "");
    EXPECT_THAT(message({files_.certificate, {}}), HasSubstr("--tls-key"));
    EXPECT_THAT(message({files_.certificate, other.key}), HasSubstr("is not that of"));
    EXPECT_THAT(message({scratch_.path() / "none.pem", files_.key}), HasSubstr("is not there"));
    std::ofstream(scratch_.path() / "text") << "hello";
    EXPECT_THAT(message({scratch_.path() / "text", files_.key}), HasSubstr("PEM"));
    EXPECT_THAT(message({files_.certificate, scratch_.path() / "text"}), HasSubstr("PEM"));
}

}  // namespace
}  // namespace mullama::server
