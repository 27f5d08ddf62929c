#!/usr/bin/env bash
# Fuzzes the targets for a while and sums up what came of it: `scripts/fuzz.sh --help`.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v python3 > /dev/null || { echo 'fuzz.sh: python3 is needed' >&2; exit 2; }
exec python3 scripts/campaign.py "$@"
