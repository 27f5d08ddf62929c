#!/usr/bin/env python3
"""Plants faults in a copy of the source, one at a time, and says which of them are caught.

    scripts/plant.py check       check that the text of every plant is in the source; builds nothing
    scripts/plant.py kin         plant the bug that began this project and its kin: a test of a clause, a vector
                                 and a regression of corpus/ must each show it
    scripts/plant.py judge       break the harness itself: a test or `q4proof selftest` must fail
    scripts/plant.py guards      remove the guards of the loaders: a fuzz target must find each removal
    scripts/plant.py exposure    fuzz the faults of the selftest: a fuzz target must find each

A campaign first compares all plants of its table, scripts/plants/CAMPAIGN.toml, with the source. A plant whose text
is not there as often as the table says is an error, and nothing is built. Then the source as it is must be green.
Then each plant is built and run. A plant that does not build is not caught. The checkout itself is not edited.

guards and exposure start fuzz targets from corpus/TARGET/seeds, which holds accepted files only, under the limits
of scripts/fuzz.sh, on one core, until the first finding. --hidden runs the plants that no input can show; a finding
of one is a mistake in the table.

Each outcome is appended to target/plants/CAMPAIGN.jsonl, under the plant, the limit and the sha256 of the source,
and is not run again until one of them changes. A table in Markdown goes to stdout. Exit status: 0 each plant is
caught (with --hidden: none), 1 not so, 2 the tables, a build or the set-up is wrong, 130 interrupted.
"""

import argparse
import contextlib
import fnmatch
import hashlib
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib

import campaign
import sweep

ROOT = sweep.ROOT
TABLES, LOGS = ROOT / "scripts/plants", ROOT / "target/plants"
CARGO_TEST = ["cargo", "test", "--locked", "--profile", "mutants", "--test"]
# What takes longer than this hangs.
SECONDS = 600
# How long a fuzz target runs on the source as it is.
UNPLANTED_SECONDS = 10


class Stop(Exception):
    """The tables, a build or the set-up allow no verdict."""


