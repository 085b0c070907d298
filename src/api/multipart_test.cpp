#include "api/multipart.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::api {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kType = "multipart/form-data; boundary=xyz";

Result<std::vector<FormPart>> parse(std::string_view body) {
    return parse_multipart(kType, body);
}

std::string error_of(std::string_view body) {
    const auto parts = parse(body);
    return parts ? "" : parts.error().message;
}

TEST(Multipart, fields_and_files_are_read) {
    const std::string body =
        "--xyz\r\n"
        "Content-Disposition: form-data; name=\"purpose\"\r\n"
        "\r\n"
        "batch\r\n"
        "--xyz\r\n"
        "Content-Disposition: form-data; name=\"file\"; filename=\"a b.jsonl\"\r\n"
        "Content-Type: application/octet-stream\r\n"
        "\r\n"
        "{}\r\n{}\n\r\n"
        "--xyz--\r\n";
    const auto parts = parse(body);
    ASSERT_TRUE(parts) << parts.error().message;
    ASSERT_EQ(parts->size(), 2U);
    EXPECT_EQ(parts->at(0).name, "purpose");
    EXPECT_EQ(parts->at(0).filename, std::nullopt);
    EXPECT_EQ(parts->at(0).content, "batch");
    EXPECT_EQ(parts->at(1).name, "file");
    EXPECT_EQ(parts->at(1).filename, "a b.jsonl");
    EXPECT_EQ(parts->at(1).content_type, "application/octet-stream");
    EXPECT_EQ(parts->at(1).content, "{}\r\n{}\n");
}

TEST(Multipart, what_stands_around_the_parts_is_left_out) {
    const auto parts = parse(
        "for old readers\r\n--xyz \t\r\ncontent-disposition:form-data;name=a\r\n\r\n1\r\n--xyz--"
        "the end"
    );
    ASSERT_TRUE(parts) << parts.error().message;
    ASSERT_EQ(parts->size(), 1U);
    EXPECT_EQ(parts->at(0).name, "a");
    EXPECT_EQ(parts->at(0).content, "1");
}

TEST(Multipart, contents_may_be_empty_and_forms_too) {
    const auto full = parse("--xyz\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n--xyz--");
    ASSERT_TRUE(full) << full.error().message;
    EXPECT_EQ(full->at(0).content, "");
    const auto bare = parse("--xyz\r\nContent-Disposition: form-data; name=a\r\n\r\n--xyz--");
    ASSERT_TRUE(bare) << bare.error().message;
    EXPECT_EQ(bare->at(0).content, "");
    const auto none = parse("--xyz--");
    ASSERT_TRUE(none);
    EXPECT_THAT(*none, IsEmpty());
}

TEST(Multipart, content_that_looks_like_a_mark_is_content) {
    const std::string content = "\r\n--xyzzy\r\n--xy\r\n --xyz\r\n--xyz-\r\n--xyz  x";
    const std::string body =
        "--xyz\r\nContent-Disposition: form-data; name=a\r\n\r\n" + content + "\r\n--xyz--";
    const auto parts = parse(body);
    ASSERT_TRUE(parts) << parts.error().message;
    EXPECT_EQ(parts->at(0).content, content);
}

TEST(Multipart, names_are_read_as_clients_write_them) {
    const auto named = [](std::string_view parameters) {
        const auto parts = parse_multipart(
            kType,
            "--xyz\r\nContent-Disposition: form-data; " + std::string(parameters) +
                "\r\n\r\n\r\n--xyz--"
        );
        return parts ? parts->at(0) : FormPart();
    };
    EXPECT_EQ(named("name=\"a%22b%0D%0Ac%41\"").name, "a\"b\r\nc%41");
    EXPECT_EQ(named("name=\"a\\\"b\\\\c\\d\"").name, "a\"b\\c\\d");
    EXPECT_EQ(named("name=\"a;b=c\" ; filename=x").name, "a;b=c");
    EXPECT_EQ(named("name=\"a;b=c\" ; filename=x").filename, "x");
    EXPECT_EQ(named("NAME=a; filename=x; filename*=UTF-8''na%C3%AFve").filename, "na\xC3\xAFve");
    EXPECT_EQ(named("name=a; filename*=latin1''x; filename=y").filename, "y");
    EXPECT_EQ(named("filename=\"x\"; name=\"\"").filename, "x");
}

TEST(Multipart, the_boundary_is_part_of_the_content_type) {
    const std::string body = "--a b--";
    EXPECT_TRUE(parse_multipart("Multipart/Form-Data; charset=x; BOUNDARY=\"a b\"", body));
    for (const char* type :
         {"",
          "text/plain",
          "multipart/mixed; boundary=a",
          "multipart/form-data",
          "multipart/form-data; boundary=",
          "multipart/form-data; boundary=\"a"}) {
        EXPECT_FALSE(parse_multipart(type, body)) << type;
    }
    EXPECT_FALSE(parse_multipart("multipart/form-data; boundary=" + std::string(71, 'a'), body));
}

