#include "server/response_head.h"

#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>

namespace mullama::server {
namespace {

std::string_view reason_of(unsigned status) {
    switch (status) {
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 204:
            return "No Content";
        case 206:
            return "Partial Content";
        case 301:
            return "Moved Permanently";
        case 302:
            return "Found";
        case 304:
            return "Not Modified";
        case 307:
            return "Temporary Redirect";
        case 308:
            return "Permanent Redirect";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 406:
            return "Not Acceptable";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 411:
            return "Length Required";
        case 413:
            return "Content Too Large";
        case 414:
            return "URI Too Long";
        case 415:
            return "Unsupported Media Type";
        case 417:
            return "Expectation Failed";
        case 422:
            return "Unprocessable Content";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 499:
            return "Client Closed Request";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        case 505:
            return "HTTP Version Not Supported";
        default:
            return "Status";
    }
}

bool is_token(std::string_view name) {
    constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
    const auto is_token_letter = [&](char letter) {
        return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
               (letter >= 'A' && letter <= 'Z') || kMarks.find(letter) != std::string_view::npos;
    };
    return !name.empty() && std::ranges::all_of(name, is_token_letter);
}

bool is_transports_own(std::string_view name) {
    constexpr std::array<std::string_view, 4> kOwn = {
        "Date", "Connection", "Content-Length", "Transfer-Encoding"
    };
    return std::ranges::any_of(kOwn, [&](std::string_view own) {
        return equals_ignoring_case(own, name);
    });
}

void append_field(std::string& text, std::string_view name, std::string_view value) {
    text.append(name).append(": ");
    const auto is_control = [](char letter) {
        return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F;
    };
    std::ranges::replace_copy_if(value, std::back_inserter(text), is_control, ' ');
    text.append("\r\n");
}

// Not strftime(), whose names follow the locale.
std::string format_date(std::time_t now) {
    constexpr std::array<std::string_view, 7> kDays = {
        "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"
    };
    constexpr std::array<std::string_view, 12> kMonths = {
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
    };
    std::tm utc{};
    gmtime_r(&now, &utc);
    return fmt::format(
        "{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
        kDays[static_cast<std::size_t>(utc.tm_wday)],
        utc.tm_mday,
        kMonths[static_cast<std::size_t>(utc.tm_mon)],
        utc.tm_year + 1900,
        utc.tm_hour,
        utc.tm_min,
        utc.tm_sec
    );
}

}  // namespace

bool has_no_body(unsigned status) {
    return status < 200 || status == 204 || status == 304;
}

std::string format_head(const ResponseHead& head, const HeadFraming& framing) {
    std::string text = fmt::format("HTTP/1.1 {} {}\r\n", head.status, reason_of(head.status));
    append_field(text, "Date", format_date(framing.now));
    if (!head.content_type.empty()) append_field(text, "Content-Type", head.content_type);
    if (framing.framing == Framing::kLength) {
        append_field(text, "Content-Length", std::to_string(framing.length));
    } else if (framing.framing == Framing::kChunked) {
        append_field(text, "Transfer-Encoding", "chunked");
    }
    if (framing.persistence == Persistence::kClose) append_field(text, "Connection", "close");
    if (framing.persistence == Persistence::kKeepAlive) {
        append_field(text, "Connection", "keep-alive");
    }
    for (const Header& header : head.headers) {
        if (!is_token(header.name) || is_transports_own(header.name)) continue;
        append_field(text, header.name, header.value);
    }
    text.append("\r\n");
    return text;
}

std::string format_chunk(std::string_view bytes) {
    std::string chunk = fmt::format("{:x}\r\n", bytes.size());
    chunk.reserve(chunk.size() + bytes.size() + 2);
    return chunk.append(bytes).append("\r\n");
}

std::string format_error(std::string_view message) {
    return fmt::format("{{\"error\":\"{}\"}}", message);
}

}  // namespace mullama::server
