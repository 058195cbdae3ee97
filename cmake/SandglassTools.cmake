# ccache and mold make the daily build quick; both are optional.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # base_dir lets build directories side by side share one cache.
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
      "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=1 "${CCACHE_PROGRAM}")
endif()
find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM AND CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang")
  add_link_options(-fuse-ld=mold)
  if(CMAKE_CXX_FLAGS_DEBUG MATCHES "split-dwarf")
    # What the objects tell debuggers of their names becomes an index, a sixth of the size.
    add_link_options($<$<CONFIG:Debug>:-Wl,--gdb-index>)
  endif()
endif()
