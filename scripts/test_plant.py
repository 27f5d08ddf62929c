#!/usr/bin/env python3
"""Tests of how scripts/plant.py judges, in a repository of one file with a cargo that only looks at it."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

SCRIPTS = pathlib.Path(__file__).resolve().parent
# The test fails unless two is 2. What is built is a q4proof that finds nothing, and holds the source.
CARGO = r"""#!/bin/sh
source=$PWD/src/lib.rs
mkdir -p "$CARGO_TARGET_DIR/mutants" && cd "$CARGO_TARGET_DIR/mutants" || exit 1
case "$*" in *--no-run*)
  grep -q broken "$source" && { echo 'error: expected one of `!` or `::`' >&2; exit 101; }
  grep -q unseen "$source" || { echo '#!/bin/sh'; echo 'echo 5 passed, 0 failed; exit'; cat "$source"; } > q4proof
  chmod +x q4proof; exit
esac
grep -q silent "$source" && exit 101
echo 'running 1 test'
grep -q hangs "$source" && { echo $$ > pid; exec sleep 60; }
grep -q 'two = 2' "$source" || { echo 'test clauses::two ... FAILED'; echo 'test result: FAILED'; exit 101; }
echo 'test result: ok'
"""


class Plant(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for name in ("scripts/plants", "src", "corpus", "bin"):
            (self.root / name).mkdir(parents=True)
        for name in ("plant.py", "sweep.py", "campaign.py", "reach.py"):
            shutil.copy(SCRIPTS / name, self.root / "scripts")
        self.write("src/lib.rs", "one = 1\ntwo = 2\nsame\nsame\n")
        self.write("corpus/manifest.json", '{"load": {"regressions": [{"file": "a"}]}}')
        self.write("bin/cargo", CARGO)
        (self.root / "bin/cargo").chmod(0o755)
        subprocess.run(["git", "init", "-q"], cwd=self.root, check=True)
        self.copy = self.root / "target/mutants/tree-0/src/lib.rs"

    def write(self, name, text):
        (self.root / name).write_text(text)

    def plant(self, find, replace, more="", table="judge"):
        """Makes a table of one plant."""
        words = 'broken = "b"' if table == "judge" else 'guard = "g"\nclause = "c"'
        edit = f"find = {json.dumps(find)}\nreplace = {json.dumps(replace)}\n"
        self.write(f"scripts/plants/{table}.toml", f'[[plant]]\nname = "p"\n{words}\nfile = "src/lib.rs"\n{edit}{more}')

    def start(self, campaign="judge"):
        environment = os.environ | {"PATH": f"{self.root}/bin:{os.environ['PATH']}"}
        return subprocess.Popen([sys.executable, "-BS", "scripts/plant.py", campaign], cwd=self.root, env=environment,
                                text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def ends(self, code, *said, campaign="judge"):
        """Runs a campaign, and compares its exit status, what it says and the copy of the source."""
        process = self.start(campaign)
        out = process.communicate()[0]
        self.assertEqual(process.returncode, code, out)
        for text in said:
            self.assertIn(text, out)
        if self.copy.exists():
            self.assertEqual(self.copy.read_text(), (self.root / "src/lib.rs").read_text())
        return out

    def test_a_fault_that_a_test_shows_is_caught_and_not_run_again(self):
        self.plant("two = 2", "two = 3")
        said = "| b | `src/lib.rs` | `clauses::two` | nothing |", "Not caught: none. Not built: none. Not run: none."
        self.ends(0, *said)
        self.write("bin/cargo", "#!/bin/sh\nexit 1\n")
        self.ends(0, *said)

    def test_a_fault_that_leaves_all_green_is_a_failure(self):
        self.plant("same", "other", "times = 2")
        self.ends(1, "| b | `src/lib.rs` | none | nothing |", "Not caught: p. Not built: none. Not run: none.")

    def test_a_text_that_is_gone_is_an_error_that_names_it_and_nothing_is_built(self):
        self.plant("three = 3", "")
        self.ends(2, "plants/judge.toml:2: p: src/lib.rs has the text 0 times, not 1: 'three = 3'")
        self.assertFalse((self.root / "target/mutants/build-0").exists())

    def test_a_text_that_is_there_twice_is_an_error(self):
        self.plant("same", "other")
        self.ends(2, "plants/judge.toml:2: p: src/lib.rs has the text 2 times, not 1: 'same'")

    def test_check_names_what_is_wrong_in_each_table(self):
        for table in ("guards", "judge"):
            self.plant("three = 3", "", table=table)
        self.write("scripts/plants/kin.toml", 'guards = ["p"]\n')
        self.write("scripts/plants/exposure.toml", 'files = "src/gone*.rs"\nleast = 2\nsubject = "x"\n[hidden]\n"h" = ["q"]\n')
        self.ends(2, "guards.toml:2: p: src/lib", "judge.toml:2: p: src/lib",
                  "exposure.toml:5: q: no fault of src/gone*.rs has this name",
                  "exposure.toml:1: src/gone*.rs lists 0 faults, expected at least 2",
                  campaign="check")
        self.plant("same", "same", 'tymes = 2\n[[plant]]\nname = "p"\n')
        self.ends(2, "unknown: tymes", "the edit changes nothing", "a plant needs a name of its own")

    def test_a_plant_that_does_not_build_or_is_not_in_the_build_is_not_caught(self):
        self.plant("two = 2", "broken", '[[plant]]\nname = "q"\nbroken = "b"\nfile = "src/lib.rs"\nfind = "two = 2"\n'
                   'replace = "unseen"\n')
        out = self.ends(2, "p: not built: exit 101: error", "q: not built: the build is that of the source as it is",
                        "Not caught: none. Not built: p, q. Not run: none.")
        self.assertNotIn("| b |", out)

    def test_a_run_without_a_test_is_no_verdict_and_the_copy_is_restored(self):
        self.plant("two = 2", "silent")
        self.ends(2, "p: no test was run")

    def test_a_source_that_is_red_unplanted_is_no_evidence(self):
        self.write("src/lib.rs", "one = 1\n")
        self.write("scripts/plants/kin.toml", 'guards = ["p"]\n')
        for campaign, table in (("judge", "judge"), ("kin", "guards")):
            self.plant("one = 1", "one = 3", table=table)
            self.ends(2, "something objects to the source as it is", campaign=campaign)

    def test_kin_must_be_caught_three_times_over(self):
        self.plant("two = 2", "two = 3", table="guards")
        self.write("scripts/plants/kin.toml", 'guards = ["p"]\n')
        self.ends(1, "| g | c | `two` | 0 | none |", "Not caught: p.", campaign="kin")
        self.write("scripts/plants/kin.toml", 'guards = ["o"]\n')
        self.ends(2, "kin.toml:1: o: fields that are missing or unknown: clause, file, find, guard", campaign="kin")

    def test_an_interruption_restores_the_copy_and_ends_what_runs(self):
        self.plant("two = 2", "hangs")
        process, pid = self.start(), self.root / "target/mutants/build-0/mutants/pid"
        while not (pid.exists() and pid.read_text()):
            time.sleep(0.02)
        self.assertIn("hangs", self.copy.read_text())
        process.send_signal(signal.SIGINT)
        process.communicate()
        self.assertEqual((process.returncode, self.copy.read_text()), (130, (self.root / "src/lib.rs").read_text()))
        with self.assertRaises(ProcessLookupError):
            os.kill(int(pid.read_text()), 0)


if __name__ == "__main__":
    unittest.main()
