#pragma once

#include <mullama/answer_parser.h>
#include <mullama/chat.h>
#include <mullama/embedding.h>
#include <mullama/engine.h>
#include <mullama/event_stream.h>
#include <mullama/model.h>
#include <mullama/projector.h>
#include <mullama/result.h>
#include <mullama/tokenizer.h>
#include <mullama/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace mullama {

/// How a model is brought into memory and served.
struct LoadOptions {
    /// How the weights are loaded.
    ModelOptions model = {};
    /// How requests are served.
    EngineOptions engine = {};
    /// GGUF files of LoRA adapters that the model answers and embeds with.
    std::vector<std::filesystem::path> adapters = {};
    /// Those that it answers with only where a request asks for them, see LoadedModel::adapter().
    /// One that cannot be loaded keeps nobody else from the model.
    std::vector<std::filesystem::path> idle_adapters = {};
    /// The GGUF file of a smaller model with the same vocabulary that guesses what comes next, see
    /// EngineOptions::draft_model; empty for none. Where it cannot be used, the model answers
    /// without, see LoadedModel::no_draft_model().
    std::filesystem::path draft_model = {};
    /// Whether a model in a pool that has another one is as good.
    bool draft_optional = false;
    /// A Jinja template to use in place of the model's own; empty = the model's.
    std::string chat_template = {};
    /// The GGUF file with the model's projector, its "mmproj", for models that see images; empty
    /// for none. Where it cannot be loaded, the model is blind and images are refused with the
    /// reason. `engine`'s batch sizes are raised to what its images need.
    std::filesystem::path projector = {};
    /// How the projector works.
    ProjectorOptions projector_options = {};
};

/// Texts to turn into vectors.
struct EmbedRequest {
    /// The texts, at least one.
    std::vector<std::string> input = {};
    /// Texts as tokens, special ones included; used in place of `input` where there are any.
    std::vector<std::vector<Token>> tokens = {};
    /// As in EmbedderOptions.
    Pooling pooling = Pooling::kModel;
    /// How to embed them.
    EmbedOptions options = {};
};

/// Documents to be put in order by how well they answer a query.
struct RankRequest {
    /// What is looked for.
    std::string query = {};
    /// Where it may be found, at least one.
    std::vector<std::string> documents = {};
    /// As in EmbedOptions.
    bool truncate = true;
};

/// The answer to a conversation while it comes, and what takes it apart.
struct ChatAnswer {
    /// The answer as the model writes it.
    EventStream events;
    /// Give it each event's text.
    AnswerParser parser;
    /// The tokens of the prompt, without those that images take.
    std::vector<Token> prompt;
    /// How many tokens the prompt has with all that images take.
    std::size_t prompt_tokens = 0;
};

/// A text with a gap, to be filled.
struct InfillRequest {
    /// The text before the gap.
    std::string prefix = {};
    /// The text after it.
    std::string suffix = {};
    /// Everything else; its prompt and tokens do not count.
    GenerateRequest generate = {};
};

/// A model that is loaded and ready to answer, with its engine.
/// Threads: thread-safe. Copies are leases: the model is freed with the last copy; streams that
///          are still open then end with kUnavailable.
class LoadedModel {
  public:
    /// Loads `file` and starts its engine. Blocks until it can answer.
    /// Errors:  those of Model::load() and make_local_engine(); kInvalidArgument: the template in
    ///          `options` does not parse. kExhausted: not enough memory.
    static Result<LoadedModel> load(
        const std::filesystem::path& file, const LoadOptions& options = {}
    );

    /// Starts an engine on weights that are in memory already.
    /// Errors:  those of make_local_engine(), and of `options`' template. kExhausted: not enough
    ///          memory.
    static Result<LoadedModel> load(Model model, const LoadOptions& options = {});

    /// Answers a conversation with the assistant's next turn, as the model writes it.
    /// Errors:  kUnsupported: the model has no chat template. kInvalidArgument: the template
    ///          refuses the messages, or they do not fit the context and may not be dropped. And
    ///          those of Engine::submit(), and of Projector::read() where messages have images;
    ///          kUnsupported, or those of Projector::load(), where can_see() is false.
    /// Threads: any. Blocks while images are read that have not been read lately.
    Result<EventStream> chat(const ChatRequest& request) const;

    /// As chat(), with a parser for thinking and tool calls.
    /// Errors:  those of chat().
    Result<ChatAnswer> answer(const ChatRequest& request) const;

