#!/usr/bin/env python3
"""How soon libFuzzer finds each fault of the zoo: time to exposure, from the seeds alone.

    scripts/exposure.py [--seconds 60] [--seeds 3] [--faults GLOB] [--only-table]

Starts from corpus/TARGET/seeds, which holds accepted controls only, never a refusal's vector. Each
run is one process on one core and ends with its first finding. Every outcome is appended to
target/exposure.jsonl at once, and what stands there is not run again, so that an interruption loses
nothing. The build is that of scripts/fuzz.sh. Prints the table of fuzz/README.md. Exit status: 0 every
fault that was run is found by every seed, 1 one is missed.
"""

import argparse
import fnmatch
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

import campaign

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOG = ROOT / "target/exposure.jsonl"
TARGETS = {"Encode": "encode", "Decode": "decode", "Load": "load_khq4", "Save": "save_load", "LoadKhf1": "load_khf1",
           "Matmul": "matmul", "Rotate": "rotate", "ReadIndex": "quantize_index"}
UNREACHABLE = {
    "directory-reads-as-empty": "the input is a file's bytes; a directory is none",
    "special-file-reads-as-empty": "the input is a file's bytes; a FIFO is none",
    "missing-file-as-empty": "the input is a file's bytes; there is always a file",
    "row-offset-wraps": "an input's matrix has at most 9 rows of 128 columns; 65536 weights are needed",
    "run-count-unchecked": "an input's rows are at most 55 values long; 4097 runs are needed",
    **dict.fromkeys(["doubles-through-bf16", "doubles-cut", "doubles-rounded-away", "doubles-through-f16",
                     "doubles-overflow-dropped", "half-source-subnormals-flushed", "half-source-as-bf16",
                     "bf16-source-as-half", "source-big-endian"], "the input is values of f32"),
    **dict.fromkeys(["dangling-index-is-absent", "unreadable-index-is-absent", "missing-directory-is-empty",
                     "absent-index-refused"], "the input is an index's bytes; there always is one"),
    **dict.fromkeys(["index-size-unchecked", "largest-index-refused"], "16 MiB are more than an input has"),
    **dict.fromkeys(["config-optional", "config-not-read", "config-seed-ignored", "seed-not-required",
                     "tensor-files-unchecked", "tensor-headers-only", "quantized-unchecked", "format-by-suffix",
                     "listed-shape-unchecked", "listed-numel-unchecked", "every-link-refused"],
                    "the directory is listed, not opened"),
    "rotation-length-unbounded": "an input's rows are at most 55 values long; 2^24 are needed",
}


def faults():
    """Name and operation of each fault, as src/subject/zoo/fault.rs lists them."""
    text = (ROOT / "src/subject/zoo/fault.rs").read_text()
    operation = None
    for line in text[text.index("\nfaults! {"):].splitlines():
        if block := re.fullmatch(r"    (\w+) \{", line):
            operation = block[1]
        elif entry := re.fullmatch(r'        \d+ \w+ "([a-z0-9-]+)"', line):
            yield entry[1], operation


def expose(fault, target, seed, seconds, binaries):
    """One run: whether there was a finding, after how many seconds and executions."""
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(dir=memory, prefix="q4proof-exposure-") as scratch:
        learnt = pathlib.Path(scratch, "corpus")
        learnt.mkdir()
        environment = campaign.environment(scratch) | {"Q4PROOF_SUBJECT": f"zoo:{fault}"}
        command = [
            binaries / target, learnt, ROOT / "corpus" / target / "seeds",
            f"-seed={seed}", f"-max_total_time={seconds}", "-timeout=5", "-rss_limit_mb=2048",
            "-malloc_limit_mb=64", "-entropic=0", "-reduce_inputs=0", "-print_final_stats=1",
            f"-max_len={513 if target == 'encode' else 256}", f"-artifact_prefix={scratch}/",
        ]
        begun = time.monotonic()
        done = subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace")
        took = time.monotonic() - begun
    executions = re.search(r"stat::number_of_executed_units: (\d+)", done.stderr)
    place = re.search(r"^FINDING \S+ (.*?): ", done.stderr, re.M)
    if executions is None or (done.returncode != 0 and place is None):
        sys.exit(f"{fault}: the run failed with {done.returncode}:\n{done.stderr[-2000:]}")
    return {
        "fault": fault, "target": target, "seed": seed, "limit": seconds, "found": place is not None,
        "seconds": round(took, 2), "executions": int(executions[1]), "place": place and place[1],
    }


def table(known, outcomes, seconds):
    """Markdown: a line for each operation, then the faults that were missed and why. Gives the missed ones."""
    print("| operation | faults | reachable | found | share | median time | slowest | median executions |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    missed = []
    for operation in TARGETS:
        names = [name for name, of in known if of == operation]
        reachable = [name for name in names if name not in UNREACHABLE]
        runs = {name: [one for one in outcomes if one["fault"] == name] for name in reachable}
        runs = {name: ones for name, ones in runs.items() if ones}
        # A fault counts as found where every seed has found it.
        found = {name: ones for name, ones in runs.items() if all(one["found"] for one in ones)}
        missed += [(name, ones) for name, ones in runs.items() if name not in found]
        times = [statistics.median(one["seconds"] for one in ones) for ones in found.values()]
        counts = [statistics.median(one["executions"] for one in ones) for ones in found.values()]
        if times:
            print(f"| {operation.lower()} | {len(names)} | {len(runs)} run of {len(reachable)} | {len(found)} "
                  f"| {100 * len(found) / len(runs):.0f} % | {statistics.median(times):.2f} s "
                  f"| {max(times):.2f} s | {statistics.median(counts):.0f} |")
    print(f"\nMissed within {seconds} s by at least one seed:{'' if missed else ' none.'}\n")
    for name, ones in missed:
        print(f"- {name}: found by {sum(one['found'] for one in ones)} of {len(ones)} seeds")
    without = [name for name, of in known if of not in TARGETS]
    print(f"Not run: {len(without)} faults of operations that have no target, and\n")
    for name, why in UNREACHABLE.items():
        print(f"- {name}: {why}")
    return missed


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seconds", type=int, default=60)
    arguments.add_argument("--seeds", type=int, default=3)
    arguments.add_argument("--faults", default="*", metavar="GLOB")
    arguments.add_argument("--only-table", action="store_true")
    options = arguments.parse_args()
    known = list(faults())
    LOG.parent.mkdir(exist_ok=True)
    outcomes = [json.loads(line) for line in LOG.read_text().splitlines()] if LOG.exists() else []
    outcomes = [one for one in outcomes if one["limit"] == options.seconds]
    done = {(one["fault"], one["seed"]) for one in outcomes}
    if not options.only_table:
        host = subprocess.run(["rustc", "+nightly", "-vV"], capture_output=True, text=True, check=True).stdout
        host = re.search(r"^host: (.+)$", host, re.M)[1]
        binaries = ROOT / "target/fuzz" / host / "release"
        for seed in range(1, options.seeds + 1):
            for fault, operation in known:
                if (fault, seed) in done or fault in UNREACHABLE or operation not in TARGETS:
                    continue
                if not fnmatch.fnmatch(fault, options.faults):
                    continue
                outcome = expose(fault, TARGETS[operation], seed, options.seconds, binaries)
                with LOG.open("a") as log:
                    log.write(json.dumps(outcome) + "\n")
                outcomes.append(outcome)
                print(json.dumps(outcome), file=sys.stderr)
    sys.exit(1 if table(known, outcomes, options.seconds) else 0)


if __name__ == "__main__":
    main()
