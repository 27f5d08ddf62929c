"""Measures how soon `q4proof hunt` finds each planted fault, as a child process.

    scripts/exposure.sh                     every fault, seed 1, at most 30 seconds each
    scripts/exposure.sh --seeds 1 2 3       three campaigns for each
    scripts/exposure.sh --limit 60 PATTERN  the faults whose name has the word, a minute each

What was measured stands in target/exposure.jsonl and is not measured again while the command is the same file, so that an
interruption loses one campaign. The table at the end is Markdown: found, median and 95th percentile of the time to the
first failing question, and each fault that was not found. Exit status: 0 where at least 95 % were found, 1 where fewer
were, 2 where the set-up failed.
"""

import argparse
import hashlib
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
RECORD = ROOT / "target/exposure.jsonl"
FIRST = re.compile(r"first after ([0-9.]+) s")


def faults(command):
    """The names of the planted faults."""
    listed = subprocess.run([command, "list", "--subjects"], capture_output=True, text=True, check=True).stdout
    names = re.findall(r"^\s*planted:([a-z0-9-]+)", listed, re.MULTILINE)
    liars = {"sound", "refuse-all", "accept-all", "unsupported-all", "canned"}
    return [name for name in dict.fromkeys(names) if name not in liars]


def measured(command, fault, seed, limit):
    """The seconds to the first failing question; None where there was none."""
    with tempfile.TemporaryDirectory() as folder:
        words = [command, "hunt", "--subject", f"planted:{fault}", "--seed", str(seed), "--seconds", str(limit),
                 "--findings", "1", "--out", f"{folder}/found"]
        done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        sys.exit(f"exposure: {' '.join(map(str, words))}: exit {done.returncode}: {done.stderr.strip()}")
    found = FIRST.search(done.stdout)
    return float(found[1]) if found else None


def main():
    parser = argparse.ArgumentParser(prog="scripts/exposure.sh", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("word", nargs="?", default="", help="a part of the names of the faults")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1])
    parser.add_argument("--limit", type=float, default=30.0, help="seconds for each campaign")
    parser.add_argument("--q4proof", type=pathlib.Path, default=ROOT / "target/release/q4proof")
    options = parser.parse_args()
    if not options.q4proof.is_file():
        sys.exit(f"exposure: {options.q4proof} is missing: cargo build --release")
    source = hashlib.sha256(options.q4proof.read_bytes()).hexdigest()[:16]
    known = {}
    if RECORD.is_file():
        for line in RECORD.read_text().splitlines():
            one = json.loads(line)
            known[one["source"], one["fault"], one["seed"], one["limit"]] = one["seconds"]
    wanted = [name for name in faults(options.q4proof) if options.word in name]
    if not wanted:
        sys.exit(f"exposure: no planted fault has {options.word!r} in its name")
    times = {}
    for seed in options.seeds:
        for place, fault in enumerate(wanted, 1):
            key = (source, fault, seed, options.limit)
            if key not in known:
                known[key] = measured(options.q4proof, fault, seed, options.limit)
                with RECORD.open("a") as record:
                    entry = dict(zip(("source", "fault", "seed", "limit"), key), seconds=known[key])
                    record.write(json.dumps(entry) + "\n")
            times[fault, seed] = known[key]
            print(f"\rseed {seed}: {place} of {len(wanted)}", end="", file=sys.stderr)
    print(file=sys.stderr)
    print("| seed | faults | found | median | 95th percentile |\n|---|---:|---:|---:|---:|")
    for seed in options.seeds:
        of_seed = [times[fault, seed] for fault in wanted]
        found = sorted(time for time in of_seed if time is not None)
        tail = found[min(len(found) - 1, int(0.95 * len(found)))] if found else float("nan")
        middle = statistics.median(found) if found else float("nan")
        print(f"| {seed} | {len(of_seed)} | {len(found)} | {middle:.2f} s | {tail:.2f} s |")
    missed = [(fault, seed) for (fault, seed), time in times.items() if time is None]
    for fault, seed in sorted(missed):
        print(f"- not found: {fault} (seed {seed})")
    sys.exit(0 if len(missed) <= 0.05 * len(times) else 1)


if __name__ == "__main__":
    main()
