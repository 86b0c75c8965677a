# libmote: the C interface (include/mote/mote_c.h) as one shared library. Everything below it is linked in and hidden,
# so that a program may hold other versions of what Mote uses. And what `cmake --install` puts where.
include(GNUInstallDirs)

# What has to be found and bound when a program starts costs more than what it then does, so only the system's own
# libraries are left to that.
if(NOT MOTE_SANITIZE AND NOT MOTE_SANITIZE_THREAD AND NOT MOTE_FUZZ)
  set(MOTE_LINK_OPTIONS -static-libstdc++ -static-libgcc -Wl,--as-needed -Wl,--gc-sections -Wl,-O1)
endif()
target_link_options(mote PRIVATE ${MOTE_LINK_OPTIONS})

add_library(libmote SHARED src/api/c.cpp)
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

# Found from where the .pc file lies, so that the whole may be installed anywhere.
file(RELATIVE_PATH MOTE_PC_TO_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${PROJECT_SOURCE_DIR}/cmake/mote.pc.in ${PROJECT_BINARY_DIR}/mote.pc @ONLY)
install(TARGETS mote RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS libmote LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
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
  target_link_libraries(c_interface_test PRIVATE libmote)
  add_test(NAME c_interface COMMAND c_interface_test tests/fixtures/cli/float.tflite
           WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
endif()
