#include "store/index.h"

#include "base/error.h"
#include "base/sha256.h"
#include "store/embedded_index.h"
#include "store/names.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <optional>
#include <sstream>

#include <nlohmann/json.hpp>

namespace mullama::store {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kModelBytesMax = std::int64_t{1} << 50;

bool is_word(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
    }) && std::isalnum(static_cast<unsigned char>(text.front())) != 0;
}

bool is_name(std::string_view text) {
    std::size_t colon = text.find(':');
    return colon != std::string_view::npos && is_word(text.substr(0, colon)) &&
           is_word(text.substr(colon + 1));
}

// A wheel's name ends up in file paths: nothing but a plain file name may pass.
bool is_wheel(std::string_view text) {
    return text.ends_with(".whl") && text.front() != '.' &&
           text.find_first_of("/\\") == std::string_view::npos;
}

/// Reads the fields of one JSON object and remembers the first thing wrong with it.
class FieldReader {
  public:
    FieldReader(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
        if (!object_.is_object()) refuse(where_ + " is not an object");
    }

    std::string text(const char* field, bool (*valid)(std::string_view), const char* form) {
        const Json* value = find(field);
        if (value == nullptr) return {};
        if (!value->is_string() || !valid(value->get_ref<const std::string&>())) {
            refuse(fmt::format("{}.{} is not {}: {}", where_, field, form, value->dump()));
            return {};
        }
        return value->get<std::string>();
    }

    std::string text(const char* field) {
        return text(field, [](std::string_view value) { return !value.empty(); }, "a text");
    }

    std::int64_t size(const char* field) {
        const Json* value = find(field);
        if (value == nullptr) return 0;
        if (!value->is_number_unsigned() || value->get<std::uint64_t>() == 0 ||
            value->get<std::uint64_t>() > static_cast<std::uint64_t>(kModelBytesMax)) {
            refuse(fmt::format("{}.{} is not a size in bytes: {}", where_, field, value->dump()));
            return 0;
        }
        return value->get<std::int64_t>();
    }

    const Json* list(const char* field) {
        const Json* value = find(field);
        if (value == nullptr) return nullptr;
        if (value->is_array() && !value->empty()) return value;
        refuse(fmt::format("{}.{} is not a list with at least one element", where_, field));
        return nullptr;
    }

    const Json* object(const char* field) {
        const Json* value = find(field);
        if (value == nullptr || value->is_object()) return value;
        refuse(fmt::format("{}.{} is not an object", where_, field));
        return nullptr;
    }

    /// To be asked last: every field that was not read by then is unknown.
    std::optional<std::string> problem() {
        if (object_.is_object()) {
            for (const auto& [key, value] : object_.items()) {
                if (std::ranges::find(read_, key) == read_.end()) {
                    refuse(fmt::format("{} has an unknown field \"{}\"", where_, key));
                }
            }
        }
        return problem_;
    }

  private:
    const Json* find(const char* field) {
        read_.emplace_back(field);
        if (!object_.is_object()) return nullptr;
        auto found = object_.find(field);
        if (found != object_.end()) return &*found;
        refuse(fmt::format("{} lacks the field \"{}\"", where_, field));
        return nullptr;
    }

    void refuse(std::string problem) {
        if (!problem_) problem_ = std::move(problem);
    }

    const Json& object_;
    std::string where_;
    std::vector<std::string> read_;
    std::optional<std::string> problem_;
};

Error broken(std::string_view source, std::string_view problem) {
    return fail(ErrorCode::kCorrupt, "the model index {} is broken: {}", source, problem);
}

struct ParsedPart {
    ModelPart part;
    std::optional<std::string> problem;
};

ParsedPart read_part(const Json& json, const std::string& where) {
    FieldReader reader(json, where);
    ModelPart part;
    part.package = reader.text("package", is_word, "a package name");
    part.version = reader.text("version", is_word, "a version");
    part.wheel = reader.text("wheel", is_wheel, "a wheel's file name");
    part.sha256 = reader.text("sha256", is_sha256_hex, "64 lower-case hexadecimal digits");
    part.member = reader.text("member");
    return {part, reader.problem()};
}

