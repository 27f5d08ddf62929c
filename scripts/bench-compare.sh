#!/usr/bin/env bash
# Compares the speed of two revisions in one run: `scripts/bench-compare.sh --help`.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v python3 > /dev/null || { echo 'bench-compare.sh: python3 is needed' >&2; exit 2; }
exec python3 scripts/bench.py compare "$@"
