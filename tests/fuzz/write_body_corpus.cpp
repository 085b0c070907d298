// Writes what libFuzzer starts from, a folder and a dictionary for each reader of request bodies:
//   write_body_corpus DIR
// and prints the readers' names.

#include "api/json.h"
#include "tests/fuzz/body_fuzz.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>

namespace {

namespace fs = std::filesystem;
namespace json = mullama::api::json;

void collect_words(const json::value& value, std::set<std::string>& words) {
    if (const auto* object = value.if_object()) {
        for (const auto& [name, content] : *object) {
            words.insert(name);
            collect_words(content, words);
        }
    } else if (const auto* list = value.if_array()) {
        for (const json::value& element : *list) collect_words(element, words);
    } else if (const auto* text = value.if_string()) {
        words.insert(std::string(*text));
    }
}

/// The names and texts of the bodies that are plain words.
std::string dictionary_of(const std::vector<std::string>& bodies) {
    std::set<std::string> words;
    for (const std::string& body : bodies) {
        const auto value = mullama::api::parse_json(body);
        if (value) collect_words(*value, words);
    }
    std::string text;
    for (const std::string& word : words) {
        const bool is_plain =
            word.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789") == std::string::npos;
        if (is_plain && !word.empty()) text += "\"\\\"" + word + "\\\"\"\n";
    }
    return text;
}

bool write(const fs::path& path, const std::string& content) {
    std::ofstream stream(path, std::ios::binary);
    stream << content;
    if (stream.flush()) return true;
    std::fprintf(stderr, "%s cannot be written\n", path.c_str());
    return false;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: write_body_corpus DIR\n");
        return 2;
    }
    const fs::path dir = argv[1];
    for (const auto& target : mullama::test::body_targets()) {
        const fs::path folder = dir / target.name;
        fs::create_directories(folder);
        if (!write(dir / (target.name + ".dict"), dictionary_of(target.good))) return 1;
        std::vector<std::string> bodies = target.good;
        bodies.insert(bodies.end(), target.broken.begin(), target.broken.end());
        for (std::size_t i = 0; i < bodies.size(); ++i) {
            if (!write(folder / std::to_string(i), bodies[i])) return 1;
        }
        std::puts(target.name.c_str());
    }
    return 0;
}
