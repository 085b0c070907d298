# -DMULLAMA_BUILD_FUZZERS=ON with clang builds the libFuzzer targets and the modules they need, and nothing else: no
# engine. scripts/fuzz does so.

option(MULLAMA_BUILD_FUZZERS "Build only the libFuzzer targets; needs clang" OFF)

if(MULLAMA_BUILD_FUZZERS)
    if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
        message(FATAL_ERROR "MULLAMA_BUILD_FUZZERS needs clang: give -DCMAKE_CXX_COMPILER=clang++-19, or run scripts/fuzz")
    endif()
    add_compile_options(-fsanitize=fuzzer-no-link)
    add_subdirectory(src/base)
    add_subdirectory(src/gguf)
    find_package(Boost 1.81 REQUIRED)
    add_subdirectory(src/api)
    add_subdirectory(tests/fuzz)
endif()
