#pragma once

#include "api/model_info.h"
#include "server/service.h"

#include <vector>

namespace mullama::server {

/// The models on this machine, the newest first.
/// Threads: any. Reads the disk.
std::vector<api::ModelInfo> list_models(Service& service);

/// The models that are loaded, those that stay longest first.
/// Threads: any. Reads the disk.
std::vector<api::RunningModel> list_running(Service& service);

}  // namespace mullama::server
