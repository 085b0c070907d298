#include "api/multipart.h"

#include "base/error.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace mullama::api {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::size_t kBoundaryMax = 70;

template <typename... Args>
Error bad(fmt::format_string<Args...> format, Args&&... args) {
    return fail(
        ErrorCode::kInvalidArgument,
        "the form cannot be read: {}",
        fmt::format(format, std::forward<Args>(args)...)
    );
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equals(std::string_view left, std::string_view right) {
    return std::ranges::equal(left, right, {}, lower, lower);
}

std::string_view trim(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// The character that "%41" stands for; nothing where it stands for none.
std::optional<char> escaped(std::string_view text) {
    unsigned value = 0;
    if (text.size() < 3 || text[0] != '%') return std::nullopt;
    const char* end = text.data() + 3;
    const auto [stop, error] = std::from_chars(text.data() + 1, end, value, 16);
    if (error != std::errc() || stop != end) return std::nullopt;
    return static_cast<char>(value);
}

/// Undoes percent-encoding of all characters, or of those that browsers encode in names.
std::string undo_percent(std::string_view text, bool all) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::optional<char> c = escaped(text.substr(i));
        const bool counts = c && (all || *c == '"' || *c == '\r' || *c == '\n');
        plain += counts ? *c : text[i];
        if (counts) i += 2;
    }
    return plain;
}

/// Reads a quoted text whose first quote has gone from `rest`; nothing where it does not end.
std::optional<std::string> take_quoted(std::string_view& rest) {
    std::string text;
    for (std::size_t i = 0; i < rest.size(); ++i) {
        if (rest[i] == '"') {
            rest.remove_prefix(i + 1);
            return text;
        }
        const bool escapes =
            rest[i] == '\\' && i + 1 < rest.size() && (rest[i + 1] == '"' || rest[i + 1] == '\\');
        if (escapes) ++i;
        text += rest[i];
    }
    return std::nullopt;
}

struct Parameter {
    std::string_view name;
    std::string value;
};

/// A header field's value: what stands before the first ';', and what follows.
struct Value {
    std::string_view kind;
    std::vector<Parameter> parameters = {};

    std::optional<std::string> parameter(std::string_view name) const {
        for (const Parameter& each : parameters) {
            if (equals(each.name, name)) return each.value;
        }
        return std::nullopt;
    }
};

Value parse_value(std::string_view text) {
    const std::size_t end = std::min(text.find(';'), text.size());
    Value value{trim(text.substr(0, end))};
    text.remove_prefix(end);
    while (!text.empty()) {
        text.remove_prefix(1);  // the ';'
        const std::size_t mark = text.find_first_of("=;");
        if (mark == std::string_view::npos) break;
        const std::string_view name = trim(text.substr(0, mark));
        text.remove_prefix(mark);
        if (text.front() == ';') continue;
        text = text.substr(std::min(text.find_first_not_of(" \t", 1), text.size()));
        if (text.starts_with('"')) {
            text.remove_prefix(1);
            std::optional<std::string> quoted = take_quoted(text);
            if (!quoted) break;
            value.parameters.push_back({name, *std::move(quoted)});
            text = text.substr(std::min(text.find(';'), text.size()));
        } else {
            const std::size_t stop = std::min(text.find(';'), text.size());
            value.parameters.push_back({name, std::string(trim(text.substr(0, stop)))});
            text.remove_prefix(stop);
        }
    }
    return value;
}

/// "UTF-8''na%C3%AFve.txt", as RFC 8187 has it.
std::optional<std::string> extended(const std::optional<std::string>& value) {
    if (!value) return std::nullopt;
    const std::size_t first = value->find('\'');
    const std::size_t second = first == std::string::npos ? first : value->find('\'', first + 1);
    if (second == std::string::npos || !equals(value->substr(0, first), "utf-8")) {
        return std::nullopt;
    }
    return undo_percent(std::string_view(*value).substr(second + 1), /*all=*/true);
}

void read_disposition(std::string_view text, FormPart& part, bool& has_name) {
    const Value value = parse_value(text);
    if (!equals(value.kind, "form-data")) return;
    if (const auto name = value.parameter("name")) {
        part.name = undo_percent(*name, /*all=*/false);
        has_name = true;
    }
    part.filename = extended(value.parameter("filename*"));
    if (part.filename) return;
    if (const auto name = value.parameter("filename")) {
        part.filename = undo_percent(*name, /*all=*/false);
    }
}

