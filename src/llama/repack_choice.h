#pragma once

#include "llama/product_times.h"
#include <mullama/gguf.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>

namespace mullama {

/// Whether a model is faster with its weights repacked, by the types that they mostly are of and a
/// request of four tokens to read for each that is generated. Repacked unless the file's own form
/// takes less than nine tenths of the time.
/// `times_of` gives what is measured for a type, nothing where it is not repacked.
bool repacking_pays(
    std::span<const GgufFile> files,
    const std::function<std::optional<RepackTimes>(GgufTensorType)>& times_of
);

/// What time_repacking() measures with the default number of threads, once in this process and,
/// where `file` is not empty, once for this CPU, engine and number of threads: it is written there.
/// A file that cannot be read or written is as good as none. `again`: measured in any case.
/// Threads: any; one measures at a time.
std::optional<RepackTimes> known_repack_times(
    GgufTensorType type, const std::filesystem::path& file, bool again = false
);

}  // namespace mullama
