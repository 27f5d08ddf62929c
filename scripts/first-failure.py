#!/usr/bin/env python3
"""Runs a test binary up to its first failure: a mutant that one test has killed is dead.

    scripts/first-failure.py BINARY [ARGUMENT...]

Cargo calls it where CARGO_TARGET_..._RUNNER names it. Passes on what the binary writes. Exit status: that
of the binary, or 101 where a test failed and the binary was stopped for that.
"""

import subprocess
import sys

# In the group of cargo, with which it is killed where a mutant takes too long.
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, text=True, errors="replace")
for line in process.stdout:
    sys.stdout.write(line)
    sys.stdout.flush()
    if line.startswith("test ") and line.rstrip().endswith(" ... FAILED"):
        print("first-failure.py: the rest was not run", flush=True)
        process.kill()
        process.wait()
        sys.exit(101)
code = process.wait()
sys.exit(code if code >= 0 else 128 - code)
