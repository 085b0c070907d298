#include "cli/model_table.h"

#include "api/json.h"
#include "api/times.h"
#include "base/error.h"
#include "cli/human_format.h"
#include "cli/table.h"

#include <chrono>
#include <cmath>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace mullama::cli {
namespace {

constexpr std::size_t kIdDigits = 12;
constexpr std::int64_t kYearS = 365LL * 24 * 3600;

std::string processor_text(const LoadedRow& model) {
    if (model.gpu_bytes == 0) return "100% CPU";
    if (model.gpu_bytes == model.size_bytes) return "100% GPU";
    if (model.gpu_bytes > model.size_bytes || model.size_bytes == 0) return "Unknown";
    const auto cpu = static_cast<double>(model.size_bytes - model.gpu_bytes);
    const long percent = std::lround(cpu / static_cast<double>(model.size_bytes) * 100);
    return fmt::format("{}%/{}% CPU/GPU", percent, 100 - percent);
}

// Source: ListRunningHandler() in Ollama's cmd/cmd.go.
std::string until_text(std::int64_t expires_in_s) {
    if (expires_in_s < 0) return "Stopping...";
    return expires_in_s > 20 * kYearS ? "Forever" : human_age(-expires_in_s);
}

std::int64_t seconds_since(const std::string& rfc3339) {
    const std::optional<std::int64_t> time = api::parse_rfc3339(rfc3339);
    if (!time) return 0;
    return api::unix_seconds(std::chrono::system_clock::now()) - *time;
}

/// Reads the objects of {"models": [...]} with `read`.
template <typename Row, typename Read>
Result<std::vector<Row>> read_models(const std::string& body, Read read) {
    const Result<api::json::object> object = api::parse_body(body);
    if (!object) return object.error();
    api::Fields fields(*object, "answer");
    std::vector<Row> rows;
    for (const api::json::object* each : fields.objects("models")) {
        api::Fields model(*each, "answer.models");
        rows.push_back(read(model));
        MULLAMA_TRY(model.result());
    }
    MULLAMA_TRY(fields.result());
    return rows;
}

ListedModel read_listed(api::Fields& fields) {
    ListedModel model;
    std::string modified;
    fields.read("name", model.name);
    fields.read("digest", model.digest);
    fields.read("size", model.size_bytes);
    fields.read("modified_at", modified);
    model.age_s = seconds_since(modified);
    return model;
}

LoadedRow read_loaded(api::Fields& fields) {
    LoadedRow model;
    std::string expires;
    fields.read("name", model.name);
    fields.read("digest", model.digest);
    fields.read("size", model.size_bytes);
    fields.read("size_vram", model.gpu_bytes);
    fields.read("context_length", model.context_length);
    fields.read("expires_at", expires);
    model.expires_in_s = -seconds_since(expires);
    return model;
}

}  // namespace

std::string model_table(const std::vector<ListedModel>& models, const std::string& prefix) {
    std::vector<std::vector<std::string>> rows = {{"NAME", "ID", "SIZE", "MODIFIED"}};
    for (const ListedModel& model : models) {
        if (!model.name.starts_with(prefix)) continue;
        rows.push_back({
            model.name,
            model.digest.substr(0, kIdDigits),
            human_bytes(model.size_bytes),
            human_age(model.age_s),
        });
    }
    return render_table(rows);
}

Result<std::string> daemon_model_table(DaemonClient& client, const std::string& prefix) {
    const Result<std::string> body = client.get("/api/tags");
    if (!body) return body.error();
    const auto models = read_models<ListedModel>(*body, read_listed);
    if (!models) return models.error();
    return model_table(*models, prefix);
}

std::string loaded_table(const std::vector<LoadedRow>& models) {
    std::vector<std::vector<std::string>> rows = {
        {"NAME", "ID", "SIZE", "PROCESSOR", "CONTEXT", "UNTIL"}
    };
    for (const LoadedRow& model : models) {
        rows.push_back({
            model.name,
            model.digest.substr(0, kIdDigits),
            human_bytes(model.size_bytes),
            processor_text(model),
            fmt::format("{}", model.context_length),
            until_text(model.expires_in_s),
        });
    }
    return render_table(rows);
}

Result<std::string> daemon_loaded_table(DaemonClient& client, const std::string& prefix) {
    const Result<std::string> body = client.get("/api/ps");
    if (!body) return body.error();
    auto models = read_models<LoadedRow>(*body, read_loaded);
    if (!models) return models.error();
    std::erase_if(*models, [&](const LoadedRow& row) { return !row.name.starts_with(prefix); });
    return loaded_table(*models);
}

}  // namespace mullama::cli
