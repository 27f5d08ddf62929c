#!/usr/bin/env bash
# Fuzzes the targets and sums up what came of it.
#
#   scripts/fuzz.sh [--seconds N | --runs N] [--jobs N] [--seed N] [--out DIR] [TARGET...]
#
# Without TARGET all of them, 60 seconds each, one at a time. What is learnt stays in
# fuzz/corpus/TARGET (not committed), so that a run that is interrupted loses nothing and the next
# one goes on from there. Q4PROOF_SUBJECT=zoo:NAME fuzzes a faulty implementation, from the
# committed corpus each time.
#
# DIR (default target/fuzz-report) gets summary.md, summary.json, a log and the failing inputs of
# each target. Exit status: 0 no finding, 1 findings, 2 the set-up failed or nothing ran.
set -euo pipefail
cd "$(dirname "$0")/.."

subject=${Q4PROOF_SUBJECT:-reference}
all=(load_khq4 access_paths encode decode save_load protocol_line vector_file)
seconds=60 runs=-1 jobs=1 seed=0 out=target/fuzz-report targets=()

fail() { printf 'fuzz.sh: %s\n' "$*" >&2; exit 2; }
number() { [[ ${2:-} =~ ^[0-9]+$ ]] || fail "$1 takes a number"; }

while [ $# -gt 0 ]; do
  case $1 in
    --seconds) number "$@"; seconds=$2; shift ;;
    --runs) number "$@"; runs=$2 seconds=0; shift ;;
    --jobs) number "$@"; jobs=$2; shift ;;
    --seed) number "$@"; seed=$2; shift ;;
    --out) [ -n "${2:-}" ] || fail '--out takes a folder'; out=$2; shift ;;
    -*) fail "there is no option $1" ;;
    *)
      printf '%s\n' "${all[@]}" nothing | grep -qx "$1" || fail "there is no target $1; there is ${all[*]}"
      targets+=("$1")
      ;;
  esac
  shift
