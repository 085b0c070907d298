#include "server/routes.h"

#include "api/json.h"
#include "base/sha256.h"
#include "server/routes_rig.h"
#include "tests/support/scratch_dir.h"
#include "tests/support/tiny_models.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::server {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kTemplate =
    "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}{% endfor %}<assistant>";

/// A decoder and a reranker with random weights.
std::vector<store::NamedFile> models() {
    static const test::ScratchDir folder;
    static const std::vector<store::NamedFile> files = [] {
        const auto tiny = folder.path() / "tiny.gguf";
        const auto reranker = folder.path() / "reranker.gguf";
        test::TinyLlamaOptions options;
        options.chat_template = kTemplate;
        test::write_tiny_llama(tiny, 1, options);
        test::write_tiny_bert(reranker, 2, test::TinyPooling::kRank);
        return std::vector<store::NamedFile>{{"tiny", tiny}, {"reranker", reranker}};
    }();
    return files;
}

void write(const std::filesystem::path& file, const std::string& text) {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
}

std::string read(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// A further field of a request: a list of adapters.
std::string with_lora(const std::string& list) {
    return R"(, "lora": [)" + list + "]";
}

/// Adds a model to a folder in Ollama's form: its weights, and a layer beside them.
void add_model(
    const std::filesystem::path& store,
    const std::string& name,
    const std::string& weights,
    std::string_view kind,
    const std::string& content
) {
    const auto layer = [&](std::string_view layer_kind, const std::string& bytes) {
        const std::string digest = sha256_hex(bytes);
        write(store / "blobs" / ("sha256-" + digest), bytes);
        return fmt::format(
            R"({{"mediaType":"application/vnd.ollama.image.{}","digest":"sha256:{}","size":{}}})",
            layer_kind,
            digest,
            bytes.size()
        );
    };
    write(
        store / "manifests" / "registry.ollama.ai" / "library" / name / "latest",
        fmt::format(
            R"({{"schemaVersion":2,"config":{{"mediaType":"x","digest":"sha256:{}","size":10}},)"
            R"("layers":[{},{}]}})",
            std::string(64, '0'),
            layer("model", weights),
            layer(kind, content)
        )
    );
}

class Routes : public ::testing::Test {
  protected:
    /// The body of an answer, the status of which is the one that is expected.
    api::json::value json(
        std::string method, const std::string& target, std::string body = "", unsigned status = 200
    ) {
        return rig_.json(std::move(method), target, std::move(body), status);
    }

    /// A GGUF file without a chat template.
    std::string tiny_weights() const {
        const auto file = folder_.path() / "plain.gguf";
        test::write_tiny_llama(file, 3);
        return read(file);
    }

    /// Of a model with another vocabulary.
    std::string other_weights() const {
        const auto file = folder_.path() / "other_vocab.gguf";
        test::write_tiny_llama(file, 3, {.vocab_file = test::vocab_path("gpt-2")});
        return read(file);
    }

    /// A greedy answer of eight tokens; `more` are further fields of the request.
    api::json::value ask(
        const std::string& model, const std::string& more = "", unsigned status = 200
    ) {
        return json(
            "POST",
            "/completion",
            R"({"prompt": "abc", "n_predict": 8, "temperature": 0, "ignore_eos": true,
                "return_tokens": true, "model": ")" +
                model + "\"" + more + "}",
            status
        );
    }

    api::json::value tokens_of(const std::string& model, const std::string& more = "") {
        return ask(model, more).at("tokens");
    }

    test::ScratchDir folder_;
    RoutesRig rig_{folder_.path(), {.models = models()}};
};

TEST_F(Routes, a_context_below_the_least_is_the_least) {
    const auto answer = json(
        "POST",
        "/api/generate",
        R"({"model": "tiny", "prompt": "a", "raw": true, "stream": false,
            "options": {"num_ctx": -5, "num_predict": 1}})"
    );
    EXPECT_EQ(answer.at("eval_count"), 1);
}

