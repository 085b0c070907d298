# The library as one archive, and the CMake package that finds it with everything it needs:
#   find_package(mullama) and target_link_libraries(app PRIVATE mullama::mullama)

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(objects "")
foreach(module base gguf llama grammar engine chat runtime)
    list(APPEND objects "$<TARGET_OBJECTS:mullama_${module}>")
endforeach()
add_library(mullama STATIC ${objects})
add_library(mullama::mullama ALIAS mullama)
set_target_properties(mullama PROPERTIES LINKER_LANGUAGE CXX)
target_include_directories(mullama INTERFACE "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>")
target_compile_features(mullama INTERFACE cxx_std_20)
target_link_libraries(mullama INTERFACE xgrammar::xgrammar llama::common llama::mtmd llama::llama fmt::fmt)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/mullama")
set(MULLAMA_PACKAGE_ARCHIVES "")
foreach(archive ${MULLAMA_XGRAMMAR_ARCHIVE} ${MULLAMA_ENGINE_ARCHIVES})
    get_filename_component(name "${archive}" NAME)
    list(APPEND MULLAMA_PACKAGE_ARCHIVES "${name}")
endforeach()
configure_package_config_file(cmake/mullamaConfig.cmake.in "${CMAKE_BINARY_DIR}/mullamaConfig.cmake"
    INSTALL_DESTINATION "${package_dir}"
    PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR
)
write_basic_package_version_file("${CMAKE_BINARY_DIR}/mullamaConfigVersion.cmake" COMPATIBILITY SameMinorVersion)

install(TARGETS mullama ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(FILES ${MULLAMA_XGRAMMAR_ARCHIVE} ${MULLAMA_ENGINE_ARCHIVES} DESTINATION "${CMAKE_INSTALL_LIBDIR}/mullama")
install(DIRECTORY include/mullama DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(FILES "${CMAKE_BINARY_DIR}/mullamaConfig.cmake" "${CMAKE_BINARY_DIR}/mullamaConfigVersion.cmake"
    DESTINATION "${package_dir}"
)
if(TARGET mullama-program)
    install(TARGETS mullama-program RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()
install(FILES LICENSE THIRD_PARTY.md DESTINATION "${CMAKE_INSTALL_DOCDIR}")
