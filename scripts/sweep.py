"""Sweeps the core with mutants, and judges what is left by `q4proof gate mutants`.

    scripts/mutants.sh full                     every mutant
    scripts/mutants.sh sample [--minutes N]     as many parts of all as are begun in N minutes (15),
                                                always the same ones first
    scripts/mutants.sh sample --parts K         the first K parts, whatever that takes
    scripts/mutants.sh diff BASE [--minutes N]  the mutants of what has changed since the revision
                                                BASE, as many parts as are begun in N minutes
    scripts/mutants.sh shard K/N                one shard, K from 0, for a machine of many; not judged
    scripts/mutants.sh judge N                  N shards that were put together in target/mutants/

There are four sets of mutants, each with its own tests: `core` (.cargo/mutants.toml), `gate`
(.cargo/mutants-gate.toml), `harness` (.cargo/mutants-harness.toml) and `model`
(.cargo/mutants-model.toml). --set runs one of them alone; without it the first two are run, in which
nothing may survive. Of the harness a sample is held by a ratchet: `sample --set harness --parts 2`.

A sweep runs in parts, one a core at a time: of all mutants (or all of a diff) slices, which build fastest,
of some an even sample of the whole. What was finished under target/mutants/, in a folder named by the SHA-256 of the
source, is not run again, so that an interruption loses two parts at most. A test binary ends at its first failure, which is all that a
mutant's death takes. Exit status: that of the gate (0 open, 1 survivors, 2 no evidence); 2 where the
set-up failed; 130 interrupted; of `shard` 0 where it ended.
"""

import argparse
import hashlib
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import reach

ROOT = pathlib.Path(__file__).resolve().parent.parent
HOME = ROOT / "target/mutants"
# The sets of mutants, each with its own tests.
SETS = {"core": ".cargo/mutants.toml", **{name: f".cargo/mutants-{name}.toml" for name in ("gate", "harness", "model")}}
# What the tests read and what they are made of.
SOURCE = ["src", "tests", "conformance", "corpus", "Cargo.toml", "Cargo.lock", *SETS.values()]
# Mutants in a part: few, so that little is lost and a time limit is kept to, or where all are run, many
# beside the baseline of each.
PART, LARGE_PART = 32, 128
# A test that fails has done what it is for: what it failed on need not be small or explained.
# And a mutant is an edit of what was built, also where the newest cargo builds all anew because CI is set.
# The compiler's memory comes in large pages, where the system has them: a third of the page faults.
QUICK = {"RUST_BACKTRACE": "0", "PROPTEST_MAX_SHRINK_ITERS": "0", "CARGO_INCREMENTAL": "1",
         "MALLOC_CONF": "thp:always"}
# The variable by which cargo is told what to run test binaries with; the host stands in it.
RUNNER = "CARGO_TARGET_{}_RUNNER"
SCRATCH = "/dev/shm" if os.path.isdir("/dev/shm") else None
# What cargo-mutants and each process that it starts may map: a mutant that allocates without end fails.
MEMORY = 8 << 30


def fail(sentence):
    print(f"mutants.sh: {sentence}", file=sys.stderr)
    sys.exit(2)


def files(*paths):
    """The names of all files that are committed or about to be."""
    listed = subprocess.run(["git", "ls-files", "-coz", "--exclude-standard", *paths], cwd=ROOT, capture_output=True,
                            check=True).stdout
    return sorted({name for name in os.fsdecode(listed).split("\0") if name and (ROOT / name).is_file()})


def tree(*more):
    """The SHA-256 of everything that a mutant's fate depends on, but the toolchain, and of more paths."""
    total = hashlib.sha256()
    for name in files(*SOURCE, *more):
        total.update(f"{name}\0{hashlib.sha256((ROOT / name).read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def runner():
    """What makes cargo run the binaries of tests up to their first failure."""
    said = subprocess.run(["rustc", "-vV"], capture_output=True, text=True, check=True).stdout
    host = next(line.removeprefix("host: ") for line in said.splitlines() if line.startswith("host: "))
    return {RUNNER.format(host.upper().replace("-", "_")): str(ROOT / "scripts/first-failure.py")}


def mirror(folder):
    """Makes `folder` a copy of the source, touching no file that is the same, so that little is built
    anew: what an interruption left mutated, and what was edited since."""
    names = files()
    for name in names:
        source, copied = ROOT / name, folder / name
        if not copied.is_file() or copied.read_bytes() != source.read_bytes():
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copied)
    for left in folder.rglob("*"):
        if left.is_file() and str(left.relative_to(folder)) not in names:
            left.unlink()


