#!/usr/bin/env python3
"""Whether a fuzz target finds each guard of the loaders that is removed, from the seeds alone.

    scripts/guards.py [--seconds 60] [--seeds 3] [--only GLOB] [--hidden] [--only-table]

Plants the edits of scripts/plants.toml one at a time in a copy of the source, target/guards/tree,
builds the plant's target there and runs it on corpus/TARGET/seeds, which holds accepted files only,
until its first finding or for so many seconds of one core. The checkout itself is not edited. First
the copy runs unplanted: a finding there would make every other one worthless. --hidden runs instead
the plants that no input can show, and takes a finding of one for a mistake in plants.toml.

Every outcome is appended to target/guards/outcomes.jsonl at once, under the plant, its edit, the
seed, the limit and the sha256 of src/ and fuzz/; what stands there is not run again. Prints a table
in Markdown. Exit status: 0 every plant was found by every seed (with --hidden: none was), 1 not so,
2 the set-up.
"""

import argparse
import fnmatch
import hashlib
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib

import campaign

ROOT = pathlib.Path(__file__).resolve().parent.parent
GUARDS = ROOT / "target/guards"
TREE, BUILD, LOG = GUARDS / "tree", GUARDS / "build", GUARDS / "outcomes.jsonl"
TARGETS = ["load_khq4", "access_paths"]
UNPLANTED_SECONDS = 10


def fail(text):
    print(f"guards.py: {text}", file=sys.stderr)
    sys.exit(2)


