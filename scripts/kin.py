#!/usr/bin/env python3
"""Whether the bug that began this project, and its kin, would be caught again, three times over.

    scripts/kin.py

Plants each in the copy of the source that mutation sweeps work in, one at a time, and asks there who
objects: the tests of the clauses, the vectors (`q4proof check`), and the regressions that fuzzing has
left in corpus/. First it asks of the copy as it is, where nobody may. Prints a table in Markdown. Exit
status: 0 each is caught by all three, 1 not so, 2 the set-up.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tomllib

import sweep

ROOT = pathlib.Path(__file__).resolve().parent.parent
TREE, BUILD = sweep.HOME / "tree-0", sweep.HOME / "build-0"

# The scale and the bias of a partial block were taken from its padding.
PADDED_RANGE = {
    "guard": "the range of a partial block is that of its values",
    "clause": "ENC-P1",
    "edits": [
        ("src/codec/encode.rs", "let min = extreme(&counted,", "let min = extreme(&slots,"),
        ("src/codec/encode.rs", "let max = extreme(&counted,", "let max = extreme(&slots,"),
    ],
}
# Of scripts/plants.toml: the bound of the file's length, a map's extent, the product of the shape.
PLANTS = ["extent", "map-has-its-extent", "product-is-original-len"]


def fail(sentence):
    print(f"kin.py: {sentence}", file=sys.stderr)
    sys.exit(2)


def kin():
    plants = {plant["name"]: plant for plant in tomllib.loads((ROOT / "scripts/plants.toml").read_text())["plant"]}
    return [PADDED_RANGE] + [
        {"guard": plant["guard"], "clause": plant["clause"], "edits": [(plant["file"], plant["find"], plant["replace"])]}
        for plant in (plants[name] for name in PLANTS)
    ]


def cargo(*arguments):
    environment = os.environ | sweep.QUICK | {"CARGO_TARGET_DIR": str(BUILD)}
    done = subprocess.run(["cargo", *arguments], cwd=TREE, env=environment, capture_output=True, text=True)
    if re.search(r"^error(\[E\d+\])?: (?!test failed)", done.stderr, re.M):
        fail(f"cargo {' '.join(arguments)}:\n{done.stderr[-2000:]}")
    return done


def objections():
    """Tests of clauses that fail, cases that fail, and regressions that show a finding."""
    cargo("build", "--locked", "--profile", "mutants")
    command = BUILD / "mutants/q4proof"
    # One at a time, so that a test that ends the process is the last one that is named.
    options = ["--locked", "--profile", "mutants", "--test", "all", "--", "clauses::", "--test-threads=1"]
    tested = cargo("test", *options).stdout
    tests = set(re.findall(r"^test (clauses::\S+) \.\.\. FAILED$", tested, re.M))
    if not re.search(r"^test result: ", tested, re.M):
        tests.update(re.findall(r"^test (clauses::\S+) \.\.\. \Z", tested, re.M))
        if not tests:
            fail(f"the tests of the clauses did not come to an end:\n{tested[-2000:]}")
    # As a child process, of which a crash is an outcome: without its bounds a loader may end itself.
    served = [command, "check", "--deadline", "5", "--", command, "serve"]
    checked = subprocess.run(served, cwd=TREE, capture_output=True, text=True)
    failed = re.search(r"(\d+) passed, (\d+) failed", checked.stdout)
    if checked.returncode not in (0, 1) or not failed:
        fail(f"q4proof check ended with {checked.returncode}: {checked.stderr[-500:]}")
    regressions = []
    for target, held in json.loads((TREE / "corpus/manifest.json").read_text()).items():
        for regression in held["regressions"]:
            file = TREE / "corpus" / target / "regressions" / regression["file"]
            asked = subprocess.run([command, "fuzz", "ask", target, file], cwd=TREE, capture_output=True, text=True)
            if asked.returncode not in (0, 1) and asked.returncode > 0:
                fail(f"q4proof fuzz ask {target} ended with {asked.returncode}: {asked.stderr[-500:]}")
            # A finding, or an end by a signal.
            if asked.returncode != 0:
                regressions.append(f"{target}/{regression['file']}")
    return sorted(tests), int(failed[2]), regressions


def main():
    if len(sys.argv) > 1:
        print(__doc__)
        sys.exit(0 if sys.argv[1:] == ["--help"] else 2)
    TREE.mkdir(parents=True, exist_ok=True)
    sweep.mirror(TREE)
    if any(objections()):
        fail("something objects to the source as it is; `cargo test` says what")
    print("| without | clause | tests of clauses that fail | cases that fail | regressions that show it |")
    print("|---|---|---|---:|---|")
    missed = []
    for plant in kin():
        for file, find, replace in plant["edits"]:
            text = (TREE / file).read_text()
            if text.count(find) != 1:
                fail(f"{find!r} stands {text.count(find)} times in {file}")
            (TREE / file).write_text(text.replace(find, replace))
        tests, cases, regressions = objections()
        sweep.mirror(TREE)
        names = [test.rsplit("::", 1)[1] for test in tests]
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        first = f"`{names[0]}`{more}" if names else "none"
        shown = ", ".join(f"`{name}`" for name in regressions) or "none"
        print(f"| {plant['guard']} | {plant['clause']} | {first} | {cases} | {shown} |", flush=True)
        if not (tests and cases and regressions):
            missed.append(plant["guard"])
    print(f"\nMissed: {', '.join(missed) or 'none'}.")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
