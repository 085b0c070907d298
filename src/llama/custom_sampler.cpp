#include "llama/custom_sampler.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

namespace mullama {
namespace {

// The engine's array is handed on as it is: both structs are a token id, a logit, a probability.
static_assert(sizeof(Candidate) == sizeof(llama_token_data));
static_assert(offsetof(Candidate, token) == offsetof(llama_token_data, id));
static_assert(offsetof(Candidate, logit) == offsetof(llama_token_data, logit));
static_assert(offsetof(Candidate, probability) == offsetof(llama_token_data, p));

const char* frame_name(const llama_sampler* sampler) {
    return static_cast<const CustomSamplerFrame*>(sampler->ctx)->name.c_str();
}

void frame_accept(llama_sampler* sampler, llama_token token) {
    custom_frame(sampler).run([&](CustomSampler& custom) { custom.accept(token); });
}

void frame_apply(llama_sampler* sampler, llama_token_data_array* candidates) {
    custom_frame(sampler).apply(*candidates);
}

void frame_reset(llama_sampler* sampler) {
    auto& frame = custom_frame(sampler);
    if (frame.sampler) frame.failure.reset();
    frame.run([](CustomSampler& custom) { custom.reset(); });
}

llama_sampler* frame_clone(const llama_sampler* sampler);

void frame_free(llama_sampler* sampler) {
    delete &custom_frame(sampler);
}

llama_sampler_i frame_interface = {
    frame_name,
    frame_accept,
    frame_apply,
    frame_reset,
    frame_clone,
    frame_free,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
};

llama_sampler* frame_clone(const llama_sampler* sampler) {
    const auto& source = *static_cast<const CustomSamplerFrame*>(sampler->ctx);
    auto copy = std::make_unique<CustomSamplerFrame>(nullptr);
    copy->name = source.name;
    copy->failure = source.failure;
    if (!copy->failure && source.sampler) {
        try {
            copy->sampler = source.sampler->clone();
            if (!copy->sampler) copy->failure = "clone() gave null";
        } catch (const std::exception& error) {
            copy->failure = error.what();
        } catch (...) {
            copy->failure = "an exception of unknown type";
        }
    }
    return llama_sampler_init(&frame_interface, copy.release());
}

}  // namespace

CustomSamplerFrame::CustomSamplerFrame(std::unique_ptr<CustomSampler> custom)
    : sampler(std::move(custom)) {
    run([this](CustomSampler& named) { name = named.name(); });
}

void CustomSamplerFrame::apply(llama_token_data_array& candidates) {
    if (candidates.size == 0) return;
    Candidates view(
        reinterpret_cast<Candidate*>(candidates.data), candidates.size, candidates.sorted
    );
    run([&](CustomSampler& custom) { custom.apply(view); });
    // The engine sorts by logits, which NaN would throw into disorder.
    for (auto& item : std::span(view.data_, view.size_)) {
        if (std::isnan(item.logit)) item.logit = -std::numeric_limits<float>::infinity();
    }
    candidates.size = view.size_;
    candidates.sorted = view.sorted_;
    if (view.chosen_) candidates.selected = 0;
}

llama_sampler_ptr make_custom(std::unique_ptr<CustomSampler> sampler) {
    auto frame = std::make_unique<CustomSamplerFrame>(std::move(sampler));
    return llama_sampler_ptr(llama_sampler_init(&frame_interface, frame.release()));
}

CustomSamplerFrame& custom_frame(llama_sampler* sampler) {
    return *static_cast<CustomSamplerFrame*>(sampler->ctx);
}

std::span<Candidate> Candidates::items() {
    sorted_ = false;
    return {data_, size_};
}

void Candidates::keep(std::size_t count) {
    size_ = std::clamp<std::size_t>(count, 1, size_);
}

bool Candidates::choose(Token token) {
    const auto all = std::span<Candidate>(data_, size_);
    const auto found = std::ranges::find(all, token, &Candidate::token);
    if (found == all.end()) return false;
    std::swap(*found, all.front());
    size_ = 1;
    chosen_ = true;
    return true;
}

}  // namespace mullama
