// Two answers at once on one thread, read by coroutines that share it.
//   streaming MODEL.gguf PROMPT PROMPT

#include <mullama/executor.h>
#include <mullama/runtime.h>
#include <mullama/task.h>

#include <iostream>
#include <string>
#include <utility>
#include <vector>

namespace {

// Reads an answer as it comes; each event goes to the screen under the answer's own name.
mullama::Task<std::string> read(
    std::string name, mullama::EventStream stream, mullama::Executor& executor
) {
    std::string text;
    while (auto event = co_await stream.next_async(executor)) {
        text += event->text;
        if (!event->text.empty()) std::cout << name << ": " << event->text << '\n';
    }
    co_return text;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::cerr << "usage: streaming MODEL.gguf PROMPT PROMPT\n";
        return 2;
    }
    mullama::EventLoop loop;
    mullama::Runtime runtime;
    std::vector<mullama::Task<std::string>> answers;
    for (int i = 2; i < argc; ++i) {
        mullama::ChatRequest request;
        request.messages = {{"user", argv[i]}};
        request.max_tokens = 24;
        auto stream = runtime.chat(argv[1], request);
        if (!stream) {
            std::cerr << "error: " << stream.error().message << '\n';
            return 1;
        }
        answers.push_back(read("answer " + std::to_string(i - 1), std::move(*stream), loop));
    }
    for (const std::string& text : loop.run(mullama::when_all(std::move(answers)))) {
        std::cout << "---\n" << text << '\n';
    }
}
