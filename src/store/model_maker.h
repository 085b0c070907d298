#pragma once

#include "store/local_model.h"
#include "store/manifest.h"
#include "store/model_writer.h"
#include "store/new_model.h"
#include <mullama/result.h>

#include <optional>

namespace mullama::store {

/// Puts the pieces of a model among the blobs and gives its manifest.
class ModelMaker {
  public:
    /// `on_status` may be empty.
    ModelMaker(const Blobs& blobs, const OnCreateStatus& on_status)
        : blobs_(blobs), on_status_(on_status) {}

    /// Begins with the pieces of a stored model.
    /// Errors: kCorrupt, kIo: its config cannot be read.
    Result<void> begin(const Manifest& base);

    /// Begins with a model that is no stored one: its file, projectors and licence.
    /// Errors: those of Blobs, and kCorrupt: a file is no GGUF file.
    Result<void> begin(const LocalModel& base);

    /// Adds what is new.
    /// Errors: as above; kInvalidArgument: a file is not what it is given as, or what is made has
    /// no
    ///         weights.
    Result<Manifest> finish(const NewModel& model);

  private:
    Result<void> add_file(std::string_view kind, const std::filesystem::path& file);
    Result<void> add_gguf(const std::filesystem::path& file);
    Result<void> add_layer(std::string_view kind, const std::filesystem::path& file);
    Result<void> add_text(std::string_view kind, std::string_view text);
    Result<void> add_parameters(const std::string& parameters);
    Result<void> add_messages(const std::vector<Message>& messages);
    Result<void> replace_text(std::string_view kind, std::string_view text);
    Result<void> add_config();
    void remove(std::string_view kind);
    void say(std::string_view status) const;
    void tell_of(const AddedBlob& blob) const;

    const Blobs& blobs_;
    const OnCreateStatus& on_status_;
    Manifest manifest_;
    /// Of the base; empty for none.
    std::string config_;
};

}  // namespace mullama::store
