#pragma once

#include <mullama/custom_sampler.h>

#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include <llama-cpp.h>

namespace mullama {

/// What stands between the engine's C interface and a CustomSampler: it keeps what the sampler
/// throws, for the call that ran it to report.
struct CustomSamplerFrame {
    explicit CustomSamplerFrame(std::unique_ptr<CustomSampler> custom);

    /// Runs the sampler's function on the engine's array.
    void apply(llama_token_data_array& candidates);

    /// Runs `call` on the sampler and keeps what it throws.
    template <typename Call>
    void run(Call call) {
        if (failure || !sampler) return;
        try {
            call(*sampler);
        } catch (const std::exception& error) {
            failure = error.what();
        } catch (...) {
            failure = "an exception of unknown type";
        }
    }

    std::unique_ptr<CustomSampler> sampler;  // null in the copy of one that could not be cloned
    std::string name;
    std::optional<std::string> failure;
};

/// The engine's sampler around a custom one.
llama_sampler_ptr make_custom(std::unique_ptr<CustomSampler> sampler);

/// The frame of a sampler that make_custom() made. Borrowed: valid as long as that.
CustomSamplerFrame& custom_frame(llama_sampler* sampler);

}  // namespace mullama
