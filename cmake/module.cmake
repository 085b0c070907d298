# One module, one folder, one CMakeLists.txt of a few lines:
#
#   mullama_module(engine SOURCES a.cpp ... DEPS llama base LIBRARIES fmt::fmt TESTS a_test.cpp ...)
#
# makes the static library mullama_engine and, with MULLAMA_BUILD_TESTS, one test program mullama_engine_test whose tests
# ctest knows one by one. DEPS are modules; scripts/check_layers.py holds them against ARCHITECTURE.md's rows.

set(MULLAMA_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
option(MULLAMA_WERROR "Treat warnings in our own code as errors" OFF)
set(MULLAMA_SANITIZE "" CACHE STRING "Sanitizers for our own code: address,undefined or thread")
set(MULLAMA_NO_SANITIZE "" CACHE STRING "Checks of those sanitizers that are left out")
option(MULLAMA_COVERAGE "Instrument our own code for gcov" OFF)
option(MULLAMA_BUILD_TESTS "Build the tests" OFF)

add_library(mullama_flags INTERFACE)
target_compile_options(mullama_flags INTERFACE ${MULLAMA_WARNINGS})
if(MULLAMA_WERROR)
    target_compile_options(mullama_flags INTERFACE -Werror)
endif()
if(MULLAMA_SANITIZE)
    add_compile_options(-fsanitize=${MULLAMA_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${MULLAMA_SANITIZE})
    if(MULLAMA_NO_SANITIZE)
        add_compile_options(-fno-sanitize=${MULLAMA_NO_SANITIZE})
    endif()
endif()
if(MULLAMA_COVERAGE)
    add_compile_options(--coverage)
    add_link_options(--coverage)
endif()

if(MULLAMA_BUILD_TESTS)
    enable_testing()
    # Some thirty programs hold the whole engine: where mold is there, they link in a third of the time.
    include(CheckLinkerFlag)
    check_linker_flag(CXX -fuse-ld=mold MULLAMA_HAS_MOLD)
    if(MULLAMA_HAS_MOLD)
        add_link_options(-fuse-ld=mold)
    endif()
    find_package(GTest REQUIRED)
    include(GoogleTest)
    # Every test program reads GoogleTest's headers, which takes longer than most tests: compiled once, for all.
    file(CONFIGURE OUTPUT test_headers.cpp CONTENT "int main() {}\n")
    add_executable(mullama_test_headers "${PROJECT_BINARY_DIR}/test_headers.cpp")
    target_link_libraries(mullama_test_headers PRIVATE mullama_flags GTest::gmock)
    target_compile_options(mullama_test_headers PRIVATE -O0 -fpch-preprocess)
    target_precompile_headers(mullama_test_headers PRIVATE <gmock/gmock.h> <gtest/gtest.h>)
endif()

# A test program linked with `libraries`, each of whose tests ctest runs by itself where no sanitizer slows its start.
function(mullama_test name)
    cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES;LABELS" ${ARGN})
    if(NOT MULLAMA_BUILD_TESTS)
        return()
    endif()
    add_executable(${name} ${ARG_SOURCES})
    target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}")
    target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES} mullama_flags GTest::gmock GTest::gtest_main)
    # What they test is optimised; they themselves compile in half the time without.
    target_compile_options(${name} PRIVATE -O0 -fpch-preprocess)
    target_precompile_headers(${name} REUSE_FROM mullama_test_headers)
    if(MULLAMA_SANITIZE)
        # A program's start takes longer under a sanitizer than most tests: they run in a few parts.
        foreach(part RANGE 3)
            add_test(NAME ${name}.${part} COMMAND ${name} --gtest_brief=1)
            set_tests_properties(${name}.${part} PROPERTIES
                ENVIRONMENT "GTEST_TOTAL_SHARDS=4;GTEST_SHARD_INDEX=${part}" TIMEOUT 900 LABELS "${ARG_LABELS}"
            )
        endforeach()
        return()
    endif()
    gtest_discover_tests(${name}
        DISCOVERY_MODE PRE_TEST
        DISCOVERY_TIMEOUT 60
        PROPERTIES TIMEOUT 300 LABELS "${ARG_LABELS}"
    )
endfunction()

function(mullama_module name)
    cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;LIBRARIES;TESTS;TEST_LIBRARIES" ${ARGN})
    add_library(mullama_${name} STATIC ${ARG_SOURCES})
    target_include_directories(mullama_${name} PUBLIC
        "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>" "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>"
    )
    list(TRANSFORM ARG_DEPS PREPEND mullama_)
    target_link_libraries(mullama_${name} PUBLIC ${ARG_DEPS} PRIVATE mullama_flags fmt::fmt ${ARG_LIBRARIES})
    if(ARG_TESTS)
        mullama_test(mullama_${name}_test
            SOURCES ${ARG_TESTS}
            LIBRARIES mullama_${name} fmt::fmt ${ARG_LIBRARIES} ${ARG_TEST_LIBRARIES}
            LABELS ${name}
        )
    endif()
endfunction()
