// Answers one question with a model file: the shortest program.
//   simple MODEL.gguf "Why is the sky blue?"

#include <mullama/runtime.h>

#include <iostream>

int main(int argc, char** argv) {
    if (argc != 3) {
        std::cerr << "usage: simple MODEL.gguf PROMPT\n";
        return 2;
    }
    mullama::Runtime runtime;
    mullama::ChatRequest request;
    request.messages = {{"user", argv[2]}};
    request.max_tokens = 128;
    auto stream = runtime.chat(argv[1], request);
    if (!stream) {
        std::cerr << "error: " << stream.error().message << '\n';
        return 1;
    }
    while (auto event = stream->next()) {
        std::cout << event->text << std::flush;
    }
    std::cout << '\n';
}