def listed(kind, *selection):
    """The mutants of a set that a selection leaves, as cargo-mutants lists them."""
    command = ["cargo", "mutants", "--config", SETS[kind], "--list", "--json", *selection]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        fail(f"cargo mutants --list failed (scripts/setup.sh installs it):\n{done.stderr.strip()}")
    return json.loads(done.stdout or "[]")


def ended(folder):
    """Whether cargo-mutants came to its end there."""
    try:
        return json.loads((folder / "mutants.out/outcomes.json").read_text())["end_time"] is not None
    except (OSError, ValueError, KeyError):
        return False


def finished(folder):
    """Whether that was noted, which is done last."""
    return ended(folder) and (folder / "mutants.out/sweep.json").is_file()


def counts(folder):
    try:
        found = json.loads((folder / "mutants.out/outcomes.json").read_text())
        return found["total_mutants"], found["missed"], found["timeout"]
    except (OSError, ValueError, KeyError):
        return 0, 0, 0


class Sweep:
    """Parts that are run where they are not finished, with their progress."""

    def __init__(self, kind, home, parts, source, total, minutes=None):
        self.kind, self.source, self.total, self.minutes = kind, source, total, minutes
        self.folders = [(home / name, selection) for name, selection in parts]
        self.kept = [folder for folder, _ in self.folders if finished(folder)]
        self.todo = [(folder, selection) for folder, selection in self.folders if folder not in self.kept]
        self.begun, self.began, self.processes, self.failed = time.monotonic(), [], [], None
        self.lock = threading.Lock()

    def next(self):
        with self.lock:
            late = self.minutes is not None and time.monotonic() - self.begun > 60 * self.minutes
            if not self.todo or self.failed or late:
                return None
            part = self.todo.pop(0)
            self.began.append(part[0])
            return part

    def work(self, number):
        """Runs one part after the other, in a copy of the source that is kept, as is what was built of it."""
        copy = HOME / f"tree-{number}"
        environment = os.environ | QUICK | runner() | {"CARGO_TARGET_DIR": str(HOME / f"build-{number}")}
        while part := self.next():
            folder, selection = part
            folder.mkdir(parents=True, exist_ok=True)
            mirror(copy)
            command = ["cargo", "mutants", "--in-place", "--dir", copy, "--config", SETS[self.kind], "--no-shuffle",
                       "--colors", "never", "-o", folder, *selection]
            # What the tests of a mutant that was killed have left behind goes with its part.
            with (folder / "log.txt").open("wb") as log, tempfile.TemporaryDirectory(dir=SCRATCH) as scratch:
                process = subprocess.Popen(command, cwd=ROOT, env=environment | {"TMPDIR": scratch}, stdout=log,
                                           stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
                                           preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)))
                self.processes.append(process)
                process.wait()
            # 2 and 3 are survivors and timeouts, which the gate judges.
            if process.returncode not in (0, 2, 3) or not ended(folder):
                tail = (folder / "log.txt").read_text(errors="replace").strip().splitlines()[-15:]
                self.failed = f"cargo mutants ended with {process.returncode}:\n" + "\n".join(tail)
                return
            (folder / "mutants.out/sweep.json").write_text(json.dumps({"tree": self.source}) + "\n")

    def run(self):
        """Gives the folders that are finished."""
        workers = [threading.Thread(target=self.work, args=(number,)) for number in range(os.cpu_count() or 1)]
        for worker in workers:
            worker.start()
        shown = 0.0
        try:
            while any(worker.is_alive() for worker in workers):
                time.sleep(0.5)
                if time.monotonic() - shown > (1 if sys.stderr.isatty() else 60):
                    shown = time.monotonic()
                    self.show()
        except KeyboardInterrupt:
            self.failed = "interrupted"
            for process in self.processes:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGINT)
            sys.exit(130)
        self.show()
        if sys.stderr.isatty():
            print(file=sys.stderr)
        if self.failed:
            fail(self.failed)
        return [folder for folder, _ in self.folders if finished(folder)]

    def show(self):
        """One line: how far it is, and how long it will take, judged by what has been run now."""
        before = [counts(folder) for folder in self.kept]
        now = [counts(folder) for folder in self.began]
        done, ran = sum(one[0] for one in before + now), sum(one[0] for one in now)
        minutes = (time.monotonic() - self.begun) / 60
        left = f", about {(self.total - done) * minutes / ran:.0f} min left" if ran and self.minutes is None else ""
        limit = f", {minutes:.0f} of {self.minutes:g} min" if self.minutes is not None else left
        line = f"{self.kind}: {done} of {self.total} mutants, {sum(one[1] + one[2] for one in before + now)} survive{limit}"
        print(f"\r{line}\033[K" if sys.stderr.isatty() else line, end="" if sys.stderr.isatty() else "\n",
              file=sys.stderr, flush=True)


