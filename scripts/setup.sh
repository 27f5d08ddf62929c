#!/usr/bin/env bash
# Installs the tools that fuzzing and the mutation sweep need, at pinned versions: both, or those of
# `setup.sh fuzz` or `setup.sh mutants` alone. What is there already in the right version is left
# alone. Needs rustup; libFuzzer's runtime needs a C++ compiler.
set -euo pipefail

cargo_fuzz=0.13.2
cargo_mutants=27.1.0

install() {
  local name=$1 version=$2
  if cargo install --list | grep -q "^$name v$version:"; then
    printf '%s %s is there\n' "$name" "$version"
  else
    cargo install --locked "$name" --version "=$version"
  fi
}

case "${1:-all}" in
  all | fuzz | mutants) ;;
  *) echo 'usage: setup.sh [fuzz | mutants]' >&2; exit 2 ;;
esac
if [ "${1:-all}" != mutants ]; then
  command -v c++ > /dev/null || { echo 'a C++ compiler (c++) is needed' >&2; exit 2; }
  rustup toolchain list | grep -q '^nightly' || rustup toolchain install nightly --profile minimal
  install cargo-fuzz "$cargo_fuzz"
fi
if [ "${1:-all}" != fuzz ]; then
  install cargo-mutants "$cargo_mutants"
fi
