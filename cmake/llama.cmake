# Builds llama.cpp once per CPU, compiler and set of flags, and offers it as imported targets:
#   llama::llama   libllama and ggml
#   llama::mtmd    mtmd (pictures to embeddings)
#   llama::common  llama-common (chat templates), when MULLAMA_WITH_CHAT
#
# The build runs at configure time in build/engine/<key>, under a lock, so that all presets of a clone share it. The
# key holds everything that changes the machine code: a clone moved to another CPU builds again and does not crash.

include("${CMAKE_CURRENT_LIST_DIR}/llama_source.cmake")

set(MULLAMA_LLAMA_CPP_DIR "" CACHE PATH "A llama.cpp checkout to build instead of the pinned source")
set(MULLAMA_ENGINE_CPU "native" CACHE STRING "CPU to build the engine for: native, or avx2 for any CPU since 2013")
set(MULLAMA_ENGINE_SANITIZE "" CACHE STRING "Sanitizer to build the engine itself with (thread, address, ...)")
option(MULLAMA_ENGINE_OPENMP "Let ggml use OpenMP" ON)
option(MULLAMA_ENGINE_CUDA "Compute on NVIDIA GPUs too (needs the CUDA toolkit)" OFF)
set_property(CACHE MULLAMA_ENGINE_CPU PROPERTY STRINGS native avx2)

# What `-march=native` means here. Empty where the CPU's features cannot be read.
function(mullama_cpu_features out)
    set(features "${CMAKE_HOST_SYSTEM_PROCESSOR}")
    if(EXISTS /proc/cpuinfo)
        file(STRINGS /proc/cpuinfo lines REGEX "^(flags|Features)" LIMIT_COUNT 1)
        string(APPEND features " ${lines}")
    endif()
    set(${out} "${features}" PARENT_SCOPE)
endfunction()

function(mullama_engine_options out)
    set(options
        -DCMAKE_BUILD_TYPE=Release
        -DCMAKE_POSITION_INDEPENDENT_CODE=ON
        -DBUILD_SHARED_LIBS=OFF
        -DLLAMA_BUILD_COMMON=${MULLAMA_WITH_CHAT}
        -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_SERVER=OFF
        -DLLAMA_BUILD_APP=OFF -DLLAMA_BUILD_UI=OFF -DLLAMA_USE_PREBUILT_UI=OFF -DLLAMA_LLGUIDANCE=OFF
        -DLLAMA_BUILD_MTMD=ON -DMTMD_VIDEO=OFF
        -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_NUMBER=0 -DLLAMA_BUILD_COMMIT=${MULLAMA_LLAMA_COMMIT}
        -DGGML_CCACHE=OFF
        -DGGML_OPENMP=${MULLAMA_ENGINE_OPENMP}
        -DGGML_CUDA=${MULLAMA_ENGINE_CUDA} -DGGML_CUDA_NCCL=OFF
    )
    if(MULLAMA_ENGINE_CPU STREQUAL "native")
        list(APPEND options -DGGML_NATIVE=ON)
    elseif(MULLAMA_ENGINE_CPU STREQUAL "avx2")
        list(APPEND options -DGGML_NATIVE=OFF -DGGML_AVX=ON -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON -DGGML_BMI2=ON)
    else()
        message(FATAL_ERROR "MULLAMA_ENGINE_CPU=${MULLAMA_ENGINE_CPU}: give native or avx2")
    endif()
    set(${out} "${options}" PARENT_SCOPE)
endfunction()

# ccache keys objects by the text of the command line, where -march=native reads the same on every CPU: a define that
# names the CPU's features keeps a shared ccache from handing over code for another one.
function(mullama_engine_flags out)
    set(flags "")
    if(MULLAMA_ENGINE_CPU STREQUAL "native")
        mullama_cpu_features(features)
        string(SHA256 features "${features}")
        string(SUBSTRING "${features}" 0 12 features)
        set(flags "-DMULLAMA_CPU_${features}")
    endif()
    if(MULLAMA_ENGINE_SANITIZE)
        string(APPEND flags " -fsanitize=${MULLAMA_ENGINE_SANITIZE} -g1")
    endif()
    set(${out} "${flags}" PARENT_SCOPE)
endfunction()

