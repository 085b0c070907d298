#pragma once

#include "server/io_thread.h"
#include "server/tls_files.h"
#include "server/transport.h"
#include <mullama/result.h>

#include <memory>

#include <boost/asio/generic/stream_protocol.hpp>

namespace mullama::server {

/// TLS 1.2 and 1.3 for the connections of one server.
/// Threads: thread-safe.
class Tls {
  public:
    /// Reads the files.
    /// Errors:  kInvalidArgument: one of them is missing, or the key is another certificate's.
    ///          kNotFound, kCorrupt: a file is not there or holds none.
    static Result<Tls> load(const TlsFiles& files);

    Tls(Tls&&) noexcept;
    Tls& operator=(Tls&&) noexcept;
    ~Tls();

    /// A connected socket that was opened on `io`, with TLS over it. This outlives it.
    std::shared_ptr<Transport> wrap(
        boost::asio::generic::stream_protocol::socket socket, IoThread& io
    ) const;

  private:
    struct Impl;
    explicit Tls(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
};

}  // namespace mullama::server