TEST_F(Routes, completion_tells_text_tokens_and_times) {
    const auto answer = json(
        "POST",
        "/completion",
        R"({"model": "tiny", "prompt": "abc", "n_predict": 4, "ignore_eos": true, "seed": 1,
            "return_tokens": true, "n_probs": 2})"
    );
    EXPECT_EQ(answer.at("tokens").as_array().size(), 4U);
    EXPECT_EQ(answer.at("completion_probabilities").as_array().size(), 4U);
    EXPECT_EQ(answer.at("stop_type"), "limit");
    EXPECT_EQ(answer.at("model"), "tiny");
    EXPECT_THAT(std::string(answer.at("prompt").as_string()), StartsWith("<s>"));
    EXPECT_EQ(answer.at("timings").at("predicted_n"), 4);
    EXPECT_EQ(answer.at("tokens_evaluated"), answer.at("timings").at("prompt_n"));
    EXPECT_EQ(answer.at("generation_settings").at("seed"), 1);
}

TEST_F(Routes, completion_of_several_prompts_is_a_list) {
    const auto answers = json(
        "POST",
        "/completions",
        R"({"model": "tiny", "prompt": ["a", [1, 5, "b"]], "n_predict": 1, "n_cmpl": 2,
            "response_fields": ["index", "generation_settings/seed"], "seed": 7})"
    );
    ASSERT_EQ(answers.as_array().size(), 4U);
    EXPECT_EQ(answers.at(3).at("index"), 3);
    EXPECT_EQ(answers.at(3).at("generation_settings/seed"), 8);
}

TEST_F(Routes, completion_streams_events_and_progress) {
    const FakeResponseWriter& writer = rig_.answer(
        "POST",
        "/completion",
        R"({"model": "tiny", "prompt": "abc", "n_predict": 2, "ignore_eos": true, "stream": true,
            "return_progress": true, "sse_ping_interval": 7})"
    );
    EXPECT_EQ(writer.content_type, "text/event-stream");
    EXPECT_THAT(writer.body, StartsWith("data: {\"index\":0,\"content\":\"\""));
    EXPECT_THAT(writer.body, HasSubstr("\"prompt_progress\":{\"total\":"));
    EXPECT_THAT(writer.body, HasSubstr("\"stop\":true"));
    EXPECT_THAT(writer.body, Not(HasSubstr("[DONE]")));
    ASSERT_TRUE(writer.pings);
    EXPECT_EQ(writer.pings->interval, std::chrono::seconds(7));
}

TEST_F(Routes, completion_follows_a_schema) {
    const auto answer = json(
        "POST",
        "/completion",
        R"({"model": "tiny", "prompt": "a", "n_predict": 20,
            "json_schema": {"enum": ["yes", "no"]}})"
    );
    EXPECT_THAT(std::string(answer.at("content").as_string()), testing::AnyOf("\"yes\"", "\"no\""));
    EXPECT_EQ(answer.at("stop_type"), "eos");
}

TEST_F(Routes, without_a_name_the_loaded_model_answers) {
    json("POST", "/tokenize", R"({"model": "tiny", "content": "a"})");
    const auto answer = json("POST", "/completion", R"({"prompt": "a", "n_predict": 0})");
    EXPECT_EQ(answer.at("model"), "tiny:latest");
    EXPECT_EQ(json("POST", "/api/show", "{}", 400).at("error"), "model is required");
}

TEST_F(Routes, llama_servers_errors_have_its_shape) {
    const auto unknown = json("POST", "/completion", R"({"model": "none", "prompt": "a"})", 404);
    EXPECT_EQ(unknown.at("error").at("code"), 404);
    EXPECT_EQ(unknown.at("error").at("type"), "not_found_error");
    const auto infill = json(
        "POST", "/infill", R"({"model": "tiny", "input_prefix": "a", "input_suffix": "b"})", 501
    );
    EXPECT_EQ(infill.at("error").at("type"), "not_supported_error");
    const auto sampler =
        json("POST", "/completion", R"({"model": "tiny", "prompt": "a", "mirostat_tau": -1})", 400);
    EXPECT_THAT(std::string(sampler.at("error").at("message").as_string()), HasSubstr("tau is -1"));
    for (const char* path : {"/props", "/slots/0"}) {
        json("POST", path, "{}", 501);
    }
    EXPECT_EQ(json("GET", "/lora-adapters").as_array().size(), 0U);
}

