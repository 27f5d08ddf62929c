#!/usr/bin/env bash
# Sweeps the core with mutants, and judges what is left: `scripts/mutants.sh --help`.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v python3 > /dev/null || { echo 'mutants.sh: python3 is needed' >&2; exit 2; }
exec python3 scripts/sweep.py "$@"
