#pragma once

#include "api/call.h"
#include "server/service.h"
#include <mullama/model_pool.h>
#include <mullama/result.h>

namespace mullama::server {

/// A model that a call names, and what the call gets from it.
struct ModelChoice {
    store::LocalModel model;
    /// The dialect's defaults, the model's own parameters and the call's options, in this order.
    api::Options options;
    /// What to ask the pool for.
    ModelRequest request;
};

/// Finds the model of a call.
/// Errors:  those of Catalog::find(); kInvalidArgument: the name is empty; kCorrupt: the model's
///          parameters are no options.
/// Threads: any. Reads the disk.
Result<ModelChoice> choose_model(const Service& service, const api::ModelUse& use);

/// Puts the values of options into requests.
void apply(const api::Options& options, ChatRequest& request);
void apply(const api::Options& options, GenerateRequest& request);

}  // namespace mullama::server
