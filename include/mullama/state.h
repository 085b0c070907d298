#pragma once

#include <mullama/context.h>
#include <mullama/result.h>
#include <mullama/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

/// What a context remembers, as bytes: to go on later, in another process, without computing again.
///
/// The bytes say which model, engine and context options they are from, and carry a checksum. What
/// does not fit or is damaged is refused before the engine sees it:
///   kCorrupt: no saved state, cut short, or changed.
///   kInvalidArgument: from another model, engine, adapters or context options; the message says
///     which.
/// Models are told apart by their files' sizes, metadata and tensors: those that differ in the
/// values of their weights alone look the same.
///
/// The checksum guards against damage, not against people: take states only from places that
/// nobody else can write to. Logits are not part of a state: go on with a token that has not been
/// computed.
namespace mullama {

/// How much of a sequence to save.
enum class SequencePart : std::uint8_t {
    kWhole,  ///< All of it.
    /// Only what cannot be cut back: sliding-window cells and recurrent states. Restoring it makes
    /// a sequence that still holds its other cells as it was at this point.
    kCheckpoint,
};

/// All sequences of a context, and `tokens` to keep along with them: those that were computed, in
/// what order suits the caller.
/// Errors:  kUnsupported: a model without memory. kUnavailable: positions were shifted since the
///          last step. kInvalidArgument: more than 2^30 tokens. kExhausted: not enough memory.
/// Threads: the context's thread only.
Result<std::vector<std::byte>> save_state(Context& context, std::span<const Token> tokens = {});

/// Makes all sequences what they were, and gives the tokens that were saved along.
/// Errors:  those above; memory unchanged. kExhausted: more cells or sequences than the context
///          has; it then remembers nothing.
/// Threads: the context's thread only.
Result<std::vector<Token>> restore_state(Context& context, std::span<const std::byte> state);

/// One sequence, and `tokens` to keep along with it.
/// Errors:  as save_state(). kInvalidArgument too for a sequence outside [0, sequences_max).
/// Threads: the context's thread only.
Result<std::vector<std::byte>> save_sequence(
    Context& context,
    SequenceId sequence,
    std::span<const Token> tokens = {},
    SequencePart part = SequencePart::kWhole
);

/// Makes `sequence` what the saved one was, whatever its number, and gives the tokens that were
/// saved along. Others stay as they are.
/// Errors:  as restore_state(), where `sequence` alone is then forgotten.
/// Threads: the context's thread only.
Result<std::vector<Token>> restore_sequence(
    Context& context, SequenceId sequence, std::span<const std::byte> state
);

/// Writes a state to a file, which appears complete or not at all.
/// Errors:  kIo: the system refused. kNotFound: no such directory. kInvalidArgument: `path` is a
///          directory. kCorrupt: `state` is no saved state.
/// Threads: any.
Result<void> write_state(const std::filesystem::path& path, std::span<const std::byte> state);

/// Reads a state from a file, and checks that it is whole and unchanged.
/// Errors:  kNotFound: no such file. kInvalidArgument: a directory. kCorrupt. kIo.
/// Threads: any.
Result<std::vector<std::byte>> read_state(const std::filesystem::path& path);

}  // namespace mullama
