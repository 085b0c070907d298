// Prints where the test model SmolLM2 lies, for tests that are scripts.

#include "tests/support/models.h"

#include <cstdio>
#include <exception>

int main() try {
    std::printf("%s\n", mullama::test::smollm2_path().c_str());
} catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
}