TEST_F(Routes, properties_and_slots_tell_of_models_without_loading_them) {
    EXPECT_EQ(json("GET", "/slots").as_array().size(), 0U);
    const auto asleep = json("GET", "/props?model=tiny");
    EXPECT_EQ(asleep.at("is_sleeping"), true);
    EXPECT_EQ(asleep.at("chat_template"), kTemplate);
    EXPECT_EQ(asleep.at("bos_token"), "<s>");
    EXPECT_EQ(asleep.at("total_slots"), 4);
    json("POST", "/tokenize", R"({"model": "tiny", "content": "a"})");
    EXPECT_EQ(json("GET", "/props").at("is_sleeping"), false);
    EXPECT_EQ(json("GET", "/props").at("default_generation_settings").at("n_ctx"), 256);
    const auto slots = json("GET", "/slots?fail_on_no_slot=1");
    EXPECT_EQ(slots.as_array().size(), 4U);
    EXPECT_EQ(slots.at(0).at("speculative"), true);
    EXPECT_EQ(json("GET", "/slots?model=other").as_array().size(), 0U);
}

TEST_F(Routes, embedding_has_llama_servers_shape) {
    const auto rows = json("POST", "/embedding", R"({"model": "tiny", "content": ["a", "b"]})");
    ASSERT_EQ(rows.as_array().size(), 2U);
    EXPECT_EQ(rows.at(1).at("index"), 1);
    EXPECT_EQ(rows.at(1).at("embedding").at(0).as_array().size(), 64U);
}

TEST_F(Routes, tokens_and_text_turn_into_each_other) {
    const auto tokens = json("POST", "/tokenize", R"({"model": "tiny", "content": "abc"})");
    const std::string list = api::to_text(tokens.at("tokens"));
    const auto text = json("POST", "/detokenize", R"({"model": "tiny", "tokens": )" + list + "}");
    EXPECT_THAT(std::string(text.at("content").as_string()), HasSubstr("abc"));
    const auto pieces = json(
        "POST",
        "/tokenize",
        R"({"model": "tiny", "text": "abc", "with_pieces": true, "add_special": true})"
    );
    EXPECT_EQ(pieces.at("tokens").at(0).at("piece"), "<s>");
    json("POST", "/detokenize", R"({"model": "tiny", "tokens": [99999]})", 400);
}

TEST_F(Routes, a_conversation_is_rendered_and_counted) {
    const std::string body =
        R"({"model": "tiny", "messages": [{"role": "user", "content": "abc"}]})";
    EXPECT_EQ(json("POST", "/apply-template", body).at("prompt"), "<user>abc<assistant>");
    EXPECT_GT(
        json("POST", "/v1/chat/completions/input_tokens", body).at("input_tokens").as_int64(), 3
    );
}

TEST_F(Routes, documents_are_ranked_by_a_model_for_that) {
    const auto ranked = json(
        "POST",
        "/v1/rerank",
        R"({"model": "reranker", "query": "a cat", "documents": ["a dog", {"text": "the sea"}],
            "top_n": 1, "return_documents": true})"
    );
    ASSERT_EQ(ranked.at("results").as_array().size(), 1U);
    EXPECT_TRUE(ranked.at("results").at(0).at("document").as_object().contains("text"));
    EXPECT_GT(ranked.at("usage").at("total_tokens").as_int64(), 5);
    const auto texts =
        json("POST", "/rerank", R"({"model": "reranker", "query": "q", "texts": ["a", "b"]})");
    EXPECT_GE(
        texts.at(0).at("score").to_number<double>(), texts.at(1).at("score").to_number<double>()
    );
    const auto unfit =
        json("POST", "/v1/rerank", R"({"model": "tiny", "query": "q", "documents": ["a"]})", 400);
    EXPECT_THAT(
        std::string(unfit.at("error").at("message").as_string()), HasSubstr("has no classifier")
    );
}

TEST_F(Routes, health_is_told_until_the_server_stops) {
    EXPECT_EQ(json("GET", "/health").at("status"), "ok");
    EXPECT_EQ(json("GET", "/v1/health").at("status"), "ok");
    EXPECT_EQ(json("GET", "/ready").at("status"), "ready");
    rig_.service.draining = true;
    json("GET", "/ready", "", 503);
    EXPECT_EQ(json("GET", "/health").at("status"), "ok");
}

