# cmake --install: the programs, and for embedders the sandbox library with its header.
include(GNUInstallDirs)
foreach(program holdfast holdfast-probe holdfast-sandbox holdfast-sandbox-setup
        holdfast-sandbox-runner)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endforeach()
