#include "base/error.h"
#include "llama/context_params.h"
#include "llama/engine_guard.h"
#include "llama/handles.h"
#include "llama/memory_need.h"
#include "llama/step.h"
#include <mullama/context.h>

#include <algorithm>
#include <utility>

namespace mullama {
namespace {

bool on_abort_question(void* context) noexcept {
    const auto& impl = *static_cast<ContextImpl*>(context);
    return !impl.shift_pending && impl.should_abort();
}

Error creation_error(const EngineGuard& guard) {
    if (guard.out_of_memory()) {
        return fail(
            ErrorCode::kExhausted,
            "not enough memory for the context: lower context_length, ubatch_size or the cache's "
            "types ({})",
            guard.reason()
        );
    }
    return fail(ErrorCode::kUnsupported, "the context could not be made: {}", guard.reason());
}

Error broken_error() {
    return fail(ErrorCode::kInternal, "the context failed in an earlier step: make a new one");
}

// Checks that entry `index` (-1 = the last) gave an output.
Result<void> check_output(const ContextImpl& context, std::int32_t index) {
    if (!context.computed) {
        return fail(ErrorCode::kInvalidArgument, "no outputs: no step has been computed");
    }
    const auto& outputs = context.outputs;
    const auto size = static_cast<std::int32_t>(outputs.size());
    if (index < -1 || index >= size) {
        return fail(
            ErrorCode::kInvalidArgument, "the last batch has no entry {} of {}", index, size
        );
    }
    const bool found = index == -1 ? std::find(outputs.begin(), outputs.end(), 1) != outputs.end()
                                   : outputs[static_cast<std::size_t>(index)] != 0;
    if (found) return {};
    return fail(
        ErrorCode::kInvalidArgument, "entry {} of the last batch did not ask for outputs", index
    );
}

Pooling from_engine(enum llama_pooling_type pooling) {
    switch (pooling) {
        case LLAMA_POOLING_TYPE_UNSPECIFIED:
        case LLAMA_POOLING_TYPE_NONE:
            return Pooling::kNone;
        case LLAMA_POOLING_TYPE_MEAN:
            return Pooling::kMean;
        case LLAMA_POOLING_TYPE_CLS:
            return Pooling::kCls;
        case LLAMA_POOLING_TYPE_LAST:
            return Pooling::kLast;
        case LLAMA_POOLING_TYPE_RANK:
            return Pooling::kRank;
    }
    return Pooling::kNone;
}

bool gives_logits(const ContextImpl& context) {
    return llama_get_memory(context.context.get()) != nullptr || context.model.is_diffusion();
}

}  // namespace

Context::Context(std::unique_ptr<ContextImpl> impl) : impl_(std::move(impl)) {}

Context::Context(Context&&) noexcept = default;

Context& Context::operator=(Context&&) noexcept = default;

Context::~Context() = default;

Result<Context> Context::create(const Model& model, const ContextOptions& options) {
    const EngineGuard guard;
    auto params = make_context_params(model, options);
    if (!params) return std::move(params).error();
    MULLAMA_TRY(check_memory_need(model, options));
    auto impl = std::make_unique<ContextImpl>(model, options);
    impl->context.reset(llama_init_from_model(handle(model), *params));
    if (!impl->context) return creation_error(guard);
    return Context(std::move(impl));
}

Result<void> Context::decode(const Batch& batch) {
    if (impl_->broken) return broken_error();
    if (!impl_->model.has_decoder()) {
        return fail(ErrorCode::kUnsupported, "the model has no decoder: use encode()");
    }
    if (impl_->model.has_encoder() && !impl_->encoded) {
        return fail(ErrorCode::kInvalidArgument, "the model's encoder comes first: call encode()");
    }
    return run_step(*impl_, batch, Step::kDecode);
}

Result<void> Context::encode(const Batch& batch) {
    if (impl_->broken) return broken_error();
    if (!impl_->model.has_encoder() && llama_get_memory(impl_->context.get()) != nullptr) {
        return fail(ErrorCode::kUnsupported, "the model has no encoder: use decode()");
    }
    MULLAMA_TRY(run_step(*impl_, batch, Step::kEncode));
    impl_->encoded = true;
    return {};
}

Result<std::span<const float>> Context::logits(std::int32_t batch_index) {
    if (!gives_logits(*impl_)) {
        return fail(ErrorCode::kUnsupported, "the model gives embeddings and no logits");
    }
    MULLAMA_TRY(check_output(*impl_, batch_index));
    const float* row = llama_get_logits_ith(impl_->context.get(), batch_index);
    if (row == nullptr) return fail(ErrorCode::kInternal, "the engine gave no logits");
    return std::span(row, static_cast<std::size_t>(impl_->model.vocab().size()));
}

Result<std::span<const float>> Context::embeddings(std::int32_t batch_index) {
    if (pooling() != Pooling::kNone) {
        return fail(
            ErrorCode::kUnsupported,
            "the context pools embeddings: read sequence_embedding(), or make it with "
            "Pooling::kNone"
        );
    }
    MULLAMA_TRY(check_output(*impl_, batch_index));
    const float* row = impl_->computed_embeddings
                           ? llama_get_embeddings_ith(impl_->context.get(), batch_index)
                           : nullptr;
    if (row == nullptr) {
        return fail(
            ErrorCode::kUnsupported,
            "the last step computed no embeddings: make the context with embeddings = true"
        );
    }
    return std::span(row, static_cast<std::size_t>(impl_->model.embedding_length_output()));
}

Result<std::span<const float>> Context::sequence_embedding(SequenceId sequence) {
    if (pooling() == Pooling::kNone) {
        return fail(
            ErrorCode::kUnsupported,
            "the context does not pool embeddings: read embeddings(), or choose a pooling"
        );
    }
    if (!impl_->embeddings) {
        return fail(
            ErrorCode::kUnsupported,
            "the context computes no embeddings: make it with embeddings = true"
        );
    }
    const float* row =
        impl_->computed ? llama_get_embeddings_seq(impl_->context.get(), sequence) : nullptr;
    if (row == nullptr) {
        return fail(ErrorCode::kInvalidArgument, "sequence {} was not in the last batch", sequence);
    }
    const std::int32_t length =
        pooling() == Pooling::kRank
            ? static_cast<std::int32_t>(llama_model_n_cls_out(handle(model())))
            : impl_->model.embedding_length_output();
    return std::span(row, static_cast<std::size_t>(length));
}

Memory Context::memory() {
    return Memory(impl_.get());
}

Result<void> Context::set_threads(std::int32_t threads, std::int32_t threads_batch) {
    MULLAMA_TRY(check_threads(threads));
    MULLAMA_TRY(check_threads(threads_batch));
    llama_set_n_threads(impl_->context.get(), thread_count(threads), thread_count(threads_batch));
    return {};
}

void Context::set_abort(std::function<bool()> should_abort) {
    impl_->should_abort = std::move(should_abort);
    const bool asks = static_cast<bool>(impl_->should_abort);
    llama_set_abort_callback(
        impl_->context.get(), asks ? &on_abort_question : nullptr, asks ? impl_.get() : nullptr
    );
}

void Context::set_embeddings(bool on) {
    impl_->embeddings = on;
    llama_set_embeddings(impl_->context.get(), on);
}

void Context::set_causal_attention(bool on) {
    llama_set_causal_attn(impl_->context.get(), on);
}

bool Context::causal_attention() const {
    return llama_get_causal_attn(impl_->context.get());
}

void Context::synchronize() {
    llama_synchronize(impl_->context.get());
}

PerfCounters Context::perf() const {
    if (!impl_->options.perf) return {};
    const llama_perf_context_data data = llama_perf_context(impl_->context.get());
    PerfCounters counters;
    counters.load_ms = data.t_load_ms;
    counters.prompt_ms = data.t_p_eval_ms;
    counters.decode_ms = data.t_eval_ms;
    // The engine counts from one, so that its averages never divide by zero.
    counters.prompt_tokens = data.t_p_eval_ms > 0.0 ? data.n_p_eval : 0;
    counters.decode_tokens = data.t_eval_ms > 0.0 ? data.n_eval : 0;
    counters.graphs_reused = data.n_reused;
    return counters;
}

void Context::reset_perf() {
    llama_perf_context_reset(impl_->context.get());
}

const Model& Context::model() const {
    return impl_->model;
}

std::int32_t Context::context_length() const {
    return static_cast<std::int32_t>(llama_n_ctx(impl_->context.get()));
}

std::int32_t Context::sequence_length_max() const {
    return static_cast<std::int32_t>(llama_n_ctx_seq(impl_->context.get()));
}

std::int32_t Context::batch_size() const {
    return static_cast<std::int32_t>(llama_n_batch(impl_->context.get()));
}

std::int32_t Context::ubatch_size() const {
    return static_cast<std::int32_t>(llama_n_ubatch(impl_->context.get()));
}

std::int32_t Context::sequences_max() const {
    return static_cast<std::int32_t>(llama_n_seq_max(impl_->context.get()));
}

std::int32_t Context::threads() const {
    return llama_n_threads(impl_->context.get());
}

std::int32_t Context::threads_batch() const {
    return llama_n_threads_batch(impl_->context.get());
}

Pooling Context::pooling() const {
    return from_engine(llama_pooling_type(impl_->context.get()));
}

const ContextOptions& Context::options() const {
    return impl_->options;
}

ContextImpl& Handles::context(Context& context) {
    return *context.impl_;
}

const ContextImpl& Handles::context(const Context& context) {
    return *context.impl_;
}

llama_context* handle(Context& context) {
    return Handles::context(context).context.get();
}

const llama_context* handle(const Context& context) {
    return Handles::context(context).context.get();
}

}  // namespace mullama