def run(command, folder, environment, seconds=None):
    """Exit code, stdout and stderr of a command. The code is None if the command did not end in time. Nothing is
    left of its process group."""
    with subprocess.Popen(command, cwd=folder, env=os.environ | environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as process:
        code = None
        try:
            said = process.communicate(timeout=seconds)
            code = process.returncode
        except subprocess.TimeoutExpired as error:
            said = error.output or b"", error.stderr or b""
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return code, *(one.decode(errors="replace") for one in said)


@contextlib.contextmanager
def planted(plant, tree):
    """The tree with a plant in it. Afterwards its file is as it was, whatever happened in between."""
    file = tree / plant["file"]
    before = file.read_bytes()
    try:
        file.write_bytes(before.replace(plant["find"].encode(), plant.get("replace", "").encode()))
        yield
    finally:
        file.write_bytes(before)


def first(names, quote, none):
    """The first name, and how many more there are."""
    return none if not names else f"{quote}{names[0]}{quote}" + (f" and {len(names) - 1} more" if names[1:] else "")


class Campaign:
    """A table of plants, how one is built and run, and what counts as caught. The rest is the same for all."""

    # The copy of the source that mutation sweeps work in, and what is built of it.
    tree, target = sweep.HOME / "tree-0", sweep.HOME / "build-0"
    required, optional = {"name", "guard", "clause", "file", "find"}, {"replace", "times"}

    def __init__(self, options):
        self.name, self.options = type(self).__name__.lower(), options
        self.problems, self.unbuilt, self.seeds = [], [], [1]
        self.plants = self.texts = []
        self.load()

    def read(self, name):
        """A table. Each plant gets its place in it, and what is wrong goes to `problems`."""
        file = TABLES / f"{name}.toml"
        text, names = file.read_text(), set()
        table = tomllib.loads(text)

        def at(entry, name):
            line = next((line for line, said in enumerate(text.splitlines(), 1) if entry in said), 1)
            return f"{file.relative_to(ROOT)}:{line}: {name}"

        for plant in table.get("plant", []):
            called = plant.setdefault("name", "")
            plant["at"] = at(f'name = "{called}"', called or "a plant without a name")
            if not called or called in names:
                self.problems.append(f"{plant['at']}: a plant needs a name of its own")
            if plant.get("find") == plant.get("replace", ""):
                self.problems.append(f"{plant['at']}: the edit changes nothing")
            names.add(called)
        return table, at

    def load(self):
        """Fills `plants`, and `texts`: what must be in which file."""
        table, _ = self.read(self.name)
        self.plants = self.texts = [self.whole(plant) for plant in table["plant"]]

    def whole(self, plant):
        fields = plant.keys() - {"at"}
        if wrong := sorted(self.required - fields | fields - self.required - self.optional):
            self.problems.append(f"{plant['at']}: fields that are missing or unknown: {', '.join(wrong)}")
        return plant

    def check(self, tree):
        """What is wrong with the table, and each plant whose text is not in the source as often as it says."""
        found = list(self.problems)
        for plant in self.texts:
            if {"file", "find"} <= plant.keys():
                file, times = tree / plant["file"], plant.get("times", 1)
                count = file.read_text().count(plant["find"]) if file.is_file() else 0
                if count != times:
                    has = f"has the text {count} times, not {times}" if file.is_file() else "is no file"
                    found.append(f"{plant['at']}: {plant['file']} {has}: {plant['find']!r}")
        return found

    def main(self):
        """Runs the plants that were not run before, prints the table and gives the exit status."""
        if self.tree != ROOT:
            self.tree.mkdir(parents=True, exist_ok=True)
            sweep.mirror(self.tree)
        if problems := self.check(self.tree):
            raise Stop("\n".join(problems))
        chosen = [plant for plant in self.plants if fnmatch.fnmatch(plant["name"], self.options.only)]
        asked = [plant for plant in chosen if ("hidden" in plant) == self.options.hidden]
        if not asked:
            raise Stop(f"no plant to run is named {self.options.only}")
        question = [self.options.seconds, sweep.tree("fuzz", "scripts/campaign.py", "scripts/plant.py")]
        log = LOGS / f"{self.name}.jsonl"
        log.parent.mkdir(parents=True, exist_ok=True)
        before = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        for plant in chosen:
            edit = [plant.get(field) for field in ("name", "file", "find", "replace", "target", "tests", "subject")]
            plant["key"] = hashlib.sha256(json.dumps([edit, question]).encode()).hexdigest()[:32]
            plant["outcomes"] = [one for one in before if one["key"] == plant["key"] and one["seed"] in self.seeds]
        if not self.options.only_table:
            self.ask_all([plant for plant in asked if self.left(plant)], log)
        self.table(chosen, asked)
        return self.verdict(asked)

    def left(self, plant):
        return sorted(set(self.seeds) - {one["seed"] for one in plant["outcomes"]})

    def ask_all(self, plants, log):
        """Builds and runs the source as it is, to which nothing may object, and then each plant."""
        builds = {}
        for plant in {self.part(plant): plant for plant in plants}.values():
            sound = plant | {"name": "the source as it is", "sound": True}
            if why := self.build(sound):
                raise Stop(f"the source as it is does not build:\n{why}")
            builds[hashlib.sha256(self.binary(plant).read_bytes()).digest()] = sound["name"]
            if (outcome := self.ask(sound, 1)).get("red", outcome["caught"]):
                raise Stop(f"something objects to the source as it is: {json.dumps(outcome)}")
        for number, plant in enumerate(plants, 1):
            said = f"{number} of {len(plants)}: {plant['name']}:"
            with planted(plant, self.tree) if "find" in plant else contextlib.nullcontext():
                why = self.build(plant)
                # The compiler may drop what no input can show.
                if why is None and "find" in plant and "hidden" not in plant:
                    build = hashlib.sha256(self.binary(plant).read_bytes()).digest()
                    if (other := builds.setdefault(build, plant["name"])) != plant["name"]:
                        why = f"the build is that of {other}"
                if why is not None:
                    self.unbuilt.append(plant["name"])
                    print(f"{said} not built: {why}", file=sys.stderr)
                    continue
                for seed in self.left(plant):
                    outcome = self.ask(plant, seed)
                    print(f"{said} {json.dumps({'seed': seed} | outcome)}", file=sys.stderr)
                    plant["outcomes"].append({"plant": plant["name"], "key": plant["key"], "seed": seed} | outcome)
                    with log.open("a") as file:
                        file.write(json.dumps(plant["outcomes"][-1]) + "\n")

    def table(self, chosen, asked):
        """Markdown: what was run, and what no input can show."""
        # A column of numbers ends with a colon.
        print("| " + " | ".join(column.rstrip(":") for column in self.columns) + " |")
        print("|" + "|".join("---" + ":" * column.endswith(":") for column in self.columns) + "|")
        for cells in self.rows(asked):
            print("| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |")
        if hidden := [plant for plant in chosen if "hidden" in plant]:
            print("\nNo input of a target can show these:\n")
            for plant in hidden:
                title = f"{plant['guard']} ({plant['clause']})" if "guard" in plant else plant["name"]
                print(f"- {title}: {plant['hidden']}")

    def rows(self, plants):
        return [self.row(plant, plant["outcomes"]) for plant in plants if plant["outcomes"]]

    def verdict(self, asked):
        """Names the plants that went wrong, and gives the exit status."""
        hidden = self.options.hidden
        wrong = [plant["name"] for plant in asked if any(one["caught"] == hidden for one in plant["outcomes"])]
        short = [plant["name"] for plant in asked if self.left(plant) and plant["name"] not in self.unbuilt]
        print(f"\n{'Caught, although hidden' if hidden else 'Not caught'}: {', '.join(wrong) or 'none'}. "
              f"Not built: {', '.join(self.unbuilt) or 'none'}. Not run: {', '.join(short) or 'none'}.")
        return 2 if self.unbuilt else 1 if wrong or short else 0

    # How kin and judge build and run.

    def part(self, plant):
        """What is built for a plant: the test binary that must show it."""
        return plant.get("tests", "all")

    def binary(self, plant):
        return self.target / "mutants/q4proof"

    def tool(self, *command, seconds=SECONDS):
        return run(command, self.tree, sweep.QUICK | {"CARGO_TARGET_DIR": str(self.target)}, seconds)

    def build(self, plant):
        """Why the tests and the command do not build, if so."""
        code, out, err = self.tool(*CARGO_TEST, self.part(plant), "--no-run", seconds=None)
        return None if code == 0 else f"exit {code}: {(out + err)[-2000:]}"

    def tests(self, plant, *arguments):
        """Exit code and output of the tests that must show a plant."""
        code, out, err = self.tool(*CARGO_TEST, self.part(plant), *arguments)
        if not re.search(r"^running \d+ test", out, re.M):
            raise Stop(f"{plant['name']}: no test was run:\n{(out + err)[-2000:]}")
        return code, out


class Kin(Campaign):
    """Caught: a test of a clause fails, and a case fails, and a regression shows a finding."""

    # A guard that no input can show has a field more.
    optional = {"replace", "times", "target"}
    columns = ["without", "clause", "tests of clauses that fail", "cases that fail:", "regressions that show it"]

    def load(self):
        table, at = self.read("kin")
        guards = {plant["name"]: plant for plant in self.read("guards")[0]["plant"]}
        plants = [guards.get(name, {"name": name, "at": at(f'"{name}"', name)}) for name in table["guards"]]
        self.plants = self.texts = [self.whole(plant) for plant in table.get("plant", []) + plants]

    def ask(self, plant, _):
        # One at a time, so that a test that ends the process is the last one that is named.
        _, out = self.tests(plant, "--", "clauses::", "--test-threads=1")
        tests = re.findall(r"^test (clauses::\S+) \.\.\. FAILED$", out, re.M)
        if not re.search(r"^test result: ", out, re.M):
            tests += re.findall(r"^test (clauses::\S+) \.\.\. \Z", out, re.M)
            if not tests:
                raise Stop(f"the tests of the clauses did not come to an end:\n{out[-2000:]}")
        command = self.binary(plant)
        # As a child process, of which a crash is an outcome: without its bounds a loader may end itself.
        code, out, err = self.tool(command, "check", "--deadline", "5", "--", command, "serve")
        failed = re.search(r"\d+ passed, (\d+) failed", out)
        if code not in (0, 1) or not failed:
            raise Stop(f"q4proof check ended with {code}: {err[-500:]}")
        regressions = []
        for target, held in json.loads((self.tree / "corpus/manifest.json").read_text()).items():
            for name in (regression["file"] for regression in held["regressions"]):
                code, _, err = self.tool(command, "fuzz", "ask", target, f"corpus/{target}/regressions/{name}")
                if code is not None and code > 1:
                    raise Stop(f"q4proof fuzz ask {target} ended with {code}: {err[-500:]}")
                # 1 is a finding, below 0 is an end by a signal, and None is no end.
                regressions += [f"{target}/{name}"] if code != 0 else []
        cases = int(failed[1])
        return {"caught": bool(tests and cases and regressions), "red": bool(tests or cases or regressions),
                "tests": sorted(tests), "cases": cases, "regressions": regressions}

    def row(self, plant, ones):
        names = [test.rsplit("::", 1)[1] for test in ones[0]["tests"]]
        shown = ", ".join(f"`{name}`" for name in ones[0]["regressions"]) or "none"
        return [plant["guard"], plant["clause"], first(names, "`", "none"), ones[0]["cases"], shown]


class Judge(Campaign):
    """Caught: a test fails, or the selftest does."""

    required, optional = {"name", "broken", "file", "find"}, {"replace", "times", "tests"}
    columns = ["broken", "in", "tests that fail", "the selftest says"]

    def ask(self, plant, _):
        code, out = self.tests(plant)
        tests = re.findall(r"^test (\S+) \.\.\. FAILED$", out, re.M)
        if code != 0 and not tests:
            tests = [f"a run that ended with {code}"]
        code, out, err = self.tool(self.binary(plant), "selftest")
        panic = re.search(r"panicked at [^\n]+\n([^\n]+)", out + err)
        last = panic[1] if panic else ((out + err).strip().splitlines() or ["no word"])[-1]
        said = re.findall(r"^PROBLEM (.+)$", out + err, re.M) or [f"exit {code}: {last.removeprefix('q4proof: ')[:60]}"]
        return {"caught": bool(tests or code != 0), "tests": tests, "selftest": said if code != 0 else []}

    def row(self, plant, ones):
        return [plant["broken"], f"`{plant['file']}`", first(ones[0]["tests"], "`", "none"),
                first(ones[0]["selftest"], "", "nothing")]


class Guards(Campaign):
    """Caught: a fuzz target comes to a finding, or ends and leaves its input."""

    tree, target = ROOT / "target/guards/tree", ROOT / "target/guards/build"
    optional = {"replace", "times", "target", "hidden"}
    columns = ["guard", "clause", "target", "found by:", "time (median):", "executions (median):", "shown as"]
    # In pieces, of which a plant makes anew only few.
    environment = {"CARGO_INCREMENTAL": "1", "RUSTFLAGS": "-Ccodegen-units=32"}

    def __init__(self, options):
        super().__init__(options)
        self.seeds = list(range(1, options.seeds + 1))

    def part(self, plant):
        return plant.get("target", "load_khq4")

    def binary(self, plant):
        return self.target / campaign.host() / "release" / campaign.PROGRAM

    def build(self, plant):
        """Why the fuzz target does not build, if so."""
        command = ["cargo", "+nightly", "fuzz", "build", *campaign.BUILD[:-1], self.target, campaign.PROGRAM]
        code, out, err = run(command, self.tree, self.environment)
        return None if code == 0 else f"exit {code}: {(out + err)[-2000:]}"

    def ask(self, plant, seed):
        target, seconds = self.part(plant), self.options.seconds
        subject = "reference" if "sound" in plant else plant.get("subject", "reference")
        seconds = min(seconds, UNPLANTED_SECONDS) if "sound" in plant else seconds
        with tempfile.TemporaryDirectory(dir=sweep.SCRATCH, prefix="q4proof-plant-") as scratch:
            learnt = pathlib.Path(scratch, "corpus")
            learnt.mkdir()
            command = [self.binary(plant), learnt, f"corpus/{target}/seeds", *campaign.limits(target), f"-seed={seed}",
                       f"-max_total_time={seconds}", f"-artifact_prefix={scratch}/"]
            begun = time.monotonic()
            environment = campaign.environment(target, scratch) | {"Q4PROOF_SUBJECT": subject}
            code, _, err = run(command, self.tree, environment, seconds + 60)
            took = time.monotonic() - begun
            written = any(pathlib.Path(scratch).glob("*-*")) and "Test unit written to" in err
        executions = campaign.last(r"stat::number_of_executed_units: (\d+)", err, None)
        if executions is None if code == 0 else not written:
            raise Stop(f"{plant['name']}: {target} ended with {code}:\n{err[-2000:]}")
        return {"caught": code != 0, "seconds": round(took, 2), "executions": executions,
                "shown": self.shown(err) if code else None}

    def shown(self, log):
        """How a finding shows, without folders of this machine, the sanitizer's own place and a panic's numbers."""
        if finding := re.search(r"^FINDING \S+ (.*?): ", log, re.M):
            return finding[1]
        if panic := re.search(r"panicked at ([^\n]+?):\d+:?\n([^\n]*)", log):
            place = re.sub(rf"{re.escape(str(self.tree))}/|/rustc/\w+/", "", panic[1])
            return f"panic at {place}: {re.sub(r'[0-9]+', 'N', panic[2])}"
        summary = re.search(r"^SUMMARY: (.+)$", log, re.M)
        return re.sub(r"^(AddressSanitizer: [\w-]+) .*", r"\1", summary[1]) if summary else "not shown"

    def row(self, plant, ones):
        found = [one for one in ones if one["caught"]]
        counts = [one["executions"] for one in found if one["executions"] is not None]
        return [plant["guard"], plant["clause"], f"`{self.part(plant)}`", f"{len(found)} of {len(ones)}",
                f"{statistics.median(one['seconds'] for one in found):.2f} s" if found else "-",
                f"{statistics.median(counts):.0f}" if counts else "-",
                " or ".join(sorted({one["shown"] for one in found})) or "not shown"]


class Exposure(Guards):
    """Caught: the oracle of a fuzz target comes to a finding. A plant is a faulty subject, so that nothing is
    edited, and the build is that of scripts/fuzz.sh."""

    tree, target, environment = ROOT, ROOT / "target/fuzz", {}
    columns = ["operation", "faults:", "reachable:", "found:", "share:", "median time:", "slowest:",
               "median executions:"]

    def load(self):
        table, at = self.read("exposure")
        hidden = {name: {"hidden": why} for why, names in table["hidden"].items() for name in names}
        for file in sorted(ROOT.glob(table["files"])):
            for line in file.read_text().splitlines():
                if block := re.fullmatch(r"    ([A-Z]\w+) ([A-Z0-9_]+) \{", line):
                    verb = re.sub(r"(?<!^)(?=[A-Z])", "_", block[1]).lower()
                    operation = f"{verb}_{block[2].lower()}"
                elif entry := re.fullmatch(r'        \d+ \w+ "([a-z0-9-]+)"', line):
                    self.plants.append({"name": entry[1], "operation": operation, "target": operation,
                                        "subject": table["subject"] + entry[1]} | hidden.get(entry[1], {}))
        named = {plant["name"] for plant in self.plants}
        self.problems += [f"{at(f'{chr(34)}{name}{chr(34)}', name)}: no fault of {table['files']} has this name"
                          for name in hidden if name not in named]
        if len(self.plants) < table["least"]:
            self.problems.append(f"{at('files = ', table['files'])} lists {len(self.plants)} faults, expected at least "
                                 f"{table['least']}: it lists them in another way")

    def build(self, plant):
        return super().build(plant) if "sound" in plant else None

    def shown(self, log):
        if not re.search(r"^FINDING ", log, re.M):
            raise Stop(f"a target ended without a finding of its oracle:\n{log[-2000:]}")
        return super().shown(log)

    def rows(self, plants):
        """A row for each operation. A fault is found if every seed has found it."""
        for operation in dict.fromkeys(plant["operation"] for plant in plants):
            these = [plant["outcomes"] for plant in plants if plant["operation"] == operation]
            ran = [ones for ones in these if ones]
            found = [ones for ones in ran if all(one["caught"] for one in ones)]
            seconds, executions = ([statistics.median(one[field] for one in ones) for ones in found] or [0]
                                   for field in ("seconds", "executions"))
            if ran:
                yield [operation.lower(), len(these),
                       f"{len(ran)} run of {len(these)}", len(found), f"{100 * len(found) / len(ran):.0f} %",
                       f"{statistics.median(seconds):.2f} s", f"{max(seconds):.2f} s",
                       f"{statistics.median(executions):.0f}"]


CAMPAIGNS = {one.__name__.lower(): one for one in (Kin, Judge, Guards, Exposure)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("campaign", choices=["check", *CAMPAIGNS])
    parser.add_argument("--only", default="*", metavar="GLOB", help="only the plants of these names")
    parser.add_argument("--seconds", type=campaign.above_zero, default=60, help="of fuzzing, at most, a run (60)")
    parser.add_argument("--seeds", type=campaign.above_zero, default=3, help="runs of fuzzing for each plant (3)")
    parser.add_argument("--hidden", action="store_true", help="only the plants that no input can show")
    parser.add_argument("--only-table", action="store_true", help="print the table of what was run before")
    options = parser.parse_args()
    for interruption in (signal.SIGINT, signal.SIGTERM):
        signal.signal(interruption, signal.default_int_handler)
    try:
        if options.campaign != "check":
            return CAMPAIGNS[options.campaign](options).main()
        campaigns = [one(options) for one in CAMPAIGNS.values()]
        if problems := [problem for one in campaigns for problem in one.check(ROOT)]:
            raise Stop("\n".join(dict.fromkeys(problems)))
        print(f"The texts of {sum(len(one.texts) for one in campaigns)} plants are in the source.")
        return 0
    except (Stop, OSError, tomllib.TOMLDecodeError) as problem:
        print(f"plant.py: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("plant.py: interrupted; what was run is kept", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
