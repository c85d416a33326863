# How a folder becomes a library, a program or a test. CMakeLists.txt says which.
include(CheckCSourceCompiles)
find_package(Threads REQUIRED)

set(HOUSE_WARNINGS -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wvla -Wstrict-prototypes
    -Wmissing-prototypes -Wundef -Werror)

add_library(house_flags INTERFACE)
target_include_directories(house_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(house_flags INTERFACE ${HOUSE_WARNINGS} -fno-strict-aliasing
                       -fstack-protector-strong)
if(CMAKE_SYSTEM_NAME STREQUAL Linux)
  target_compile_definitions(house_flags INTERFACE _GNU_SOURCE)
endif()
if(WIN32)
  # Windows 10 and later; MinGW's own printf so that %zu means what C says.
  target_compile_definitions(house_flags INTERFACE _WIN32_WINNT=0x0A00 WINVER=0x0A00
                             NTDDI_VERSION=0x0A000007 __USE_MINGW_ANSI_STDIO=1 UNICODE _UNICODE)
  target_link_options(house_flags INTERFACE -fstack-protector-strong) # finds libssp
endif()
if(HOLDFAST_SANITIZE)
  target_compile_options(house_flags INTERFACE -fsanitize=address,undefined
                         -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
  target_link_options(house_flags INTERFACE -fsanitize=address,undefined)
endif()

# jansson and libuv, by pkg-config here, from ci/'s own cross build for Windows.
function(house_find name pkg)
  if(TARGET ${name})
    return()
  endif()
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(${name}_PC REQUIRED IMPORTED_TARGET ${pkg})
  add_library(${name} INTERFACE)
  target_link_libraries(${name} INTERFACE PkgConfig::${name}_PC)
endfunction()
if(NOT HOLDFAST_SANDBOX_ONLY)
  house_find(jansson jansson)
  house_find(libuv libuv)
endif()

# The sources of folders that are part of a library on this platform.
function(house_sources out)
  set(found)
  foreach(folder ${ARGN})
    file(GLOB here CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}
         ${CMAKE_SOURCE_DIR}/${folder}/*.c)
    list(APPEND found ${here})
  endforeach()
  list(FILTER found EXCLUDE REGEX "_(test|main|fuzz)\\.c$")
  if(WIN32)
    list(FILTER found EXCLUDE REGEX "_linux\\.c$")
  else()
    list(FILTER found EXCLUDE REGEX "_windows\\.c$")
  endif()
  set(${out} ${found} PARENT_SCOPE)
endfunction()

# house_library(NAME FOLDERS dir... [LINUX dir...] [WINDOWS dir...] [LINKS lib...])
function(house_library name)
  cmake_parse_arguments(A "" "" "FOLDERS;LINUX;WINDOWS;LINKS" ${ARGN})
  set(folders ${A_FOLDERS})
  if(WIN32)
    list(APPEND folders ${A_WINDOWS})
  else()
    list(APPEND folders ${A_LINUX})
  endif()
  house_sources(sources ${folders})
  if(NOT sources)
    file(WRITE ${CMAKE_BINARY_DIR}/${name}_empty.c "typedef int ${name}_is_empty;\n")
    set(sources ${CMAKE_BINARY_DIR}/${name}_empty.c)
  endif()
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC house_flags ${A_LINKS} Threads::Threads)
  if(WIN32)
    target_link_libraries(${name} PUBLIC bcrypt)
  endif()
  set_target_properties(${name} PROPERTIES OUTPUT_NAME holdfast-${name})
endfunction()

# house_embed(LIBRARY file...): each file becomes `const char NAME_EXT[]` with its size and SHA-256
# (page.css: page_css, page_css_size, page_css_sha256), so that a program needs no file beside it.
function(house_embed library)
  foreach(file ${ARGN})
    get_filename_component(name ${file} NAME)
    string(MAKE_C_IDENTIFIER ${name} name)
    file(READ ${CMAKE_SOURCE_DIR}/${file} bytes HEX)
    file(SHA256 ${CMAKE_SOURCE_DIR}/${file} digest)
    string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${bytes}")
    file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/embed/${name}.c CONTENT
"#include <stddef.h>\n#include \"results/page_files.h\"\nconst char ${name}[] = {${bytes} 0};
const size_t ${name}_size = sizeof ${name} - 1;\nconst char ${name}_sha256[] = \"${digest}\";\n" @ONLY)
    target_sources(${library} PRIVATE ${CMAKE_BINARY_DIR}/embed/${name}.c)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${file})
  endforeach()
endfunction()

# house_program(NAME main.c LINKS lib...)
function(house_program name main)
  cmake_parse_arguments(A "" "" "LINKS" ${ARGN})
  if(EXISTS ${CMAKE_SOURCE_DIR}/${main})
    add_executable(${name} ${main})
    target_link_libraries(${name} PRIVATE ${A_LINKS})
  endif()
endfunction()

function(house_windows_program name main)
  if(WIN32)
    house_program(${name} ${main} LINKS sandbox)
    house_manifest(${name})
  endif()
endfunction()

# The three Windows programs again, for tests under Wine, with stand-ins for what Wine only pretends:
# the objects of sandbox/windows/standin come before the library's of the same functions. They lie in
# a directory of their own and are never installed.
function(house_windows_standins)
  if(NOT WIN32)
    return()
  endif()
  set(folder sandbox/windows/standin)
  set(common ${folder}/pretend.c ${folder}/logon.c ${folder}/store.c ${folder}/system.c)
  add_executable(standin-sandbox sandbox/sandbox_main.c ${common})
  add_executable(standin-setup sandbox/windows/setup_main.c ${common} ${folder}/ping.c)
  add_executable(standin-runner sandbox/windows/runner_main.c ${common} ${folder}/connect.c)
  set_target_properties(standin-sandbox PROPERTIES OUTPUT_NAME holdfast-sandbox)
  set_target_properties(standin-setup PROPERTIES OUTPUT_NAME holdfast-sandbox-setup)
  set_target_properties(standin-runner PROPERTIES OUTPUT_NAME holdfast-sandbox-runner)
  add_executable(standin-probe ${folder}/probe_main.c)
  add_executable(standin-session ${folder}/session_main.c ${folder}/session_stdio.c
                 ${folder}/session_ends.c)
  foreach(name standin-sandbox standin-setup standin-runner standin-probe standin-session)
    target_link_libraries(${name} PRIVATE sandbox)
    house_manifest(${name})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/standin)
  endforeach()
  file(GLOB scripts CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/ci/tests/windows/*.sh)
  foreach(script ${scripts})
    get_filename_component(name ${script} NAME_WE)
    add_test(NAME windows-${name} COMMAND bash ${script} ${CMAKE_BINARY_DIR} ${CMAKE_SOURCE_DIR})
    set_tests_properties(windows-${name} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 1800 RUN_SERIAL TRUE)
  endforeach()
endfunction()

# holdfast-evidence.exe: tries on a Windows machine what the sandbox is said to do. With it the shipped
# programs, so that one directory can be carried there; not installed. Under Wine the stand-ins try it.
function(house_windows_evidence)
  if(NOT WIN32)
    return()
  endif()
  set(folder sandbox/windows/evidence)
  add_executable(holdfast-evidence ${folder}/evidence_main.c ${folder}/attempts.c
                 ${folder}/judge.c ${folder}/machine.c ${folder}/objects.c ${folder}/place.c
                 ${folder}/residue.c ${folder}/attempts_more.c ${folder}/witness.c ${folder}/console.c ${folder}/logons.c)
  target_link_libraries(holdfast-evidence PRIVATE simulate sandbox secur32)
  house_manifest(holdfast-evidence)
endfunction()

# What Windows must know of a program before it starts it.
function(house_manifest name)
  if(WIN32 AND TARGET ${name})
    enable_language(RC)
    target_sources(${name} PRIVATE ${CMAKE_SOURCE_DIR}/sandbox/windows/holdfast.rc)
  endif()
endfunction()

# musl makes a static program start in a tenth of glibc's time (README, figures); it is used where
# GCC finds it (Debian: musl-tools). Elsewhere the same source is linked statically with glibc.
if(NOT WIN32 AND NOT HOLDFAST_SANITIZE AND CMAKE_C_COMPILER_ID STREQUAL GNU)
  file(GLOB HOUSE_MUSL_SPECS /usr/lib/*-linux-musl/musl-gcc.specs /usr/lib/musl-gcc.specs
       /usr/lib/musl/lib/musl-gcc.specs)
  list(SORT HOUSE_MUSL_SPECS)
  if(HOUSE_MUSL_SPECS)
    list(GET HOUSE_MUSL_SPECS 0 HOUSE_MUSL_SPECS)
    file(GLOB HOUSE_KERNEL_HEADERS /usr/include/${CMAKE_SYSTEM_PROCESSOR}-linux-gnu)
  endif()
endif()

# Marks a target as static, with musl where it is there. The sources must be its own: a library
# compiled against glibc's headers cannot be linked into it.
function(house_make_static name)
  if(WIN32 OR HOLDFAST_SANITIZE)
    return()
  endif()
  if(HOUSE_MUSL_SPECS)
    target_compile_options(${name} PRIVATE -specs=${HOUSE_MUSL_SPECS}
                           "SHELL:-idirafter /usr/include")
    foreach(directory ${HOUSE_KERNEL_HEADERS})
      target_compile_options(${name} PRIVATE "SHELL:-idirafter ${directory}")
    endforeach()
    target_compile_definitions(${name} PRIVATE HOLDFAST_MUSL=1)
    target_link_options(${name} PRIVATE -specs=${HOUSE_MUSL_SPECS})
  endif()
  target_compile_options(${name} PRIVATE -fno-pie)
  target_link_options(${name} PRIVATE -static -no-pie)
endfunction()

# house_static_program(NAME main.c [FOLDER dir] LINKS lib...): compiles the libraries' sources
# again, its way, with those of a folder of its own.
function(house_static_program name main)
  cmake_parse_arguments(A "" "FOLDER" "LINKS" ${ARGN})
  if(NOT EXISTS ${CMAKE_SOURCE_DIR}/${main})
    return()
  endif()
  house_sources(sources ${A_FOLDER})
  list(APPEND sources ${main})
  foreach(library ${A_LINKS})
    get_target_property(more ${library} SOURCES)
    list(APPEND sources ${more})
  endforeach()
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE house_flags)
  if(WIN32)
    target_link_libraries(${name} PRIVATE bcrypt)
  endif()
  house_make_static(${name})
endfunction()

function(house_launcher name)
  house_static_program(${name} sandbox/sandbox_main.c LINKS sandbox base)
  if(TARGET ${name})
    target_compile_options(${name} PRIVATE -Os)
    if(NOT WIN32 AND NOT HOLDFAST_SANITIZE)
      # Every page touched costs microseconds at each start: few segments, nothing unused. A static
      # program that is not position-independent has nothing for RELRO to protect at run time.
      target_compile_options(${name} PRIVATE -ffunction-sections -fdata-sections
                             -fno-asynchronous-unwind-tables)
      target_link_options(${name} PRIVATE -Wl,--gc-sections -Wl,-z,noseparate-code -Wl,-z,norelro
                          -Wl,--build-id=none)
    endif()
    if(WIN32)
      target_link_libraries(${name} PRIVATE sandbox)
      house_manifest(${name})
    endif()
  endif()
endfunction()

# bench/acl_windows_main.c with bench/acl/ and what of bench/ and results/ needs no POSIX.
function(house_windows_bench name)
  house_sources(sources bench/acl)
  add_executable(${name} bench/acl_windows_main.c ${sources} bench/report.c bench/report_json.c
                 bench/schedule.c bench/stats.c results/document.c)
  target_link_libraries(${name} PRIVATE base jansson m advapi32)
  house_manifest(${name})
endfunction()

# fixtures/NAME_main.c and bench/NAME_main.c become build/bin/fixture-NAME and bench-NAME; so do
# NAME_linux_main.c and NAME_windows_main.c, each on its platform.
function(house_fixture_programs)
  foreach(folder fixtures bench)
    file(GLOB mains CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/${folder}/*_main.c)
    if(WIN32)
      list(FILTER mains EXCLUDE REGEX "_linux_main\\.c$")
    else()
      list(FILTER mains EXCLUDE REGEX "_windows_main\\.c$")
    endif()
    foreach(main ${mains})
      get_filename_component(short ${main} NAME)
      string(REGEX REPLACE "(_linux|_windows)?_main\\.c$" "" short ${short})
      set(own ${folder}/${short}) # a program of several files keeps the others in this folder
      string(REPLACE "_" "-" short ${short})
      string(REGEX REPLACE "s$" "" prefix ${folder})
      house_static_program(${prefix}-${short} ${main} FOLDER ${own} LINKS base)
    endforeach()
  endforeach()
endfunction()

# Criterion by pkg-config; without it (Windows) the stand-in of base/test.h.
if(HOLDFAST_TESTS AND NOT WIN32)
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(CRITERION REQUIRED IMPORTED_TARGET criterion)
endif()

# house_test(LIBRARY dir...): all *_test.c of the folders in one program; ctest runs it through
# ci/run-tests, which fails when the number of tests run is not the number of Test( lines here.
function(house_test library)
  set(sources)
  foreach(folder ${ARGN})
    file(GLOB here CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*_test.c)
    list(APPEND sources ${here})
  endforeach()
  if(WIN32)
    list(FILTER sources EXCLUDE REGEX "/sandbox/linux/|_linux_test\\.c$")
  endif()
  if(NOT sources)
    return()
  endif()
  set(count 0)
  foreach(source ${sources})
    file(STRINGS ${source} lines REGEX "^Test\\(")
    list(LENGTH lines here)
    math(EXPR count "${count} + ${here}")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
  endforeach()
  if(WIN32)
    list(APPEND sources ${CMAKE_SOURCE_DIR}/base/standin_main.c)
    # The stand-in's macros take a message or none, which pedants want spelled otherwise.
    set_source_files_properties(${sources} PROPERTIES COMPILE_OPTIONS -Wno-pedantic)
  endif()
  add_executable(${library}-test ${sources})
  target_link_libraries(${library}-test PRIVATE ${library})
  if(NOT WIN32)
    target_link_libraries(${library}-test PRIVATE PkgConfig::CRITERION)
    # Criterion's own headers and its Test() macro are not held to our warnings.
    target_compile_options(${library}-test PRIVATE -Wno-missing-prototypes -Wno-undef)
  else()
    target_compile_definitions(${library}-test PRIVATE HOLDFAST_TEST_STANDIN=1)
  endif()
  target_compile_definitions(${library}-test PRIVATE
                             TEST_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
                             TEST_BINARY_DIR="${CMAKE_BINARY_DIR}")
  set_target_properties(${library}-test PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/test)
  add_test(NAME ${library} COMMAND ${CMAKE_SOURCE_DIR}/ci/run-tests ${count}
           ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:${library}-test>
           WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${library} PROPERTIES TIMEOUT 300)
endfunction()

# ci/tests/NAME.sh BUILD_DIR SOURCE_DIR: exit 0 passed, 77 skipped with the reason printed.
function(house_script_tests)
  if(WIN32 OR HOLDFAST_SANDBOX_ONLY)
    return()
  endif()
  file(GLOB scripts CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/ci/tests/*.sh)
  foreach(script ${scripts})
    get_filename_component(name ${script} NAME_WE)
    add_test(NAME script-${name} COMMAND bash ${script} ${CMAKE_BINARY_DIR} ${CMAKE_SOURCE_DIR})
    set_tests_properties(script-${name} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 600
                         RUN_SERIAL TRUE)
  endforeach()
  # A build of its own, libraries included, and tests under Wine: bounded by their own limits.
  set_tests_properties(script-windows PROPERTIES TIMEOUT 3600)
endfunction()
