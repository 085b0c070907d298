#include <mullama/runtime.h>

#include <iostream>

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    mullama::Runtime runtime;
    auto stream = runtime.chat(
        argv[1], {.messages = {{.role = "user", .content = "Say hello."}}, .max_tokens = 16}
    );
    if (!stream) {
        std::cerr << stream.error().message << '\n';
        return 1;
    }
    while (auto event = stream->next()) std::cout << event->text;
    std::cout << '\n';
}
