"""Measures how fast the project is.

    scripts/bench.sh [NAME...]

Builds the command and the benchmarks, runs those named (codec, files, model, check; without a name
all of them), and prints a table for each group: the median time, what that is a second, and the time in
times that of lattice.

    scripts/bench-compare.sh BASE [NAME...] [--anyway]

Measures the revision BASE and the working tree by the working tree's benchmarks, in turn, three times
over, and prints how many times BASE's time each benchmark takes now: of the medians, and the least and
the greatest of the three rounds. Refuses a machine that is busy with other things, which shows as a load
average above 0.7 over the last minute, unless told --anyway.

Tables go to the standard output, all else to the standard error. No time is judged. Exit status: 0
measured, 2 the set-up failed, 130 interrupted.
"""

import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
HOME = ROOT / "target/bench-compare"
NAMES = ["codec", "files", "model", "check"]
ROUNDS = 3
MOST_LOAD = 0.7


def fail(sentence):
    script = "bench-compare.sh" if sys.argv[1:2] == ["compare"] else "bench.sh"
    print(f"{script}: {sentence}", file=sys.stderr)
    sys.exit(2)


def say(sentence):
    print(sentence, file=sys.stderr, flush=True)


def executables(folder, target, *arguments):
    """Builds what the arguments say, and gives the path of each executable by its name."""
    environment = os.environ | {"CARGO_TARGET_DIR": str(target)}
    command = ["cargo", *arguments, "--message-format=json-render-diagnostics"]
    done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        fail(f"{' '.join(command[:-1])} failed in {folder}")
    messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {one["target"]["name"]: one["executable"] for one in messages if one.get("executable")}


def build(tree, names, command_target, benches_target, *locked):
    """The command of a tree, and its benchmarks by name."""
    command = executables(tree, command_target, "build", "--release", "--locked", "--bin", "q4proof")["q4proof"]
    chosen = [argument for name in names for argument in ("--bench", name)]
    built = executables(tree / "benches", benches_target, "bench", "--no-run", *locked, *chosen)
    return command, {name: built[name] for name in names}


def build_now(names):
    return build(ROOT, names, ROOT / "target", ROOT / "benches/target", "--locked")


def measure(built, name, results, shown):
    """Runs one benchmark; criterion leaves its results in a folder."""
    command, benches = built
    environment = os.environ | {"Q4PROOF": command, "CRITERION_HOME": str(results)}
    # Kept where it is not shown at once, to be shown if the benchmark fails.
    output = sys.stderr if shown else subprocess.PIPE
    done = subprocess.run([benches[name], "--bench"], cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        fail(f"the benchmark {name} failed\n{(done.stdout or b'').decode()[-2000:]}".rstrip())


def medians(results):
    """For each group and function, the median in nanoseconds and the throughput: unit and count."""
    found = {}
    for estimates in sorted(results.glob("**/new/estimates.json"), key=lambda path: path.stat().st_mtime):
        benchmark = json.loads((estimates.parent / "benchmark.json").read_text())
        [(unit, count)] = benchmark["throughput"].items()
        median = json.loads(estimates.read_text())["median"]["point_estimate"]
        found[benchmark["group_id"], benchmark["function_id"]] = median, unit, count
    return found


def time(nanoseconds):
    for unit, size in ("s", 1e9), ("ms", 1e6), ("us", 1e3):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.3g} {unit}" if nanoseconds < 1000 * size else f"{nanoseconds / size:.0f} {unit}"
    return f"{nanoseconds:.3g} ns"


def throughput(median, unit, count):
    each_second = count / median * 1e9
    noun = {"Elements": "", "Bytes": "B"}[unit]
    for prefix, size in ("G", 1e9), ("M", 1e6), ("k", 1e3):
        if each_second >= size:
            return f"{each_second / size:.2f} {prefix}{noun}/s"
    return f"{each_second:.2f} {noun}/s"


