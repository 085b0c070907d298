#include "api/base64.h"
#include "api/json.h"
#include "server/routes_rig.h"
#include "tests/support/images.h"
#include "tests/support/scratch_dir.h"
#include "tests/support/tiny_models.h"

#include <string>
#include <utility>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// Images in every dialect, on a tiny model with eyes.
namespace mullama::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kTemplate =
    "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}{% endfor %}<assistant>";

/// "eyes" has a projector, "blind" has none, and that of "broken" is damaged.
store::NamedFiles models() {
    static const test::ScratchDir folder;
    static const store::NamedFiles files = [] {
        const auto model = folder.path() / "model.gguf";
        const auto projector = folder.path() / "mmproj.gguf";
        const auto broken = folder.path() / "broken.gguf";
        test::TinyLlamaOptions options;
        options.chat_template = kTemplate;
        test::write_tiny_llama(model, 1, options);
        test::write_tiny_projector(projector, 2);
        test::write_tiny_projector(broken, 2, test::TinyProjectorKind::kGemma, 128);
        return store::NamedFiles{
            .models = {{"eyes", model}, {"blind", model}, {"broken", model}},
            .projectors = {{"eyes", projector}, {"broken", broken}},
        };
    }();
    return files;
}

std::string image(std::uint64_t seed) {
    return api::encode_base64(test::png_image(20, 20, seed));
}

class VisionRoutes : public ::testing::Test {
  protected:
    const FakeResponseWriter& post(const std::string& target, std::string body) {
        return rig_.answer("POST", target, std::move(body));
    }

    api::json::object json(const std::string& target, std::string body) {
        return rig_.json("POST", target, std::move(body)).as_object();
    }

    /// The number at a path of an answer, which counts the prompt's tokens.
    std::int64_t ollama_tokens(const std::string& images) {
        return json("/api/chat", ollama_chat("eyes", images))
            .at("prompt_eval_count")
            .to_number<std::int64_t>();
    }

    static std::string ollama_chat(const std::string& model, const std::string& images) {
        return fmt::format(
            R"({{"model": "{}", "stream": false, "options": {{"num_predict": 2, "seed": 1}},
                 "messages": [{{"role": "user", "content": "what?", "images": [{}]}}]}})",
            model,
            images
        );
    }

    static std::string quoted(std::uint64_t seed) { return '"' + image(seed) + '"'; }

    test::ScratchDir folder_;
    RoutesRig rig_{folder_.path(), models()};
};

TEST_F(VisionRoutes, ollamas_chat_takes_images) {
    const auto none = ollama_tokens("");
    const auto one = ollama_tokens(quoted(1));
    EXPECT_GE(one, none + 4);
    EXPECT_EQ(ollama_tokens(quoted(1) + "," + quoted(2)) - one, one - none);
}

TEST_F(VisionRoutes, ollamas_generate_takes_images) {
    for (const char* raw : {"false", "true"}) {
        const auto tokens = [&](const std::string& images) {
            const auto answer = json(
                "/api/generate",
                fmt::format(
                    R"({{"model": "eyes", "stream": false, "raw": {}, "prompt": "what?",
                     "images": [{}], "options": {{"num_predict": 2}}}})",
                    raw,
                    images
                )
            );
            return answer.at("prompt_eval_count").to_number<std::int64_t>();
        };
        EXPECT_GE(tokens(quoted(1)), tokens("") + 4);
    }
}

TEST_F(VisionRoutes, a_model_that_sees_has_room_for_images_whatever_the_context) {
    const auto status = [&](const std::string& model) {
        return post(
                   "/api/generate",
                   fmt::format(
                       R"({{"model": "{}", "stream": false, "raw": true, "truncate": false,
                            "prompt": "{}", "options": {{"num_predict": 2, "num_ctx": 64}}}})",
                       model,
                       std::string(200, 'q')
                   )
        )
            .status;
    };
    EXPECT_EQ(status("blind"), 400U);
    EXPECT_EQ(status("eyes"), 200U);
}

