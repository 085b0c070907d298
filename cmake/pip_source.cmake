# Sources that come inside source packages of the Python registry, by name and hash, unpacked once for all build
# folders. Nothing of a package is executed (cmake/pipstub). In this order:
#   1. the tree unpacked earlier in the download cache;
#   2. the package file in the download cache (put it there by hand on a machine without network);
#   3. pip download.
# The cache is $MULLAMA_DOWNLOAD_CACHE, else $XDG_CACHE_HOME/mullama, else ~/.cache/mullama.

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

# `otherwise` is what the error says beside putting the file there.
function(mullama_pip_download cache tarball what package version sha256 otherwise)
    find_program(MULLAMA_PYTHON NAMES python3 REQUIRED)
    mark_as_advanced(MULLAMA_PYTHON)
    set(requirements "${cache}/${package}.requirements.txt")
    file(WRITE "${requirements}" "${package}==${version} --hash=sha256:${sha256}\n")
    foreach(attempt RANGE 1 3)
        message(NOTICE "Downloading ${what}, attempt ${attempt} of 3")
        execute_process(
            COMMAND ${CMAKE_COMMAND} -E env "PYTHONPATH=${CMAKE_CURRENT_FUNCTION_LIST_DIR}/pipstub"
                "${MULLAMA_PYTHON}" -m pip download --no-cache-dir --require-hashes --no-deps --no-binary :all:
                --no-build-isolation --disable-pip-version-check -r "${requirements}" -d "${cache}"
            TIMEOUT 600
            RESULT_VARIABLE status
        )
        mullama_file_matches(complete "${tarball}" "${sha256}")
        if(complete)
            return()
        endif()
    endforeach()
    message(FATAL_ERROR
        "${what} could not be downloaded (pip ended with: ${status}).\n"
        "Without network: put the source package of ${package} ${version}\n"
        "  (sha256 ${sha256})\n"
        "at ${tarball}\n${otherwise}"
        "If pip is missing: apt-get install python3-pip"
    )
endfunction()

# Unpacks the folder `subfolder` of the package file `file` to `tree` in the download cache, where it is not yet.
function(mullama_pip_source out)
    cmake_parse_arguments(ARG "" "WHAT;PACKAGE;VERSION;SHA256;FILE;SUBFOLDER;TREE;OTHERWISE" "" ${ARGN})
    mullama_download_cache(cache)
    set(tree "${cache}/${ARG_TREE}-${ARG_SHA256}")
    set(tarball "${cache}/${ARG_FILE}.tar.gz")
    set(${out} "${tree}" PARENT_SCOPE)
    file(LOCK "${cache}/${ARG_TREE}.lock" GUARD FUNCTION TIMEOUT 1800)
    if(EXISTS "${tree}/.complete")
        return()
    endif()
    mullama_file_matches(complete "${tarball}" "${ARG_SHA256}")
    if(NOT complete)
        file(REMOVE "${tarball}")
        mullama_pip_download("${cache}" "${tarball}" "${ARG_WHAT}" "${ARG_PACKAGE}" "${ARG_VERSION}" "${ARG_SHA256}"
            "${ARG_OTHERWISE}")
    endif()
    message(NOTICE "Unpacking ${ARG_WHAT}")
    file(REMOVE_RECURSE "${tree}" "${tree}.tmp")
    file(ARCHIVE_EXTRACT INPUT "${tarball}" DESTINATION "${tree}.tmp" PATTERNS "${ARG_FILE}/${ARG_SUBFOLDER}*")
    file(RENAME "${tree}.tmp/${ARG_FILE}/${ARG_SUBFOLDER}" "${tree}")
    file(REMOVE_RECURSE "${tree}.tmp")
    file(TOUCH "${tree}/.complete")
endfunction()
