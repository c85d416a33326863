# Windows, 64 bits, with MinGW-w64 on Linux; programs and tests run under Wine. ci/windows uses it:
#   cmake -S . -B build/windows -DCMAKE_TOOLCHAIN_FILE=ci/cmake/mingw-w64-x86_64.cmake
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_C_COMPILER x86_64-w64-mingw32-gcc)
set(CMAKE_RC_COMPILER x86_64-w64-mingw32-windres)

# Only what ci/windows-deps built, linked statically: the programs need nothing but Windows' own DLLs.
get_filename_component(HOLDFAST_WINDOWS_DEPS ${CMAKE_CURRENT_LIST_DIR}/../../build/windows-deps/prefix ABSOLUTE)
set(CMAKE_FIND_ROOT_PATH /usr/x86_64-w64-mingw32 ${HOLDFAST_WINDOWS_DEPS})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_LIBDIR} ${HOLDFAST_WINDOWS_DEPS}/lib/pkgconfig)
set(PKG_CONFIG_ARGN --static)
set(CMAKE_EXE_LINKER_FLAGS_INIT -static)

# ci/wine finds Wine, gives it a home of its own below build/, and bounds every run in time.
get_filename_component(HOLDFAST_WINE ${CMAKE_CURRENT_LIST_DIR}/../wine ABSOLUTE)
set(CMAKE_CROSSCOMPILING_EMULATOR ${HOLDFAST_WINE})
