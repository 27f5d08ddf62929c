"""Fuzzes the targets and sums up what came of it.

    scripts/fuzz.sh [--seconds N | --runs N] [--jobs N] [--seed N] [--forever] [--out DIR] [TARGET...]

Without TARGET all of them, 60 seconds each, one at a time; `nothing` is a target that does nothing,
to compare speeds with. What is learnt stays in fuzz/corpus/TARGET (not committed), so that a run
that is interrupted loses nothing and the next one goes on from there; after each target it is
replaced by the fewest inputs that cover as much. A job that finds something goes on with what is
left of its time. Q4PROOF_SUBJECT=planted:NAME fuzzes a faulty implementation, from the committed corpus
each time.

DIR (default target/fuzz-report) gets summary.md, summary.json, a log of each job, and in findings/
the smallest input of each finding with its annotation. Exit status: 0 no finding, 1 findings, 2 the
set-up failed or nothing ran, 130 interrupted without a finding.
"""

import argparse
import collections
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BASELINE = "nothing"
# The one program, which is any of the targets: it is told which, and `list` has it name them all.
PROGRAM, TARGET = "any", "Q4PROOF_TARGET"
SUBJECT = os.environ.get("Q4PROOF_SUBJECT", "reference")
BUILD = ["--release", "--no-trace-compares", "--target-dir", "target/fuzz"]
FILES = re.compile("load_.*|save_.*|access_paths")
TEXTS = re.compile("protocol_line|vector_file|read_index_.*")

# A job that has found this much is not started again; most of it will be one fault.
MOST_CRASHES = 10
# Seconds for making one failing input smaller.
MINIMISING = 10
# The share of accepted inputs below which most executions end in the first bytes.
FLOOR = 0.2
# Seconds between two lines of progress where no terminal shows one line over and over.
QUIET = 30


def fail(sentence):
    print(f"fuzz.sh: {sentence}", file=sys.stderr)
    sys.exit(2)


def host():
    """The platform that fuzz targets are built for."""
    said = subprocess.run(["rustc", "+nightly", "-vV"], capture_output=True, text=True, check=True).stdout
    return re.search(r"^host: (.+)$", said, re.M)[1]


def limits(target):
    """What every run of a target is bound by. libFuzzer's own share of a run is large: features are
    not weighed (-entropic=0) and inputs are not replaced while fuzzing (-reduce_inputs=0), since
    the corpus is made small afterwards."""
    text = TEXTS.fullmatch(target)
    # Several blocks of the largest kind, which has 210 bytes; a form and 128 values of f32.
    length = 4096 if text else 648 if target.startswith("decode_") else 513 if target.startswith("encode_") else 256
    dictionary = "json" if text else "khq4" if FILES.fullmatch(target) else None
    chosen = [f"-max_len={length}", "-timeout=5", "-rss_limit_mb=2048", "-malloc_limit_mb=64",
              "-entropic=0", "-reduce_inputs=0", "-print_final_stats=1"]
    return chosen + ([f"-dict=fuzz/dictionaries/{dictionary}.dict"] if dictionary else [])


def environment(target, scratch):
    """The stack's depth of each allocation and freed stack frames are seldom needed to understand a
    finding, and cost half the speed; a finding can be run again with them. A mebibyte of freed memory
    kept aside is that of some hundred inputs."""
    asan = "malloc_context_size=1:detect_stack_use_after_return=0:quarantine_size_mb=1"
    return os.environ | {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", asan), "TMPDIR": str(scratch),
                         TARGET: target}


def last(pattern, text, default=0):
    found = re.findall(pattern, text, re.M)
    return int(found[-1]) if found else default


def key_of(log):
    """Oracle, place and class of what ended a run, and the details: one key is one finding."""
    if ours := re.search(r"^FINDING \S+: (.+?): (.*)$", log, re.M):
        return ours[1], ours[2]
    if panic := re.search(r"panicked at ([^\n]+?):?\n([^\n]*)", log):
        return f"panic at {panic[1].removeprefix(f'{ROOT}/')}", panic[2]
    if other := re.search(r"^SUMMARY: (.+)$", log, re.M):
        return other[1], ""
    return None


