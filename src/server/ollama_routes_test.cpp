#include "api/base64.h"
#include "api/json.h"
#include "server/routes_rig.h"
#include "tests/support/images.h"
#include "tests/support/scratch_dir.h"
#include "tests/support/tiny_models.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace mullama::server {
namespace {

constexpr const char* kTemplate =
    "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}{% endfor %}<assistant>";
constexpr const char* kLongText = "why is the sky blue and not green?";

/// An embedding model whose vectors are no numbers.
void write_overflowing_bert(const std::filesystem::path& path) {
    test::write_tiny_bert(path, 3);
    const std::string no_numbers(32, '\xFF');
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(-static_cast<std::streamoff>(no_numbers.size()), std::ios::end);
    file << no_numbers;
}

store::NamedFiles models() {
    static const test::ScratchDir folder;
    static const store::NamedFiles files = [] {
        const auto eyes = folder.path() / "eyes.gguf";
        const auto projector = folder.path() / "mmproj.gguf";
        const auto embedder = folder.path() / "embedder.gguf";
        const auto broken = folder.path() / "broken.gguf";
        test::TinyLlamaOptions options;
        options.chat_template = kTemplate;
        test::write_tiny_llama(eyes, 1, options);
        test::write_tiny_projector(projector, 2);
        test::write_tiny_bert(embedder, 3);
        write_overflowing_bert(broken);
        return store::NamedFiles{
            .models = {{"eyes", eyes}, {"embedder", embedder}, {"broken", broken}},
            .projectors = {{"eyes", projector}},
        };
    }();
    return files;
}

class OllamaRoutes : public ::testing::Test {
  protected:
    /// The body of an answer, the status of which is the one that is expected.
    api::json::value json(
        std::string method, const std::string& target, std::string body = "", unsigned status = 200
    ) {
        return rig_.json(std::move(method), target, std::move(body), status);
    }

    /// What a call is refused with, as 400.
    std::string refusal(const std::string& target, std::string body) {
        const auto answer = json("POST", target, std::move(body), 400);
        return std::string(answer.at("error").as_string());
    }

    /// The body of a call that embeds `input`.
    static std::string embed(std::string_view input, std::string_view rest = "") {
        return fmt::format(R"({{"model": "embedder", "input": "{}"{}}})", input, rest);
    }

    /// How many values a vector has.
    std::size_t values(std::string_view rest) {
        const auto answer = json("POST", "/api/embed", embed("hi", rest));
        return answer.at("embeddings").at(0).as_array().size();
    }

    test::ScratchDir folder_;
    RoutesRig rig_{folder_.path(), models()};
};

TEST_F(OllamaRoutes, an_embedding_model_is_not_loaded_to_answer) {
    const std::string body = R"({"model": "embedder"})";
    EXPECT_EQ(refusal("/api/generate", body), "\"embedder\" does not support generate");
    EXPECT_EQ(refusal("/api/chat", body), "\"embedder\" does not support chat");
    EXPECT_EQ(json("GET", "/api/ps").at("models").as_array().size(), 0U);
    json("POST", "/api/embed", embed(""));
    EXPECT_EQ(json("GET", "/api/ps").at("models").as_array().size(), 1U);
    const auto unloaded =
        json("POST", "/api/generate", R"({"model": "embedder", "keep_alive": 0})");
    EXPECT_EQ(unloaded.at("done_reason"), "unload");
    EXPECT_EQ(json("GET", "/api/ps").at("models").as_array().size(), 0U);
}

TEST_F(OllamaRoutes, ps_tells_the_context_of_a_model_that_only_embeds) {
    json("POST", "/api/embed", embed("hi"));
    EXPECT_EQ(json("GET", "/api/ps").at("models").at(0).at("context_length"), 512);
}

TEST_F(OllamaRoutes, a_rendered_prompt_comes_with_the_number_of_its_images) {
    const std::string image = '"' + api::encode_base64(test::png_image(20, 20, 1)) + '"';
    const auto chat = json(
        "POST",
        "/api/chat",
        fmt::format(
            R"({{"model": "eyes", "_debug_render_only": true, "messages": [
                 {{"role": "user", "content": "a", "images": [{0}]}},
                 {{"role": "user", "content": "b", "images": [{0}, {0}]}}]}})",
            image
        )
    );
    EXPECT_EQ(chat.at("_debug_info").at("image_count"), 3);
    EXPECT_EQ(
        chat.at("_debug_info").at("rendered_template"),
        "<user>[img-0]a<user>[img-1][img-2]b<assistant>"
    );
    const auto generate = json(
        "POST",
        "/api/generate",
        fmt::format(
            R"({{"model": "eyes", "_debug_render_only": true, "prompt": "a", "raw": true,
                 "images": [{}]}})",
            image
        )
    );
    EXPECT_EQ(generate.at("_debug_info").at("image_count"), 1);
    EXPECT_EQ(generate.at("_debug_info").at("rendered_template"), "[img-0]a");
}

TEST_F(OllamaRoutes, dimensions_that_vectors_do_not_have_are_ignored) {
    EXPECT_EQ(values(""), 32U);
    EXPECT_EQ(values(R"(, "dimensions": 8)"), 8U);
    EXPECT_EQ(values(R"(, "dimensions": 32)"), 32U);
    EXPECT_EQ(values(R"(, "dimensions": 1000)"), 32U);
    EXPECT_EQ(values(R"(, "dimensions": -1)"), 32U);
}

TEST_F(OllamaRoutes, a_tiny_context_refuses_long_texts_to_embed) {
    for (const char* none : {"0", "-5"}) {
        const std::string options = fmt::format(R"(, "options": {{"num_ctx": {}}})", none);
        EXPECT_EQ(
            refusal("/api/embed", embed(kLongText, options)),
            "input exceeds maximum context length and cannot be truncated further"
        );
        json("POST", "/api/embed", embed("hi", options));
    }
    EXPECT_EQ(
        refusal("/api/embed", embed(kLongText, R"(, "options": {"num_ctx": 2})")),
        "input after truncation exceeds maximum context length"
    );
    EXPECT_EQ(
        refusal(
            "/api/embed", embed(kLongText, R"(, "truncate": false, "options": {"num_ctx": 0})")
        ),
        "the input length exceeds the context length"
    );
    json("POST", "/api/embed", embed(kLongText, R"(, "options": {"num_ctx": 3})"));
    json("POST", "/api/embed", embed(kLongText, R"(, "options": {"num_ctx": 8})"));
}

TEST_F(OllamaRoutes, a_text_whose_vector_overflows_is_refused) {
    const std::string problem = "embedding contains NaN or Inf values";
    EXPECT_EQ(refusal("/api/embed", R"({"model": "broken", "input": "hi"})"), problem);
    EXPECT_EQ(refusal("/api/embeddings", R"({"model": "broken", "prompt": "hi"})"), problem);
}

TEST_F(OllamaRoutes, show_tells_of_the_projector) {
    const auto shown = json("POST", "/api/show", R"({"model": "", "name": "eyes"})");
    EXPECT_EQ(shown.at("projector_info").at("general.architecture"), "clip");
    EXPECT_GT(shown.at("model_info").at("general.parameter_count").as_int64(), 1000);
}

}  // namespace
}  // namespace mullama::server
