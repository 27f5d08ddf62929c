#!/usr/bin/env python3
"""Hash the cases of suite 1.2.0, as tests/all/kept.rs compares them.

Prints one line for each case, sorted by id: the first 16 hex digits of a SHA-256, two spaces, and the id.
The hash is over the compact JSON of the case's control, expectation, input and tier. Keys are sorted, and so
are the classes of a refusal, whose order never meant anything. Text is not escaped to ASCII.

    scripts/suite-hashes.py > tests/all/suite-1.2.0.sha256

The vectors come from the last revision that has them in the form of 1.2.0, by `git show`. Name another
revision as the first argument.
"""

import hashlib
import json
import subprocess
import sys

REVISION = "f9f0b4a"
FOLDER = "conformance/vectors/"


def git(*arguments):
    return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout


def vectors(revision):
    """The files of vectors of a revision, as JSON."""
    for path in git("ls-tree", "--name-only", revision, FOLDER).split():
        if path.endswith(".json"):
            yield json.loads(git("show", f"{revision}:{path}"))


def sorted_classes(value):
    """The same JSON with the classes of each refusal sorted."""
    if isinstance(value, list):
        return [sorted_classes(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: sorted(item) if key == "refuse" else sorted_classes(item) for key, item in value.items()
    }


def hash_of(case):
    kept = {
        "control": case.get("control"),
        "expect": sorted_classes(case["expect"]),
        "input": case["input"],
        "tier": case["tier"],
    }
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def main():
    revision = sys.argv[1] if len(sys.argv) > 1 else REVISION
    hashes = {case["id"]: hash_of(case) for file in vectors(revision) for case in file["cases"]}
    for name, digits in sorted(hashes.items()):
        print(f"{digits}  {name}")


if __name__ == "__main__":
    main()
