//! The fuzz targets on stable: thousands of generated inputs on the reference without a finding,
//! and faults of the zoo that are found.

use q4proof::fuzz::{Target, Verdict};
use q4proof::subject::{InProcess, Reference, named};

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
        (Target::of(Verb::Load, FormatId::KHQ4), 4000, 0.3),
        (Target::AccessPaths, 4000, 0.3),
        (Target::of(Verb::Encode, FormatId::KHQ4), 2000, 0.3),
        (Target::of(Verb::Decode, FormatId::KHQ4), 4000, 0.3),
        (Target::SaveLoad, 2000, 0.3),
        (Target::of(Verb::Load, FormatId::KHF1), 4000, 0.3),
        (Target::Matmul, 2000, 0.3),
        (Target::Rotate, 2000, 0.3),
        (Target::QuantizeIndex, 2000, 0.1),
        (Target::Convert, 2000, 0.3),
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
            Target::of(Verb::Load, FormatId::KHQ4),
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
            Target::of(Verb::Encode, FormatId::KHQ4),
            6000,
            &["zoo:divide-not-reciprocal", "zoo:padded-tail-range", "zoo:round-half-even"],
        ),
        (
            Target::of(Verb::Load, FormatId::KHF1),
            10_000,
            &[
                "zoo:numel-product-wraps",
                "zoo:nan-value-accepted",
                "zoo:value-subnormals-flushed",
                "zoo:last-block-not-scanned",
                "zoo:map-checks-only-header",
            ],
        ),
        (
            Target::Matmul,
            3000,
            &[
                "zoo:rows-floored-to-tile",
                "zoo:columns-floored",
                "zoo:product-bias-dropped",
                "zoo:first-vector-for-all",
                "zoo:product-scale-absolute",
            ],
        ),
        (
            Target::Rotate,
            3000,
            &[
                "zoo:signs-one-state-early",
                "zoo:seed-through-f64",
                "zoo:apply-for-inverse",
                "zoo:norm-factor-twice",
                "zoo:first-run-plain",
                "zoo:norm-folded-after-rotation",
                "zoo:runs-unchecked",
            ],
        ),
        (Target::of(Verb::Decode, FormatId::KHQ4), 2000, &["zoo:half-precision-sum", "zoo:signed-zero-lost"]),
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
