# One interface target carries standard, definitions, warnings and sanitizers for every room.
add_library(sandglass_flags INTERFACE)
add_library(Sandglass::flags ALIAS sandglass_flags)
target_compile_features(sandglass_flags INTERFACE cxx_std_20)
target_compile_definitions(sandglass_flags INTERFACE
  QT_NO_CAST_FROM_ASCII QT_NO_CAST_TO_ASCII QT_NO_URL_CAST_FROM_STRING QT_NO_NARROWING_CONVERSIONS_IN_CONNECT
  QT_USE_QSTRINGBUILDER QT_NO_KEYWORDS QT_NO_FOREACH
  SANDGLASS_VERSION="${PROJECT_VERSION}")
target_compile_options(sandglass_flags INTERFACE
  -Wall -Wextra -Wshadow -Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-qual
  -Wformat=2 -Wimplicit-fallthrough -Wnull-dereference -fvisibility-inlines-hidden)
if(SANDGLASS_WERROR)
  # A warning that is allowed to stay is a warning nobody reads.
  target_compile_options(sandglass_flags INTERFACE -Werror)
  # g++ 12 at -O2 reports -Wnull-dereference and friends inside Boost and libstdc++ templates.
  target_compile_options(sandglass_flags INTERFACE -Wno-error=null-dereference -Wno-error=maybe-uninitialized
    -Wno-error=stringop-overflow -Wno-error=stringop-overread -Wno-error=array-bounds -Wno-error=restrict)
endif()
if(SANDGLASS_SANITIZE) # plain if(): the comma in the list breaks generator expressions
  target_compile_options(sandglass_flags INTERFACE -fsanitize=${SANDGLASS_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(sandglass_flags INTERFACE -fsanitize=${SANDGLASS_SANITIZE})
  if(SANDGLASS_SANITIZE MATCHES "thread")
    # Asio uses fences, which TSan cannot follow; its own synchronisation is annotated elsewhere.
    # At -O1 g++ 12 sees half of how Asio allocates the frames of coroutines.
    target_compile_options(sandglass_flags INTERFACE -Wno-tsan -Wno-mismatched-new-delete)
    add_library(sandglass_tsanclone STATIC tests/support/tsanclone.cpp)
    target_link_options(sandglass_flags INTERFACE -Wl,--undefined=clone) # else libc's would do
    target_link_libraries(sandglass_flags INTERFACE sandglass_tsanclone)
  endif()
endif()
# Includes are written from the top of the repository: #include "services/core/money.h".
target_include_directories(sandglass_flags INTERFACE "${PROJECT_SOURCE_DIR}")
