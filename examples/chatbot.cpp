// A chat in the terminal that keeps what was said and asks a running server over Ollama's HTTP
// interface. Ctrl-D ends it.
//   chatbot http://127.0.0.1:11434 MODEL

#include <iostream>
#include <memory>
#include <string>

#include <curl/curl.h>
#include <nlohmann/json.hpp>

namespace {

using nlohmann::json;

// What has come of an answer.
struct Answer {
    std::string waiting;  // the beginning of a line
    std::string text;
    std::string error;  // why there is none
};

// A text in a JSON value; empty where there is none.
std::string text_at(const json& value, const char* where) {
    const json::json_pointer pointer(where);
    const bool is_there = value.contains(pointer) && value[pointer].is_string();
    return is_there ? value[pointer].get<std::string>() : "";
}

// Each line is an object: {"message":{"content":"..."}}, or {"error":"..."}.
void read_line(const std::string& line, Answer& answer) {
    const json piece = json::parse(line, nullptr, /*allow_exceptions=*/false);
    const std::string text = text_at(piece, "/message/content");
    std::cout << text << std::flush;
    answer.text += text;
    answer.error += text_at(piece, "/error");
}

// Called by curl with the bytes as they come, which need not end where a line ends.
std::size_t read_bytes(char* bytes, std::size_t size, std::size_t count, void* user) {
    Answer& answer = *static_cast<Answer*>(user);
    answer.waiting.append(bytes, size * count);
    std::size_t end = answer.waiting.find('\n');
    while (end != std::string::npos) {
        read_line(answer.waiting.substr(0, end), answer);
        answer.waiting.erase(0, end + 1);
        end = answer.waiting.find('\n');
    }
    return size * count;
}

// One connection for the whole talk.
Answer ask(CURL* curl, const std::string& server, const json& request) {
    const std::string url = server + "/api/chat";
    // Text that is not UTF-8 is replaced: JSON has no other.
    const std::string body = request.dump(-1, ' ', false, json::error_handler_t::replace);
    Answer answer;
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.c_str());
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, read_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    const CURLcode code = curl_easy_perform(curl);
    if (code == CURLE_COULDNT_CONNECT) {
        answer.error = "no server answers at " + server + ": start `mullama serve`";
    } else if (code != CURLE_OK) {
        answer.error = url + ": " + curl_easy_strerror(code);
    } else {
        read_line(answer.waiting, answer);  // an error comes without a line's end
        if (answer.text.empty() && answer.error.empty()) answer.error = "the answer is empty";
    }
    return answer;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::cerr << "usage: chatbot http://127.0.0.1:11434 MODEL\n";
        return 2;
    }
    const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(
        curl_easy_init(), &curl_easy_cleanup
    );
    json request = {
        {"model", argv[2]},
        {"messages", json::array()},
        {"options", {{"temperature", 0}, {"num_predict", 64}}},
    };
    json& messages = request["messages"];
    std::string line;
    while (std::cout << "> " << std::flush && std::getline(std::cin, line)) {
        if (line.empty()) continue;
        messages.push_back({{"role", "user"}, {"content", line}});
        const Answer answer = ask(curl.get(), argv[1], request);
        if (!answer.error.empty()) {
            std::cerr << "error: " << answer.error << '\n';
            return 1;
        }
        messages.push_back({{"role", "assistant"}, {"content", answer.text}});
        std::cout << '\n';
    }
    std::cout << '\n';
}
