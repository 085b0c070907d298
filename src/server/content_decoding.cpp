#include "server/content_decoding.h"

#include "server/http_request.h"

#include <algorithm>
#include <array>
#include <limits>
#include <memory>

#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

namespace mullama::server {
namespace {

constexpr std::size_t kPieceBytes = 32 * 1024;
constexpr int kGzipWindowBits = 15 + 16;  // 16: a gzip header is expected
constexpr int kZstdWindowLogMax = 23;

using Piece = std::array<char, kPieceBytes>;

/// Collects decoded bytes up to a limit.
class Output {
  public:
    explicit Output(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    /// False where the limit is passed.
    bool append(const char* bytes, std::size_t count) {
        if (count > bytes_max_ - text_.size()) return false;
        text_.append(bytes, count);
        return true;
    }
    std::string take() { return std::move(text_); }

  private:
    std::size_t bytes_max_;
    std::string text_;
};

Refusal broken(std::string_view encoding) {
    return {400, fmt::format("the request body is not valid {}", encoding)};
}

Refusal too_large(std::size_t bytes_max) {
    return {413, fmt::format("the decoded request body is larger than {} bytes", bytes_max)};
}

struct InflateEnd {
    void operator()(z_stream* stream) const { inflateEnd(stream); }
};

std::optional<Refusal> decode_gzip(std::string& body, std::size_t bytes_max) {
    if (body.size() > std::numeric_limits<uInt>::max()) return too_large(bytes_max);
    z_stream stream{};
    if (inflateInit2(&stream, kGzipWindowBits) != Z_OK) return Refusal{500, "out of memory"};
    const std::unique_ptr<z_stream, InflateEnd> ending(&stream);
    stream.next_in = reinterpret_cast<Bytef*>(body.data());
    stream.avail_in = static_cast<uInt>(body.size());

    const auto piece = std::make_unique<Piece>();
    Output output(bytes_max);
    while (true) {
        stream.next_out = reinterpret_cast<Bytef*>(piece->data());
        stream.avail_out = kPieceBytes;
        const int status = inflate(&stream, Z_NO_FLUSH);
        if (status != Z_OK && status != Z_STREAM_END) return broken("gzip");
        if (!output.append(piece->data(), kPieceBytes - stream.avail_out)) {
            return too_large(bytes_max);
        }
        if (status == Z_STREAM_END) {
            if (stream.avail_in == 0) break;
            inflateReset(&stream);  // another member follows
        }
    }
    body = output.take();
    return std::nullopt;
}

struct FreeContext {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

std::optional<Refusal> decode_zstd(std::string& body, std::size_t bytes_max) {
    const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
    if (!context) return Refusal{500, "out of memory"};
    ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kZstdWindowLogMax);

    const auto piece = std::make_unique<Piece>();
    Output output(bytes_max);
    ZSTD_inBuffer input{body.data(), body.size(), 0};
    while (true) {
        ZSTD_outBuffer out{piece->data(), kPieceBytes, 0};
        const std::size_t missing = ZSTD_decompressStream(context.get(), &out, &input);
        if (ZSTD_isError(missing)) return broken("zstd");
        if (!output.append(piece->data(), out.pos)) return too_large(bytes_max);
        if (input.pos < input.size) continue;
        if (missing == 0) break;
        if (out.pos < out.size) return broken("zstd");  // the frame wants more than there is
    }
    body = output.take();
    return std::nullopt;
}

}  // namespace

std::optional<Refusal> decode_content(
    std::string_view encoding, std::string& body, std::size_t bytes_max
) {
    if (body.empty() || encoding.empty()) return std::nullopt;
    if (equals_ignoring_case(encoding, "identity")) return std::nullopt;
    if (equals_ignoring_case(encoding, "gzip") || equals_ignoring_case(encoding, "x-gzip")) {
        return decode_gzip(body, bytes_max);
    }
    if (equals_ignoring_case(encoding, "zstd")) return decode_zstd(body, bytes_max);
    return Refusal{415, "the request body has an unknown Content-Encoding: use gzip or zstd"};
}

}  // namespace mullama::server
