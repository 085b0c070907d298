#include "base/error.h"
#include "base/guarded.h"
#include "base/sha256.h"
#include "llama/context_params.h"
#include "llama/engine_guard.h"
#include "llama/handles.h"
#include "llama/image_header.h"
#include "llama/log.h"
#include "llama/picture_cache.h"
#include "llama/threads.h"
#include <mullama/gguf.h>
#include <mullama/projector.h>

#include <algorithm>
#include <array>
#include <exception>
#include <mutex>
#include <new>
#include <span>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <mtmd-helper.h>
#include <mtmd.h>

namespace mullama {
namespace {

// Its rows depend on where in the prompt the picture stands, and pictures are read before that is
// known.
constexpr std::string_view kUnsupportedKind = "deepseek4v";

void on_log(ggml_log_level level, const char* text, void*) {
    log_engine_text(level, text);
}

void route_log() {
    static const bool routed = [] {
        mtmd_helper_log_set(on_log, nullptr);
        return true;
    }();
    static_cast<void>(routed);
}

template <typename T>
T value_or(const GgufFile& file, std::string_view key, T otherwise) {
    const GgufValue* value = file.find(key);
    const T* found = std::get_if<T>(value);
    return found == nullptr ? otherwise : *found;
}

// The engine divides by the first two.
bool has_sane_sizes(const GgufFile& file) {
    return value_or<std::uint32_t>(file, "clip.vision.patch_size", 0) > 0 &&
           value_or<std::uint32_t>(file, "clip.vision.attention.head_count", 0) > 0 &&
           value_or<std::uint32_t>(file, "clip.vision.image_size", 0) > 0;
}

Result<void> check_file(const std::filesystem::path& path) {
    const auto file = GgufFile::open(path);
    if (!file) return file.error();
    if (value_or<std::string>(*file, "general.architecture", "") != "clip") {
        return fail(
            ErrorCode::kInvalidArgument,
            "{} holds no projector: give the file that is called \"mmproj\"",
            path.string()
        );
    }
    if (!value_or(*file, "clip.has_vision_encoder", false)) {
        return fail(ErrorCode::kUnsupported, "the projector {} cannot see", path.string());
    }
    if (!has_sane_sizes(*file)) {
        return fail(
            ErrorCode::kCorrupt, "the projector {} lacks sizes of its pictures", path.string()
        );
    }
    const auto kind = value_or<std::string>(*file, "clip.projector_type", "");
    const auto vision_kind = value_or<std::string>(*file, "clip.vision.projector_type", kind);
    if (kind != kUnsupportedKind && vision_kind != kUnsupportedKind) return {};
    return fail(
        ErrorCode::kUnsupported,
        "projectors of the kind {} are not supported: {}",
        kUnsupportedKind,
        path.string()
    );
}

// The engine checks this too, but loses the projector's memory then. Old files of some kinds have
// another number there.
Result<void> check_length(const std::filesystem::path& path, const Model& model) {
    constexpr std::array<std::string_view, 3> kOld = {"mlp", "ldp", "ldpv2"};
    const auto file = GgufFile::open(path);
    if (!file) return file.error();
    const auto kind = value_or<std::string>(*file, "clip.projector_type", "");
    const auto length = value_or<std::uint32_t>(*file, "clip.vision.projection_dim", 0);
    const auto is = [length](std::int32_t other) { return std::cmp_equal(length, other); };
    if (length == 0 || std::ranges::find(kOld, kind) != kOld.end()) return {};
    if (is(model.embedding_length()) || is(model.embedding_length_input())) return {};
    return fail(
        ErrorCode::kInvalidArgument,
        "the projector {} is another model's: its rows have {} floats, the model's {}",
        path.string(),
        length,
        model.embedding_length()
    );
}

mtmd_context_params engine_params(const ProjectorOptions& options) {
    mtmd_context_params params = mtmd_context_params_default();
    params.use_gpu = options.use_gpu;
    params.print_timings = false;
    params.n_threads = thread_count(options.threads);
    return params;
}

Error load_error(const EngineGuard& guard, const std::filesystem::path& file) {
    const auto code = guard.out_of_memory() ? ErrorCode::kExhausted : ErrorCode::kInvalidArgument;
    return fail(code, "the projector {} could not be loaded: {}", file.string(), guard.reason());
}

// Where the rows stand, if they are not simply one after another.
std::vector<MediaPlace> places_of(const mtmd_input_chunk& chunk, std::size_t rows) {
    const mtmd_image_tokens* tokens = mtmd_input_chunk_get_tokens_image(&chunk);
    const auto axes_at = [tokens](Position begin, std::size_t row) {
        const mtmd_decoder_pos at = mtmd_image_tokens_get_decoder_pos(tokens, begin, row);
        const auto axis = [](std::uint32_t value) { return static_cast<Position>(value); };
        return std::array{axis(at.t), axis(at.y), axis(at.x), axis(at.z)};
    };
    std::vector<MediaPlace> places(rows);
    for (std::size_t row = 0; row < rows; ++row) {
        places[row].axes = axes_at(0, row);
        const auto moved = axes_at(1, row);
        for (std::size_t axis = 0; axis < moved.size(); ++axis) {
            places[row].relative[axis] = moved[axis] != places[row].axes[axis];
        }
    }
    return places;
}

std::int32_t rows_of(mtmd_context* context, std::uint32_t width, std::uint32_t height) {
    const std::string_view marker = mtmd_get_marker(context);
    const mtmd_input_text text{
        .text = marker.data(),
        .text_len = marker.size(),
        .add_special = false,
        .parse_special = true,
    };
    const mtmd::bitmap_ptr bitmap(mtmd_bitmap_init(width, height, nullptr));
    const mtmd_bitmap* bitmaps = bitmap.get();
    const mtmd::input_chunks_ptr chunks(mtmd_input_chunks_init());
    if (mtmd_tokenize(context, chunks.get(), &text, &bitmaps, 1) != 0) return 0;
    std::size_t most = 0;
    for (std::size_t i = 0; i < mtmd_input_chunks_size(chunks.get()); ++i) {
        const mtmd_input_chunk* chunk = mtmd_input_chunks_get(chunks.get(), i);
        if (mtmd_input_chunk_get_type(chunk) != MTMD_INPUT_CHUNK_TYPE_IMAGE) continue;
        most = std::max(most, mtmd_input_chunk_get_n_tokens(chunk));
    }
    return static_cast<std::int32_t>(most);
}

// By large images without pixels, since only the engine knows how it scales them.
std::int32_t measure_pass_rows(mtmd_context* context) {
    if (!mtmd_decode_use_non_causal(context, nullptr)) return 0;
    std::int32_t most = 0;
    for (const auto& [width, height] :
         {std::pair(4096U, 4096U),
          std::pair(4096U, 2048U),
          std::pair(2048U, 4096U),
          std::pair(6000U, 4000U),
          std::pair(4000U, 6000U)}) {
        most = std::max(most, rows_of(context, width, height));
    }
    return most;
}

}  // namespace

struct Projector::Impl {
    Impl(Model a_model, std::size_t cache_bytes_max)
        : model(std::move(a_model)), cache(cache_bytes_max) {}

