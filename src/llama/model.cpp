#include "base/error.h"
#include "llama/engine_guard.h"
#include "llama/handles.h"
#include <mullama/gguf.h>
#include <mullama/model.h>

#include <algorithm>
#include <array>
#include <exception>
#include <functional>
#include <system_error>
#include <utility>

namespace mullama {
namespace {

namespace fs = std::filesystem;

// Reads a text from a function of the engine that returns its length, or below 0 for no text.
std::optional<std::string> read_text(
    const std::function<std::int32_t(char* buffer, std::size_t size)>& read
) {
    std::string text(256, '\0');
    for (;;) {
        const std::int32_t length = read(text.data(), text.size());
        if (length < 0) return std::nullopt;
        const auto bytes = static_cast<std::size_t>(length);
        if (bytes < text.size()) {
            text.resize(bytes);
            return text;
        }
        text.resize(bytes + 1);
    }
}

Error cannot_save(std::string_view architecture) {
    return fail(
        ErrorCode::kUnsupported, "the engine cannot write models of architecture {}", architecture
    );
}

// llama_model_saver_supports_arch() asserts these away.
bool can_save(std::string_view architecture) {
    constexpr std::array<std::string_view, 6> kUnsaved = {
        "gemma3n", "bitnet", "t5", "t5encoder", "apertus", "step35"
    };
    return std::find(kUnsaved.begin(), kUnsaved.end(), architecture) == kUnsaved.end();
}

}  // namespace

Result<void> Model::save(const fs::path& path) const {
    if (impl_->vocab_only) {
        return fail(
            ErrorCode::kUnsupported, "a model loaded with vocab_only has no weights to save"
        );
    }
    if (impl_->repacked) {
        return fail(
            ErrorCode::kUnsupported,
            "the weights may have been rearranged while loading: load the model with repack = "
            "false "
            "to save it"
        );
    }
    if (!can_save(impl_->architecture)) return cannot_save(impl_->architecture);
    std::error_code error;
    if (fs::exists(path, error) && !fs::is_regular_file(path, error)) {
        return fail(ErrorCode::kInvalidArgument, "{} is no file to write to", path.string());
    }
    const fs::path temporary = path.string() + ".saving";
    const EngineGuard guard;
    try {
        llama_model_save_to_file(impl_->model.get(), temporary.string().c_str());
    } catch (const std::exception& thrown) {
        fs::remove(temporary, error);
        return fail(
            ErrorCode::kUnsupported, "{} cannot be saved: {}", path.string(), thrown.what()
        );
    }
    // The engine does not tell whether all bytes were written.
    if (auto written = GgufFile::open(temporary); !written) {
        fs::remove(temporary, error);
        return fail(
            ErrorCode::kIo, "{} could not be written: {}", path.string(), written.error().message
        );
    }
    fs::rename(temporary, path, error);
    if (!error) return {};
    const std::string reason = error.message();
    fs::remove(temporary, error);
    return fail(ErrorCode::kIo, "{} could not be written: {}", path.string(), reason);
}

const Vocab& Model::vocab() const {
    return *impl_->vocab;
}

std::int32_t Model::context_length_train() const {
    return llama_model_n_ctx_train(impl_->model.get());
}

std::int32_t Model::embedding_length() const {
    return llama_model_n_embd(impl_->model.get());
}

std::int32_t Model::embedding_length_input() const {
    return llama_model_n_embd_inp(impl_->model.get());
}

std::int32_t Model::embedding_length_output() const {
    return llama_model_n_embd_out(impl_->model.get());
}

std::int32_t Model::layers() const {
    return impl_->vocab_only ? 0 : llama_model_n_layer(impl_->model.get());
}

std::int32_t Model::heads() const {
    return impl_->vocab_only ? 0 : llama_model_n_head(impl_->model.get());
}

std::int32_t Model::heads_kv() const {
    return impl_->vocab_only ? 0 : llama_model_n_head_kv(impl_->model.get());
}

std::int32_t Model::sliding_window() const {
    return llama_model_n_swa(impl_->model.get());
}

bool Model::is_repacked() const {
    return impl_->repacked;
}

std::uint64_t Model::size_bytes() const {
    return llama_model_size(impl_->model.get());
}

std::uint64_t Model::parameters() const {
    return llama_model_n_params(impl_->model.get());
}

std::string Model::description() const {
    return read_text([this](char* buffer, std::size_t size) {
               return llama_model_desc(impl_->model.get(), buffer, size);
           }
    ).value_or(std::string());
}

std::string Model::architecture() const {
    return impl_->architecture;
}

std::string Model::file_type() const {
    return llama_ftype_name(llama_model_ftype(impl_->model.get()));
}

float Model::rope_frequency_scale_train() const {
    return llama_model_rope_freq_scale_train(impl_->model.get());
}

std::optional<std::string> Model::metadata(const std::string& key) const {
    return read_text([&](char* buffer, std::size_t size) {
        return llama_model_meta_val_str(impl_->model.get(), key.c_str(), buffer, size);
    });
}

std::map<std::string, std::string> Model::metadata() const {
    std::map<std::string, std::string> all;
    const llama_model* model = impl_->model.get();
    for (std::int32_t i = 0; i < llama_model_meta_count(model); ++i) {
        const auto key = read_text([&](char* buffer, std::size_t size) {
            return llama_model_meta_key_by_index(model, i, buffer, size);
        });
        const auto value = read_text([&](char* buffer, std::size_t size) {
            return llama_model_meta_val_str_by_index(model, i, buffer, size);
        });
        if (key && value) all.emplace(*key, *value);
    }
    return all;
}

std::optional<std::string> Model::chat_template(const std::string& name) const {
    return metadata(name.empty() ? "tokenizer.chat_template" : "tokenizer.chat_template." + name);
}

bool Model::vocab_only() const {
    return impl_->vocab_only;
}

bool Model::has_encoder() const {
    return llama_model_has_encoder(impl_->model.get());
}

bool Model::has_decoder() const {
    return llama_model_has_decoder(impl_->model.get());
}

Token Model::decoder_start_token() const {
    return llama_model_decoder_start_token(impl_->model.get());
}

bool Model::is_recurrent() const {
    return llama_model_is_recurrent(impl_->model.get());
}

bool Model::is_hybrid() const {
    return llama_model_is_hybrid(impl_->model.get());
}

bool Model::is_diffusion() const {
    return llama_model_is_diffusion(impl_->model.get());
}

std::vector<std::string> Model::classifier_labels() const {
    std::vector<std::string> labels;
    const llama_model* model = impl_->model.get();
    const std::uint32_t count = impl_->classifier ? llama_model_n_cls_out(model) : 0;
    for (std::uint32_t i = 0; i < count; ++i) {
        const char* label = llama_model_cls_label(model, i);
        labels.emplace_back(label == nullptr ? "" : label);
    }
    return labels;
}

llama_model* Handles::model(const Model& model) {
    return model.impl_->model.get();
}

const ModelImpl& Handles::impl(const Model& model) {
    return *model.impl_;
}

Model Handles::make_model(std::shared_ptr<const ModelImpl> impl) {
    return Model(std::move(impl));
}

const llama_vocab* Handles::vocab(const Vocab& vocab) {
    return vocab.impl_->vocab;
}

std::unique_ptr<const Vocab> Handles::make_vocab(const llama_vocab* vocab) {
    auto impl = std::make_unique<Vocab::Impl>();
    impl->vocab = vocab;
    return std::unique_ptr<const Vocab>(new Vocab(std::move(impl)));
}

llama_model* handle(const Model& model) {
    return Handles::model(model);
}

const llama_vocab* handle(const Vocab& vocab) {
    return Handles::vocab(vocab);
}

}  // namespace mullama