    /// Fills a gap in a text.
    /// Errors:  kUnsupported: the model has no tokens for that. And those of generate().
    Result<EventStream> infill(const InfillRequest& request) const;

    /// Continues a text.
    /// Errors:  kUnsupported: the model cannot generate. And those of Engine::submit().
    Result<EventStream> generate(GenerateRequest request) const;

    /// Continues a text that follows images, as chat() reads them; the request's tokens and media
    /// do not count.
    /// Errors:  those of generate() and Projector::read(); kUnsupported where can_see() is false.
    /// Threads: any. Blocks as chat().
    Result<EventStream> generate(GenerateRequest request, const std::vector<std::string>& images)
        const;

    /// Turns texts into vectors, one each, on a context of their own beside the engine's.
    /// Errors:  those of Embedder::create() and Embedder::embed().
    /// Threads: thread-safe. Blocks until done; calls queue up behind each other.
    Result<Embeddings> embed(const EmbedRequest& request) const;

    /// As above, without waiting: `done` is called with the result on the thread that computes
    /// embeddings, once, and not at all where the model is freed before.
    void embed(EmbedRequest request, std::function<void(Result<Embeddings>)> done) const;

    /// Scores documents, where the model has a classifier for that; `done` as above.
    /// Errors:  those of Embedder::rank().
    void rank(RankRequest request, std::function<void(Result<Ranking>)> done) const;

    /// The prompt that chat() would send for `request`, oldest messages dropped as it would. Images
    /// are in it as "[img-0]" and so on.
    /// Errors:  as chat(), without the engine's.
    Result<ChatPrompt> render(const ChatRequest& request) const;

    /// How many tokens the prompt of render() has, those that images take included.
    /// Errors:  as render().
    Result<std::size_t> count_tokens(const ChatRequest& request) const;

    /// Whether chat() can answer.
    bool has_chat_template() const;

    /// Whether messages may have images.
    bool can_see() const;

    /// What chat() can do; nothing without a template.
    ChatAbilities chat_abilities() const;

    /// Whether infill() can answer.
    bool can_infill() const;

    /// How its engine turns text into tokens and back. Valid as long as any copy of this.
    const Tokenizer& tokenizer() const;

    /// The model's template, or the one set in LoadOptions; empty where there is none.
    const std::string& chat_template() const;

    /// The loaded model. Valid as long as any copy of this.
    const Model& model() const;

    /// The engine, or null where the model can only embed. Valid as long as any copy of this.
    const Engine* engine() const;

    /// Why LoadOptions::draft_model cannot be used; nothing where it can, or there is none.
    const std::optional<Error>& no_draft_model() const;

    /// The place of one of LoadOptions::adapters or idle_adapters for GenerateRequest::adapters.
    /// Errors:  kNotFound: another file. Those of Adapter::load() where it could not be loaded.
    Result<std::int32_t> adapter(const std::filesystem::path& file) const;

    /// How long load() took, in nanoseconds.
    std::int64_t load_ns() const;

  private:
    struct Impl;
    explicit LoadedModel(std::shared_ptr<const Impl> impl);

    std::shared_ptr<const Impl> impl_;
};

/// The front door: answers by model file, loading each on first use and keeping it.
/// Threads: thread-safe. Two calls that need the same file load it once.
class Runtime {
  public:
    /// `defaults` hold for every file that it loads.
    explicit Runtime(LoadOptions defaults = {});
    ~Runtime();
    /// Takes over what the other holds; the other can then only be destroyed or assigned to.
    Runtime(Runtime&&) noexcept;
    /// As above.
    Runtime& operator=(Runtime&&) noexcept;

    /// LoadedModel::chat() on `file`.
    Result<EventStream> chat(const std::filesystem::path& file, const ChatRequest& request);

    /// LoadedModel::generate() on `file`.
    Result<EventStream> generate(const std::filesystem::path& file, GenerateRequest request);

    /// LoadedModel::embed() on `file`.
    Result<Embeddings> embed(const std::filesystem::path& file, const EmbedRequest& request);

    /// A lease on `file`, loaded with this runtime's options if it is not loaded yet.
    /// Errors:  those of LoadedModel::load(); a failed load is tried again by the next call.
    Result<LoadedModel> load(const std::filesystem::path& file);

    /// Forgets `file`; its memory is freed with the last lease. False where it was not loaded.
    bool unload(const std::filesystem::path& file);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace mullama
