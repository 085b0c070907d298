#include "cli/serve_settings.h"

#include "tests/support/scratch_dir.h"

#include <cstdlib>
#include <fstream>
#include <map>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;

Result<ServeSettings> make(std::vector<GivenSetting> given) {
    return make_settings(given);
}

std::string problem(std::string name, std::string value) {
    const auto settings = make({{std::move(name), {std::move(value)}}});
    return settings ? "accepted" : settings.error().message;
}

TEST(ServeSettings, start_with_ollamas_defaults) {
    const auto settings = make({});
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->daemon.http.address, "127.0.0.1:11434");
    EXPECT_EQ(settings->daemon.pool.keep_alive, 5min);
    EXPECT_EQ(settings->daemon.load.engine.context_length, 4096);
    EXPECT_EQ(settings->daemon.load.engine.queue_max, 512);
    EXPECT_EQ(settings->daemon.load.engine.sequences_max, 4);
}

TEST(ServeSettings, reach_what_they_set) {
    const auto settings = make({
        {"host", {"0.0.0.0"}},
        {"model", {"a=/x.gguf", "b=/y.gguf"}},
        {"projector", {"a=/p.gguf"}},
        {"context_length", {"8192"}},
        {"num_parallel", {"2"}},
        {"memory", {"1.5GiB"}},
        {"keep_alive", {"-1"}},
        {"flash_attention", {"1"}},
        {"kv_cache_type", {"q8_0"}},
        {"prefix_cache", {"2MiB"}},
        {"snapshots", {"3GiB"}},
        {"origins", {"http://a,http://b"}},
        {"max_body", {"1MB"}},
        {"drain_time", {"1m"}},
    });
    ASSERT_TRUE(settings) << settings.error().message;
    EXPECT_EQ(settings->daemon.http.address, "0.0.0.0:11434");
    ASSERT_EQ(settings->files.models.size(), 2U);
    EXPECT_EQ(settings->files.models[1].name, "b");
    ASSERT_EQ(settings->files.projectors.size(), 1U);
    EXPECT_EQ(settings->files.projectors[0].file, "/p.gguf");
    EXPECT_EQ(settings->daemon.load.engine.context_length, 8192);
    EXPECT_EQ(settings->daemon.load.engine.sequences_max, 2);
    EXPECT_EQ(settings->daemon.pool.memory_bytes_max, 1610612736U);
    EXPECT_EQ(settings->daemon.pool.keep_alive, -1s);
    EXPECT_EQ(settings->daemon.load.engine.flash_attention, FlashAttention::kOn);
    EXPECT_EQ(settings->daemon.load.engine.value_type, CacheType::kQ8_0);
    EXPECT_EQ(settings->daemon.load.engine.prefix_cache_bytes, 2097152);
    EXPECT_EQ(settings->daemon.load.engine.snapshot_bytes, std::int64_t{3} << 30);
    EXPECT_THAT(settings->daemon.origins, ElementsAre("http://a", "http://b"));
    EXPECT_EQ(settings->daemon.http.limits.body_bytes_max, 1'000'000U);
    EXPECT_EQ(settings->drain_time, 60s);
}

TEST(ServeSettings, those_given_later_count) {
    const auto settings = make({{"num_parallel", {"2"}}, {"num_parallel", {"3"}}});
    EXPECT_EQ(settings->daemon.load.engine.sequences_max, 3);
}

TEST(ServeSettings, refuse_what_they_cannot_take) {
    EXPECT_EQ(
        problem("num_parallel", "many"),
        "invalid value 'many' for num_parallel: it takes a whole number from 0 to 255"
    );
    EXPECT_THAT(problem("memory", "8 apples"), HasSubstr("8GiB"));
    EXPECT_THAT(problem("keep_alive", "soon"), HasSubstr("time: invalid duration"));
    EXPECT_THAT(problem("flash_attention", "maybe"), HasSubstr("on, off or auto"));
    EXPECT_THAT(problem("kv_cache_type", "q9"), HasSubstr("q8_0"));
    EXPECT_THAT(problem("model", "x.gguf"), HasSubstr("NAME=FILE"));
    EXPECT_THAT(problem("host", "a:b"), HasSubstr("port"));
}

TEST(ServeSettings, come_from_the_environment) {
    ::setenv("OLLAMA_NUM_PARALLEL", "2", 1);
    ::setenv("OLLAMA_MAX_QUEUE", "7", 1);
    ::setenv("MULLAMA_MAX_QUEUE", "9", 1);
    const auto settings = make(settings_from_environment());
    for (const char* name : {"OLLAMA_NUM_PARALLEL", "OLLAMA_MAX_QUEUE", "MULLAMA_MAX_QUEUE"}) {
        ::unsetenv(name);
    }
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->daemon.load.engine.sequences_max, 2);
    EXPECT_EQ(settings->daemon.load.engine.queue_max, 9);
}

