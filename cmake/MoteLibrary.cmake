# libmote: the C interface (include/mote/mote_c.h) as one shared library. Everything below it is linked in and hidden,
# so that a program may hold other versions of what Mote uses. And what `cmake --install` puts where.
include(GNUInstallDirs)

# What has to be found and bound when a program starts costs more than what it then does, so only the system's own
# libraries are left to that.
if(NOT MOTE_SANITIZE AND NOT MOTE_SANITIZE_THREAD AND NOT MOTE_FUZZ)
  set(MOTE_LINK_OPTIONS -static-libstdc++ -static-libgcc -Wl,--as-needed -Wl,--gc-sections -Wl,-O1)
endif()
target_link_options(mote PRIVATE ${MOTE_LINK_OPTIONS})

add_library(libmote SHARED src/api/c.cpp src/api/convert.cpp)
set_target_properties(libmote PROPERTIES PREFIX "" OUTPUT_NAME libmote VERSION ${PROJECT_VERSION}
                                         SOVERSION ${PROJECT_VERSION_MAJOR}
                                         LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}
                                         LINK_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/libmote.map)
target_compile_definitions(libmote PRIVATE MOTE_VERSION="${PROJECT_VERSION}")
target_link_libraries(libmote PRIVATE mote_driver)
target_link_options(libmote PRIVATE ${MOTE_LINK_OPTIONS} -Wl,--version-script=${PROJECT_SOURCE_DIR}/cmake/libmote.map)
if(NOT MOTE_SANITIZE AND NOT MOTE_SANITIZE_THREAD AND NOT MOTE_FUZZ)  # whose libraries are found in the program
  target_link_options(libmote PRIVATE -Wl,--no-undefined)
endif()

# libmote_run: the same interface but for mote_convert, and .tflite files only: what a device needs. With
# -DMOTE_OPERATORS="MODEL.tflite;..." it has only the operators that these models need, and the rows of kernels that
# they take: ops.inc and chosen_rows.h are written anew, and what reads them is compiled again.
set(MOTE_OPERATORS "" CACHE STRING "Models whose operators libmote_run is to have; empty: all of them")
file(GLOB tflite_sources CONFIGURE_DEPENDS src/import/tflite/*.cpp)
list(FILTER tflite_sources EXCLUDE REGEX "_test\\.cpp$")
set(load_sources cmake/tflite_only.cpp src/driver/model.cpp ${tflite_sources})
set(run_sources src/api/c.cpp src/driver/runner.cpp ${load_sources})
if(MOTE_SMALL AND MOTE_OWN_FMT)
  list(APPEND run_sources cmake/fmt_small.cpp)
  set_source_files_properties(cmake/fmt_small.cpp PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
endif()
if(MOTE_OPERATORS)
  add_executable(operators_of EXCLUDE_FROM_ALL cmake/operators_of.cpp ${load_sources})
  target_link_libraries(operators_of PRIVATE mote_plan mote_passes mote_formats)
  set(chosen ${PROJECT_BINARY_DIR}/operators)
  string(REPLACE ";" "," levels "${MOTE_ISA_LEVELS}")
  set(chosen_files ${chosen}/ops/ops.inc ${chosen}/ops/chosen_ops.h ${chosen}/kernels/chosen_rows.h
                   ${chosen}/plan/chosen_search.h)
  add_custom_command(OUTPUT ${chosen_files}
                     DEPENDS operators_of ${MOTE_OPERATORS} VERBATIM
                     COMMAND ${CMAKE_COMMAND} -E make_directory ${chosen}/ops ${chosen}/kernels ${chosen}/plan
                     COMMAND operators_of ${chosen} ${levels} ${MOTE_OPERATORS})
  get_target_property(kernel_sources mote_kernels SOURCES)
  add_library(chosen_kernels OBJECT EXCLUDE_FROM_ALL ${kernel_sources} ${chosen_files})
  target_include_directories(chosen_kernels BEFORE PRIVATE ${chosen})
  target_link_libraries(chosen_kernels PRIVATE mote_kernels)
  target_compile_options(chosen_kernels PRIVATE $<TARGET_PROPERTY:mote_kernels,COMPILE_OPTIONS>)
  list(APPEND run_sources src/ops/ops.cpp src/passes/pipeline.cpp src/passes/specialize.cpp src/plan/arena.cpp src/plan/memory.cpp
              ${chosen_files} $<TARGET_OBJECTS:chosen_kernels>)
endif()
add_library(libmote_run SHARED ${run_sources})
set_target_properties(libmote_run PROPERTIES PREFIX "" OUTPUT_NAME libmote_run VERSION ${PROJECT_VERSION}
                                             SOVERSION ${PROJECT_VERSION_MAJOR}
                                             LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}
                                             LINK_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/libmote.map)
target_compile_definitions(libmote_run PRIVATE MOTE_VERSION="${PROJECT_VERSION}")
if(MOTE_OPERATORS)  # only then, so that what was built for all operators is built again
  target_include_directories(libmote_run BEFORE PRIVATE ${chosen})
endif()
target_link_libraries(libmote_run PRIVATE mote_plan mote_runtime mote_passes mote_formats)
# Tables of records and kernels are full of pointers; packed, their relocations take a bit each rather than 24 bytes.
include(CheckLinkerFlag)
check_linker_flag(CXX -Wl,-z,pack-relative-relocs MOTE_PACKS_RELOCATIONS)
target_link_options(libmote_run PRIVATE -Wl,--as-needed -Wl,--gc-sections -Wl,-O1
                    $<$<BOOL:${MOTE_PACKS_RELOCATIONS}>:-Wl,-z,pack-relative-relocs>
                    -Wl,--version-script=${PROJECT_SOURCE_DIR}/cmake/libmote.map)

# Found from where the .pc file lies, so that the whole may be installed anywhere.
file(RELATIVE_PATH MOTE_PC_TO_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${PROJECT_SOURCE_DIR}/cmake/mote.pc.in ${PROJECT_BINARY_DIR}/mote.pc @ONLY)
install(TARGETS mote RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS libmote libmote_run LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/mote DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${PROJECT_BINARY_DIR}/mote.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

if(MOTE_TESTS)
  add_test(NAME libmote_symbols
           COMMAND sh ${PROJECT_SOURCE_DIR}/tests/api/symbols.sh $<TARGET_FILE:libmote>
                   ${PROJECT_SOURCE_DIR}/include/mote/mote_c.h)
  # The C header from C99, against the library that users link.
  add_executable(c_interface_test tests/api/run.c)
  target_compile_options(c_interface_test PRIVATE -Wall -Wextra -Wconversion -pedantic)
  target_include_directories(c_interface_test PRIVATE ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(c_interface_test PRIVATE mote_options libmote)
  add_test(NAME c_interface COMMAND c_interface_test tests/fixtures/cli/float.tflite
           WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
endif()