TEST_F(VisionRoutes, openais_chat_takes_image_urls) {
    const auto tokens = [&](const std::string& part) {
        const auto answer = json(
            "/v1/chat/completions",
            fmt::format(
                R"({{"model": "eyes", "max_tokens": 2, "messages": [{{"role": "user", "content": [
                 {}{{"type": "text", "text": "what?"}}]}}]}})",
                part
            )
        );
        return answer.at("usage").at("prompt_tokens").to_number<std::int64_t>();
    };
    const std::string part = fmt::format(
        R"({{"type": "image_url", "image_url": {{"url": "data:image/png;base64,{}"}}}},)", image(1)
    );
    EXPECT_GE(tokens(part), tokens("") + 4);
}

TEST_F(VisionRoutes, anthropics_messages_take_image_blocks) {
    const auto body = [&](const std::string& block) {
        return fmt::format(
            R"({{"model": "eyes", "max_tokens": 2, "messages": [{{"role": "user", "content": [
                 {}{{"type": "text", "text": "what?"}}]}}]}})",
            block
        );
    };
    const std::string block = fmt::format(
        R"({{"type": "image", "source": {{"type": "base64", "media_type": "image/png",
             "data": "{}"}}}},)",
        image(1)
    );
    const auto tokens = [&](const std::string& text) {
        const auto answer = json("/v1/messages", text);
        return answer.at("usage").at("input_tokens").to_number<std::int64_t>();
    };
    const auto counted = json("/v1/messages/count_tokens", body(block));
    EXPECT_GE(tokens(body(block)), tokens(body("")) + 4);
    EXPECT_EQ(counted.at("input_tokens").to_number<std::int64_t>(), tokens(body(block)));
}

TEST_F(VisionRoutes, a_bad_image_is_refused_and_harms_nothing) {
    const std::string no_image = '"' + api::encode_base64("hello") + '"';
    const std::string damaged =
        '"' + api::encode_base64(test::png_image(20, 20, 1).substr(0, 100)) + '"';
    const FakeResponseWriter& unknown = post("/api/chat", ollama_chat("eyes", no_image));
    EXPECT_EQ(unknown.status, 400U);
    EXPECT_THAT(unknown.body, HasSubstr("unknown format: send PNG, JPEG, GIF or BMP"));
    const FakeResponseWriter& broken = post("/api/chat", ollama_chat("eyes", damaged));
    EXPECT_EQ(broken.status, 400U);
    EXPECT_THAT(broken.body, HasSubstr("the image is damaged"));
    EXPECT_EQ(post("/api/chat", ollama_chat("eyes", quoted(1))).status, 200U);
}

TEST_F(VisionRoutes, a_model_without_a_projector_takes_no_images) {
    const FakeResponseWriter& chat = post("/api/chat", ollama_chat("blind", quoted(1)));
    EXPECT_EQ(chat.status, 400U);
    EXPECT_THAT(chat.body, HasSubstr("blind does not support vision"));
    const std::string raw = fmt::format(
        R"({{"model": "blind", "raw": true, "prompt": "a", "images": [{}]}})", quoted(1)
    );
    EXPECT_THAT(post("/api/generate", raw).body, HasSubstr("blind does not support vision"));
    EXPECT_EQ(post("/api/chat", ollama_chat("blind", "")).status, 200U);
}

TEST_F(VisionRoutes, a_projector_of_another_model_leaves_text) {
    EXPECT_EQ(post("/api/chat", ollama_chat("broken", "")).status, 200U);
    const FakeResponseWriter& chat = post("/api/chat", ollama_chat("broken", quoted(1)));
    EXPECT_EQ(chat.status, 400U);
    EXPECT_THAT(chat.body, HasSubstr("another model's"));
}

TEST_F(VisionRoutes, capabilities_tell_who_sees) {
    EXPECT_THAT(post("/api/show", R"({"model": "eyes"})").body, HasSubstr("\"vision\""));
    EXPECT_THAT(post("/api/show", R"({"model": "blind"})").body, Not(HasSubstr("\"vision\"")));
    const FakeResponseWriter& properties = rig_.answer("GET", "/props?model=eyes");
    EXPECT_THAT(properties.body, HasSubstr(R"("vision":true)"));
}

}  // namespace
}  // namespace mullama::server
