#pragma once

#include "server/io_thread.h"
#include "server/transport.h"

#include <memory>

#include <boost/asio/generic/stream_protocol.hpp>

namespace mullama::server {

/// A connected socket, TCP or Unix, that was opened on `io`.
std::shared_ptr<Transport> make_socket_transport(
    boost::asio::generic::stream_protocol::socket socket, IoThread& io
);

}  // namespace mullama::server
