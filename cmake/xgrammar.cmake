# Builds xgrammar once per compiler and offers it as xgrammar::xgrammar. As the engine it is built at configure time,
# in build/engine/xgrammar-<key>, so that all presets of a clone share it.

include("${CMAKE_CURRENT_LIST_DIR}/pip_source.cmake")

function(mullama_add_xgrammar version sha256)
    mullama_pip_source(source
        WHAT "xgrammar's source (3 MB)"
        PACKAGE xgrammar VERSION "${version}" SHA256 "${sha256}"
        FILE "xgrammar-${version}" SUBFOLDER "" TREE xgrammar
    )
    file(SHA256 "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/xgrammar/CMakeLists.txt" recipe)
    mullama_build_once(dir xgrammar- "${recipe}${sha256}"
        SOURCE "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/xgrammar" TARGETS xgrammar
        OPTIONS -DCMAKE_BUILD_TYPE=Release "-DXGRAMMAR_SOURCE_DIR=${source}"
    )
    add_library(xgrammar::xgrammar INTERFACE IMPORTED GLOBAL)
    target_include_directories(xgrammar::xgrammar SYSTEM INTERFACE
        "${source}/include" "${source}/3rdparty/dlpack/include"
    )
    target_link_libraries(xgrammar::xgrammar INTERFACE "${dir}/libxgrammar.a")
    set(MULLAMA_XGRAMMAR_ARCHIVE "${dir}/libxgrammar.a" PARENT_SCOPE)
endfunction()

mullama_add_xgrammar(0.2.8 8305646fd2b319d6c3003f51a1665e54cbbe9cba1fb636bc41d0b46434ccbb80)
