#pragma once

#include "api/model_info.h"
#include "base/guarded.h"
#include "store/local_model.h"
#include "store/model_details.h"
#include <mullama/result.h>

#include <filesystem>
#include <map>
#include <string>

namespace mullama::server {

/// What model files say about themselves, read once for each file that does not change.
/// Threads: thread-safe. Blocks while it reads.
class ModelFacts {
  public:
    /// Errors: those of store::read_details().
    Result<store::ModelDetails> details(const std::filesystem::path& file);

    /// The first of a model's projectors with which it sees; empty where there is none.
    std::filesystem::path projector(const store::LocalModel& model);

    /// What clients are told in lists. A file that cannot be read leaves its part empty.
    api::ModelInfo info(const store::LocalModel& model);

    /// What clients are told about one model; tensors and long lists only where `verbose`.
    /// Errors: those of GgufFile::open().
    Result<api::ModelDescription> describe(const store::LocalModel& model, bool verbose);

  private:
    struct Entry {
        std::filesystem::file_time_type modified;
        store::ModelDetails details;
    };

    struct Projector {
        std::filesystem::file_time_type modified;
        bool sees = false;
    };

    bool sees(const std::filesystem::path& projector);

    Guarded<std::map<std::filesystem::path, Entry>> known_;
    Guarded<std::map<std::filesystem::path, Projector>> known_projectors_;
};

}  // namespace mullama::server