/// A body of parts, read from front to back.
class Reader {
  public:
    Reader(std::string_view boundary, std::string_view body, const FormLimits& limits)
        : mark_("\r\n--" + std::string(boundary)), rest_(body), limits_(limits) {}

    Result<std::vector<FormPart>> read() {
        std::vector<FormPart> parts;
        // The first mark may stand at the very beginning, where no line ends before it.
        const std::string_view first = std::string_view(mark_).substr(kLineEnd.size());
        if (rest_.starts_with(first) && ends_mark(rest_.substr(first.size()))) {
            rest_.remove_prefix(first.size());
        } else if (!take_until_mark()) {
            return bad("it has no part");
        }
        while (!rest_.starts_with("--")) {
            if (parts.size() == limits_.parts_max) {
                return bad("it has more than {} parts", limits_.parts_max);
            }
            rest_.remove_prefix(rest_.find(kLineEnd) + kLineEnd.size());
            Result<FormPart> part = read_part();
            if (!part) return std::move(part).error();
            parts.push_back(std::move(part).value());
        }
        return parts;
    }

  private:
    /// Whether what follows a mark is what has to: otherwise it is content that looks like one.
    static bool ends_mark(std::string_view after) {
        if (after.starts_with("--")) return true;
        const std::size_t end = after.find_first_not_of(" \t");
        return end != std::string_view::npos && after.substr(end).starts_with(kLineEnd);
    }

    /// What stands before the next mark, which goes from `rest_` too.
    std::optional<std::string_view> take_until_mark() {
        for (std::size_t at = rest_.find(mark_); at != std::string_view::npos;
             at = rest_.find(mark_, at + 1)) {
            const std::string_view after = rest_.substr(at + mark_.size());
            if (!ends_mark(after)) continue;
            const std::string_view before = rest_.substr(0, at);
            rest_ = after;
            return before;
        }
        return std::nullopt;
    }

    Result<FormPart> read_part() {
        FormPart part;
        bool has_name = false;
        std::size_t header_bytes = 0;
        while (!rest_.starts_with(kLineEnd)) {
            const std::size_t end = rest_.find(kLineEnd);
            header_bytes += std::min(end, rest_.size());
            if (header_bytes > limits_.header_bytes_max) {
                return bad("a part's header has more than {} bytes", limits_.header_bytes_max);
            }
            if (end == std::string_view::npos) return bad("it ends in a part's header");
            read_field(rest_.substr(0, end), part, has_name);
            rest_.remove_prefix(end + kLineEnd.size());
        }
        if (!has_name) return bad("a part has no name");
        // Without content the empty line may be the beginning of the mark.
        const bool has_content =
            !rest_.starts_with(mark_) || !ends_mark(rest_.substr(mark_.size()));
        if (has_content) rest_.remove_prefix(kLineEnd.size());
        const std::optional<std::string_view> content = take_until_mark();
        if (!content) return bad("the part '{}' does not end", part.name.substr(0, 64));
        part.content = *content;
        return part;
    }

    static void read_field(std::string_view line, FormPart& part, bool& has_name) {
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) return;
        const std::string_view name = trim(line.substr(0, colon));
        const std::string_view value = trim(line.substr(colon + 1));
        if (equals(name, "content-disposition")) read_disposition(value, part, has_name);
        if (equals(name, "content-type")) part.content_type = value;
    }

    const std::string mark_;
    std::string_view rest_;
    const FormLimits limits_;
};

}  // namespace

Result<std::vector<FormPart>> parse_multipart(
    std::string_view content_type, std::string_view body, const FormLimits& limits
) {
    const Value type = parse_value(content_type);
    if (!equals(type.kind, "multipart/form-data")) {
        return bad(
            "its content type is '{}', send multipart/form-data", type.kind.substr(0, kBoundaryMax)
        );
    }
    const std::string boundary = type.parameter("boundary").value_or("");
    if (boundary.empty() || boundary.size() > kBoundaryMax) {
        return bad("its content type needs a boundary of 1 to {} characters", kBoundaryMax);
    }
    return Reader(boundary, body, limits).read();
}

}  // namespace mullama::api