def digest(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


def copy():
    """Brings the tree up to date, touching no file that is the same; gives its sha256."""
    command = ["git", "ls-files", "-coz", "--exclude-standard"]
    listed = os.fsdecode(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)
    names = sorted({name for name in listed.split("\0") if name and (ROOT / name).is_file()})
    for name in names:
        source, copied = ROOT / name, TREE / name
        if not copied.is_file() or copied.read_bytes() != source.read_bytes():
            copied.parent.mkdir(parents=True, exist_ok=True)
            changed = copied.exists()
            shutil.copy2(source, copied)
            if changed:
                # Left planted by an interruption, or older than a build: cargo is to see the change.
                os.utime(copied)
    for left in sorted(TREE.rglob("*")):
        if left.is_file() and str(left.relative_to(TREE)) not in set(names):
            left.unlink()
    tree = hashlib.sha256()
    for name in names:
        if name.startswith(("src/", "fuzz/")):
            tree.update(f"{name}\0{digest(TREE / name)}\n".encode())
    return tree.hexdigest()


def build(target):
    """Why the target does not build, if so. As scripts/fuzz.sh, but in pieces, of which a plant makes anew only few."""
    environment = os.environ | {"CARGO_INCREMENTAL": "1", "RUSTFLAGS": "-Ccodegen-units=32"}
    done = subprocess.run(
        ["cargo", "+nightly", "fuzz", "build", "--release", "--no-trace-compares",
         "--target-dir", BUILD, target],
        cwd=TREE, env=environment, capture_output=True, text=True, errors="replace")
    return None if done.returncode == 0 else done.stderr


def run(target, seed, seconds, binaries):
    """One run: whether there was a finding, after how many seconds and executions, and how it showed."""
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(dir=memory, prefix="q4proof-guards-") as scratch:
        learnt = pathlib.Path(scratch, "corpus")
        learnt.mkdir()
        environment = campaign.environment(scratch) | {"Q4PROOF_SUBJECT": "reference"}
        command = [
            binaries / target, learnt, TREE / "corpus" / target / "seeds", f"-seed={seed}",
            f"-max_total_time={seconds}", "-timeout=5", "-rss_limit_mb=2048", "-malloc_limit_mb=64", "-entropic=0",
            "-print_final_stats=1", "-max_len=256", f"-dict={TREE / 'fuzz/dictionaries/khq4.dict'}",
            f"-artifact_prefix={scratch}/",
        ]
        begun = time.monotonic()
        done = subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace")
        took = time.monotonic() - begun
        written = any(pathlib.Path(scratch).glob("*-*")) and "Test unit written to" in done.stderr
    executions = re.search(r"stat::number_of_executed_units: (\d+)", done.stderr)
    finding = re.search(r"^FINDING \S+ (.*?): ", done.stderr, re.M)
    panic = re.search(r"panicked at ([^\n]+?):\d+:?\n([^\n]*)", done.stderr)
    summary = re.search(r"^SUMMARY: (.+)$", done.stderr, re.M)
    shown = finding[1] if finding else f"panic at {panic[1]}: {panic[2]}" if panic else summary and summary[1]
    if (done.returncode != 0 and not written) or (done.returncode == 0 and executions is None):
        fail(f"{target}: the run failed with {done.returncode}:\n{done.stderr[-2000:]}")
    return {
        "target": target, "seed": seed, "limit": seconds, "found": done.returncode != 0, "seconds": round(took, 2),
        "executions": int(executions[1]) if executions else None,
        "shown": shown if done.returncode else None,
    }


def short(shown):
    """Without this machine's folders, the sanitizer's own place and the numbers of a panic."""
    shown = re.sub(r"^(AddressSanitizer: [\w-]+) .*", r"\1", shown)
    if place := re.match(r"panic at \S+: ", shown):
        shown = place[0] + re.sub(r"\d+", "N", shown[place.end():])
    return re.sub(rf"{re.escape(str(TREE))}/|/rustc/\w+/", "", shown).replace("|", "\\|")


def table(plants, outcomes):
    """Markdown: a line for each plant that was run, then the hidden ones; gives those that went wrong."""
    print("| guard | clause | target | found by | time (median) | executions (median) | shown as |")
    print("|---|---|---|---:|---:|---:|---|")
    wrong = []
    for plant in plants:
        ones = [one for one in outcomes if one["key"] == plant["key"]]
        if any(one["found"] == ("hidden" in plant) for one in ones):
            wrong.append(plant["name"])
        if not ones or ("hidden" in plant and plant["name"] not in wrong):
            continue
        found = [one for one in ones if one["found"]]
        times = f"{statistics.median(one['seconds'] for one in found):.2f} s" if found else "-"
        counts = [one["executions"] for one in found if one["executions"] is not None]
        counts = f"{statistics.median(counts):.0f}" if counts else "-"
        shown = " or ".join(sorted({short(one["shown"]) for one in found})) or "not shown"
        width = ", at width 32" if plant.get("width32") else ""
        print(f"| {plant['guard']}{width} | {plant['clause']} | `{plant['target']}` | {len(found)} of {len(ones)} "
              f"| {times} | {counts} | {shown} |")
    print("\nNo input of a target can show the removal of these:\n")
    for plant in plants:
        if "hidden" in plant:
            ran = [one["found"] for one in outcomes if one["key"] == plant["key"]]
            tried = f" (run: found by {sum(ran)} of {len(ran)})" if ran else ""
            print(f"- {plant['guard']} ({plant['clause']}): {plant['hidden']}{tried}")
    return wrong


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seconds", type=int, default=60)
    arguments.add_argument("--seeds", type=int, default=3)
    arguments.add_argument("--only", default="*", metavar="GLOB")
    arguments.add_argument("--hidden", action="store_true")
    arguments.add_argument("--only-table", action="store_true")
    options = arguments.parse_args()
    TREE.mkdir(parents=True, exist_ok=True)
    tree = copy()
    plants = tomllib.loads((ROOT / "scripts/plants.toml").read_text())["plant"]
    for plant in plants:
        count = (TREE / plant["file"]).read_text().count(plant["find"])
        if count != 1 or plant["target"] not in TARGETS:
            fail(f"{plant['name']}: {count} places in {plant['file']} for its edit, target {plant['target']}")
        edit = "\0".join(plant[field] for field in ["file", "find", "replace", "target"])
        plant["key"] = [plant["name"], hashlib.sha256(edit.encode()).hexdigest()[:16], tree]
    plants = [plant for plant in plants if fnmatch.fnmatch(plant["name"], options.only)]
    outcomes = [json.loads(line) for line in LOG.read_text().splitlines()] if LOG.exists() else []
    # A seed that is not asked for, or another limit, is another question.
    outcomes = [one for one in outcomes if one["limit"] == options.seconds and one["seed"] <= options.seeds]
    done = {(*one["key"], one["seed"]) for one in outcomes}
    host = subprocess.run(["rustc", "+nightly", "-vV"], capture_output=True, text=True, check=True).stdout
    binaries = BUILD / re.search(r"^host: (.+)$", host, re.M)[1] / "release"

    def left(plant):
        return [seed for seed in range(1, options.seeds + 1) if (*plant["key"], seed) not in done]

    broken = []
    todo = [plant for plant in plants if left(plant) and options.hidden == ("hidden" in plant)]
    built = {}
    if todo and not options.only_table:
        for target in TARGETS:
            if (why := build(target)) is not None:
                fail(f"{target} does not build unplanted:\n{why[-2000:]}")
            built[target] = {digest(binaries / target)}
            unplanted = run(target, 1, UNPLANTED_SECONDS, binaries)
            print(f"unplanted: {json.dumps(unplanted)}", file=sys.stderr)
            if unplanted["found"]:
                fail(f"{target}: a finding without any plant: {unplanted['shown']}")
        for number, plant in enumerate(todo, 1):
            planted = TREE / plant["file"]
            whole = planted.read_text()
            begun = time.monotonic()
            try:
                planted.write_text(whole.replace(plant["find"], plant["replace"]))
                why = build(plant["target"])
            finally:
                planted.write_text(whole)
            if why is not None:
                print(f"{plant['name']} does not compile:\n{why[-2000:]}", file=sys.stderr)
                broken.append(plant["name"])
                continue
            binary = digest(binaries / plant["target"])
            if binary in built[plant["target"]] and "hidden" not in plant:
                fail(f"{plant['name']}: the build is that of an earlier plant, or of none")
            built[plant["target"]].add(binary)
            print(f"{number} of {len(todo)}: built in {time.monotonic() - begun:.0f} s", file=sys.stderr)
            for seed in left(plant):
                outcome = {"key": plant["key"]} | run(plant["target"], seed, options.seconds, binaries)
                with LOG.open("a") as log:
                    log.write(json.dumps(outcome) + "\n")
                outcomes.append(outcome)
                print(f"{plant['name']}: {json.dumps(outcome | {'key': None})}", file=sys.stderr)
    wrong = table(plants, outcomes)
    missing = [plant["name"] for plant in plants if options.hidden == ("hidden" in plant)
               and sum(one["key"] == plant["key"] for one in outcomes) < options.seeds]
    print(f"\nWrong: {', '.join(wrong) or 'none'}. Not run: {', '.join(missing) or 'none'}.")
    if broken:
        fail(f"these do not compile: {', '.join(broken)}")
    sys.exit(1 if wrong or missing else 0)


if __name__ == "__main__":
    main()