/// Variables of the environment for as long as it lives.
class Environment {
  public:
    explicit Environment(std::map<std::string, std::string> variables)
        : variables_(std::move(variables)) {
        for (const auto& [name, value] : variables_) ::setenv(name.c_str(), value.c_str(), 1);
    }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;
    ~Environment() {
        for (const auto& [name, value] : variables_) ::unsetenv(name.c_str());
    }

  private:
    std::map<std::string, std::string> variables_;
};

TEST(ServeSettings, lose_the_spaces_and_quotes_around_them_in_the_environment) {
    const Environment environment({
        {"OLLAMA_HOST", " \"0.0.0.0:99\"\n"},
        {"MULLAMA_NUM_PARALLEL", "'3'"},
        {"OLLAMA_MAX_QUEUE", "\"\""},
    });
    EXPECT_THAT(
        settings_from_environment(),
        ElementsAre(
            Field(&GivenSetting::values, ElementsAre("0.0.0.0:99")),
            Field(&GivenSetting::values, ElementsAre("3"))
        )
    );
}

TEST(ServeSettings, of_ollamas_variables_are_left_out_where_they_are_not_taken) {
    const Environment environment({
        {"OLLAMA_NUM_PARALLEL", "many"},
        {"OLLAMA_MAX_QUEUE", "7"},
        {"OLLAMA_FLASH_ATTENTION", "perhaps"},
        {"MULLAMA_FLASH_ATTENTION", "on"},
        {"MULLAMA_DEBUG", "loud"},
    });
    ::testing::internal::CaptureStderr();
    const std::vector<GivenSetting> given = settings_from_environment();
    EXPECT_EQ(
        ::testing::internal::GetCapturedStderr(),
        "warning: OLLAMA_NUM_PARALLEL=many is left out: it takes a whole number from 0 to 255\n"
    );
    EXPECT_THAT(
        given,
        ElementsAre(
            Field(&GivenSetting::name, "max_queue"),
            Field(&GivenSetting::name, "flash_attention"),
            Field(&GivenSetting::name, "debug")
        )
    );
    EXPECT_THAT(make(given).error().message, HasSubstr("invalid value 'loud' for debug"));
}

TEST(ServeSettings, switches_have_all_spellings_of_go) {
    for (const char* on : {"1", "t", "T", "TRUE", "true", "True", "on", "yes"}) {
        EXPECT_TRUE(make({{"log_requests", {on}}})->log_requests) << on;
    }
    for (const char* off : {"0", "f", "F", "FALSE", "false", "False", "off", "no"}) {
        EXPECT_FALSE(make({{"log_requests", {off}}})->log_requests) << off;
    }
    EXPECT_THAT(problem("log_requests", "oN"), HasSubstr("true or false"));
}

class InFile : public ::testing::Test {
  protected:
    Result<std::vector<GivenSetting>> read(std::string_view text) {
        std::ofstream(file_) << text;
        return settings_from_file(file_);
    }

    test::ScratchDir scratch_;
    const std::filesystem::path file_ = scratch_.path() / "config.toml";
};

TEST_F(InFile, keys_are_settings) {
    const auto given =
        read("host = \"0.0.0.0:99\"\nnum_parallel = 2 # two\nmodel = [\"a=b\", \"c=d\"]\n");
    ASSERT_TRUE(given) << given.error().message;
    const auto settings = make(*given);
    ASSERT_TRUE(settings) << settings.error().message;
    EXPECT_EQ(settings->daemon.http.address, "0.0.0.0:99");
    EXPECT_EQ(settings->daemon.load.engine.sequences_max, 2);
    EXPECT_EQ(settings->files.models.size(), 2U);
}

TEST_F(InFile, mistakes_are_told_with_their_place) {
    EXPECT_THAT(read("host = ").error().message, HasSubstr("config.toml, line 1"));
    EXPECT_THAT(read("hots = 1").error().message, HasSubstr("'hots' is no setting"));
    EXPECT_THAT(read("host = [\"a\"]").error().message, HasSubstr("host takes HOST:PORT"));
    EXPECT_THAT(read("[host]\na = 1").error().message, HasSubstr("host takes HOST:PORT"));
    EXPECT_EQ(settings_from_file(scratch_.path() / "none").error().code, ErrorCode::kNotFound);
}

TEST(ServeSettings, have_flags_and_variables) {
    for (const Setting& setting : serve_settings()) {
        EXPECT_FALSE(setting.help.empty()) << setting.name;
        EXPECT_EQ(setting.flag().find('_'), std::string::npos);
    }
    EXPECT_EQ(serve_settings()[1].flag(), "--model");
    EXPECT_EQ(serve_settings()[0].variable(), "MULLAMA_HOST");
}

}  // namespace
}  // namespace mullama::cli
