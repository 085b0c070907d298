#pragma once

#include <mullama/result.h>

#include <filesystem>

namespace mullama::store {

/// Where Mullama keeps its files.
struct Paths {
    std::filesystem::path home;  ///< Absolute.

    /// Model files, named by their digest, and wheels placed by hand.
    std::filesystem::path downloads() const { return home / "downloads"; }

    /// The user's additions to the model index; need not exist.
    std::filesystem::path user_index() const { return home / "index.json"; }

    /// What was typed at the prompt of the chat; need not exist.
    std::filesystem::path history() const { return home / "history"; }
};

/// $MULLAMA_HOME, else ~/.mullama. Creates nothing.
/// Errors: kInvalidArgument: neither MULLAMA_HOME nor HOME is set.
Result<Paths> default_paths();

}  // namespace mullama::store