done
[ ${#targets[@]} -gt 0 ] || targets=("${all[@]}")
[ "$jobs" -gt 0 ] || fail '--jobs takes a number above 0'
command -v python3 > /dev/null || fail 'python3 is needed'
cargo +nightly fuzz --version > /dev/null 2>&1 || fail 'cargo-fuzz is missing: scripts/setup.sh installs it'

build=target/fuzz
cargo +nightly fuzz build --release --debug-assertions --target-dir "$build" || fail 'the targets do not build'
host=$(rustc +nightly -vV | sed -n 's/^host: //p')

mkdir -p "$out"
rm -rf "$out"/*.log "$out"/artifacts "$out"/summary.*
scratch=$(mktemp -d -p "$([ -d /dev/shm ] && echo /dev/shm || echo "${TMPDIR:-/tmp}")" q4proof-fuzz.XXXXXX)
trap 'rm -rf "$scratch"' EXIT

# The stack's depth of each allocation and freed stack frames are seldom needed to understand a
# finding, and cost half the speed; a finding can be run again with them.
export ASAN_OPTIONS=${ASAN_OPTIONS:-malloc_context_size=1:detect_stack_use_after_return=0:quarantine_size_mb=8}

fuzz() {
  local target=$1 job=$2 corpus=fuzz/corpus/$1 length=256
  # What a faulty implementation has led to is no start for the next one.
  [ "$subject" = reference ] || corpus=$scratch/corpus/$target
  local artifacts=$out/artifacts/$target/ limits=()
  case $target in protocol_line | vector_file) length=4096 ;; encode) length=513 ;; esac
  case $target in load_khq4 | access_paths | save_load) limits+=(-dict=fuzz/dictionaries/khq4.dict) ;; esac
  [ "$seconds" -eq 0 ] || limits+=(-max_total_time="$seconds")
  mkdir -p "$corpus" "$artifacts" "$scratch/$target-$job"
  local inputs=("$corpus")
  for folder in corpus/"$target"/seeds corpus/"$target"/regressions; do
    [ ! -d "$folder" ] || inputs+=("$folder")
  done
  local status=0
  TMPDIR=$scratch/$target-$job "$build/$host/release/$target" "${inputs[@]}" \
    -artifact_prefix="$artifacts" -max_len="$length" -runs="$runs" -seed="$((seed == 0 ? 0 : seed + job))" \
    -timeout=5 -rss_limit_mb=2048 -malloc_limit_mb=64 -entropic=0 -reload=1 -print_final_stats=1 \
    "${limits[@]}" > "$out/$target-$job.log" 2>&1 || status=$?
  echo "$status" > "$scratch/$target-$job.status"
}

for target in "${targets[@]}"; do
  printf '%s: %s\n' "$target" "$([ "$seconds" -eq 0 ] && echo "$runs runs" || echo "$seconds s")" >&2
  for job in $(seq "$jobs"); do fuzz "$target" "$job" & done
  wait
done

python3 - "$out" "$scratch" "$jobs" "$subject" "${targets[@]}" << 'END'
"""Reads the logs, and writes the summary in Markdown and JSON. Exits 1 where there are findings."""
import collections, json, pathlib, re, sys

out, scratch, jobs, subject, *targets = sys.argv[1:]
out, scratch = pathlib.Path(out), pathlib.Path(scratch)


def last(pattern, text, default=0):
    found = re.findall(pattern, text)
    return int(found[-1]) if found else default


rows, findings, broken = [], collections.OrderedDict(), []
for target in targets:
    row = {"target": target, "executions": 0, "per_second": 0, "edges": 0, "corpus": 0, "findings": 0}
    for job in range(1, int(jobs) + 1):
        log = (out / f"{target}-{job}.log").read_text(errors="replace")
        status = int((scratch / f"{target}-{job}.status").read_text())
        row["executions"] += last(r"stat::number_of_executed_units: (\d+)", log)
        row["per_second"] += last(r"stat::average_exec_per_sec: +(\d+)", log)
        row["edges"] = max(row["edges"], last(r"cov: (\d+)", log))
        row["corpus"] = max(row["corpus"], last(r"corp: (\d+)", log))
        if status == 0:
            continue
        file = re.findall(r"Test unit written to (\S+)", log)
        ours = re.findall(r"^FINDING \S+ (.+)$", log, re.M)
        panic = re.findall(r"panicked at ([^\n]+)\n([^\n]*)", log)
        other = re.findall(r"SUMMARY: (.+)$", log, re.M)
        if not file:
            broken.append(f"{target}, job {job}: ended with {status} and no failing input; see {out}/{target}-{job}.log")
            continue
        if ours:
            place, _, detail = ours[0].partition(": ")
        elif panic:
            place, detail = f"panic at {panic[0][0]}", panic[0][1]
        else:
            place, detail = (other or [f"status {status}"])[0], ""
        # One oracle in one place is one finding, however many inputs show it.
        finding = findings.setdefault((target, place), {"target": target, "place": place, "detail": detail[:400], "inputs": []})
        finding["inputs"].append(file[0])
        smallest = min(finding["inputs"], key=lambda path: pathlib.Path(path).stat().st_size)
        finding["again"] = f"Q4PROOF_SUBJECT={subject} cargo +nightly fuzz run --release --debug-assertions --target-dir target/fuzz {target} {smallest}"
    row["findings"] = sum(1 for name, _ in findings if name == target)
    if row["executions"] == 0 and not row["findings"]:
        broken.append(f"{target}: nothing was executed")
    rows.append(row)

summary = {"subject": subject, "targets": rows, "findings": list(findings.values()), "broken": broken}
(out / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
lines = [f"# Fuzzing {subject}", "", "| target | executions | a second | edges | corpus | findings |", "|---|---:|---:|---:|---:|---:|"]
lines += [f"| {r['target']} | {r['executions']} | {r['per_second']} | {r['edges']} | {r['corpus']} | {r['findings']} |" for r in rows]
for finding in findings.values():
    lines += ["", f"## {finding['target']}: {finding['place']}", "", finding["detail"], "", f"    {finding['again']}"]
lines += [f"\n**Broken:** {what}" for what in broken]
(out / "summary.md").write_text("\n".join(lines) + "\n")
print("\n".join(lines))
sys.exit(1 if findings else 2 if broken else 0)
END
