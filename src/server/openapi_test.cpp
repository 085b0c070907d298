#include "api/json.h"
#include "server/embedded_openapi.h"
#include "server/routes_rig.h"
#include "tests/support/scratch_dir.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::server {
namespace {

using ::testing::IsEmpty;

using Names = std::set<std::string>;  // "POST /api/chat"

/// A path as a router has it: "/v1/models/{model}" is "/v1/models/*".
std::string pattern_of(std::string path) {
    const std::size_t begin = path.find('{');
    if (begin == std::string::npos) return path;
    return path.replace(begin, path.find('}') - begin + 1, "*");
}

Names described() {
    Names names;
    const auto document = api::parse_json(kOpenApi);
    if (!document) return names;
    for (const auto& [path, item] : document->at("paths").as_object()) {
        for (const auto& [key, value] : item.as_object()) {
            if (key == "parameters") continue;
            std::string method(key);
            std::ranges::transform(method, method.begin(), [](unsigned char c) {
                return static_cast<char>(std::toupper(c));
            });
            names.insert(method + " " + pattern_of(path));
        }
    }
    return names;
}

Names difference(const Names& of, const Names& without) {
    Names left;
    std::ranges::set_difference(of, without, std::inserter(left, left.end()));
    return left;
}

class OpenApi : public ::testing::Test {
  protected:
    test::ScratchDir folder_;
    RoutesRig rig_{folder_.path(), {}};
};

TEST_F(OpenApi, describes_every_route_and_no_other) {
    Names served;
    for (const RouteName& route : rig_.router.routes()) {
        served.insert(route.method + " " + route.pattern);
    }
    EXPECT_THAT(difference(served, described()), IsEmpty()) << "not in src/server/openapi.json";
    EXPECT_THAT(difference(described(), served), IsEmpty()) << "not served";
}

TEST_F(OpenApi, is_served_as_it_is) {
    const FakeResponseWriter& writer = rig_.answer("GET", "/openapi.json");
    EXPECT_EQ(writer.status, 200U);
    EXPECT_EQ(writer.body, kOpenApi);
}

/// Collects what "$ref"s in a value lead to.
void collect_references(const api::json::value& value, Names& into) {
    if (const auto* object = value.if_object()) {
        for (const auto& [key, content] : *object) {
            if (key == "$ref") into.insert(std::string(content.as_string()));
            collect_references(content, into);
        }
    }
    if (const auto* list = value.if_array()) {
        for (const auto& element : *list) collect_references(element, into);
    }
}

TEST_F(OpenApi, refers_only_to_what_it_has_and_has_nothing_else) {
    const auto document = api::parse_json(kOpenApi);
    ASSERT_TRUE(document) << document.error().message;
    Names wanted;
    collect_references(*document, wanted);
    Names there;
    for (const char* kind : {"schemas", "responses"}) {
        for (const auto& [name, content] : document->at("components").at(kind).as_object()) {
            there.insert(std::string("#/components/") + kind + "/" + std::string(name));
        }
    }
    EXPECT_THAT(difference(wanted, there), IsEmpty());
    EXPECT_THAT(difference(there, wanted), IsEmpty());
}

}  // namespace
}  // namespace mullama::server
