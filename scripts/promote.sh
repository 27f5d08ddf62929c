#!/usr/bin/env bash
# Turns a failing input into a regression that `cargo test` replays from then on, once its fault is
# mended: named by its verdict and hash, with its root cause in corpus/manifest.json.
#
#   scripts/promote.sh TARGET FILE "root cause" [--fault planted:NAME]
#
# FILE is an input of libFuzzer, or a finding that `q4proof hunt` wrote.
set -euo pipefail
corpus=$(cd "$(dirname "$0")/.." && pwd)/corpus
exec cargo run --quiet --locked --release --manifest-path "${corpus%/corpus}/Cargo.toml" -- \
  fuzz promote --corpus "$corpus" "$@"