def survivors(folders, mutants):
    """The mutants that were not killed, and the arguments of cargo that ran the tests."""
    left, scope = set(), None
    for folder in folders:
        for outcome in json.loads((folder / "mutants.out/outcomes.json").read_text())["outcomes"]:
            ran = (phase["argv"][1:] for phase in outcome["phase_results"] if phase["phase"] == "Test")
            scope = scope or next(ran, None)
            if outcome["summary"] in ("MissedMutant", "Timeout"):
                left.add(outcome["scenario"]["Mutant"]["name"])
    return [mutant for mutant in mutants if mutant["name"] in left], scope


def gate(kind, home, folders, mutants, source, partial):
    """Judges what was swept, and gives the exit status for that."""
    list_file, tests_file = home / "list.json", home / "tests.json"
    list_file.write_text(json.dumps(mutants))
    left, scope = survivors(folders, mutants)
    reached = {}
    if left:
        # In the copy that was built there: cargo takes what was built of another one for that of this one,
        # and tests know the folder that they were built in.
        mirror(HOME / "tree-0")
        environment = os.environ | {"CARGO_TARGET_DIR": str(HOME / "build-0")}
        reached = reach.tests(HOME / "tree-0", home / "reached.txt", left, scope, environment)
    tests_file.write_text(json.dumps(reached))
    command = ["cargo", "run", "--quiet", "--release", "--locked", "--", "gate", "mutants", "--list", list_file,
               "--tests", tests_file, "--tree", source, "--markdown", home / "gate.md", "--junit", home / "gate.xml",
               "--json", home / "gate.json"]
    ledger = ROOT / f"conformance/ledgers/mutants-{kind}.toml"
    command += ["--ledger", ledger] if ledger.exists() else []
    print(f"\n== {kind}: {len(mutants)} mutants, tests of {SETS[kind]}", flush=True)
    return subprocess.run([*command, *(["--partial"] if partial else []), *folders], cwd=ROOT).returncode


def even(count, *selection):
    """Parts that are each an even sample of the whole."""
    return [(f"{number}-of-{count}", [*selection, "--shard", f"{number}/{count}", "--sharding", "round-robin"])
            for number in range(count)]


def slices(count):
    """Parts of neighbours: a build takes one mutant back and makes the next one, and what is built anew for the
    one is mostly what is built anew for the other."""
    return [(f"slice-{number}-of-{count}", ["--shard", f"{number}/{count}", "--sharding", "slice"])
            for number in range(count)]


def swept(kind, home, source, mutants, parts, minutes, partial, most=None):
    """Sweeps the parts, or as many of the first `most` as are begun in some minutes, and judges that."""
    asked = parts[:most]
    total = sum(len(range(part, len(mutants), len(parts))) for part in range(len(asked)))
    folders = Sweep(kind, home, asked, source, total, minutes).run()
    if len(folders) == len(parts):
        return gate(kind, home, folders, mutants, source, partial)
    reached = [one for folder in folders for one in json.loads((folder / "mutants.out/mutants.json").read_text())]
    print(f"{kind}: {len(reached)} of {len(mutants)} mutants, {len(folders)} of {len(parts)} parts; the others were not "
          "reached", flush=True)
    return gate(kind, home, folders, reached, source, True)