class Job:
    """One process on one target, started again after each crash while there is time."""

    def __init__(self, campaign, target, number):
        self.campaign, self.target, self.number = campaign, target, number
        self.scratch = campaign.scratch / f"{target}-{number}"
        self.scratch.mkdir(parents=True, exist_ok=True)
        self.log = campaign.out / f"{target}-{number}.log"
        self.log.unlink(missing_ok=True)
        self.refused = collections.Counter()
        self.executed = self.accepted = self.counted = self.edges = self.corpus = 0
        self.time = 0.0
        self.crashes, self.broken, self.process = [], None, None
        self.begun = time.monotonic()
        self.start()

    def start(self):
        options = self.campaign.options
        corpora = [self.campaign.corpus(self.target)]
        committed = [f"corpus/{self.target}/seeds", f"corpus/{self.target}/regressions"]
        corpora += [folder for folder in committed if (ROOT / folder).is_dir()]
        budget = [f"-runs={options.runs}"] if options.runs else []
        if not options.runs:
            budget = [f"-max_total_time={max(1, round(options.seconds - self.elapsed()))}"]
        seed = 0 if options.seed == 0 else options.seed + self.number + 100 * len(self.crashes)
        command = [self.campaign.program, *corpora, *limits(self.target), *budget, f"-seed={seed}",
                   "-reload=1", f"-artifact_prefix={self.scratch}/"]
        self.offset = self.log.stat().st_size if self.log.exists() else 0
        self.started = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment(self.target, self.scratch), stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)

    def elapsed(self):
        return time.monotonic() - self.begun

    def said(self):
        with self.log.open("rb") as log:
            log.seek(self.offset)
            return log.read().decode(errors="replace")

    def live(self):
        """Executions so far, of ended runs and of the one that goes on."""
        if self.process is None:
            return self.executed
        with self.log.open("rb") as log:
            log.seek(max(self.offset, self.log.stat().st_size - 8192))
            tail = log.read().decode(errors="replace")
        self.edges = max(self.edges, last(r"cov: (\d+)", tail))
        return self.executed + max(last(r"^ACCEPTED \d+ of (\d+)$", tail), last(r"^#(\d+)\s", tail))

    def goes_on(self):
        """Takes note of a run that has ended, and starts the next where there is time left."""
        if self.process is None:
            return False
        status = self.process.poll()
        if status is None:
            return True
        self.process = None
        said = self.said()
        self.time += time.monotonic() - self.started
        self.executed += last(r"stat::number_of_executed_units: (\d+)", said, last(r"^ACCEPTED \d+ of (\d+)$", said))
        self.accepted += last(r"^ACCEPTED (\d+) of", said)
        self.counted += last(r"^ACCEPTED \d+ of (\d+)$", said)
        if refused := re.findall(r"^REFUSED(.*)$", said, re.M):
            self.refused.update({name: int(count) for name, count in re.findall(r" (\w+)=(\d+)", refused[-1])})
        self.edges = max(self.edges, last(r"cov: (\d+)", said))
        self.corpus = max(self.corpus, last(r"corp: (\d+)", said))
        if status == 0 or self.campaign.interrupted:
            return False
        if unknown := re.search(r"^Q4PROOF_SUBJECT=.*: there is no such subject$", said, re.M):
            self.broken = unknown[0]
            return False
        file = re.findall(r"Test unit written to (\S+)", said)
        if not file:
            self.broken = f"{self.target}, job {self.number}: ended with {status} and no failing input; see {self.log}"
            return False
        self.crashes.append((pathlib.Path(file[-1]), key_of(said)))
        if self.campaign.options.runs or len(self.crashes) >= MOST_CRASHES:
            return False
        if self.elapsed() + 1 >= self.campaign.options.seconds:
            return False
        self.start()
        return True


