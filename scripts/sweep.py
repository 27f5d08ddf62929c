"""Sweeps the core with mutants, and judges what is left by `q4proof gate mutants`.

    scripts/mutants.sh full                  every mutant of .cargo/mutants.toml
    scripts/mutants.sh sample [--minutes N]  as many parts of the full sweep as are begun in N
                                             minutes (15), always the same ones first
    scripts/mutants.sh diff BASE             the mutants of what has changed since the revision BASE
    scripts/mutants.sh shard K/N             one shard, K from 0, for a machine of many; not judged

A sweep runs in parts, one a core at a time, each an even sample of the whole. What was finished under
target/mutants/, in a folder named by the SHA-256 of the source, is not run again, so that an
interruption loses two parts at most, and a sample is a beginning of the full sweep. Exit status: that
of the gate (0 open, 1 survivors, 2 no evidence); 2 where the set-up failed; 130 interrupted; of
`shard` 0 where it ended.
"""

import argparse
import hashlib
import json
import os
import pathlib
import resource
import signal
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
HOME = ROOT / "target/mutants"
LEDGER = ROOT / "conformance/ledgers/mutants.toml"
# What the tests read and what they are made of.
SOURCE = ["src", "tests", "conformance", "corpus", "Cargo.toml", "Cargo.lock", ".cargo/mutants.toml"]
# Mutants in a part: few, so that little is lost, and many beside the baseline of each.
PART = 96
# What cargo-mutants and each process that it starts may map: a mutant that allocates without end fails.
MEMORY = 8 << 30


def fail(sentence):
    print(f"mutants.sh: {sentence}", file=sys.stderr)
    sys.exit(2)


def tree():
    """The SHA-256 of everything that a mutant's fate depends on, but the toolchain."""
    listed = subprocess.run(["git", "ls-files", "-coz", "--exclude-standard", *SOURCE], cwd=ROOT, capture_output=True,
                            check=True).stdout
    names = sorted(name for name in os.fsdecode(listed).split("\0") if name and (ROOT / name).is_file())
    total = hashlib.sha256()
    for name in names:
        total.update(f"{name}\0{hashlib.sha256((ROOT / name).read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def listed(*selection):
    """The mutants that a selection leaves, as cargo-mutants lists them."""
    done = subprocess.run(["cargo", "mutants", "--list", "--json", *selection], cwd=ROOT, capture_output=True, text=True)
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

    def __init__(self, home, parts, source, total, minutes=None):
        self.source, self.total, self.minutes = source, total, minutes
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
        """Runs one part after the other. The target folder is kept, so that only this crate is built
        anew for each part; cargo-mutants itself works in a copy of the source."""
        environment = os.environ | {"CARGO_TARGET_DIR": str(HOME / f"build-{number}")}
        while part := self.next():
            folder, selection = part
            folder.mkdir(parents=True, exist_ok=True)
            command = ["cargo", "mutants", "--no-shuffle", "--colors", "never", "-o", folder, *selection]
            with (folder / "log.txt").open("wb") as log:
                process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log,
                                           stdin=subprocess.DEVNULL, start_new_session=True,
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
        line = f"{done} of {self.total} mutants, {sum(one[1] + one[2] for one in before + now)} survive{limit}"
        print(f"\r{line}\033[K" if sys.stderr.isatty() else line, end="" if sys.stderr.isatty() else "\n",
              file=sys.stderr, flush=True)


def gate(home, folders, mutants, source, partial):
    list_file = home / "list.json"
    list_file.write_text(json.dumps(mutants))
    command = ["cargo", "run", "--quiet", "--release", "--locked", "--", "gate", "mutants", "--list", list_file,
               "--tree", source, "--markdown", home / "gate.md", "--junit", home / "gate.xml", "--json", home / "gate.json"]
    command += ["--ledger", LEDGER] if LEDGER.exists() else []
    return subprocess.run([*command, *(["--partial"] if partial else []), *folders], cwd=ROOT).returncode


def shards(count, *selection):
    return [(f"{number}-of-{count}", [*selection, "--shard", f"{number}/{count}", "--sharding", "round-robin"])
            for number in range(count)]


def main():
    parser = argparse.ArgumentParser(prog="scripts/mutants.sh", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["full", "shard", "diff", "sample"])
    parser.add_argument("what", nargs="?", help="K/N for shard, a revision for diff")
    parser.add_argument("--minutes", type=float, default=15, help="for sample (15)")
    options = parser.parse_args()
    if (options.what is None) == (options.kind in ("shard", "diff")):
        parser.error(f"{options.kind} takes {'one more word' if options.what is None else 'no more words'}")
    for interruption in (signal.SIGINT, signal.SIGTERM):
        signal.signal(interruption, signal.default_int_handler)
    source = tree()
    home = HOME / source[:16]
    home.mkdir(parents=True, exist_ok=True)

    if options.kind in ("full", "sample"):
        mutants = listed()
        parts = shards(max(1, round(len(mutants) / PART)))
        limit = options.minutes if options.kind == "sample" else None
        folders = Sweep(home, parts, source, len(mutants), limit).run()
        reached = [one for folder in folders for one in json.loads((folder / "mutants.out/mutants.json").read_text())]
        if limit is not None and len(reached) < len(mutants):
            print(f"a sample: {len(reached)} of {len(mutants)} mutants, {len(folders)} of {len(parts)} parts; "
                  "the others were not reached", flush=True)
            sys.exit(gate(home, folders, reached, source, True))
        sys.exit(gate(home, folders, mutants, source, False))
    if options.kind == "shard":
        number, _, count = options.what.partition("/")
        if not (number.isdigit() and count.isdigit() and int(number) < int(count)):
            fail(f"{options.what} is not K/N with K below N")
        selection = ["--shard", options.what, "--sharding", "round-robin"]
        Sweep(home, [(f"{number}-of-{count}", selection)], source, len(listed(*selection))).run()
        sys.exit(0)
    if options.kind == "diff":
        diff = subprocess.run(["git", "diff", options.what, "--", "src"], cwd=ROOT, capture_output=True)
        if diff.returncode != 0:
            fail(f"git diff {options.what} failed: {diff.stderr.decode(errors='replace').strip()}")
        file = home / f"{hashlib.sha256(diff.stdout).hexdigest()[:16]}.diff"
        file.write_bytes(diff.stdout)
        mutants = listed("--in-diff", str(file)) if diff.stdout else []
        if not mutants:
            print(f"nothing that has changed since {options.what} has a mutant in the core: nothing was tested")
            sys.exit(0)
        parts = [(f"{file.stem}-{name}", ["--in-diff", str(file), *selection])
                 for name, selection in shards(max(1, round(len(mutants) / PART)))]
        folders = Sweep(home, parts, source, len(mutants)).run()
        sys.exit(gate(home, folders, mutants, source, True))


if __name__ == "__main__":
    main()
