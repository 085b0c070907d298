#pragma once

#include "cli/daemon_client.h"
#include <mullama/result.h>

#include <cstdint>
#include <string>
#include <vector>

namespace mullama::cli {

/// A row of `mullama list`.
struct ListedModel {
    std::string name;
    std::string digest;
    std::int64_t size_bytes = 0;
    std::int64_t age_s = 0;  ///< Since it was changed.
};

/// The table of models whose names start with `prefix`.
std::string model_table(const std::vector<ListedModel>& models, const std::string& prefix);

/// The same for the models of a server.
/// Errors: those of DaemonClient::get().
Result<std::string> daemon_model_table(DaemonClient& client, const std::string& prefix);

/// A row of `mullama ps`.
struct LoadedRow {
    std::string name;
    std::string digest;
    std::int64_t size_bytes = 0;
    std::int64_t gpu_bytes = 0;
    std::int64_t context_length = 0;
    std::int64_t expires_in_s = 0;
};

/// The table of loaded models.
std::string loaded_table(const std::vector<LoadedRow>& models);

/// The same for the models that a server has loaded.
/// Errors: those of DaemonClient::get().
Result<std::string> daemon_loaded_table(DaemonClient& client, const std::string& prefix);

}  // namespace mullama::cli