struct ParsedEntry {
    IndexEntry entry;
    std::optional<std::string> problem;
};

ParsedEntry read_entry(const std::string& name, const Json& json) {
    std::string where = fmt::format("models.\"{}\"", name);
    IndexEntry entry;
    entry.name = name;
    if (!is_name(name)) return {entry, where + " is not a name like \"family:tag\""};
    FieldReader reader(json, where);
    entry.description = reader.text("description");
    entry.licence = reader.text("licence");
    entry.file = reader.text("file");
    entry.size_bytes = reader.size("size_bytes");
    entry.sha256 = reader.text("sha256", is_sha256_hex, "64 lower-case hexadecimal digits");
    const Json* parts = reader.list("parts");
    if (auto problem = reader.problem()) return {entry, problem};
    for (std::size_t i = 0; i < parts->size(); ++i) {
        ParsedPart parsed = read_part((*parts)[i], fmt::format("{}.parts[{}]", where, i));
        if (parsed.problem) return {entry, parsed.problem};
        entry.parts.push_back(std::move(parsed.part));
    }
    return {entry, std::nullopt};
}

std::size_t line_at(std::string_view text, std::size_t byte) {
    std::string_view before = text.substr(0, std::min(byte, text.size()));
    return 1 + static_cast<std::size_t>(std::ranges::count(before, '\n'));
}

}  // namespace

Result<Index> Index::parse(std::string_view text, std::string_view source) {
    Json json;
    try {
        json = Json::parse(text);
    } catch (const Json::parse_error& error) {
        // The library's own message names the line only for some errors; the position is always
        // there.
        return broken(source, fmt::format("line {} is not JSON", line_at(text, error.byte)));
    }
    FieldReader reader(json, "the file");
    const Json* models = reader.object("models");
    if (auto problem = reader.problem()) return broken(source, *problem);
    Index index;
    for (const auto& [name, value] : models->items()) {
        ParsedEntry parsed = read_entry(name, value);
        if (parsed.problem) return broken(source, *parsed.problem);
        index.entries_.push_back(std::move(parsed.entry));
    }
    return index;
}

const IndexEntry* Index::find(std::string_view name) const {
    std::string wanted = lower(name);
    auto matches = [](const std::string& text) {
        return [&text](const IndexEntry& entry) { return lower(entry.name) == text; };
    };
    bool has_tag = wanted.find(':') != std::string::npos;
    auto found = std::ranges::find_if(entries_, matches(with_tag(wanted)));
    if (found == entries_.end() && !has_tag) {
        found = std::ranges::find_if(entries_, [&](const IndexEntry& entry) {
            return lower(entry.name).starts_with(wanted + ":");
        });
    }
    return found == entries_.end() ? nullptr : &*found;
}

void Index::override_with(const Index& other) {
    std::vector<IndexEntry> merged = other.entries_;
    for (IndexEntry& entry : entries_) {
        bool replaced = std::ranges::any_of(other.entries_, [&](const IndexEntry& its) {
            return lower(its.name) == lower(entry.name);
        });
        if (!replaced) merged.push_back(std::move(entry));
    }
    entries_ = std::move(merged);
}

Result<Index> load_index(const Paths& paths) {
    Result<Index> index = Index::parse(kEmbeddedIndex, "built into the program");
    if (!index) return index;
    std::error_code failed;
    if (!std::filesystem::exists(paths.user_index(), failed)) return index;
    std::ifstream file(paths.user_index(), std::ios::binary);
    std::ostringstream text;
    if (!(text << file.rdbuf())) {
        return fail(
            ErrorCode::kIo,
            "the model index {} cannot be read: check its permissions",
            paths.user_index().string()
        );
    }
    Result<Index> own = Index::parse(text.str(), paths.user_index().string());
    if (!own) return own;
    index->override_with(*own);
    return index;
}

}  // namespace mullama::store