def full(kind, home, source):
    mutants = listed(kind)
    return swept(kind, home, source, mutants, slices(max(1, round(len(mutants) / LARGE_PART))), None, False)


def sample(kind, home, source, minutes, most):
    mutants = listed(kind)
    parts = even(max(1, round(len(mutants) / PART)))
    return swept(kind, home, source, mutants, parts, minutes, False, most)


def shard(kind, home, source, what):
    number, _, count = what.partition("/")
    if not (number.isdigit() and count.isdigit() and int(number) < int(count)):
        fail(f"{what} is not K/N with K below N")
    name, selection = slices(int(count))[int(number)]
    Sweep(kind, home, [(name, selection)], source, len(listed(kind, *selection))).run()
    return 0


def judge(kind, home, source, count):
    if not count.isdigit():
        fail(f"{count} is no number of shards")
    folders = [home / name for name, _ in slices(int(count))]
    for folder in folders:
        if not finished(folder):
            fail(f"{folder} is missing or was not finished")
    return gate(kind, home, folders, listed(kind), source, False)


def diff(kind, home, source, base, minutes):
    done = subprocess.run(["git", "diff", base, "--", "src"], cwd=ROOT, capture_output=True)
    if done.returncode != 0:
        fail(f"git diff {base} failed: {done.stderr.decode(errors='replace').strip()}")
    file = home / f"{hashlib.sha256(done.stdout).hexdigest()[:16]}.diff"
    file.write_bytes(done.stdout)
    mutants = listed(kind, "--in-diff", str(file)) if done.stdout else []
    if not mutants:
        print(f"{kind}: nothing that has changed since {base} has a mutant; nothing was tested")
        return 0
    count = max(1, round(len(mutants) / PART))
    # All of them build fastest in slices; of some an even sample tells most.
    chosen = slices(count) if minutes is None else even(count)
    parts = [(f"{file.stem}-{name}", ["--in-diff", str(file), *selection]) for name, selection in chosen]
    return swept(kind, home, source, mutants, parts, minutes, True)


def main():
    parser = argparse.ArgumentParser(prog="scripts/mutants.sh", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verb", choices=["full", "sample", "diff", "shard", "judge"])
    parser.add_argument("what", nargs="?", help="a revision for diff, K/N for shard, N for judge")
    parser.add_argument("--minutes", type=float, help="for sample (15) and diff (no limit)")
    parser.add_argument("--parts", type=int, help="for sample, instead of minutes or beside them")
    parser.add_argument("--set", choices=list(SETS), help="only this set")
    options = parser.parse_args()
    if (options.what is None) == (options.verb in ("diff", "shard", "judge")):
        parser.error(f"{options.verb} takes {'one more word' if options.what is None else 'no more words'}")
    if options.parts is not None and options.parts < 1:
        parser.error(f"--parts {options.parts} would ask nothing")
    for interruption in (signal.SIGINT, signal.SIGTERM):
        signal.signal(interruption, signal.default_int_handler)
    source = tree()
    kinds = [options.set] if options.set else ["core", "gate"]
    sizes = {kind: len(listed(kind)) for kind in kinds}
    worst = 0
    for kind in kinds:
        home = HOME / source[:16] / kind
        home.mkdir(parents=True, exist_ok=True)
        if options.verb == "full":
            code = full(kind, home, source)
        elif options.verb == "sample":
            minutes = options.minutes or (None if options.parts else 15)
            minutes = minutes and minutes * sizes[kind] / sum(sizes.values())
            code = sample(kind, home, source, minutes, options.parts)
        elif options.verb == "diff":
            code = diff(kind, home, source, options.what, options.minutes)
        else:
            code = {"shard": shard, "judge": judge}[options.verb](kind, home, source, options.what)
        worst = max(worst, code)
    sys.exit(worst)


if __name__ == "__main__":
    main()