class Campaign:
    def __init__(self, options):
        self.options = options
        self.out = options.out.resolve()
        self.rows, self.findings, self.broken = {}, {}, []
        self.interrupted = False
        self.running = []

    def build(self):
        if subprocess.run(["cargo", "+nightly", "fuzz", "--version"], capture_output=True).returncode != 0:
            fail("cargo-fuzz is missing: scripts/setup.sh installs it")
        if subprocess.run(["cargo", "+nightly", "fuzz", "build", *BUILD, PROGRAM], cwd=ROOT).returncode != 0:
            fail("the targets do not build")
        self.program = ROOT / "target/fuzz" / host() / "release" / PROGRAM
        named = subprocess.run([self.program], env=os.environ | {TARGET: "list"}, capture_output=True, text=True,
                               check=True)
        known = named.stdout.split()
        for target in self.options.targets:
            if target not in [*known, BASELINE]:
                fail(f"there is no target {target}; there is {', '.join([*known, BASELINE])}")
        self.options.targets = self.options.targets or known

    def corpus(self, target):
        # What a faulty implementation has led to is no start for the next one.
        folder = ROOT / "fuzz/corpus" / target if SUBJECT == "reference" else self.scratch / "corpus" / target
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def interrupt(self, *_):
        self.interrupted = True
        for job in self.running:
            if job.process is not None:
                job.process.send_signal(signal.SIGINT)

    def fuzz(self, target):
        """All jobs of one target, with their progress."""
        self.running = [Job(self, target, number) for number in range(1, self.options.jobs + 1)]
        shown, line = 0.0, ""
        while any([job.goes_on() for job in self.running]):
            time.sleep(0.2)
            elapsed = self.running[0].elapsed()
            if elapsed - shown < (1 if sys.stderr.isatty() else QUIET):
                continue
            shown = elapsed
            executed = sum(job.live() for job in self.running)
            limit = f"{self.options.runs} runs" if self.options.runs else f"{self.options.seconds} s"
            line = (f"{target}: {elapsed:.0f} of {limit}, {executed} executions, {executed / elapsed:.0f}/s, "
                    f"{max(job.edges for job in self.running)} edges, "
                    f"{sum(len(job.crashes) for job in self.running)} crashes")
            print(f"\r{line}\033[K" if sys.stderr.isatty() else line, end="" if sys.stderr.isatty() else "\n",
                  file=sys.stderr, flush=True)
        if line and sys.stderr.isatty():
            print(file=sys.stderr)
        self.note(target, self.running)
        jobs, self.running = self.running, []
        for job in jobs:
            for crash, key in job.crashes:
                self.take(target, crash, key)
        if SUBJECT == "reference" and target != BASELINE and not self.interrupted:
            self.minimise_corpus(target)

    def note(self, target, jobs):
        row = self.rows.setdefault(target, {"target": target, "executions": 0, "seconds": 0.0, "edges": 0, "corpus": 0,
                                            "accepted": 0, "counted": 0, "refused": {}, "findings": 0})
        row["executions"] += sum(job.executed for job in jobs)
        row["accepted"] += sum(job.accepted for job in jobs)
        row["counted"] += sum(job.counted for job in jobs)
        row["refused"] = dict(sum((job.refused for job in jobs), collections.Counter(row["refused"])).most_common())
        row["seconds"] += sum(job.time for job in jobs)
        row["edges"] = max([row["edges"], *(job.edges for job in jobs)])
        row["corpus"] = max(job.corpus for job in jobs)
        self.broken += [job.broken for job in jobs if job.broken]
        if row["executions"] == 0 and not any(job.crashes for job in jobs):
            self.broken.append(f"{target}: nothing was executed")

    def outcome(self, target, file):
        """What one input shows when it is run alone."""
        done = subprocess.run([self.program, *limits(target), file], cwd=ROOT, env=environment(target, self.scratch),
                              capture_output=True, text=True, errors="replace", start_new_session=True)
        return key_of(done.stderr) if done.returncode != 0 else None

    def take(self, target, crash, said):
        """Adds a crash to the finding that it shows, and keeps the smallest input of it. What its input does not
        show again has the key of the job's log: a mutator can fail too, and then there is no input."""
        key = self.outcome(target, crash)
        if key is None:
            oracle, detail = said or ("no reason", "")
            key = f"not shown again by its input alone: {oracle}", detail
        finding = self.findings.setdefault((target, key[0]), {"target": target, "key": key[0], "detail": key[1][:400],
                                                             "crashes": 0, "input": None})
        finding["crashes"] += 1
        kept = finding["input"]
        if kept and pathlib.Path(kept).stat().st_size <= crash.stat().st_size:
            return
        folder = self.out / "findings"
        folder.mkdir(exist_ok=True)
        name = f"{target} {key[0]}"
        slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:80]
        # Two long names can begin alike.
        slug += "-" + hashlib.sha256(name.encode()).hexdigest()[:8]
        path = pathlib.Path(kept) if kept else folder / slug
        shutil.copyfile(crash, path)
        finding["input"] = str(path)

    def minimise(self, finding):
        """Makes the input of a finding smaller while it shows the same; libFuzzer does the work, and
        its result is taken only where it has the same key."""
        path, target = pathlib.Path(finding["input"]), finding["target"]
        smaller = self.scratch / "smaller"
        subprocess.run([self.program, *limits(target), "-minimize_crash=1", f"-max_total_time={MINIMISING}",
                        f"-artifact_prefix={self.scratch}/min-", f"-exact_artifact_path={smaller}", path], cwd=ROOT,
                       env=environment(target, self.scratch), capture_output=True, start_new_session=True)
        if smaller.is_file() and smaller.stat().st_size < path.stat().st_size:
            shown = self.outcome(target, smaller)
            if shown and shown[0] == finding["key"]:
                finding["detail"] = shown[1][:400]
                shutil.copyfile(smaller, path)
        smaller.unlink(missing_ok=True)

    def annotate(self, finding):
        """The input field by field, where it is one that the command can read."""
        done = subprocess.run(["cargo", "run", "--quiet", "--release", "--locked", "--", "fuzz", "ask",
                               finding["target"], str(shown_path(finding["input"])), "--subject", SUBJECT], cwd=ROOT,
                              env=os.environ | {"RUST_BACKTRACE": "0"}, capture_output=True, text=True,
                              errors="replace")
        finding["annotation"] = done.stdout if done.returncode in (0, 1) else done.stderr
        path = pathlib.Path(finding["input"])
        path.with_name(path.name + ".txt").write_text(finding["annotation"])
        finding["again"] = (f"Q4PROOF_SUBJECT={SUBJECT} Q4PROOF_TARGET={finding['target']} "
                            f"cargo +nightly fuzz run {' '.join(BUILD)} any {shown_path(path)}")

    def minimise_corpus(self, target):
        """Replaces what was learnt by the fewest inputs that cover as much; the old folder stays
        until the new one is whole."""
        learnt = self.corpus(target)
        fresh, old = learnt.with_name(f"{target}.fresh"), learnt.with_name(f"{target}.old")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
        done = subprocess.run([self.program, *limits(target), "-merge=1", fresh, learnt], cwd=ROOT,
                              env=environment(target, self.scratch), capture_output=True, start_new_session=True)
        if done.returncode != 0 or self.interrupted:
            shutil.rmtree(fresh)
            return
        self.rows[target]["corpus"] = len(list(fresh.iterdir()))
        shutil.rmtree(old, ignore_errors=True)
        learnt.rename(old)
        fresh.rename(learnt)
        shutil.rmtree(old)

    def summarise(self):
        """Writes the summary in Markdown and JSON, and prints it."""
        rows = list(self.rows.values())
        for row in rows:
            row["findings"] = sum(target == row["target"] for target, _ in self.findings)
            row["per_second"] = round(row["executions"] / row["seconds"]) if row["seconds"] else 0
        nothing = next((row["per_second"] for row in rows if row["target"] == BASELINE), None)
        revision = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
        summary = {"subject": SUBJECT, "revision": revision.stdout.strip(), "jobs": self.options.jobs,
                   "interrupted": self.interrupted, "targets": rows, "findings": list(self.findings.values()),
                   "broken": self.broken}
        write_aside(self.out / "summary.json", json.dumps(summary, indent=2) + "\n")
        share = lambda row: f"{row['accepted'] / row['counted']:.3f}" if row["counted"] else ""
        beside = lambda row: f" {row['per_second'] / nothing:.3f} |" if nothing else ""
        # What refused most of the inputs that were refused, with its share of them.
        first = lambda row: ", ".join(f"{name} {count / sum(row['refused'].values()):.2f}"
                                      for name, count in list(row["refused"].items())[:3])
        low = [row["target"] for row in rows if row["counted"] and row["accepted"] < FLOOR * row["counted"]]
        lines = [f"# Fuzzing {SUBJECT}", "",
                 f"| target | executions | a second and job |{' of nothing |' if nothing else ''} edges | corpus | accepted "
                 "| refused by | findings |",
                 f"|---|---:|---:|{'---:|' if nothing else ''}---:|---:|---:|---|---:|"]
        lines += [f"| {row['target']} | {row['executions']} | {row['per_second']} |{beside(row)} {row['edges']} "
                  f"| {row['corpus']} | {share(row)} | {first(row)} | {row['findings']} |" for row in rows]
        lines += [f"\n**Below the floor:** {', '.join(low)}: less than {FLOOR:.0%} of the inputs were accepted."] if low else []
        fault = "" if SUBJECT == "reference" else f" --fault {SUBJECT}"
        for finding in self.findings.values():
            size = pathlib.Path(finding["input"]).stat().st_size
            lines += ["", f"## {finding['target']}: {finding['key']}", "", f"{finding['detail']}", "",
                      f"Crashes: {finding['crashes']}. The smallest input, of {size} bytes, is run again by", "",
                      f"    {finding['again']}", "",
                      *(f"    {line}".rstrip() for line in finding["annotation"].splitlines()), "",
                      "Once it is mended, it becomes a regression by", "",
                      f"    scripts/promote.sh {finding['target']} {shown_path(finding['input'])} \"root cause\"{fault}"]
        lines += [f"\n**Broken:** {what}" for what in self.broken]
        lines += ["\nInterrupted: what was learnt until then is kept."] if self.interrupted else []
        write_aside(self.out / "summary.md", "\n".join(lines) + "\n")
        print("\n".join(lines), flush=True)

    def run(self):
        self.out.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self.out / "findings", ignore_errors=True)
        for left in [*self.out.glob("*.log"), *self.out.glob("summary.*")]:
            left.unlink()
        memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
        with tempfile.TemporaryDirectory(dir=memory, prefix="q4proof-fuzz-") as scratch:
            self.scratch = pathlib.Path(scratch)
            signal.signal(signal.SIGINT, self.interrupt)
            signal.signal(signal.SIGTERM, self.interrupt)
            again = True
            while again and not self.interrupted:
                for target in self.options.targets:
                    if not self.interrupted:
                        self.fuzz(target)
                for finding in self.findings.values():
                    if not self.interrupted:
                        self.minimise(finding)
                    self.annotate(finding)
                self.summarise()
                again = self.options.forever
        if self.findings:
            return 1
        return 2 if self.broken else 130 if self.interrupted else 0


def shown_path(path):
    path = pathlib.Path(path)
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def write_aside(path, text):
    aside = path.with_name(path.name + ".new")
    aside.write_text(text)
    aside.replace(path)


def above_zero(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


def main():
    parser = argparse.ArgumentParser(prog="scripts/fuzz.sh", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=above_zero, default=60, help="for each target (60)")
    parser.add_argument("--runs", type=above_zero, help="executions for each target, instead of seconds")
    parser.add_argument("--jobs", type=above_zero, default=1, help="processes at a time (1)")
    parser.add_argument("--seed", type=int, default=0, help="of libFuzzer's dice (0: another each time)")
    parser.add_argument("--forever", action="store_true", help="rounds over the targets until interrupted")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "target/fuzz-report")
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    options = parser.parse_args()
    campaign = Campaign(options)
    campaign.build()
    sys.exit(campaign.run())


if __name__ == "__main__":
    main()
