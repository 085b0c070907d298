#include "server/tls.h"

#include "base/error.h"
#include "server/stream_transport.h"

#include <utility>

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

namespace mullama::server {
namespace {

namespace ssl = boost::asio::ssl;
using Socket = boost::asio::generic::stream_protocol::socket;

class TlsTransport final : public StreamTransport<ssl::stream<Socket>> {
  public:
    TlsTransport(Socket socket, ssl::context& context, IoThread& io)
        : StreamTransport(io, std::move(socket), context) {}

  private:
    Socket& socket() override { return stream().next_layer(); }

    void open(std::function<void(const Code&)> done) override {
        stream().async_handshake(
            ssl::stream_base::server,
            [self = shared_from_this(), done = std::move(done)](const Code& error) { done(error); }
        );
    }

    // Waits for the peer's own farewell, or until the connection is closed.
    void shut() override {
        stream().async_shutdown([self = shared_from_this()](const Code&) {});
    }
};

Error unreadable(const std::filesystem::path& file, const boost::system::error_code& error) {
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) {
        return fail(ErrorCode::kNotFound, "{} is not there: name a PEM file", file.string());
    }
    return fail(
        ErrorCode::kCorrupt,
        "{} cannot be used for TLS ({}): it needs to be PEM",
        file.string(),
        error.message()
    );
}

}  // namespace

struct Tls::Impl {
    ssl::context context{ssl::context::tls_server};
};

Result<Tls> Tls::load(const TlsFiles& files) {
    if (files.certificate.empty() || files.key.empty()) {
        return fail(
            ErrorCode::kInvalidArgument,
            "TLS needs a certificate and its key: give both --tls-cert and --tls-key"
        );
    }
    auto impl = std::make_unique<Impl>();
    ssl::context& context = impl->context;
    boost::system::error_code error;
    context.set_options(
        ssl::context::default_workarounds | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1, error
    );
    context.use_certificate_chain_file(files.certificate.string(), error);
    if (error) return unreadable(files.certificate, error);
    context.use_private_key_file(files.key.string(), ssl::context::pem, error);
    if (!error) return Tls(std::move(impl));
    if (SSL_CTX_check_private_key(context.native_handle()) == 0 &&
        ERR_GET_REASON(static_cast<unsigned long>(error.value())) == X509_R_KEY_VALUES_MISMATCH) {
        return fail(
            ErrorCode::kInvalidArgument,
            "the key in {} is not that of the certificate in {}",
            files.key.string(),
            files.certificate.string()
        );
    }
    return unreadable(files.key, error);
}

Tls::Tls(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Tls::Tls(Tls&&) noexcept = default;

Tls& Tls::operator=(Tls&&) noexcept = default;

Tls::~Tls() = default;

std::shared_ptr<Transport> Tls::wrap(
    boost::asio::generic::stream_protocol::socket socket, IoThread& io
) const {
    return std::make_shared<TlsTransport>(std::move(socket), impl_->context, io);
}

}  // namespace mullama::server