TEST_F(Routes, generate_does_not_leave_out_a_template_that_it_cannot_read) {
    const std::string weights = tiny_weights();
    const auto store = folder_.path() / "models";
    add_model(store, "plain", weights, "template", "{{ .Prompt }}\n");
    add_model(store, "go", weights, "template", "[INST] {{ .Prompt }} [/INST]");
    const std::string rest = R"("prompt": "abc", "stream": false, "options": {"num_predict": 1}})";
    json("POST", "/api/generate", R"({"model": "plain", )" + rest);
    json("POST", "/api/generate", R"({"model": "go", "raw": true, )" + rest);
    const auto refused = json("POST", "/api/generate", R"({"model": "go", )" + rest, 400);
    EXPECT_THAT(std::string(refused.at("error").as_string()), HasSubstr("Go's template language"));
}

TEST_F(Routes, a_model_answers_with_its_adapter) {
    const std::string weights = tiny_weights();
    const auto lora = folder_.path() / "lora.gguf";
    test::write_random_lora(lora, folder_.path() / "plain.gguf", 4, 7, 64.0F);
    const auto store = folder_.path() / "models";
    add_model(store, "plain", weights, "system", "");
    add_model(store, "tuned", weights, "adapter", read(lora));
    add_model(store, "broken", weights, "adapter", "no GGUF file");
    EXPECT_NE(tokens_of("plain"), tokens_of("tuned"));
    EXPECT_EQ(tokens_of("tuned"), tokens_of("tuned"));
    EXPECT_EQ(tokens_of("tuned", with_lora(R"({"id": 0, "scale": 0})")), tokens_of("plain"));
    EXPECT_EQ(tokens_of("tuned", with_lora(R"({"id": 0, "scale": 1})")), tokens_of("tuned"));
    EXPECT_NE(tokens_of("tuned", with_lora(R"({"id": 0, "scale": -1})")), tokens_of("tuned"));
    const auto unknown = json(
        "POST", "/completion", R"({"model": "tuned", "prompt": "a", "lora": [{"id": 1}]})", 400
    );
    EXPECT_THAT(
        std::string(unknown.at("error").at("message").as_string()),
        HasSubstr("there is no adapter 1: the model has 1, counted from 0")
    );
    const auto shown = json("POST", "/api/show", R"({"model": "tuned"})");
    EXPECT_THAT(std::string(shown.at("modelfile").as_string()), HasSubstr("\nADAPTER /"));
    json("POST", "/completion", R"({"model": "broken", "prompt": "a"})", 500);
}

TEST_F(Routes, a_draft_model_comes_with_the_model_or_with_a_request) {
    const std::string weights = tiny_weights();
    const auto store = folder_.path() / "models";
    add_model(store, "small", weights, "system", "");
    add_model(store, "drafted", weights, "draft", weights);
    add_model(store, "lost", weights, "draft", "of a kind that cannot be loaded");
    add_model(store, "other", other_weights(), "system", "");
    const auto text = ask("small", "", 200).at("content");
    EXPECT_EQ(ask("drafted", "", 200).at("content"), text);
    EXPECT_EQ(ask("drafted", R"(, "draft_model": "")", 200).at("content"), text);
    EXPECT_EQ(ask("lost", "", 200).at("content"), text);
    EXPECT_EQ(ask("small", R"(, "draft_model": "drafted")", 200).at("content"), text);
    const auto message = [&](const std::string& draft, unsigned status) {
        const auto refused = ask("small", R"(, "draft_model": ")" + draft + "\"", status);
        return std::string(refused.at("error").at("message").as_string());
    };
    EXPECT_THAT(message("other", 400), HasSubstr("another vocabulary"));
    EXPECT_THAT(message("none", 404), HasSubstr("model 'none' not found"));
    const auto shown = json("POST", "/api/show", R"({"model": "drafted"})");
    EXPECT_THAT(std::string(shown.at("modelfile").as_string()), HasSubstr("\nDRAFT /"));
}

TEST_F(Routes, metrics_count_what_was_asked) {
    json(
        "POST",
        "/completion",
        R"({"model": "tiny", "prompt": "abc", "n_predict": 3, "ignore_eos": true})"
    );
    const FakeResponseWriter& writer = rig_.answer("GET", "/metrics");
    EXPECT_THAT(writer.content_type, StartsWith("text/plain; version=0.0.4"));
    for (const char* line :
         {"mullama_generated_tokens_total{model=\"tiny:latest\"} 3\n",
          "mullama_time_to_first_token_seconds_count{model=\"tiny:latest\"} 1\n",
          "mullama_inter_token_latency_seconds_count{model=\"tiny:latest\"} 2\n",
          "mullama_queue_wait_seconds_count{model=\"tiny:latest\"} 1\n",
          "mullama_answers_total{model=\"tiny:latest\",reason=\"length\"} 1\n",
          "mullama_requests_running{model=\"tiny:latest\"} 0\n",
          "mullama_kv_cells_total{model=\"tiny:latest\"} 1024\n",
          "mullama_models_loaded 1\n"}) {
        EXPECT_THAT(writer.body, HasSubstr(line));
    }
}

