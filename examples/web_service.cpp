// Asks a running server over OpenAI's HTTP interface and prints the answer as it comes.
//   web_service http://127.0.0.1:11434 MODEL PROMPT

#include <iostream>
#include <memory>
#include <string>

#include <curl/curl.h>
#include <nlohmann/json.hpp>

namespace {

using nlohmann::json;

// What has come of the answer.
struct Reader {
    std::string waiting;  // the beginning of a line
    std::string error;    // what the server refuses, in its words
};

// A text in a JSON value; empty where there is none.
std::string text_at(const json& value, const char* where) {
    const json::json_pointer pointer(where);
    const bool is_there = value.contains(pointer) && value[pointer].is_string();
    return is_there ? value[pointer].get<std::string>() : "";
}

// An event of the stream is a line: data: {"choices":[{"delta":{"content":"..."}}]}. The last one
// is data: [DONE]. An error is an object: {"error":{"message":"..."}}.
void read_line(const std::string& line, Reader& reader) {
    const std::string prefix = line.starts_with("data: ") ? "data: " : "";
    const json event = json::parse(line.substr(prefix.size()), nullptr, /*allow_exceptions=*/false);
    reader.error += text_at(event, "/error/message");
    std::cout << text_at(event, "/choices/0/delta/content") << std::flush;
}

// Called by curl with the bytes as they come, which need not end where a line ends.
std::size_t read_bytes(char* bytes, std::size_t size, std::size_t count, void* user) {
    Reader& reader = *static_cast<Reader*>(user);
    reader.waiting.append(bytes, size * count);
    std::size_t end = reader.waiting.find('\n');
    while (end != std::string::npos) {
        read_line(reader.waiting.substr(0, end), reader);
        reader.waiting.erase(0, end + 1);
        end = reader.waiting.find('\n');
    }
    return size * count;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::cerr << "usage: web_service http://127.0.0.1:11434 MODEL PROMPT\n";
        return 2;
    }
    const std::string url = std::string(argv[1]) + "/v1/chat/completions";
    const json request = {
        {"model", argv[2]},
        {"messages", {{{"role", "user"}, {"content", argv[3]}}}},
        {"max_tokens", 64},
        {"stream", true},
    };
    // Text that is not UTF-8 is replaced: JSON has no other.
    const std::string body = request.dump(-1, ' ', false, json::error_handler_t::replace);
    Reader reader;

    const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(
        curl_easy_init(), &curl_easy_cleanup
    );
    const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(
        curl_slist_append(nullptr, "Content-Type: application/json"), &curl_slist_free_all
    );
    curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, body.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, read_bytes);
    curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &reader);
    const CURLcode code = curl_easy_perform(curl.get());
    if (code == CURLE_COULDNT_CONNECT) {
        std::cerr << "error: no server answers at " << argv[1] << ": start `mullama serve`\n";
        return 1;
    }
    if (code != CURLE_OK) {
        std::cerr << "error: " << url << ": " << curl_easy_strerror(code) << '\n';
        return 1;
    }
    read_line(reader.waiting, reader);  // an error comes without a line's end
    long status = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
    if (status != 200 || !reader.error.empty()) {
        std::cerr << "error: " << status << ' ' << reader.error << '\n';
        return 1;
    }
    std::cout << '\n';
}