def table(head, rows):
    """Columns as wide as they need: the first to the left, the others to the right."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        cells = [cell.ljust(width) if at == 0 else cell.rjust(width) for at, (cell, width) in enumerate(zip(line, widths))]
        print("  ".join(cells).rstrip())


def run(names):
    results = ROOT / "benches/target/criterion"
    built = build_now(names)
    # Of an earlier run, perhaps of benchmarks that are gone.
    shutil.rmtree(results, ignore_errors=True)
    for name in names:
        measure(built, name, results, True)
    found = medians(results)
    for group in dict.fromkeys(group for group, _ in found):
        rows = []
        lattice = found.get((group, "lattice"))
        for (other, function), (median, unit, count) in found.items():
            if other == group:
                ratio = f"{median / lattice[0]:.2f}" if lattice else ""
                rows.append((function, time(median), throughput(median, unit, count), ratio))
        print()
        table((group, "time", "throughput", "of lattice's" if lattice else ""), rows)


def git(*arguments):
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)


def remove(tree):
    git("worktree", "remove", "--force", str(tree))
    shutil.rmtree(tree, ignore_errors=True)
    git("worktree", "prune")


def check_out(base, tree):
    """BASE in a worktree, with the benchmarks of today."""
    # Of a run that was killed.
    remove(tree)
    added = git("worktree", "add", "--detach", str(tree), base)
    if added.returncode != 0:
        fail(f"no worktree of {base}: {added.stderr.strip()}")
    shutil.rmtree(tree / "benches", ignore_errors=True)
    listed = git("ls-files", "-co", "--exclude-standard", "benches").stdout.splitlines()
    for name in listed:
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, tree / name)


def seeded(target, built):
    """A folder to build BASE in: its own, since cargo tells two trees in one folder apart by the age of
    their files only. The first time it gets what the other crates came to, which need not be built again."""
    if not target.exists():
        aside = target.with_name(target.name + ".part")
        shutil.rmtree(aside, ignore_errors=True)
        shutil.copytree(built / "release", aside / "release")
        aside.rename(target)
    return target


def compare(base, names, anyway):
    load = os.getloadavg()[0]
    if load > MOST_LOAD and not anyway:
        fail(f"the load average over the last minute is {load:.2f}, above {MOST_LOAD}: wait, or say --anyway")
    resolved = git("rev-parse", "--verify", "--short", f"{base}^{{commit}}")
    if resolved.returncode != 0:
        fail(f"{base!r} is no revision")
    commit = resolved.stdout.strip()
    tree = HOME / "base"
    try:
        check_out(commit, tree)
        now = build_now(names)
        command_target = seeded(HOME / "build-command", ROOT / "target")
        benches_target = seeded(HOME / "build-benches", ROOT / "benches/target")
        # Not --locked: BASE may depend on other crates than the lock file of today knows.
        built = {"base": build(tree, names, command_target, benches_target), "now": now}
        rounds = {"base": [], "now": []}
        for number in range(1, ROUNDS + 1):
            folders = {side: HOME / f"results/{number}-{side}" for side in rounds}
            for folder in folders.values():
                shutil.rmtree(folder, ignore_errors=True)
            for name in names:
                for side, folder in folders.items():
                    say(f"round {number} of {ROUNDS}: {name}, {side}")
                    measure(built[side], name, folder, False)
            for side, folder in folders.items():
                rounds[side].append(medians(folder))
    finally:
        remove(tree)

    busy = f"{load:.2f}, above {MOST_LOAD}: measured anyway" if load > MOST_LOAD else f"{load:.2f}"
    dirty = " with what is not committed" if git("status", "--porcelain").stdout else ""
    head = git("rev-parse", "--short", "HEAD").stdout.strip()
    print(f"base {commit}, now {head}{dirty}; {ROUNDS} rounds; load average before {busy}\n")
    rows = []
    for group, function in rounds["now"][0]:
        times = {side: [one[group, function][0] for one in rounds[side]] for side in rounds}
        ratios = [now / before for before, now in zip(times["base"], times["now"])]
        middle = {side: statistics.median(times[side]) for side in times}
        ratio = middle["now"] / middle["base"]
        spread = f"{min(ratios):.3f} to {max(ratios):.3f}"
        rows.append((f"{group}/{function}", time(middle["base"]), time(middle["now"]), f"{ratio:.3f}", spread))
    table(("benchmark", "base", "now", "now/base", "of the rounds"), rows)


def main():
    verb, *arguments = sys.argv[1:]
    if "--help" in arguments:
        print(__doc__)
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    anyway = verb == "compare" and "--anyway" in arguments
    words = [argument for argument in arguments if not (anyway and argument == "--anyway")]
    base = words.pop(0) if verb == "compare" and words else None
    if verb == "compare" and (base is None or base.startswith("-")):
        fail("which revision to compare with? `--help` says more")
    unknown = [word for word in words if word not in NAMES]
    if unknown:
        fail(f"no benchmark is named {unknown[0]!r}: there are {', '.join(NAMES)}")
    names = [name for name in NAMES if name in words or not words]
    try:
        if verb == "compare":
            compare(base, names, anyway)
        else:
            run(names)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