TEST(Multipart, what_cannot_be_read_says_why) {
    EXPECT_THAT(error_of(""), HasSubstr("it has no part"));
    EXPECT_THAT(error_of("--xyz\r\n\r\n1\r\n--xyz--"), HasSubstr("has no name"));
    EXPECT_THAT(
        error_of("--xyz\r\nContent-Disposition: form-data; name=a\r\n\r\n1"),
        HasSubstr("the part 'a' does not end")
    );
    EXPECT_THAT(
        error_of("--xyz\r\nContent-Disposition: form-data; name=a"), HasSubstr("in a part's header")
    );
}

TEST(Multipart, parts_and_headers_are_bounded) {
    std::string body;
    for (int i = 0; i < 33; ++i) {
        body += "--xyz\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n";
    }
    EXPECT_THAT(error_of(body + "--xyz--"), HasSubstr("more than 32 parts"));
    EXPECT_THAT(
        error_of("--xyz\r\nX: " + std::string(9000, 'x') + "\r\n\r\n1\r\n--xyz--"),
        HasSubstr("more than 8192 bytes")
    );
}

struct Field {
    std::string name;
    std::optional<std::string> filename;
    std::string content;
};

std::string form_of(const std::vector<Field>& fields) {
    std::string body;
    for (const Field& field : fields) {
        body += "--xyz\r\nContent-Disposition: form-data; name=\"" + field.name + "\"";
        if (field.filename) body += "; filename=\"" + *field.filename + "\"";
        body += "\r\n\r\n" + field.content + "\r\n";
    }
    return body + "--xyz--\r\n";
}

/// Bytes of all kinds, with many that look like a form's own.
std::string random_content(std::mt19937& random) {
    constexpr std::string_view kPieces[] = {"\r\n", "--", "xyz", "\r", "\n", "-", "--xy", "\0x"};
    std::string content;
    for (std::size_t left = random() % 12; left > 0; --left) {
        if (random() % 3 == 0) {
            content += static_cast<char>(random() % 256);
        } else {
            content += kPieces[random() % std::size(kPieces)];
        }
    }
    return content;
}

bool has_mark(const std::string& content) {
    const std::string text = "\r\n" + content + "\r\n";
    return text.find("\r\n--xyz--") != std::string::npos ||
           text.find("\r\n--xyz\r\n") != std::string::npos;
}

TEST(Multipart, what_is_put_in_comes_out) {
    std::mt19937 random(7);
    for (int round = 0; round < 3000; ++round) {
        std::vector<Field> fields(random() % 4);
        for (Field& field : fields) {
            field.name = std::string(random() % 5, 'n');
            if (random() % 2 == 0) field.filename = std::string(random() % 5, 'f');
            do field.content = random_content(random);
            while (has_mark(field.content));
        }
        const std::string body = form_of(fields);
        const auto parts = parse(body);
        ASSERT_TRUE(parts) << parts.error().message << "\n" << body;
        ASSERT_EQ(parts->size(), fields.size()) << body;
        for (std::size_t i = 0; i < fields.size(); ++i) {
            EXPECT_EQ(parts->at(i).name, fields[i].name);
            EXPECT_EQ(parts->at(i).filename, fields[i].filename);
            EXPECT_EQ(parts->at(i).content, fields[i].content);
        }
    }
}

TEST(Multipart, a_form_that_is_cut_off_is_refused_wherever_it_is) {
    const std::string body = form_of({{"a", std::nullopt, "1"}, {"b", "f", "2\r\n3"}});
    const std::size_t end = body.size() - 2;  // the last line end is not needed
    for (std::size_t length = 0; length < end; ++length) {
        EXPECT_FALSE(parse(std::string_view(body).substr(0, length))) << length;
    }
    EXPECT_TRUE(parse(std::string_view(body).substr(0, end)));
}

TEST(Multipart, hostile_bytes_do_no_harm) {
    std::mt19937 random(11);
    const std::string valid = form_of({{"a", "f", "1"}, {"b", std::nullopt, "2"}});
    for (int round = 0; round < 20000; ++round) {
        std::string body = valid;
        for (std::size_t left = 1 + random() % 6; left > 0; --left) {
            body[random() % body.size()] = static_cast<char>(random() % 256);
        }
        const auto parts = parse(body);
        if (!parts) continue;
        for (const FormPart& part : *parts) {
            EXPECT_GE(part.content.data(), body.data());
            EXPECT_LE(part.content.data() + part.content.size(), body.data() + body.size());
        }
    }
    for (int round = 0; round < 5000; ++round) {
        std::string type = "multipart/form-data; boundary=\"xyz\"";
        for (int i = 0; i < 3; ++i) type[random() % type.size()] = static_cast<char>(random());
        (void)parse_multipart(type, valid);
    }
}

}  // namespace
}  // namespace mullama::api
