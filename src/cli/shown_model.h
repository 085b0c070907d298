#pragma once

#include "cli/daemon_client.h"
#include "store/model_details.h"
#include <mullama/result.h>

#include <string>

namespace mullama::cli {

/// What a server tells of a model.
struct ShownModel {
    std::string name;  ///< As the user named it.
    store::ModelDetails details;
    std::string system;
    std::string parameters;  ///< A line for each: "top_k    40".
    std::string modelfile;
};

/// Reads the body that /api/show answers.
/// Errors: kUnavailable: it is not understood.
Result<ShownModel> parse_shown_model(const std::string& name, const std::string& body);

/// Asks the server for a model.
/// Errors: kNotFound: it has none of this name. Those of DaemonClient::post().
Result<ShownModel> show_model(DaemonClient& client, const std::string& name);

}  // namespace mullama::cli
