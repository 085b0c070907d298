#pragma once

#include "api/call.h"
#include "server/service.h"
#include <mullama/executor.h>
#include <mullama/model_pool.h>
#include <mullama/result.h>
#include <mullama/task.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

namespace mullama::server {

/// A model that a call names, and what the call gets from it.
struct ModelChoice {
    store::LocalModel model;
    /// The dialect's defaults, the model's own parameters and the call's options, in this order.
    api::Options options;
    /// What to ask the pool for.
    ModelRequest request;
    /// Adapters of other models that the options name: those files of ModelRequest::load, and how
    /// strongly.
    std::vector<std::pair<std::filesystem::path, float>> adapters = {};
};

/// The model that a call names, or where it may name none: the only one that is loaded, or else the
/// newest on this machine.
/// Errors:  those of Catalog::find(); kInvalidArgument: no name where one is needed; kNotFound: no
///          name and no model.
/// Threads: any. Reads the disk.
Result<store::LocalModel> find_model(const Service& service, const api::ModelUse& use);

/// Whether a model with so many adapters can be asked for these.
/// Errors:  kInvalidArgument: it has no such adapter, or a scale is not finite.
Result<void> check_adapters(const std::vector<AdapterUse>& adapters, std::size_t count);

/// Finds the model of a call, and what the call gets from it.
/// Errors:  those of find_model(), also for a draft model and adapters by name, and of
///          check_adapters(); kCorrupt: the model's parameters are no options. kInvalidArgument: a
///          name whose adapters are for other weights, or a draft model where none is used.
/// Threads: any. Reads the disk.
Result<ModelChoice> choose_model(Service& service, const api::ModelUse& use);

/// The model of a call, loaded and kept so.
struct AcquiredModel {
    ModelChoice choice;
    ModelLease lease;
};

/// Chooses the model of a call on a work thread, and waits until it is loaded. It then knows the
/// tokens of texts that have biases, and the places of adapters by name.
/// Errors: those of choose_model(), ModelPool::acquire() and Tokenizer::encode().
Task<Result<AcquiredModel>> acquire_model(Service& service, api::ModelUse use, Executor& executor);

/// The context that options ask for, in tokens, at least the few that a model needs; unset where
/// they say nothing.
std::optional<std::int32_t> context_length_of(const api::Options& options);

/// Puts the values of options into a ChatRequest or GenerateRequest.
template <typename Request>
void apply(const api::Options& options, Request& request);

}  // namespace mullama::server
