#!/usr/bin/env bash
# build.sh: fetches a released build of llama.cpp and builds the library that q4proof asks, in `target`, which git
# ignores. The build comes from an npm package whose version and SHA-256 stand below; nothing of it is run by npm.
# `build.sh --can-run` says whether that is possible here: exit status 0, or 1 and a sentence.
set -euo pipefail
cd "$(dirname "$0")"
package=@node-llama-cpp/linux-x64 version=3.22.1
archive=node-llama-cpp-linux-x64-$version.tgz
archive_sha256=0d953e1503d5ab4608d8ed5b739132308c81ac05ffeb760d2a7f30e08a9f90e0
member=package/bins/linux-x64/libggml-base.so
# Of llama.cpp, as the package's own metadata says.
release=v0.5.0

missing=
[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || missing='its package is for Linux on x86-64'
for program in npm cc tar sha256sum; do
  [ -n "$missing" ] || command -v "$program" > /dev/null || missing="$program is not there"
done
if [ -n "$missing" ]; then
  echo "llama.cpp: not run, $missing" >&2
  exit 1
fi
[ "${1:-}" != --can-run ] || exit 0

# What is there already in the right version is left alone.
mkdir -p target
is_right() { [ -f "$archive" ] && echo "$archive_sha256  $archive" | sha256sum --check --status; }
cd target
if ! is_right; then
  npm pack --silent --ignore-scripts "$package@$version" > /dev/null
  is_right || { echo "llama.cpp: $archive has another SHA-256 than $archive_sha256" >&2; exit 2; }
fi
library=libq4_llama.so
for source in "$archive" ../q4_llama.c ../build.sh ../../../q4proof.h; do
  [ "$library" -nt "$source" ] || stale=1
done
[ -n "${stale:-}" ] || exit 0
tar --extract --gzip --file "$archive" --strip-components 3 "$member"
# $ORIGIN is the folder of the library itself, for the loader.
cc -std=c99 -O2 -Wall -Wextra -Wpedantic -Werror -fPIC -shared -I ../../.. \
  "-DLLAMA_VERSION=\"$release, $package $version\"" -o "$library" ../q4_llama.c \
  -L . -l:libggml-base.so -Wl,-rpath,'$ORIGIN' -Wl,--no-undefined
