#pragma once

#include <filesystem>

namespace mullama::server {

/// What a server proves its name with.
struct TlsFiles {
    std::filesystem::path certificate = {};  ///< PEM: the server's own first, then its issuers'.
    std::filesystem::path key = {};          ///< PEM: the private key.

    bool empty() const { return certificate.empty() && key.empty(); }
};

}  // namespace mullama::server