TEST_F(Routes, scores_of_documents_are_from_0_to_1_unless_asked_for_as_they_are) {
    const std::string body = R"({"model": "reranker", "query": "a cat", "documents": ["a dog"])";
    const auto score = [&](const std::string& more) {
        const auto ranked = json("POST", "/v2/rerank", body + more + "}");
        return ranked.at("results").at(0).at("relevance_score").to_number<double>();
    };
    const double raw = score(R"(, "raw_scores": true)");
    EXPECT_NEAR(score(""), 1.0 / (1.0 + std::exp(-raw)), 1e-5);
}

TEST_F(Routes, tokens_of_a_response_are_counted_before_it_is_made) {
    const auto counted = json(
        "POST",
        "/v1/responses/input_tokens",
        R"({"model": "tiny", "instructions": "be kind", "input": "abc"})"
    );
    EXPECT_EQ(counted.at("object"), "response.input_tokens");
    const auto talk = json(
        "POST",
        "/v1/chat/completions/input_tokens",
        R"({"model": "tiny", "messages": [{"role": "system", "content": "be kind"},
            {"role": "user", "content": "abc"}]})"
    );
    EXPECT_EQ(counted.at("input_tokens"), talk.at("input_tokens"));
    const auto lost = json(
        "POST",
        "/v1/responses/input_tokens",
        R"({"model": "tiny", "input": "abc", "previous_response_id": "resp_x"})",
        400
    );
    EXPECT_EQ(lost.at("error").at("code"), "previous_response_not_found");
}

TEST_F(Routes, too_long_a_prompt_is_told_as_each_dialect_does) {
    const std::string text(2000, 'a');
    const auto completion = json(
        "POST",
        "/v1/completions",
        R"({"model": "tiny", "max_tokens": 1, "prompt": ")" + text + "\"}",
        400
    );
    EXPECT_EQ(completion.at("error").at("code"), "context_length_exceeded");
    const std::string chat =
        R"({"model": "tiny", "max_tokens": 1, "messages": [{"role": "user", "content": ")" + text +
        "\"}]}";
    const auto answer = json("POST", "/v1/chat/completions", chat, 400);
    EXPECT_EQ(answer.at("error").at("code"), "context_length_exceeded");
    const auto message = json("POST", "/v1/messages", chat, 400);
    EXPECT_THAT(
        std::string(message.at("error").at("message").as_string()),
        StartsWith("prompt is too long: ")
    );
}

TEST_F(Routes, a_completion_without_a_prompt_begins_at_the_beginning) {
    const auto answer = json("POST", "/v1/completions", R"({"model": "tiny", "max_tokens": 1})");
    EXPECT_EQ(answer.at("usage").at("prompt_tokens"), 1);
}

TEST_F(Routes, a_response_tells_the_sampling_that_holds_for_it) {
    const auto store = folder_.path() / "models";
    const auto file = folder_.path() / "talks.gguf";
    test::TinyLlamaOptions options;
    options.chat_template = kTemplate;
    test::write_tiny_llama(file, 1, options);
    add_model(store, "talks", read(file), "params", R"({"temperature": 0.25, "top_p": 0.5})");
    const auto answer = json(
        "POST",
        "/v1/responses",
        R"({"model": "talks", "input": "a", "max_output_tokens": 1, "top_p": 0.75})"
    );
    EXPECT_EQ(answer.at("temperature"), 0.25);
    EXPECT_EQ(answer.at("top_p"), 0.75);
}

TEST_F(Routes, variables_reach_the_template) {
    const auto store = folder_.path() / "models";
    const auto file = folder_.path() / "custom.gguf";
    test::TinyLlamaOptions options;
    options.chat_template =
        "{{ tone }}{% if enable_thinking %}!{% endif %}" + std::string(kTemplate);
    test::write_tiny_llama(file, 1, options);
    add_model(store, "custom", read(file), "system", "");
    const auto prompt = [&](const std::string& variables) {
        const auto answer = json(
            "POST",
            "/apply-template",
            R"({"model": "custom", "messages": [{"role": "user", "content": "a"}],
                "chat_template_kwargs": )" +
                variables + "}"
        );
        return std::string(answer.at("prompt").as_string());
    };
    EXPECT_EQ(prompt(R"({"tone": "kind"})"), "kind!<user>a<assistant>");
    EXPECT_EQ(prompt(R"({"tone": 5, "enable_thinking": false})"), "5<user>a<assistant>");
}

