//! The fuzz targets on stable: thousands of generated inputs on the reference without a finding,
//! and faults of the zoo that are found.

use std::cell::Cell;

use q4proof::fuzz::{Finding, Target, Verdict};
use q4proof::subject::message::{Decode, Encode, Hello, Load, Save};
use q4proof::subject::{Answer, Implementation, InProcess, Loaded, Reference, named};
use q4proof::suite::hex::{Bits, Bytes};

/// Generated inputs of `target` on the reference; the share that is accepted.
fn accepted_share(target: Target, runs: u64) -> f64 {
    let (subject, mut accepted) = (InProcess::new(Reference), 0);
    for seed in 0..runs {
        let input = target.generate(seed);
        match target.run(&subject, &input) {
            Verdict::Accepted => accepted += 1,
            Verdict::Refused(_) => {}
            Verdict::Finding(finding) => panic!("{target}, seed {seed}: {finding}\n{input:02x?}"),
        }
    }
    accepted as f64 / runs as f64
}

/// A generator whose inputs are all refused tests one guard; one whose inputs are all accepted,
/// none.
#[test]
fn generated_inputs_show_nothing_in_the_reference_and_are_accepted_often_enough() {
    for (target, runs, floor) in [
        (Target::LoadKhq4, 4000, 0.3),
        (Target::AccessPaths, 4000, 0.3),
        (Target::Encode, 2000, 0.3),
        (Target::Decode, 4000, 0.3),
        (Target::SaveLoad, 2000, 0.3),
        (Target::ProtocolLine, 4000, 0.3),
        (Target::VectorFile, 2000, 0.3),
    ] {
        let begun = std::time::Instant::now();
        let share = accepted_share(target, runs);
        let rate = runs as f64 / begun.elapsed().as_secs_f64();
        println!("{target}: {share:.3} accepted, {rate:.0}/s");
        assert!((floor..0.9).contains(&share), "{target}: {share} is accepted");
    }
}

#[test]
fn inputs_are_the_same_for_the_same_seed() {
    for target in Target::ALL {
        for seed in 0..20 {
            assert_eq!(target.generate(seed), target.generate(seed), "{target}");
        }
        let kept = (0..8000).filter(|&seed| target.mutate(b"KHQ4", seed).is_none()).count();
        assert!((800..1200).contains(&kept), "{target}: {kept} of 8000 are left to libFuzzer");
    }
}

/// The number of generated inputs until `target` finds something in `name`.
fn exposure(name: &str, target: Target, most: u64) -> Option<u64> {
    let subject = InProcess::new(named(name).unwrap());
    let shows = |seed: &u64| {
        let verdict = target.run(&subject, &target.generate(*seed));
        matches!(verdict, Verdict::Finding(_))
    };
    (0..most).find(shows)
}

#[test]
fn faults_of_each_operation_are_found() {
    for (target, most, names) in [
        (
            Target::LoadKhq4,
            30_000,
            &[
                "zoo:naive-ceil-wraps",
                "zoo:shape-product-wraps",
                "zoo:ndim-wraps-at-width",
                "zoo:truncates-to-width",
                "zoo:map-skips-block-scan",
                "zoo:last-block-not-scanned",
                "zoo:extent-for-18-byte-blocks",
                "zoo:expected-shape-by-length",
                "zoo:tail-unwritten",
            ][..],
        ),
        (
            Target::Encode,
            6000,
            &["zoo:divide-not-reciprocal", "zoo:padded-tail-range", "zoo:round-half-even"],
        ),
        (Target::Decode, 2000, &["zoo:half-precision-sum", "zoo:signed-zero-lost"]),
        (
            Target::SaveLoad,
            2000,
            &[
                "zoo:save-pads-file",
                "zoo:save-leaves-file-on-refusal",
                "zoo:save-leaves-file-aside",
            ],
        ),
    ] {
        for name in names {
            let found = exposure(name, target, most);
            println!("{target} {name}: {found:?}");
            assert!(found.is_some(), "{target} finds nothing in {name} in {most} inputs");
        }
        assert_eq!(exposure("zoo:sound", target, 300), None, "{target} accuses a sound codec");
    }
}

/// The reference with one habit that no fault of the zoo has.
#[derive(Default)]
struct Spoiled {
    /// Gives one value more at every second decode.
    forgets: bool,
    /// Panics at an empty file.
    panics: bool,
    /// Takes a mebibyte for every load.
    hoards: bool,
    /// Loads what lies at any path but the first as a scalar.
    confuses: bool,
    asked: Cell<usize>,
}

impl Implementation for Spoiled {
    fn hello(&self) -> Hello {
        Reference.hello()
    }

    fn decode(&self, request: &Decode) -> Answer<Bits> {
        self.asked.set(self.asked.get() + 1);
        Reference.decode(request).map(|mut values| {
            values.0.extend((self.forgets && self.asked.get().is_multiple_of(2)).then_some(0));
            values
        })
    }

    fn encode(&self, request: &Encode) -> Answer<Bytes> {
        Reference.encode(request)
    }

    fn load_khq4(&self, request: &Load) -> Answer<Loaded> {
        let hoard = vec![1u8; if self.hoards { 1 << 20 } else { 0 }];
        std::hint::black_box(&hoard);
        assert!(!self.panics || std::fs::metadata(&request.path).unwrap().len() > 0, "empty");
        Reference.load_khq4(request).map(|mut loaded| {
            if self.confuses && request.path.ends_with("tensor.q4") {
                loaded.shape = Vec::new();
            }
            loaded
        })
    }

    fn save_khq4(&self, request: &Save) -> Answer<()> {
        Reference.save_khq4(request)
    }
}

#[test]
fn each_oracle_speaks() {
    let run = |spoiled, target: Target, input: &[u8]| target.run(&InProcess::new(spoiled), input);
    let oracle = |spoiled: Spoiled, target: Target, input: &[u8]| match run(spoiled, target, input)
    {
        Verdict::Finding(Finding { oracle, .. }) => oracle,
        verdict => panic!("{target}: {verdict:?}"),
    };
    let seed = |target: Target| target.seeds().remove(0).1;
    let forgets = Spoiled { forgets: true, ..Spoiled::default() };
    assert_eq!(oracle(forgets, Target::Decode, &seed(Target::Decode)), "twice the same");
    let panics = Spoiled { panics: true, ..Spoiled::default() };
    assert_eq!(oracle(panics, Target::LoadKhq4, b""), "no panic");
    for input in [&b"KHQ4"[..], &seed(Target::LoadKhq4)] {
        let hoards = Spoiled { hoards: true, ..Spoiled::default() };
        assert_eq!(oracle(hoards, Target::LoadKhq4, input), "memory");
    }
    let confuses = Spoiled { confuses: true, ..Spoiled::default() };
    let matrix = Target::SaveLoad.seeds().into_iter().find(|(name, _)| name.ends_with("2x16"));
    assert_eq!(oracle(confuses, Target::SaveLoad, &matrix.unwrap().1), "round trip");
    for target in [Target::Decode, Target::LoadKhq4, Target::SaveLoad] {
        assert_eq!(run(Spoiled::default(), target, &seed(target)), Verdict::Accepted);
    }
}
