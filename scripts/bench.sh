#!/usr/bin/env bash
# Runs the benchmarks, and prints a table for each group: `scripts/bench.sh --help`.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v python3 > /dev/null || { echo 'bench.sh: python3 is needed' >&2; exit 2; }
exec python3 scripts/bench.py run "$@"
