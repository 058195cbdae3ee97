#!/usr/bin/env bash
# run.sh ENGINE BUILD_DIR: starts the engine on free ports and runs the published SDKs against it.
# Exit 77 = skipped, because npm or its registry cannot be reached.
set -euo pipefail
engine=$1 build=$2
here=$(cd "$(dirname "$0")" && pwd)

skip() { printf '\n*** SKIPPED: conformance with the E2B SDKs was NOT tested: %s ***\n\n' "$1" >&2; exit 77; }

status=0
node=$("$here/install.sh" "$build") || status=$?
[ "$status" -ne 77 ] || skip "they cannot be had here, as told above"
[ "$status" -eq 0 ] || exit "$status"
# Modules are looked up from where the test file stands.
rm -f "$build"/*.mjs
cp "$here"/*.mjs "$build/"

# The Python SDKs beside them; without them the JavaScript ones are tested alone.
python=$build/python/bin/python
python_missing() {
  python=
  printf '\n*** SKIPPED: the Python SDKs were NOT tested: %s ***\n\n' "$1" >&2
}
if ! cmp -s "$here/requirements.txt" "$build/.installed-requirements"; then
  rm -rf "$build/python"
  if ! python3 -m venv "$build/python" >"$build/pip.log" 2>&1; then
    python_missing "no virtual environment could be made (apt install python3-venv)"
  elif ! timeout 120 "$python" -m pip install --quiet -r "$here/requirements.txt" >"$build/pip.log" 2>&1; then
    tail -n 3 "$build/pip.log" >&2
    python_missing "pip could not install them"
  else
    cp "$here/requirements.txt" "$build/.installed-requirements"
  fi
fi

state=$(mktemp -d)
"$engine" --state-dir "$state" --api-port 0 --sandbox-port 0 --ready-file "$state/ready.json" >"$state/engine.log" 2>&1 &
pid=$!
cleanup() {
  kill "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
  rm -rf "$state"
}
trap cleanup EXIT
for _ in $(seq 200); do
  [ -s "$state/ready.json" ] && break
  kill -0 "$pid" 2>/dev/null || { cat "$state/engine.log" >&2; exit 1; }
  sleep 0.05
done
[ -s "$state/ready.json" ] || { echo "the engine did not get ready" >&2; cat "$state/engine.log" >&2; exit 1; }

field() { "$node" -p "JSON.parse(require('fs').readFileSync('$state/ready.json', 'utf8')).$1"; }
E2B_API_URL=$(field api_url) E2B_SANDBOX_URL=$(field sandbox_url) E2B_API_KEY=$(cat "$state/api-key")
export E2B_API_URL E2B_SANDBOX_URL E2B_API_KEY E2B_VOLUME_API_URL=$E2B_API_URL
unset E2B_DEBUG E2B_DOMAIN E2B_ACCESS_TOKEN http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY all_proxy
status=0
# The SDKs' connection pools would keep the process alive for a minute after the last test.
js() { "$node" --test --test-force-exit --test-concurrency=3 "$@" || status=$?; }
shopt -s extglob
if [ -n "$python" ]; then "$python" -B "$here/python_cases.py" >"$build/python.log" 2>&1 & python_pid=$!; fi
js "$build"/!(limits).test.mjs
if [ -n "$python" ]; then
  wait "$python_pid" || status=$?
  cat "$build/python.log"
fi
js "$build/limits.test.mjs"
[ "$status" -eq 0 ] || cat "$state/engine.log" >&2
exit "$status"
