#include "server/request_parser.h"

#include "server/content_decoding.h"
#include "server/request_target.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <fmt/format.h>

namespace mullama::server {
namespace {

namespace http = boost::beast::http;

std::string_view view_of(boost::beast::string_view text) {
    return {text.data(), text.size()};
}

std::string copy_of(boost::beast::string_view text) {
    return {text.data(), text.size()};
}

/// The headers as they are when the head ends; a trailer cannot add to them.
Headers copy_headers(const http::fields& fields) {
    Headers headers;
    for (const auto& field : fields) {
        headers.push_back({copy_of(field.name_string()), copy_of(field.value())});
    }
    return headers;
}

}  // namespace

class RequestParser::Impl {
  public:
    explicit Impl(const HttpLimits& limits) : limits_(limits) {
        parser_.header_limit(static_cast<std::uint32_t>(std::min<std::size_t>(
            limits.header_bytes_max, std::numeric_limits<std::uint32_t>::max()
        )));
        parser_.body_limit(limits.body_bytes_max);
        parser_.eager(false);
    }

    Progress parse_head(std::string& input) {
        const boost::system::error_code error = feed(input);
        if (error == http::error::need_more) return check_size(input);
        if (error) return refuse(refusal_for(error, input));
        return check_head();
    }

    Progress parse_body(std::string& input) {
        parser_.eager(true);
        if (!parser_.is_done()) {
            const boost::system::error_code error = feed(input);
            if (error && error != http::error::need_more) {
                return refuse(refusal_for(error, input));
            }
        }
        if (!parser_.is_done()) return check_chunk_line(input);
        request_.body = std::move(parser_.get().body());
        const auto encoding = request_.header("Content-Encoding").value_or("");
        if (auto refusal = decode_content(encoding, request_.body, limits_.body_bytes_max)) {
            return refuse(*std::move(refusal));
        }
        return Progress::kDone;
    }

    const Refusal& refusal() const { return refusal_; }
    Request take() { return std::move(request_); }
    bool expects_continue() const { return request_.header("Expect").has_value(); }
    bool keeps_alive() const { return parser_.get().keep_alive(); }
    bool is_http_1_0() const { return parser_.get().version() < 11; }

  private:
    Progress refuse(Refusal refusal) {
        refusal_ = std::move(refusal);
        return Progress::kRefused;
    }

    boost::system::error_code feed(std::string& input) {
        boost::system::error_code error;
        if (input.empty()) return http::error::need_more;
        const std::size_t taken =
            parser_.put(boost::asio::const_buffer(input.data(), input.size()), error);
        input.erase(0, taken);
        head_bytes_ += taken;
        return error;
    }

    // The head is not complete: what is there is a part of a line or of several.
    Progress check_size(std::string_view input) {
        if (head_bytes_ + input.size() > limits_.header_bytes_max) {
            return refuse(head_refusal(input));
        }
        const bool is_request_line = head_bytes_ == 0;
        const bool has_line = input.find("\r\n") != std::string_view::npos;
        if (is_request_line && !has_line && input.size() > limits_.line_bytes_max + kLineRest) {
            return refuse(long_target());
        }
        return Progress::kMore;
    }

    // No chunk's size line and no trailer may grow without end.
    Progress check_chunk_line(std::string_view input) {
        if (input.size() <= limits_.header_bytes_max) return Progress::kMore;
        return refuse({400, "a chunk of the request body has a line that is too long"});
    }

    Progress check_head() {
        const auto& message = parser_.get();
        request_.method = copy_of(message.method_string());
        request_.headers = copy_headers(message);
        if (head_bytes_ > limits_.header_bytes_max) return refuse(large_head());
        const std::string_view target = view_of(message.target());
        if (target.size() > limits_.line_bytes_max) return refuse(long_target());
        std::optional<RequestTarget> parsed = parse_request_target(target);
        if (!parsed) return refuse({400, "the request target is malformed"});
        request_.path = std::move(parsed->path);
        request_.query = std::move(parsed->query);
        if (auto refusal = check_fields()) return refuse(*std::move(refusal));
        return Progress::kDone;
    }