TEST_F(Routes, a_model_answers_with_the_adapters_of_another_on_the_same_weights) {
    const std::string weights = tiny_weights();
    const auto store = folder_.path() / "models";
    for (const unsigned seed : {7U, 8U}) {
        const auto lora = folder_.path() / "lora.gguf";
        test::write_random_lora(lora, folder_.path() / "plain.gguf", 4, seed, 64.0F);
        add_model(store, "tuned" + std::to_string(seed), weights, "adapter", read(lora));
    }
    add_model(store, "plain", weights, "system", "");
    add_model(store, "broken", weights, "adapter", "no GGUF file");
    const auto plain = tokens_of("plain");
    EXPECT_EQ(tokens_of("plain", with_lora(R"({"name": "tuned7"})")), tokens_of("tuned7"));
    EXPECT_EQ(
        tokens_of("plain", with_lora(R"({"name": "tuned8", "scale": 1})")), tokens_of("tuned8")
    );
    EXPECT_EQ(tokens_of("plain", with_lora(R"({"name": "tuned7", "scale": 0})")), plain);
    EXPECT_EQ(tokens_of("plain"), plain);
    EXPECT_EQ(tokens_of("tuned7", with_lora(R"({"name": "tuned7"})")), tokens_of("tuned7"));
    EXPECT_EQ(tokens_of("tuned7", with_lora(R"({"name": "tuned8"})")), tokens_of("tuned8"));
    EXPECT_EQ(
        tokens_of("tuned7", with_lora(R"({"name": "tuned8"}, {"id": 0, "scale": 1})")),
        tokens_of("tuned8", with_lora(R"({"name": "tuned7"}, {"id": 0, "scale": 1})"))
    );
    const auto message = [&](const std::string& lora, unsigned status) {
        const auto refused = ask("plain", with_lora(lora), status);
        return std::string(refused.at("error").at("message").as_string());
    };
    EXPECT_THAT(message(R"({"name": "plain"})", 400), HasSubstr("has no adapter for 'plain"));
    EXPECT_THAT(message(R"({"name": "tiny"})", 400), HasSubstr("has no adapter for 'plain"));
    EXPECT_THAT(message(R"({"name": "none"})", 404), HasSubstr("'none' not found"));
    ask("plain", with_lora(R"({"name": "broken"})"), 500);
    EXPECT_EQ(tokens_of("plain"), plain);
    EXPECT_EQ(tokens_of("plain", with_lora(R"({"name": "tuned7"})")), tokens_of("tuned7"));
}

TEST_F(Routes, a_control_vector_is_an_adapter_too) {
    const std::string weights = tiny_weights();
    const auto vector = folder_.path() / "vector.gguf";
    test::write_control_vector(vector, 2, 64, 9);
    const auto store = folder_.path() / "models";
    add_model(store, "plain", weights, "system", "");
    add_model(store, "steered", weights, "adapter", read(vector));
    const auto plain = tokens_of("plain");
    const auto steered = tokens_of("steered", with_lora(R"({"id": 0, "scale": 9})"));
    EXPECT_NE(steered, plain);
    EXPECT_EQ(tokens_of("steered", with_lora(R"({"id": 0, "scale": 0})")), plain);
    EXPECT_EQ(tokens_of("plain", with_lora(R"({"name": "steered", "scale": 9})")), steered);
}

