#pragma once

#include <mullama/model.h>
#include <mullama/result.h>

#include <memory>
#include <vector>

#include <llama.h>

namespace mullama {

/// The engine's form of ModelOptions, with the arrays that it points into.
/// Lifetime: `params` is valid as long as this object stays where it is.
class ModelParams {
  public:
    /// Errors:  kInvalidArgument: an option out of range, or a device that is not there.
    static Result<std::unique_ptr<ModelParams>> make(const ModelOptions& options);

    ModelParams(const ModelParams&) = delete;
    ModelParams& operator=(const ModelParams&) = delete;

    llama_model_params params;

    /// Whether `on_progress` asked to stop.
    bool cancelled() const { return cancelled_; }

  private:
    explicit ModelParams(const ModelOptions& options);

    Result<void> set_devices();
    Result<void> set_tensor_split();
    Result<void> set_overrides();
    static bool on_progress(float progress, void* self);

    const ModelOptions& options_;
    std::vector<ggml_backend_dev_t> devices_;
    std::vector<float> tensor_split_;
    std::vector<llama_model_kv_override> overrides_;
    bool cancelled_ = false;
};

}  // namespace mullama
