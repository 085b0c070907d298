# The engine's source: llama.cpp at one pinned commit, or one's own checkout (-DMULLAMA_LLAMA_CPP_DIR=<dir>), of which
# nothing is downloaded or verified.
#
# Sets MULLAMA_LLAMA_SOURCE_DIR and MULLAMA_LLAMA_SOURCE_ID (what the build is keyed by).

include("${CMAKE_CURRENT_LIST_DIR}/pip_source.cmake")

set(MULLAMA_LLAMA_PACKAGE_VERSION "0.3.36")
set(MULLAMA_LLAMA_SHA256 "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e")
set(MULLAMA_LLAMA_COMMIT "0c1e57098bba")

function(mullama_find_llama_source)
    if(MULLAMA_LLAMA_CPP_DIR)
        get_filename_component(dir "${MULLAMA_LLAMA_CPP_DIR}" ABSOLUTE BASE_DIR "${CMAKE_SOURCE_DIR}")
        if(NOT EXISTS "${dir}/include/llama.h")
            message(FATAL_ERROR
                "MULLAMA_LLAMA_CPP_DIR=${MULLAMA_LLAMA_CPP_DIR} holds no include/llama.h: give the root of a llama.cpp checkout"
            )
        endif()
        string(SHA256 id "${dir}")
        set(MULLAMA_LLAMA_SOURCE_DIR "${dir}" PARENT_SCOPE)
        set(MULLAMA_LLAMA_SOURCE_ID "checkout-${id}" PARENT_SCOPE)
        return()
    endif()

    mullama_pip_source(tree
        WHAT "the engine source (77 MB)"
        PACKAGE llama-cpp-python VERSION "${MULLAMA_LLAMA_PACKAGE_VERSION}" SHA256 "${MULLAMA_LLAMA_SHA256}"
        FILE "llama_cpp_python-${MULLAMA_LLAMA_PACKAGE_VERSION}" SUBFOLDER vendor/llama.cpp TREE llama.cpp
        OTHERWISE "or point -DMULLAMA_LLAMA_CPP_DIR= at a checkout of llama.cpp ${MULLAMA_LLAMA_COMMIT}.\n"
    )
    set(MULLAMA_LLAMA_SOURCE_DIR "${tree}" PARENT_SCOPE)
    set(MULLAMA_LLAMA_SOURCE_ID "${MULLAMA_LLAMA_SHA256}" PARENT_SCOPE)
endfunction()