TEST_F(Routes, adapters_can_be_set_for_all_requests_that_say_nothing) {
    const std::string weights = tiny_weights();
    const auto lora = folder_.path() / "lora.gguf";
    test::write_random_lora(lora, folder_.path() / "plain.gguf", 4, 7, 64.0F);
    const auto store = folder_.path() / "models";
    add_model(store, "plain", weights, "system", "");
    add_model(store, "tuned", weights, "adapter", read(lora));
    const auto set = [&](const std::string& scales, unsigned status = 200) {
        return json("POST", "/lora-adapters?model=tuned", scales, status);
    };
    const auto tuned = tokens_of("tuned");
    EXPECT_EQ(set(R"([{"id": 0, "scale": 0}])").at("success"), true);
    EXPECT_EQ(tokens_of("tuned"), tokens_of("plain"));
    EXPECT_EQ(tokens_of("tuned", with_lora(R"({"id": 0, "scale": 1})")), tuned);
    set(R"([{"id": 0, "scale": 0.5}])");
    const auto told = json("GET", "/lora-adapters?model=tuned");
    EXPECT_EQ(told.at(0).at("scale").to_number<double>(), 0.5);
    set("[]");
    EXPECT_EQ(json("GET", "/lora-adapters?model=tuned").at(0).at("scale").to_number<double>(), 0.0);
    set(R"([{"id": 0, "scale": 1}])");
    EXPECT_EQ(tokens_of("tuned"), tuned);
    const auto refused = set(R"([{"id": 1, "scale": 1}])", 400);
    EXPECT_THAT(
        std::string(refused.at("error").at("message").as_string()),
        HasSubstr("there is no adapter 1: the model has 1")
    );
    set("7", 400);
    json("POST", "/lora-adapters?model=none", "[]", 404);
}

TEST_F(Routes, adapters_are_told_by_the_names_of_their_files) {
    const auto lora = folder_.path() / "lora.gguf";
    const std::string weights = tiny_weights();
    test::write_random_lora(lora, folder_.path() / "plain.gguf", 4, 7, 64.0F);
    add_model(folder_.path() / "models", "tuned", weights, "adapter", read(lora));
    const auto told = json("GET", "/lora-adapters?model=tuned");
    ASSERT_EQ(told.as_array().size(), 1U);
    EXPECT_EQ(told.at(0).at("id"), 0);
    EXPECT_EQ(std::string(told.at(0).at("path").as_string()), "sha256-" + sha256_hex(read(lora)));
    EXPECT_EQ(told.at(0).at("scale").to_number<double>(), 1.0);
    json("POST", "/completion", R"({"model": "tuned", "prompt": "a", "n_predict": 0})");
    EXPECT_EQ(json("GET", "/lora-adapters"), told);
    EXPECT_EQ(json("GET", "/lora-adapters?model=tiny").as_array().size(), 0U);
    json("GET", "/lora-adapters?model=none", "", 404);
}

TEST_F(Routes, a_bias_of_a_text_is_one_of_each_of_its_tokens) {
    const auto answer_of = [&](const std::string& biases) {
        return json(
                   "POST",
                   "/completion",
                   R"({"model": "tiny", "prompt": "a", "n_predict": 4, "temperature": 0,
                       "ignore_eos": true, "logit_bias": )" +
                       biases + "}"
        )
            .at("content");
    };
    api::json::array pairs;
    const auto tokenized = json("POST", "/tokenize", R"({"model": "tiny", "content": "abc"})");
    for (const api::json::value& token : tokenized.at("tokens").as_array()) {
        pairs.push_back(api::json::array{token, 1000});
    }
    EXPECT_EQ(answer_of(R"({"abc": 1000})"), answer_of(api::to_text(pairs)));
    EXPECT_EQ(answer_of(R"([["abc", 1000]])"), answer_of(api::to_text(pairs)));
    EXPECT_NE(answer_of(R"({"abc": 1000})"), answer_of(R"({"abc": -1000})"));
}

TEST_F(Routes, numbers_out_of_their_range_are_not_refused_where_the_dialect_takes_them) {
    json(
        "POST",
        "/api/generate",
        R"({"model": "tiny", "prompt": "a", "raw": true, "stream": false, "presence_penalty": 0.5,
            "options": {"num_predict": 1, "seed": -2, "top_k": -1, "top_p": 1.5, "min_p": -1,
                        "temperature": -1, "repeat_penalty": 0, "repeat_last_n": -7}})"
    );
    json(
        "POST",
        "/completion",
        R"({"model": "tiny", "prompt": "a", "n_predict": 1, "temperature": -1, "top_p": 7,
            "samplers": ["top-k", "new", "infill"]})"
    );
    json(
        "POST",
        "/v1/chat/completions",
        R"({"model": "tiny", "messages": [{"role": "user", "content": "a"}], "max_tokens": 1,
            "top_p": 7})",
        400
    );
}

}  // namespace
}  // namespace mullama::server
