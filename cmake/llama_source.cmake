# The engine's source: llama.cpp at one pinned commit, unpacked once for all build folders.
#
# Sets MULLAMA_LLAMA_SOURCE_DIR and MULLAMA_LLAMA_SOURCE_ID (what the build is keyed by). In this order:
#   1. -DMULLAMA_LLAMA_CPP_DIR=<dir>: one's own checkout; nothing is downloaded or verified.
#   2. the tree unpacked earlier in the download cache;
#   3. the package file in the download cache (put it there by hand on a machine without network);
#   4. pip download, by name and hash. Nothing of the package is executed (cmake/pipstub).
# The cache is $MULLAMA_DOWNLOAD_CACHE, else $XDG_CACHE_HOME/mullama, else ~/.cache/mullama.

set(MULLAMA_LLAMA_PACKAGE "llama-cpp-python")
set(MULLAMA_LLAMA_PACKAGE_VERSION "0.3.36")
set(MULLAMA_LLAMA_SHA256 "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e")
set(MULLAMA_LLAMA_COMMIT "0c1e57098bba")

function(mullama_download_cache out)
    if(DEFINED ENV{MULLAMA_DOWNLOAD_CACHE})
        set(dir "$ENV{MULLAMA_DOWNLOAD_CACHE}")
    elseif(DEFINED ENV{XDG_CACHE_HOME} AND NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
        set(dir "$ENV{XDG_CACHE_HOME}/mullama")
    else()
        set(dir "$ENV{HOME}/.cache/mullama")
    endif()
    get_filename_component(dir "${dir}" ABSOLUTE)
    file(MAKE_DIRECTORY "${dir}")
    set(${out} "${dir}" PARENT_SCOPE)
endfunction()

function(mullama_file_matches out path sha256)
    set(${out} FALSE PARENT_SCOPE)
    if(EXISTS "${path}")
        file(SHA256 "${path}" actual)
        if(actual STREQUAL sha256)
            set(${out} TRUE PARENT_SCOPE)
        endif()
    endif()
endfunction()

function(mullama_pip_download cache tarball)
    find_program(MULLAMA_PYTHON NAMES python3 REQUIRED)
    mark_as_advanced(MULLAMA_PYTHON)
    set(requirements "${cache}/llama.requirements.txt")
    file(WRITE "${requirements}"
        "${MULLAMA_LLAMA_PACKAGE}==${MULLAMA_LLAMA_PACKAGE_VERSION} --hash=sha256:${MULLAMA_LLAMA_SHA256}\n"
    )
    foreach(attempt RANGE 1 3)
        message(NOTICE "Downloading the engine source (77 MB), attempt ${attempt} of 3")
        execute_process(
            COMMAND ${CMAKE_COMMAND} -E env "PYTHONPATH=${CMAKE_CURRENT_FUNCTION_LIST_DIR}/pipstub"
                "${MULLAMA_PYTHON}" -m pip download --no-cache-dir --require-hashes --no-deps --no-binary :all:
                --no-build-isolation --disable-pip-version-check -r "${requirements}" -d "${cache}"
            TIMEOUT 600
            RESULT_VARIABLE status
        )
        mullama_file_matches(complete "${tarball}" "${MULLAMA_LLAMA_SHA256}")
        if(complete)
            return()
        endif()
    endforeach()
    message(FATAL_ERROR
        "The engine source could not be downloaded (pip ended with: ${status}).\n"
        "Without network: put the source package of ${MULLAMA_LLAMA_PACKAGE} ${MULLAMA_LLAMA_PACKAGE_VERSION}\n"
        "  (sha256 ${MULLAMA_LLAMA_SHA256})\n"
        "at ${tarball}\n"
        "or point -DMULLAMA_LLAMA_CPP_DIR= at a checkout of llama.cpp ${MULLAMA_LLAMA_COMMIT}.\n"
        "If pip is missing: apt-get install python3-pip"
    )
endfunction()

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

    mullama_download_cache(cache)
    set(tree "${cache}/llama.cpp-${MULLAMA_LLAMA_SHA256}")
    set(tarball "${cache}/llama_cpp_python-${MULLAMA_LLAMA_PACKAGE_VERSION}.tar.gz")
    file(LOCK "${cache}/llama.lock" GUARD FUNCTION TIMEOUT 1800)
    if(NOT EXISTS "${tree}/.complete")
        mullama_file_matches(complete "${tarball}" "${MULLAMA_LLAMA_SHA256}")
        if(NOT complete)
            file(REMOVE "${tarball}")
            mullama_pip_download("${cache}" "${tarball}")
        endif()
        message(NOTICE "Unpacking the engine source")
        file(REMOVE_RECURSE "${tree}" "${tree}.tmp")
        file(ARCHIVE_EXTRACT INPUT "${tarball}" DESTINATION "${tree}.tmp" PATTERNS "*/vendor/llama.cpp/*")
        file(RENAME "${tree}.tmp/llama_cpp_python-${MULLAMA_LLAMA_PACKAGE_VERSION}/vendor/llama.cpp" "${tree}")
        file(REMOVE_RECURSE "${tree}.tmp")
        file(TOUCH "${tree}/.complete")
    endif()
    set(MULLAMA_LLAMA_SOURCE_DIR "${tree}" PARENT_SCOPE)
    set(MULLAMA_LLAMA_SOURCE_ID "${MULLAMA_LLAMA_SHA256}" PARENT_SCOPE)
endfunction()
