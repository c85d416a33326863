# cmake --install: the programs, and for embedders the sandbox library with its header.
include(GNUInstallDirs)
foreach(program holdfast holdfast-probe holdfast-sandbox holdfast-sandbox-setup
        holdfast-sandbox-runner)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endforeach()

# For embedders: the library, its header and what the header includes, and how to link it.
if(NOT WIN32)
  install(TARGETS sandbox base ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(FILES sandbox/sandbox.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/holdfast/sandbox)
  install(FILES base/error.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/holdfast/base)
  configure_file(ci/cmake/holdfast-sandbox.pc.in holdfast-sandbox.pc @ONLY)
  install(FILES ${CMAKE_BINARY_DIR}/holdfast-sandbox.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
  file(GLOB manuals CONFIGURE_DEPENDS man/*.1)
  install(FILES ${manuals} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  file(GLOB manuals CONFIGURE_DEPENDS man/*.3)
  install(FILES ${manuals} DESTINATION ${CMAKE_INSTALL_MANDIR}/man3)
endif()
