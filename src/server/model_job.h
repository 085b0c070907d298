#pragma once

#include "api/call.h"
#include "server/http_response.h"
#include "server/model_use.h"
#include "server/service.h"
#include <mullama/result.h>
#include <mullama/runtime.h>

#include <functional>

namespace mullama::server {

/// A call that needs a model, but nothing that the model writes.
struct ModelJob {
    api::ModelUse use = {};
    /// Whether `work` reads images.
    bool reads_images = false;
    /// Makes the answer.
    /// Threads: a work thread, or Service::eyes where it reads images.
    std::function<Result<Response>(const LoadedModel&, const ModelChoice&)> work = {};
    /// The dialect's answer to a call that fails.
    std::function<Response(const Error&)> refuse = {};
};

/// Gets the model and sends what `work` makes.
Task<void> reply_from_model(Service& service, ResponseWriter& writer, ModelJob job);

}  // namespace mullama::server
