#pragma once

#include <mullama/model.h>
#include <mullama/result.h>
#include <mullama/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

namespace mullama {

/// How a Projector works.
struct ProjectorOptions {
    /// Threads that read a picture; 0 = one per core that this process may use.
    std::int32_t threads = 0;
    /// Bytes of pictures, as the model reads them, to keep for the next time; 0 = none.
    std::size_t cache_bytes_max = std::size_t{256} << 20;
    /// Compute on the GPU, where there is one.
    bool use_gpu = true;
};

/// A stretch of a picture as a model reads it.
struct PicturePart {
    /// What goes before `media`: texts that tell the model that a picture begins, or its next tile.
    std::vector<Token> tokens = {};
    /// Null where nothing follows.
    std::shared_ptr<const MediaEmbedding> media = {};
};

/// A picture as a model reads it: tokens, and rows of embeddings between them.
struct Picture {
    /// In the order in which they are read.
    std::vector<PicturePart> parts = {};
    /// What it takes of the context: its tokens and rows.
    std::size_t token_count = 0;
};

/// The eyes of a model: turns picture files into what the model reads in their place.
///
/// It belongs to one model, whose lease it keeps; its file is known as "mmproj".
/// Threads: thread-safe. Pictures are computed one at a time; those that it remembers do not wait.
class Projector {
  public:
    /// Loads the projector in `file` for `model`.
    /// Errors:  those of GgufFile::open(). kInvalidArgument: the file holds no projector, or one of
    ///          another model. kUnsupported: it cannot see, or is of a kind that llama.cpp or this
    ///          class does not know. kExhausted: not enough memory.
    static Result<Projector> load(
        const Model& model, const std::filesystem::path& file, const ProjectorOptions& options = {}
    );

    /// Takes over what the other holds; the other can then only be destroyed or assigned to.
    Projector(Projector&&) noexcept;
    /// As above.
    Projector& operator=(Projector&&) noexcept;
    ~Projector();

    /// Reads a picture: the bytes of a PNG, JPEG, GIF (its first frame) or BMP file.
    /// Errors:  kInvalidArgument: another kind of file, a damaged one, or one with a side above
    ///          kPictureSideMax or more than kPicturePixelsMax. kUnsupported: the model lacks the
    ///          tokens that go round its pictures. kExhausted: not enough memory. kInternal: the
    ///          engine failed.
    /// Threads: any. Blocks while it computes, and while another picture is being computed.
    Result<std::shared_ptr<const Picture>> read(std::string_view bytes) const;

    /// The most rows that a picture has the engine compute in one pass, for
    /// EngineOptions::ubatch_size; 0 where they can be computed one by one.
    /// Threads: any.
    std::int32_t pass_rows_max() const { return pass_rows_max_; }

  private:
    struct Impl;
    explicit Projector(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
    std::int32_t pass_rows_max_ = 0;
};

/// The most pixels of a picture's side.
inline constexpr std::int64_t kPictureSideMax = 16384;
/// The most pixels of a picture; with it, reading one takes a few hundred MB.
inline constexpr std::int64_t kPicturePixelsMax = std::int64_t{32} << 20;

}  // namespace mullama
