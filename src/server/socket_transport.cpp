#include "server/socket_transport.h"

#include "server/stream_transport.h"

#include <utility>

namespace mullama::server {
namespace {

class SocketTransport final
    : public StreamTransport<boost::asio::generic::stream_protocol::socket> {
  public:
    SocketTransport(Socket socket, IoThread& io) : StreamTransport(io, std::move(socket)) {}

  private:
    Socket& socket() override { return stream(); }
    void open(std::function<void(const Code&)> done) override { done({}); }
    void shut() override {
        Code ignored;
        stream().shutdown(Socket::shutdown_send, ignored);
    }
};

}  // namespace

std::shared_ptr<Transport> make_socket_transport(
    boost::asio::generic::stream_protocol::socket socket, IoThread& io
) {
    return std::make_shared<SocketTransport>(std::move(socket), io);
}

}  // namespace mullama::server
