#include "api/openai/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::api::openai {
namespace {

using ::testing::HasSubstr;

FormPart field(std::string name, std::string_view content) {
    return {.name = std::move(name), .content = content};
}

TEST(Files, come_back_as_they_were) {
    const FileInfo file{"file-a", "na\xC3\xAFve \"x\".jsonl", "batch", 7, 1700000000, 1700003600};
    const std::string text = format_file(file);
    EXPECT_EQ(*read_file_info(text), file);
    EXPECT_THAT(text, HasSubstr(R"("object":"file")"));
    EXPECT_THAT(text, HasSubstr(R"("status":"processed")"));
    FileInfo stays = file;
    stays.expires.reset();
    EXPECT_EQ(*read_file_info(format_file(stays)), stays);
}

TEST(Files, damage_is_told) {
    const std::string text = format_file({.id = "file-a"});
    for (std::size_t length = 0; length < text.size(); ++length) {
        EXPECT_FALSE(read_file_info(text.substr(0, length))) << length;
    }
    EXPECT_EQ(read_file_info("{}").error().code, ErrorCode::kCorrupt);
    EXPECT_FALSE(read_file_info(R"({"id":"a","bytes":"many"})"));
}

TEST(Files, an_upload_is_a_form) {
    FormPart content = field("file", "{}");
    content.filename = "a.jsonl";
    const auto upload = read_upload({field("purpose", "batch"), content});
    ASSERT_TRUE(upload) << upload.error().message;
    EXPECT_EQ(upload->filename, "a.jsonl");
    EXPECT_EQ(upload->purpose, "batch");
    EXPECT_EQ(upload->content, "{}");
    EXPECT_EQ(upload->expires_after_s, std::nullopt);
    const auto nameless = read_upload({
        field("file", ""),
        field("purpose", "user_data"),
        field("expires_after[anchor]", "created_at"),
        field("expires_after[seconds]", "3600"),
    });
    ASSERT_TRUE(nameless);
    EXPECT_EQ(nameless->filename, "upload");
    EXPECT_EQ(nameless->expires_after_s, 3600);
}

TEST(Files, what_is_missing_or_unknown_is_told) {
    const auto error = [](const std::vector<FormPart>& form) {
        return read_upload(form).error().message;
    };
    EXPECT_THAT(error({field("purpose", "batch")}), HasSubstr("'file'"));
    EXPECT_THAT(error({field("file", "x")}), HasSubstr("purpose must be"));
    EXPECT_THAT(error({field("file", "x"), field("purpose", "fun")}), HasSubstr("purpose must be"));
    FormPart file = field("file", "x");
    file.filename = "a\xff";
    EXPECT_THAT(error({field("purpose", "batch"), file}), HasSubstr("UTF-8"));
    for (const char* seconds : {"", "3599", "2592001", "1h", "-3600"}) {
        EXPECT_THAT(
            error(
                {field("file", "x"),
                 field("purpose", "batch"),
                 field("expires_after[seconds]", seconds)}
            ),
            HasSubstr("between 3600 and 2592000")
        );
    }
    FormPart long_name = field("file", "x");
    long_name.filename = std::string(513, 'n');
    EXPECT_THAT(error({long_name, field("purpose", "batch")}), HasSubstr("512"));
}

}  // namespace
}  // namespace mullama::api::openai