    Result<Picture> look(std::string_view bytes, const std::string& hash);
    Result<mtmd::input_chunks_ptr> cut(std::string_view bytes, const EngineGuard& guard) const;
    Result<void> add_tokens(const mtmd_input_chunk& chunk, std::vector<Token>& tokens) const;
    Result<MediaEmbedding> encode(const mtmd_input_chunk& chunk, const EngineGuard& guard);

    Model model;  // outlives `context`
    mtmd::context_ptr context;
    std::mutex computing;  // held while `context` computes
    Guarded<PictureCache> cache;
};

Projector::Projector(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Projector::Projector(Projector&&) noexcept = default;
Projector& Projector::operator=(Projector&&) noexcept = default;
Projector::~Projector() = default;

Result<Projector> Projector::load(
    const Model& model, const std::filesystem::path& file, const ProjectorOptions& options
) {
    MULLAMA_TRY(check_threads(options.threads));
    MULLAMA_TRY(check_file(file));
    MULLAMA_TRY(check_length(file, model));
    const EngineGuard guard;
    route_log();
    auto impl = std::make_unique<Impl>(model, options.cache_bytes_max);
    impl->context.reset(mtmd_init_from_file(file.c_str(), handle(model), engine_params(options)));
    if (!impl->context) return load_error(guard, file);
    if (!mtmd_support_vision(impl->context.get())) {
        return fail(ErrorCode::kUnsupported, "the projector {} cannot see", file.string());
    }
    Projector projector(std::move(impl));
    projector.pass_rows_max_ = measure_pass_rows(projector.impl_->context.get());
    return projector;
}

Result<std::shared_ptr<const Picture>> Projector::read(std::string_view bytes) const {
    const std::string hash = sha256_hex(bytes);
    if (auto known = impl_->cache.lock()->find(hash)) return known;
    MULLAMA_TRY(check_image(bytes));
    const std::lock_guard lock(impl_->computing);
    if (auto known = impl_->cache.lock()->find(hash)) return known;
    try {
        auto looked = impl_->look(bytes, hash);
        if (!looked) return std::move(looked).error();
        auto picture = std::make_shared<const Picture>(std::move(looked).value());
        impl_->cache.lock()->insert(hash, picture);
        return picture;
    } catch (const std::bad_alloc&) {
        return fail(ErrorCode::kExhausted, "no memory for an image of {} bytes", bytes.size());
    } catch (const std::exception& thrown) {
        return fail(ErrorCode::kInternal, "the image could not be read: {}", thrown.what());
    }
}

Result<Picture> Projector::Impl::look(std::string_view bytes, const std::string& hash) {
    const EngineGuard guard;
    const auto chunks = cut(bytes, guard);
    if (!chunks) return chunks.error();
    Picture picture;
    PicturePart part;
    for (std::size_t i = 0; i < mtmd_input_chunks_size(chunks->get()); ++i) {
        const mtmd_input_chunk& chunk = *mtmd_input_chunks_get(chunks->get(), i);
        picture.token_count += mtmd_input_chunk_get_n_tokens(&chunk);
        if (mtmd_input_chunk_get_type(&chunk) == MTMD_INPUT_CHUNK_TYPE_TEXT) {
            MULLAMA_TRY(add_tokens(chunk, part.tokens));
            continue;
        }
        auto media = encode(chunk, guard);
        if (!media) return std::move(media).error();
        media->id = fmt::format("{}:{}", hash, i);
        part.media = std::make_shared<const MediaEmbedding>(std::move(media).value());
        picture.parts.push_back(std::exchange(part, {}));
    }
    if (!part.tokens.empty()) picture.parts.push_back(std::move(part));
    return picture;
}

// Decodes an image and cuts it into what the model reads: texts and tiles.
Result<mtmd::input_chunks_ptr> Projector::Impl::cut(
    std::string_view bytes, const EngineGuard& guard
) const {
    const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
    const auto options = mtmd_helper_init_opt_default();
    const mtmd::bitmap_ptr bitmap(
        mtmd_helper_bitmap_init_from_buf(context.get(), data, bytes.size(), false, options).bitmap
    );
    if (!bitmap) return fail(ErrorCode::kInvalidArgument, "the image is damaged");
    const std::string_view marker = mtmd_get_marker(context.get());
    const mtmd_input_text text{
        .text = marker.data(),
        .text_len = marker.size(),
        .add_special = false,
        .parse_special = true,
    };
    mtmd::input_chunks_ptr chunks(mtmd_input_chunks_init());
    const mtmd_bitmap* bitmaps = bitmap.get();
    if (mtmd_tokenize(context.get(), chunks.get(), &text, &bitmaps, 1) == 0) return chunks;
    return fail(ErrorCode::kInvalidArgument, "the model cannot read the image: {}", guard.reason());
}

Result<void> Projector::Impl::add_tokens(const mtmd_input_chunk& chunk, std::vector<Token>& tokens)
    const {
    std::size_t count = 0;
    const Token* first = mtmd_input_chunk_get_tokens_text(&chunk, &count);
    const std::span texts(first, count);
    tokens.insert(tokens.end(), texts.begin(), texts.end());
    if (std::ranges::find(texts, kNoToken) == texts.end()) return {};
    return fail(
        ErrorCode::kUnsupported,
        "the model lacks the tokens that go round images: its projector is another model's"
    );
}

Result<MediaEmbedding> Projector::Impl::encode(
    const mtmd_input_chunk& chunk, const EngineGuard& guard
) {
    const bool is_encoded = mtmd_encode_chunk(context.get(), &chunk) == 0;
    end_compute_threads();  // whose thread this is may not compute for long
    if (!is_encoded) {
        const auto code = guard.out_of_memory() ? ErrorCode::kExhausted : ErrorCode::kInternal;
        return fail(code, "the image could not be computed: {}", guard.reason());
    }
    const std::size_t rows = mtmd_input_chunk_get_n_tokens(&chunk);
    const auto length = static_cast<std::size_t>(model.embedding_length_input());
    const std::span values(mtmd_get_output_embd(context.get()), rows * length);
    MediaEmbedding media;
    media.rows.assign(values.begin(), values.end());
    media.row_count = static_cast<std::int32_t>(rows);
    media.position_count = mtmd_input_chunk_get_n_pos(&chunk);
    media.causal = !mtmd_decode_use_non_causal(context.get(), &chunk);
    if (mtmd_decode_use_mrope(context.get())) media.places = places_of(chunk, rows);
    return media;
}

}  // namespace mullama
