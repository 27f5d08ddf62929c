#!/usr/bin/env python3
"""Whether the harness would notice that it judges wrongly: it is broken in one place after the other.

    scripts/judge.py [--only GLOB]

Plants the edits of scripts/judge.toml one at a time in the copy of the source that mutation sweeps work
in, and asks there who objects: tests (those of `--test all`, or the ones that a plant names) and `q4proof
selftest`. First it asks of the copy as it is, where nobody may. Prints a table in Markdown. Exit status: 0 each
break turns something red, 1 not so, 2 the set-up.
"""

import argparse
import fnmatch
import os
import pathlib
import re
import subprocess
import sys
import tomllib

import sweep

ROOT = pathlib.Path(__file__).resolve().parent.parent
TREE, BUILD = sweep.HOME / "tree-0", sweep.HOME / "build-0"
PROFILE = ["--locked", "--profile", "mutants"]
# What takes longer than this hangs, which is an objection too.
SECONDS = 600


def fail(sentence):
    print(f"judge.py: {sentence}", file=sys.stderr)
    sys.exit(2)


def run(*command):
    """Exit code and output; the code is None where there was no end."""
    environment = os.environ | sweep.QUICK | {"CARGO_TARGET_DIR": str(BUILD)}
    try:
        done = subprocess.run(command, cwd=TREE, env=environment, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return None, ""
    return done.returncode, done.stdout + done.stderr


def build(tests):
    code, said = run("cargo", "test", "--no-run", "--test", tests, *PROFILE)
    if code != 0:
        fail(f"it does not build:\n{said[-2000:]}")


def red_tests(tests):
    """The tests that fail; a run without an end names itself."""
    code, said = run("cargo", "test", "--test", tests, *PROFILE)
    red = re.findall(r"^test (\S+) \.\.\. FAILED$", said, re.M)
    if code is None or (code != 0 and not red):
        return [f"a run that ended with {code}"]
    return red


def red_selftest():
    """What the selftest says, in a few words; nothing where it is content."""
    code, said = run(BUILD / "mutants/q4proof", "selftest")
    if code == 0:
        return None
    problems = re.findall(r"^PROBLEM (.+)$", said, re.M)
    more = f" and {len(problems) - 1} more" if len(problems) > 1 else ""
    if problems:
        return problems[0] + more
    panic = re.search(r"panicked at [^\n]+\n([^\n]+)", said)
    last = panic[1] if panic else said.strip().splitlines()[-1] if said.strip() else "no word"
    return f"exit {code}: {last.removeprefix('q4proof: ')[:60]}"


def plants(pattern):
    every = tomllib.loads((ROOT / "scripts/judge.toml").read_text())["plant"]
    return [plant for plant in every if fnmatch.fnmatch(plant["name"], pattern)]


def tests_of(plant):
    """The binary of tests that a plant is shown to."""
    return plant.get("tests", "all")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="*", metavar="GLOB", help="only plants of these names")
    options = parser.parse_args()
    TREE.mkdir(parents=True, exist_ok=True)
    sweep.mirror(TREE)
    chosen = plants(options.only)
    if not chosen:
        fail(f"no plant is named {options.only}")
    for plant in chosen:
        count = (TREE / plant["file"]).read_text().count(plant["find"])
        if count != 1:
            fail(f"{plant['name']}: {plant['find']!r} stands {count} times in {plant['file']}")
    for tests in sorted({tests_of(plant) for plant in chosen}):
        build(tests)
        if objects := red_tests(tests) or red_selftest():
            fail(f"something objects to the source as it is: {objects}")
    print("| broken | in | tests that fail | the selftest says |")
    print("|---|---|---|---|", flush=True)
    unseen = []
    for plant in chosen:
        file = TREE / plant["file"]
        file.write_text(file.read_text().replace(plant["find"], plant["replace"]))
        try:
            build(tests_of(plant))
            tests, selftest = red_tests(tests_of(plant)), red_selftest()
        finally:
            sweep.mirror(TREE)
        more = f" and {len(tests) - 1} more" if len(tests) > 1 else ""
        first = f"`{tests[0]}`{more}" if tests else "none"
        said = "nothing" if selftest is None else selftest.replace("|", "\\|")
        print(f"| {plant['broken']} | `{plant['file']}` | {first} | {said} |", flush=True)
        if not (tests or selftest):
            unseen.append(plant["name"])
    print(f"\nUnseen: {', '.join(unseen) or 'none'}.")
    sys.exit(1 if unseen else 0)


if __name__ == "__main__":
    main()
