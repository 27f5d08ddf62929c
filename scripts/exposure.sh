#!/usr/bin/env bash
# How soon `hunt` finds each planted fault: `scripts/exposure.sh --help`.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v python3 > /dev/null || { echo 'exposure.sh: python3 is needed' >&2; exit 2; }
exec python3 scripts/exposure.py "$@"
