#include <mullama/runtime.h>

#include <iostream>

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    mullama::Runtime runtime;
    mullama::ChatRequest request;
    request.messages = {{"user", "Say hello."}};
    request.max_tokens = 16;
    auto stream = runtime.chat(argv[1], request);
    if (!stream) {
        std::cerr << stream.error().message << '\n';
        return 1;
    }
    while (auto event = stream->next()) std::cout << event->text;
    std::cout << '\n';
}
