# sandglass_room(core SOURCES a.cpp a.h LIBS Qt6::Core)  ->  static library Sandglass::core
function(sandglass_room name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS;PRIVATE_LIBS" ${ARGN})
  add_library(sandglass_${name} STATIC ${ARG_SOURCES})
  add_library(Sandglass::${name} ALIAS sandglass_${name})
  target_link_libraries(sandglass_${name} PUBLIC Sandglass::flags ${ARG_LIBS} PRIVATE ${ARG_PRIVATE_LIBS})
  sandglass_moc(sandglass_${name})
endfunction()

# Runs moc (and rcc) for targets that link Qt; the others stay free of generated files.
function(sandglass_moc target)
  get_target_property(libs ${target} LINK_LIBRARIES)
  if("${libs}" MATCHES "Qt6::|Sandglass::")
    set_target_properties(${target} PROPERTIES AUTOMOC ON AUTORCC ON)
  endif()
endfunction()

# Seconds after which a test hangs: no test is a matter of time, and machines may be busy. Also for one function of one.
set(sandglass_test_timeout 900)

# sandglass_test(money LIBS Sandglass::core)  ->  builds tst_money.cpp, runs it offscreen in UTC
# WINDOW: needs a real X display; runs under xvfb-run, one such test at a time.
# No test touches the key store, notifications or tray of whoever runs it: there is no session bus but its own.
# SERIAL: not beside other tests (measures, or takes fixed ports). LABELS for ctest -L.
function(sandglass_test name)
  cmake_parse_arguments(ARG "SERIAL;WINDOW" "" "LIBS;SOURCES;LABELS" ${ARGN})
  add_executable(tst_${name} tst_${name}.cpp ${ARG_SOURCES})
  target_link_libraries(tst_${name} PRIVATE Sandglass::flags Qt6::Test ${ARG_LIBS})
  set_target_properties(tst_${name} PROPERTIES AUTOMOC ON RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
  if(ARG_WINDOW) # -r: a key that a busy machine holds down too long would be pressed again and again
    add_test(NAME ${name} COMMAND xvfb-run -a -s "-screen 0 1600x1000x24 -r" $<TARGET_FILE:tst_${name}>)
    set(platform xcb)
  else()
    add_test(NAME ${name} COMMAND tst_${name})
    set(platform offscreen)
  endif()
  # Without the session's bus, so that no test writes keys into the person's own key store.
  set_tests_properties(${name} PROPERTIES TIMEOUT ${sandglass_test_timeout}
    ENVIRONMENT "QT_QPA_PLATFORM=${platform};DBUS_SESSION_BUS_ADDRESS=disabled:;TZ=UTC;LC_ALL=C.UTF-8;QTEST_FUNCTION_TIMEOUT=${sandglass_test_timeout}000;QT_LOGGING_RULES=qt.qpa.*=false;SANDGLASS_BIN_DIR=${PROJECT_BINARY_DIR}/bin;SANDGLASS_SOURCE_DIR=${PROJECT_SOURCE_DIR}")
  if(ARG_WINDOW) # two at once would find the same display free
    set_tests_properties(${name} PROPERTIES RESOURCE_LOCK display)
  endif()
  if(ARG_SERIAL)
    set_tests_properties(${name} PROPERTIES RUN_SERIAL ON)
  endif()
  if(ARG_LABELS)
    set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}")
  endif()
endfunction()
