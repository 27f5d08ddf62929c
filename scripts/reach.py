"""Which tests run over a mutant's function, found out by running them: each function records, once
a thread, the name of the test that came by. A copy of the source is changed and built for that, and
all functions are asked in one run.
"""

import json
import re
import subprocess

# Once a thread, since a function may be called a million times. libtest names its threads by test;
# what runs on a thread that a test has started is recorded as that.
PROBE = """{{
    ::std::thread_local!(static SEEN: ::std::cell::Cell<bool> = const {{ ::std::cell::Cell::new(false) }});
    if SEEN.try_with(|seen| !seen.replace(true)).unwrap_or(false) {{
        let thread = ::std::thread::current();
        let line = format!("{number} {{}}\\n", thread.name().unwrap_or("a thread that a test has started"));
        let file = ::std::fs::OpenOptions::new().append(true).create(true).open({path});
        file.and_then(|mut file| ::std::io::Write::write_all(&mut file, line.as_bytes())).ok();
    }}
}}"""


def body(text, span):
    """Where the body of the function at `span` begins, after its brace; none where it cannot be told
    or is evaluated at compile time."""
    lines = text.split("\n")
    start = sum(len(line) + 1 for line in lines[:span["start"]["line"] - 1]) + span["start"]["column"] - 1
    signature, brace, _ = text[start:].partition("{")
    if not brace or re.search(r"\bconst (unsafe )?fn\b", signature):
        return None
    return start + len(signature) + 1


def probed(tree, functions, record):
    """Puts a probe in each of the functions that can have one."""
    reached = {}
    for file in {file for file, _ in functions}:
        text = (tree / file).read_text()
        places = {number: body(text, span) for number, (of, span) in enumerate(functions) if of == file}
        places = {number: place for number, place in places.items() if place is not None}
        # From the end, so that the places before stay where they are.
        for number, place in sorted(places.items(), key=lambda one: -one[1]):
            probe = PROBE.format(number=number, path=json.dumps(str(record))).replace("\n", " ")
            text = text[:place] + probe + text[place:]
            reached[number] = set()
        (tree / file).write_text(text)
    return reached


def tests(tree, record, mutants, scope, environment):
    """The tests by the name of the mutant: of those of `mutants` whose function could be asked.
    `tree` is a copy of the source, which is left changed; what the probes write goes to `record`;
    `scope` are the arguments of cargo that run the tests."""
    record.unlink(missing_ok=True)
    functions, of = [], {}
    for mutant in mutants:
        if mutant.get("function"):
            function = (mutant["file"], mutant["function"]["span"])
            if function not in functions:
                functions.append(function)
            of[mutant["name"]] = functions.index(function)
    reached = probed(tree, functions, record)
    done = subprocess.run(["cargo", *scope, "--no-fail-fast"], cwd=tree, env=environment, capture_output=True, text=True)
    if not record.is_file() and "test result:" not in done.stdout:
        return {}
    for line in (record.read_text() if record.is_file() else "").splitlines():
        number, _, test = line.partition(" ")
        reached[int(number)].add(test)
    return {name: sorted(reached[number]) for name, number in of.items() if number in reached}