    std::optional<Refusal> check_fields() const {
        const auto is_long = [&](const Header& header) {
            return header.name.size() + header.value.size() > limits_.line_bytes_max;
        };
        if (std::ranges::any_of(request_.headers, is_long)) return large_head();
        const auto hosts = count("Host");
        if (hosts > 1 || (hosts == 0 && !is_http_1_0())) {
            return Refusal{400, "the request needs exactly one Host header"};
        }
        if (auto refusal = check_transfer_encoding()) return refusal;
        const auto expectation = request_.header("Expect");
        if (expectation && !equals_ignoring_case(*expectation, "100-continue")) {
            return Refusal{417, "the expectation is unknown: 100-continue is the only one"};
        }
        if (count("Content-Encoding") > 1) {
            return Refusal{415, "the request body has more than one Content-Encoding"};
        }
        return std::nullopt;
    }

    std::optional<Refusal> check_transfer_encoding() const {
        const auto encoding = request_.header("Transfer-Encoding");
        if (!encoding) return std::nullopt;
        if (is_http_1_0()) return Refusal{400, "HTTP/1.0 has no Transfer-Encoding"};
        if (count("Content-Length") > 0) {
            return Refusal{400, "the request has both Content-Length and Transfer-Encoding"};
        }
        if (equals_ignoring_case(*encoding, "chunked") && count("Transfer-Encoding") == 1) {
            return std::nullopt;
        }
        return Refusal{501, "the Transfer-Encoding is unknown: chunked is the only one"};
    }

    std::ptrdiff_t count(std::string_view name) const {
        return std::ranges::count_if(request_.headers, [&](const Header& header) {
            return equals_ignoring_case(header.name, name);
        });
    }

    Refusal refusal_for(const boost::system::error_code& error, std::string_view input) const {
        if (error == http::error::header_limit) return head_refusal(input);
        if (error == http::error::body_limit || error == http::error::buffer_overflow) {
            return {
                413, fmt::format("the request body is larger than {} bytes", limits_.body_bytes_max)
            };
        }
        if (error == http::error::bad_version && names_other_version(input)) {
            return {505, "only HTTP/1.1 and HTTP/1.0 are spoken here"};
        }
        return {400, fmt::format("the request is malformed: {}", error.message())};
    }

    static bool names_other_version(std::string_view input) {
        const std::string_view line = input.substr(0, input.find("\r\n"));
        return line.find(" HTTP/") != std::string_view::npos && !line.ends_with("HTTP/1.1") &&
               !line.ends_with("HTTP/1.0");
    }

    Refusal head_refusal(std::string_view input) const {
        const bool has_line = head_bytes_ > 0 || input.find("\r\n") < limits_.line_bytes_max;
        return has_line ? large_head() : long_target();
    }

    Refusal large_head() const {
        return {
            431,
            fmt::format(
                "the request header is larger than {} bytes, or one field than {}",
                limits_.header_bytes_max,
                limits_.line_bytes_max
            )
        };
    }

    Refusal long_target() const {
        return {
            414, fmt::format("the request target is longer than {} bytes", limits_.line_bytes_max)
        };
    }

    /// What a request line holds besides its target: a method, spaces and a version.
    static constexpr std::size_t kLineRest = 64;

    HttpLimits limits_;
    http::request_parser<http::string_body> parser_;
    std::size_t head_bytes_ = 0;
    Request request_;
    Refusal refusal_;
};

RequestParser::RequestParser(const HttpLimits& limits) : impl_(std::make_unique<Impl>(limits)) {}

RequestParser::~RequestParser() = default;

void RequestParser::skip_empty_lines(std::string& input) {
    while (input.starts_with("\r\n")) input.erase(0, 2);
}

RequestParser::Progress RequestParser::parse_head(std::string& input) {
    return impl_->parse_head(input);
}

RequestParser::Progress RequestParser::parse_body(std::string& input) {
    return impl_->parse_body(input);
}

const Refusal& RequestParser::refusal() const {
    return impl_->refusal();
}

Request RequestParser::take() {
    return impl_->take();
}

bool RequestParser::expects_continue() const {
    return impl_->expects_continue();
}

bool RequestParser::keeps_alive() const {
    return impl_->keeps_alive();
}

bool RequestParser::is_http_1_0() const {
    return impl_->is_http_1_0();
}

}  // namespace mullama::server
