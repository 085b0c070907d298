#include "base/error.h"
#include "base/xxh64.h"
#include "llama/engine_guard.h"
#include "llama/handles.h"
#include "llama/state_format.h"
#include "llama/state_key.h"
#include <mullama/state.h>

#include <array>
#include <exception>
#include <functional>
#include <string_view>
#include <utility>

namespace mullama {
namespace {

constexpr std::size_t kTokensMax = std::size_t{1} << 30;

std::string_view name_of(CacheType type) {
    constexpr std::array<std::string_view, 9> kNames = {
        "f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "iq4_nl"
    };
    return kNames.at(static_cast<std::size_t>(type));
}

// The options of a context that its memory's bytes depend on.
std::string layout_of(const Context& context) {
    const auto& o = context.options();
    const bool stretched = context.sequence_length_max() > context.model().context_length_train();
    return fmt::format(
        "keys {} values {} caches {} swa {} snapshots {} attention {} {} rope {} {} {} {} "
        "yarn {} {} {} {} {} adapters {:x}",
        name_of(o.key_type),
        name_of(o.value_type),
        o.unified ? 1 : context.sequences_max(),
        o.swa_full ? "full" : "window",
        o.recurrent_snapshots,
        static_cast<int>(o.attention),
        context.causal_attention() ? "causal" : "both",
        static_cast<int>(o.rope_scaling),
        o.rope_frequency_base,
        o.rope_frequency_scale,
        stretched ? "stretched" : "trained",
        o.yarn_extrapolation,
        o.yarn_attention,
        o.yarn_beta_fast,
        o.yarn_beta_slow,
        o.yarn_original_context,
        Handles::context(context).adapters.fingerprint()
    );
}

std::uint64_t fingerprint_of(const Context& context) {
    return Handles::impl(context.model()).fingerprint;
}

Result<void> check_memory(const Context& context) {
    const auto& model = context.model();
    if (Handles::context(context).broken) {
        return fail(ErrorCode::kInternal, "the context failed in an earlier step: make a new one");
    }
    const bool remembers = llama_get_memory(handle(context)) != nullptr;
    if (remembers && !(model.has_encoder() && model.has_decoder())) return {};
    return fail(ErrorCode::kUnsupported, "the state of a model with an encoder cannot be saved");
}

Result<void> check_saving(const Context& context, std::span<const Token> tokens) {
    MULLAMA_TRY(check_memory(context));
    const auto& impl = Handles::context(context);
    if (impl.shift_pending || impl.copy_pending) {
        return fail(
            ErrorCode::kUnavailable,
            "positions were shifted or copied since the last step: decode once before saving"
        );
    }
    if (tokens.size() <= kTokensMax) return {};
    return fail(
        ErrorCode::kInvalidArgument, "{} tokens are more than a state holds", tokens.size()
    );
}

Result<void> check_sequence(const Context& context, SequenceId sequence) {
    if (sequence >= 0 && sequence < context.sequences_max()) return {};
    return fail(
        ErrorCode::kInvalidArgument,
        "sequence {} is outside 0 to {}",
        sequence,
        context.sequences_max() - 1
    );
}

// Makes a state whose payload the engine fills: `size` tells its bytes and `fill` writes them.
Result<std::vector<std::byte>> save(
    const Context& context,
    StateKind kind,
    std::span<const Token> tokens,
    const std::function<std::size_t()>& size,
    const std::function<std::size_t(std::uint8_t*, std::size_t)>& fill
) {
    MULLAMA_TRY(check_saving(context, tokens));
    const EngineGuard guard;
    try {
        const StateHeader header{
            kind,
            fingerprint_of(context),
            MULLAMA_ENGINE_ID,
            layout_of(context),
            {tokens.begin(), tokens.end()}
        };
        const auto bytes = size();
        auto state = make_state(header, bytes);
        auto* payload = reinterpret_cast<std::uint8_t*>(state.data() + state.size() - bytes);
        if (bytes == 0 || fill(payload, bytes) != bytes) {
            return fail(ErrorCode::kInternal, "the state cannot be saved: {}", guard.reason());
        }
        seal_state(state);
        return state;
    } catch (const std::bad_alloc&) {
        return fail(ErrorCode::kExhausted, "not enough memory to save the state");
    } catch (const std::exception& thrown) {
        return fail(ErrorCode::kInternal, "the state cannot be saved: {}", thrown.what());
    }
}

std::string_view name_of(StateKind kind) {
    switch (kind) {
        case StateKind::kContext:
            return "a whole context";
        case StateKind::kSequence:
            return "one sequence";
        case StateKind::kCheckpoint:
            return "a checkpoint of one sequence";
    }
    return "something unknown";
}

Result<void> check_origin(const Context& context, const StateHeader& header) {
    if (header.model != fingerprint_of(context)) {
        return fail(
            ErrorCode::kInvalidArgument,
            "the state is from another model ({:016x}) than this ({:016x}): load that, or compute "
            "the tokens again",
            header.model,
            fingerprint_of(context)
        );
    }
    if (header.engine != MULLAMA_ENGINE_ID) {
        return fail(
            ErrorCode::kInvalidArgument,
            "the state is from engine {}, this is {}: compute the tokens again",
            header.engine,
            MULLAMA_ENGINE_ID
        );
    }
    if (const auto layout = layout_of(context); header.layout != layout) {
        return fail(
            ErrorCode::kInvalidArgument,
            "the state is from a context with [{}], this one has [{}]: make it alike",
            header.layout,
            layout
        );
    }
    for (const Token token : header.tokens) {
        if (context.model().vocab().contains(token)) continue;
        return fail(ErrorCode::kCorrupt, "the state names token {}, which there is none", token);
    }
    return {};
}

// Everything that can be known before the engine sees the state.
Result<ParsedState> check_state(
    const Context& context, std::span<const std::byte> state, bool whole
) {
    MULLAMA_TRY(check_memory(context));
    auto parsed = parse_state(state);
    if (!parsed) return parsed;
    if ((parsed->header.kind == StateKind::kContext) != whole) {
        return fail(
            ErrorCode::kInvalidArgument,
            "the state is of {}: use {}",
            name_of(parsed->header.kind),
            whole ? "restore_sequence()" : "restore_state()"
        );
    }
    MULLAMA_TRY(check_origin(context, parsed->header));
    return parsed;
}

// Hands the payload to the engine; `forget` empties what it may have left half done.
Result<std::vector<Token>> restore(
    ParsedState state,
    const std::function<std::size_t(const std::uint8_t*, std::size_t)>& read,
    const std::function<void()>& forget
) {
    const EngineGuard guard;
    const auto* payload = reinterpret_cast<const std::uint8_t*>(state.payload.data());
    std::string reason;
    try {
        if (read(payload, state.payload.size()) == state.payload.size()) {
            return std::move(state.header.tokens);
        }
        reason = guard.reason();
    } catch (const std::exception& thrown) {
        reason = thrown.what();
    }
    forget();
    return fail(
        ErrorCode::kExhausted,
        "the state does not fit this context: raise context_length or sequences_max ({})",
        reason
    );
}

}  // namespace

std::uint64_t state_key(const Context& context) {
    Xxh64 hash;
    hash.update(Handles::impl(context.model()).files);
    hash.update(fingerprint_of(context));
    hash.update(std::string_view(MULLAMA_ENGINE_ID));
    hash.update(std::string_view(layout_of(context)));
    return hash.value();
}

Result<std::vector<std::byte>> save_state(Context& context, std::span<const Token> tokens) {
    return save(
        context,
        StateKind::kContext,
        tokens,
        [&] { return llama_state_get_size(handle(context)); },
        [&](std::uint8_t* to, std::size_t size) {
            return llama_state_get_data(handle(context), to, size);
        }
    );
}

Result<std::vector<std::byte>> save_sequence(
    Context& context, SequenceId sequence, std::span<const Token> tokens, SequencePart part
) {
    MULLAMA_TRY(check_sequence(context, sequence));
    const bool all = part == SequencePart::kWhole;
    const llama_state_seq_flags flags =
        all ? LLAMA_STATE_SEQ_FLAGS_NONE : LLAMA_STATE_SEQ_FLAGS_PARTIAL_ONLY;
    return save(
        context,
        all ? StateKind::kSequence : StateKind::kCheckpoint,
        tokens,
        [&] { return llama_state_seq_get_size_ext(handle(context), sequence, flags); },
        [&](std::uint8_t* to, std::size_t size) {
            return llama_state_seq_get_data_ext(handle(context), to, size, sequence, flags);
        }
    );
}

Result<std::vector<Token>> restore_state(Context& context, std::span<const std::byte> state) {
    auto checked = check_state(context, state, true);
    if (!checked) return std::move(checked).error();
    auto& impl = Handles::context(context);
    impl.computed = false;
    auto tokens = restore(
        *std::move(checked),
        [&](const std::uint8_t* from, std::size_t size) {
            return llama_state_set_data(handle(context), from, size);
        },
        [&] { context.memory().clear(); }
    );
    impl.shift_pending = false;
    impl.copy_pending = false;
    return tokens;
}

Result<std::vector<Token>> restore_sequence(
    Context& context, SequenceId sequence, std::span<const std::byte> state
) {
    MULLAMA_TRY(check_sequence(context, sequence));
    auto checked = check_state(context, state, false);
    if (!checked) return std::move(checked).error();
    const bool all = checked->header.kind == StateKind::kSequence;
    const llama_state_seq_flags flags =
        all ? LLAMA_STATE_SEQ_FLAGS_NONE : LLAMA_STATE_SEQ_FLAGS_PARTIAL_ONLY;
    return restore(
        *std::move(checked),
        [&](const std::uint8_t* from, std::size_t size) {
            return llama_state_seq_set_data_ext(handle(context), from, size, sequence, flags);
        },
        [&] { static_cast<void>(context.memory().remove(sequence)); }
    );
}

}  // namespace mullama
