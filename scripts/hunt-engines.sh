#!/usr/bin/env bash
# Hunts in every registered subject, but lattice-metal: `scripts/hunt-engines.sh [SECONDS EACH [path of q4proof]]`.
#
# Findings and reports are left in target/hunt/. Prints the last line of each report. What a subject of another's is
# found to do is in conformance/subjects/DEVIATIONS.md, so only a fault in this repository's own subjects is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
q4proof=${2:-target/release/q4proof}
out=target/hunt
mkdir -p "$out"

failed=0
# hunt NAME WANTED: WANTED is 0 where nothing may be found, and 1 where something may.
hunt() {
  local name=$1 wanted=$2 code=0
  rm -rf "${out:?}/$name"
  "$q4proof" hunt --subject "$name" --seconds "$seconds" --out "$out/$name" > "$out/$name.txt" 2> "$out/$name.log" || code=$?
  if [ "$code" -gt "$wanted" ]; then
    cat "$out/$name.log" >&2
    echo "hunt --subject $name: exit $code, expected $wanted at most" >&2
    failed=1
  fi
  printf '%-15s %s\n' "$name" "$(tail -n 1 "$out/$name.txt")"
}
for own in reference python c c-library-whole; do hunt "$own" 0; done
engines=(gguf candle lattice-0.15.0)
[ "$(uname)" = Darwin ] || engines+=(mlx)
! bash conformance/subjects/llama.cpp/build.sh --can-run || engines+=(llama.cpp)
for engine in "${engines[@]}"; do hunt "$engine" 1; done
exit "$failed"
