# src/base/fmt.cpp is {fmt}'s compiled part, built from its headers. With it, --as-needed leaves the shared library out.
# Where the headers are of a version that it does not fit, the shared library is used.
set(source ${PROJECT_SOURCE_DIR}/src/base/fmt.cpp)
if(NOT DEFINED MOTE_OWN_FMT)
  get_target_property(fmt_includes fmt::fmt INTERFACE_INCLUDE_DIRECTORIES)
  try_compile(MOTE_OWN_FMT ${PROJECT_BINARY_DIR}/try_fmt SOURCES ${source} ${PROJECT_SOURCE_DIR}/cmake/try_fmt.cpp
              CMAKE_FLAGS "-DINCLUDE_DIRECTORIES=${fmt_includes}" COMPILE_DEFINITIONS -DFMT_SHARED CXX_STANDARD 20)
  message(STATUS "{fmt} linked in: ${MOTE_OWN_FMT}")
endif()
if(MOTE_OWN_FMT)
  set_source_files_properties(${source} PROPERTIES SKIP_PRECOMPILE_HEADERS ON
                                                   COMPILE_OPTIONS "-ffunction-sections;-fdata-sections")
else()
  set_source_files_properties(${source} PROPERTIES HEADER_FILE_ONLY ON)
endif()
