#pragma once

#include "store/model_details.h"
#include <mullama/result.h>

#include <filesystem>
#include <string>
#include <vector>

namespace mullama::cli {

/// A model that a user named, as a file.
struct ModelFile {
    std::string name;                      ///< As the user named it.
    std::filesystem::path path;            ///< Exists.
    std::string licence;                   ///< From the index; empty for a file of the user's own.
    std::filesystem::path projector = {};  ///< With which it sees images; empty where it does not.
    std::vector<std::filesystem::path> adapters = {};  ///< LoRA files that it answers with.
    std::filesystem::path draft = {};  ///< A smaller model that guesses for it; empty for none.
};

/// Finds the file for a name or path; a name that is not downloaded yet is, with the progress on
/// stderr.
/// Errors: those of store::resolve().
Result<ModelFile> find_model_file(const std::string& name);

/// What the file says about itself; its licence is the index's where it names none, and it sees
/// where it has a projector.
/// Errors: those of store::read_details().
Result<store::ModelDetails> file_details(const ModelFile& file);

/// Downloads an index model, or reads it whole where it is there already, and compares its digest.
/// Errors: kInvalidArgument: a path in place of a name. Those of store::fetch() and
/// store::verify().
Result<void> pull_model(const std::string& name);

/// The table of downloaded models whose names start with `prefix`, newest first.
/// Errors: those of store::load_index().
Result<std::string> model_list(const std::string& prefix);

/// What can be pulled: a line for each model in the index.
std::string known_models_help();

}  // namespace mullama::cli
