#include "store/modelfile.h"

#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<ModelfileCommand> parse(std::string_view text) {
    auto commands = parse_modelfile(text);
    EXPECT_TRUE(commands) << text << ": " << commands.error().message;
    return commands.value_or(std::vector<ModelfileCommand>());
}

std::string error_of(std::string_view text) {
    const auto commands = parse_modelfile(text);
    return commands ? "" : commands.error().message;
}

TEST(Modelfile, has_a_command_in_each_line) {
    const auto commands = parse(
        "# A pirate\n"
        "FROM smollm2:135m\n"
        "\n"
        "parameter temperature 0.5\r\n"
        "PARAMETER stop \"<end>\"\n"
        "  SYSTEM You are a pirate.  # not a comment  \n"
        "MESSAGE user Hello?\n"
        "MESSAGE assistant \"Arr.\""
    );
    EXPECT_THAT(
        commands,
        ElementsAre(
            ModelfileCommand{"from", "", "smollm2:135m", 2},
            ModelfileCommand{"parameter", "temperature", "0.5", 4},
            ModelfileCommand{"parameter", "stop", "<end>", 5},
            ModelfileCommand{"system", "", "You are a pirate.  # not a comment", 6},
            ModelfileCommand{"message", "user", "Hello?", 7},
            ModelfileCommand{"message", "assistant", "Arr.", 8}
        )
    );
}

TEST(Modelfile, quotes_keep_lines_and_spaces) {
    const auto commands = parse(
        "FROM x\n"
        "SYSTEM \"\"\"\n"
        "# Say \"yes\".\n"
        "  And \"\"no\"\".\n"
        "\"\"\"\n"
        "LICENSE \"one\n"
        "two\"\n"
        "MESSAGE user \"say \"hi\" now\"\n"
        "ADAPTER \"\"\n"
    );
    EXPECT_THAT(
        commands,
        ElementsAre(
            ModelfileCommand{"from", "", "x", 1},
            ModelfileCommand{"system", "", "\n# Say \"yes\".\n  And \"\"no\"\".\n", 2},
            ModelfileCommand{"license", "", "one\ntwo", 6},
            ModelfileCommand{"message", "user", "say \"hi\" now", 8},
            ModelfileCommand{"adapter", "", "", 9}
        )
    );
}

TEST(Modelfile, may_be_marked_as_unicode) {
    const ModelfileCommand from{"from", "", "caf\xC3\xA9\xF0\x9F\x98\x80", 1};
    EXPECT_THAT(
        parse("\xEF\xBB\xBF"
              "FROM caf\xC3\xA9\xF0\x9F\x98\x80"),
        ElementsAre(from)
    );
    std::string little = "\xFF\xFE";
    std::string big = "\xFE\xFF";
    for (const char16_t unit : std::u16string_view(u"FROM caf\u00E9\U0001F600")) {
        const auto low = static_cast<char>(unit & 0xFF);
        const auto high = static_cast<char>(unit >> 8);
        little.append({low, high});
        big.append({high, low});
    }
    EXPECT_THAT(parse(little), ElementsAre(from));
    EXPECT_THAT(parse(big), ElementsAre(from));
    // Half of a pair, and half of a letter.
    EXPECT_EQ(parse(little + "\x3D\xD8").size(), 1U);
    EXPECT_EQ(parse(little + "F").size(), 1U);
}

TEST(Modelfile, mistakes_are_named_with_their_line) {
    EXPECT_EQ(error_of(""), "no FROM line");
    EXPECT_EQ(error_of("# FROM x\nSYSTEM y\n"), "no FROM line");
    EXPECT_THAT(error_of("FROM x\nTEMPERATURE 1\n"), HasSubstr("(line 2): command must be one of"));
    EXPECT_THAT(error_of("FROM\nSYSTEM x"), HasSubstr("(line 1): command must be one of"));
    EXPECT_THAT(error_of("{\"from\": 1}"), HasSubstr("(line 1): command must be one of"));
    EXPECT_EQ(
        error_of("FROM x\n\nMESSAGE robot hi"),
        "(line 3): message role must be one of \"system\", \"user\", or \"assistant\""
    );
    EXPECT_THAT(error_of("FROM x\nPARAMETER top-k 3"), HasSubstr("(line 2): unexpected EOF: top"));
    EXPECT_THAT(error_of("FROM x\nSYSTEM \"\"\"no\nend"), HasSubstr("(line 2): unexpected EOF"));
    EXPECT_THAT(error_of("FROM x\nSYSTEM \"\"\"\"\""), HasSubstr("(line 2): unexpected EOF"));
}

}  // namespace
}  // namespace mullama::store