# Builds the targets of a project of its own in build/engine/<prefix><hash of key and compiler>, unless that is done.
function(mullama_build_once out_dir prefix key)
    cmake_parse_arguments(ARG "ALWAYS" "SOURCE;FLAGS" "OPTIONS;TARGETS" ${ARGN})
    string(SHA256 key "${key};${CMAKE_CXX_COMPILER_ID}${CMAKE_CXX_COMPILER_VERSION}")
    string(SUBSTRING "${key}" 0 12 key)
    set(root "${CMAKE_SOURCE_DIR}/build/engine")
    set(dir "${root}/${prefix}${key}")
    set(${out_dir} "${dir}" PARENT_SCOPE)

    file(MAKE_DIRECTORY "${root}")
    file(LOCK "${dir}.lock" GUARD FUNCTION TIMEOUT 3600)
    if(EXISTS "${dir}/.complete" AND NOT ARG_ALWAYS)
        return()
    endif()
    list(JOIN ARG_TARGETS " and " names)
    message(NOTICE "Building ${names} in build/engine/${prefix}${key} (once; minutes on a cold cache)")
    set(launcher "")
    if(CMAKE_CXX_COMPILER_LAUNCHER)
        set(launcher
            "-DCMAKE_C_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER}"
            "-DCMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER}"
        )
    endif()
    # Their warnings, thousands with g++ 12, are not ours to mend: -w.
    execute_process(
        COMMAND ${CMAKE_COMMAND} -Wno-dev -G Ninja -S "${ARG_SOURCE}" -B "${dir}"
            -DCMAKE_C_COMPILER=${CMAKE_C_COMPILER} -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER}
            ${ARG_OPTIONS} ${launcher} "-DCMAKE_C_FLAGS=${ARG_FLAGS} -w" "-DCMAKE_CXX_FLAGS=${ARG_FLAGS} -w"
        OUTPUT_FILE "${dir}.configure.log" ERROR_FILE "${dir}.configure.log"
        RESULT_VARIABLE status
    )
    if(NOT status EQUAL 0)
        file(READ "${dir}.configure.log" log)
        message(FATAL_ERROR "configuring ${names} failed:\n${log}")
    endif()
    execute_process(COMMAND ${CMAKE_COMMAND} --build "${dir}" --target ${ARG_TARGETS} RESULT_VARIABLE status)
    if(NOT status EQUAL 0)
        message(FATAL_ERROR "building ${names} failed: see above; the folder is ${dir}")
    endif()
    file(TOUCH "${dir}/.complete")
endfunction()

function(mullama_build_engine out_dir)
    mullama_engine_options(options)
    mullama_engine_flags(flags)
    set(targets llama mtmd)
    if(MULLAMA_WITH_CHAT)
        list(APPEND targets llama-common)
    endif()
    set(always "")
    if(MULLAMA_LLAMA_CPP_DIR)
        set(always ALWAYS)
    endif()
    mullama_build_once(dir "" "${options};${flags};${MULLAMA_LLAMA_SOURCE_ID}" ${always}
        SOURCE "${MULLAMA_LLAMA_SOURCE_DIR}" FLAGS "${flags}" OPTIONS ${options} TARGETS ${targets}
    )
    set(${out_dir} "${dir}" PARENT_SCOPE)
endfunction()

# Declares llama::llama, llama::mtmd and llama::common over the archives in `dir`.
function(mullama_import_engine dir source)
    find_package(Threads REQUIRED)
    set(ggml "${dir}/ggml/src/libggml.a" "${dir}/ggml/src/libggml-cpu.a" "${dir}/ggml/src/libggml-base.a")
    set(system Threads::Threads ${CMAKE_DL_LIBS} m)
    if(MULLAMA_ENGINE_OPENMP)
        find_package(OpenMP REQUIRED COMPONENTS CXX)
        # Only ggml is compiled with it: our own objects are the same for an engine with it and without.
        list(APPEND system $<LINK_ONLY:OpenMP::OpenMP_CXX>)
    endif()
    if(MULLAMA_ENGINE_CUDA)
        find_package(CUDAToolkit REQUIRED)
        list(INSERT ggml 1 "${dir}/ggml/src/ggml-cuda/libggml-cuda.a")
        list(APPEND system CUDA::cudart CUDA::cublas CUDA::cuda_driver)
    endif()
    add_library(llama::llama INTERFACE IMPORTED GLOBAL)
    target_include_directories(llama::llama SYSTEM INTERFACE "${source}/include" "${source}/ggml/include")
    target_link_libraries(llama::llama INTERFACE "${dir}/src/libllama.a" ${ggml} ${system})
    set(mtmd "${dir}/tools/mtmd/libmtmd.a" "${dir}/vendor/hash/libvendor-hash.a")
    add_library(llama::mtmd INTERFACE IMPORTED GLOBAL)
    target_include_directories(llama::mtmd SYSTEM INTERFACE "${source}/tools/mtmd")
    target_link_libraries(llama::mtmd INTERFACE ${mtmd} llama::llama)
    set(MULLAMA_ENGINE_ARCHIVES ${mtmd} "${dir}/src/libllama.a" ${ggml} PARENT_SCOPE)
    if(MULLAMA_WITH_CHAT)
        set(common "${dir}/common/libllama-common.a" "${dir}/common/libllama-common-base.a"
            "${dir}/vendor/cpp-httplib/libcpp-httplib.a")
        add_library(llama::common INTERFACE IMPORTED GLOBAL)
        target_include_directories(llama::common SYSTEM INTERFACE "${source}/common" "${source}/vendor")
        target_link_libraries(llama::common INTERFACE ${common} llama::llama)
        set(MULLAMA_ENGINE_ARCHIVES ${common} ${mtmd} "${dir}/src/libllama.a" ${ggml} PARENT_SCOPE)
    endif()
endfunction()

mullama_find_llama_source()
mullama_build_engine(MULLAMA_ENGINE_DIR)
mullama_import_engine("${MULLAMA_ENGINE_DIR}" "${MULLAMA_LLAMA_SOURCE_DIR}")
