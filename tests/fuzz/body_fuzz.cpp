#include "tests/fuzz/body_fuzz.h"

#include "tests/fuzz/body_checks.h"

#include <cstddef>

namespace {

const mullama::test::BodyTarget* target = nullptr;

}  // namespace

/// libFuzzer's entries. The program's name says which reader it fuzzes: fuzz_openai_chat.
extern "C" int LLVMFuzzerInitialize(const int* /*argc*/, char*** argv) {
    const std::string_view path = **argv;
    const std::size_t prefix = path.rfind("fuzz_");
    if (prefix != std::string_view::npos) {
        target = mullama::test::find_body_target(path.substr(prefix + 5));
    }
    mullama::test::expect(target != nullptr, "the program is named after a reader");
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    target->try_body({reinterpret_cast<const char*>(data), size});
    return 0;
}
