#include "services/engine/builds/copyscript.h"

#include "services/engine/api/errors.h"
#include "services/engine/images/shellquoted.h"

#include <algorithm>

namespace sandglass::engine {

namespace {

/// The folders before the first part with a glob character; the whole source when there is none.
std::string beforeGlob(const std::string &source)
{
    const auto glob = source.find_first_of("*?[{");
    if (glob == source.npos)
        return source;
    const auto slash = source.rfind('/', glob);
    return slash == source.npos ? "." : source.substr(0, slash);
}

constexpr const char *kUnpack = R"sh(
set -e
staging=/tmp/.sandglass-copy/files
mkdir -p "$staging"
tar -xpf /tmp/.sandglass-copy/archive -C "$staging" --no-same-owner
rm -f /tmp/.sandglass-copy/archive
find "$staging" -type d ! -perm -700 -exec chmod u+rwx {} \;
source="$staging/$source"
if [ ! -e "$source" ] && [ ! -L "$source" ]; then echo "COPY: the archive does not hold the source" >&2; exit 1; fi
if [ -d "$source" ] && [ ! -L "$source" ]; then
  mkdir -p "$destination"
  cd "$source"
  find . -mindepth 1 -maxdepth 1 -exec cp -a -t "$destination" {} +
  find . -mindepth 1 -maxdepth 1 -print0 | while IFS= read -r -d '' entry; do attributes "$destination/$entry"; done
else
  case $destination in
    */) mkdir -p "$destination"; target="$destination$(basename "$source")" ;;
    *)
      if [ -d "$destination" ]; then target="$destination/$(basename "$source")"
      else mkdir -p "$(dirname "$destination")"; target="$destination"; fi ;;
  esac
  cp -a "$source" "$target"
  attributes "$target"
fi
cd /
rm -rf /tmp/.sandglass-copy
)sh";

} // namespace

Result<std::string> copyScript(const CopyWish &wish)
{
    std::string source = beforeGlob(wish.source);
    if (source.starts_with('/') || ("/" + source + "/").find("/../") != std::string::npos)
        return refuse(400, "'" + wish.source + "' leads out of the uploaded files");
    if (!std::ranges::all_of(wish.mode, [](char c) { return c >= '0' && c <= '7'; }) || wish.mode.size() > 5)
        return refuse(400, "'" + wish.mode + "' is no mode: octal digits are allowed");
    std::string attributes = ":";
    if (!wish.mode.empty()) // the deepest first: a folder may become closed by it
        attributes += "; find \"$1\" -depth ! -type l -exec chmod " + wish.mode + " {} +";
    return "source=" + shellQuoted(source) + "\ndestination=" + shellQuoted(wish.destination) + "\nattributes() { "
        + attributes + "; }" + kUnpack;
}

} // namespace sandglass::engine
