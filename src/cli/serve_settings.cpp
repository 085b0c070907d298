#include "cli/serve_settings.h"

#include "base/error.h"
#include "cli/host_address.h"
#include "store/paths.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <toml++/toml.h>

namespace mullama::cli {
namespace {

std::string upper(std::string_view text) {
    std::string result(text);
    for (char& c : result) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    return result;
}

const Setting* find_setting(std::string_view name) {
    const std::span<const Setting> settings = serve_settings();
    const auto found = std::ranges::find(settings, name, &Setting::name);
    return found == settings.end() ? nullptr : &*found;
}

/// A value of a TOML file as the command line would have it.
std::optional<std::string> text_of(const toml::node& node) {
    if (const auto text = node.value_exact<std::string>()) return *text;
    if (const auto flag = node.value_exact<bool>()) return *flag ? "true" : "false";
    if (const auto integer = node.value_exact<std::int64_t>()) return std::to_string(*integer);
    if (const auto real = node.value_exact<double>()) return fmt::format("{}", *real);
    return std::nullopt;
}

Result<GivenSetting> read_setting(std::string_view key, const toml::node& node) {
    const Setting* setting = find_setting(key);
    if (setting == nullptr) {
        return fail(
            ErrorCode::kInvalidArgument,
            "'{}' is no setting: `mullama serve --help` lists them",
            key
        );
    }
    GivenSetting given{std::string(key), {}};
    const toml::array* list = node.as_array();
    const std::size_t count = list == nullptr ? 1 : list->size();
    for (std::size_t i = 0; i < count; ++i) {
        const std::optional<std::string> text = text_of(list == nullptr ? node : (*list)[i]);
        if (!text || (list != nullptr && !setting->many)) {
            return fail(ErrorCode::kInvalidArgument, "{} takes {}", key, setting->value);
        }
        given.values.push_back(*text);
    }
    return given;
}

/// Empty where the setting does not take it.
std::string ollamas_value(const Setting& setting) {
    const std::string name(setting.ollama);
    std::string value = name.empty() ? "" : store::environment_value(name.c_str());
    ServeSettings ignored;
    const Result<void> set = value.empty() ? Result<void>() : setting.set(ignored, value);
    if (set) return value;
    fmt::print(stderr, "warning: {}={} is left out: {}\n", name, value, set.error().message);
    return {};
}

}  // namespace

std::string Setting::flag() const {
    std::string text = "--" + std::string(name);
    std::ranges::replace(text, '_', '-');
    return text;
}

std::string Setting::variable() const {
    return "MULLAMA_" + upper(name);
}

std::vector<GivenSetting> settings_from_environment() {
    std::vector<GivenSetting> given;
    for (const Setting& setting : serve_settings()) {
        std::string value = store::environment_value(setting.variable().c_str());
        if (value.empty()) value = ollamas_value(setting);
        if (!value.empty()) given.push_back({std::string(setting.name), {std::move(value)}});
    }
    return given;
}

Result<std::vector<GivenSetting>> settings_from_file(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    if (!in.is_open() || in.bad()) {
        return fail(
            ErrorCode::kNotFound, "the configuration file {} cannot be read", file.string()
        );
    }
    try {
        const toml::table table = toml::parse(text);
        std::vector<GivenSetting> given;
        for (const auto& [key, node] : table) {
            Result<GivenSetting> setting = read_setting(key.str(), node);
            if (!setting) {
                return fail(setting.error().code, "{}: {}", file.string(), setting.error().message);
            }
            given.push_back(std::move(setting).value());
        }
        return given;
    } catch (const toml::parse_error& error) {
        return fail(
            ErrorCode::kCorrupt,
            "{}, line {}: {}",
            file.string(),
            error.source().begin.line,
            error.description()
        );
    }
}

Result<ServeSettings> make_settings(std::span<const GivenSetting> given) {
    ServeSettings settings;
    settings.daemon.http.address = HostAddress().to_listen();
    settings.daemon.http.connections_max = 4096;
    for (const Setting& setting : serve_settings()) {
        const auto last =
            std::ranges::find(given.rbegin(), given.rend(), setting.name, &GivenSetting::name);
        if (last == given.rend()) continue;
        for (const std::string& value : last->values) {
            const Result<void> set = setting.set(settings, value);
            if (set) continue;
            return fail(
                ErrorCode::kInvalidArgument,
                "invalid value '{}' for {}: {}",
                value,
                setting.name,
                set.error().message
            );
        }
    }
    return settings;
}

}  // namespace mullama::cli
