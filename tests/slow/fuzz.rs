//! The fuzz targets on stable: thousands of generated inputs on the reference without a finding,
//! and planted faults that are found.

use q4proof::fuzz::{Target, Verdict};
use q4proof::subject::{InProcess, Reference, named};

/// The target of that name.
fn target(name: &str) -> Target {
    Target::by_name(name).unwrap()
}

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
    for target in Target::all() {
        let runs = match target.name().as_str() {
            "load_khq4" | "access_paths" | "decode_khq4" | "load_khf1" | "protocol_line" => 4000,
            _ => 2000,
        };
        let floor = if target.name() == "read_index_khq4" { 0.1 } else { 0.3 };
        let begun = std::time::Instant::now();
        let share = accepted_share(target, runs);
        let rate = runs as f64 / begun.elapsed().as_secs_f64();
        println!("{target}: {share:.3} accepted, {rate:.0}/s");
        assert!((floor..0.96).contains(&share), "{target}: {share} is accepted");
    }
}

/// Mutations grow of one another, of refused inputs too, as those are kept that come to new code. Where most are
/// refused, most end at the first check.
#[test]
fn a_fifth_of_what_grows_of_mutations_is_accepted() {
    let subject = InProcess::new(Reference);
    for target in Target::all() {
        let mut kept: Vec<Vec<u8>> = target.seeds().into_iter().map(|(_, input)| input).collect();
        let (mut asked, mut accepted) = (0, 0);
        for seed in 0..1200u64 {
            let parent = &kept[(seed * 7919) as usize % kept.len()];
            let Some(input) = target.mutate(parent, seed) else { continue };
            if input.len() > 4096 {
                continue;
            }
            asked += 1;
            accepted += u32::from(target.run(&subject, &input) == Verdict::Accepted);
            kept.push(input);
        }
        let share = f64::from(accepted) / f64::from(asked);
        println!("{target}: {share:.3} of {asked} accepted");
        assert!(asked > 900 && share >= 0.2, "{target}: {share} of {asked} are accepted");
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
    for (of, most, names) in [
        (
            "load_khq4",
            30_000,
            &[
                "planted:naive-ceil-wraps",
                "planted:shape-product-wraps",
                "planted:ndim-wraps-at-width",
                "planted:truncates-to-width",
                "planted:map-skips-block-scan",
                "planted:last-block-not-scanned",
                "planted:extent-for-18-byte-blocks",
                "planted:expected-shape-by-length",
                "planted:tail-unwritten",
            ][..],
        ),
        (
            "encode_khq4",
            6000,
            &[
                "planted:divide-not-reciprocal",
                "planted:padded-tail-range",
                "planted:round-half-even",
            ],
        ),
        (
            "load_khf1",
            10_000,
            &[
                "planted:numel-product-wraps",
                "planted:nan-value-accepted",
                "planted:value-subnormals-flushed",
                "planted:last-block-not-scanned",
                "planted:map-checks-only-header",
            ],
        ),
        (
            "matmul_khq4",
            3000,
            &[
                "planted:rows-floored-to-tile",
                "planted:columns-floored",
                "planted:product-bias-dropped",
                "planted:first-vector-for-all",
                "planted:product-scale-absolute",
            ],
        ),
        (
            "rotate_quarot",
            3000,
            &[
                "planted:signs-one-state-early",
                "planted:seed-through-f64",
                "planted:apply-for-inverse",
                "planted:norm-factor-twice",
                "planted:first-run-plain",
                "planted:norm-folded-after-rotation",
                "planted:runs-unchecked",
            ],
        ),
        (
            "decode_khq4",
            2000,
            &["planted:half-precision-sum", "planted:signed-zero-lost", "planted:half-cut"],
        ),
        (
            "decode_q4_0",
            4000,
            &[
                "planted:q4-0-sequential",
                "planted:q4-0-signed-zero-lost",
                "planted:q4-0-usual-scale-doubled",
                "planted:q4-0-partial-accepted",
            ],
        ),
        (
            "encode_q4_0",
            4000,
            &[
                "planted:q4-0-last-of-equals",
                "planted:q4-0-divided",
                "planted:q4-0-scale-as-stored",
                "planted:q4-0-rounded-before-offset",
                "planted:q4-0-shape-unchecked",
            ],
        ),
        ("decode_q4_1", 2000, &["planted:ggml-sequential-pairs", "planted:ggml-big-endian"]),
        (
            "encode_q4_1",
            4000,
            &[
                "planted:ggml-round-half-even",
                "planted:ggml-scale-as-stored",
                "planted:ggml-shape-unchecked",
            ],
        ),
        (
            "decode_q8_0",
            4000,
            &[
                "planted:q8-0-least-code-saturated",
                "planted:q8-0-signed-zero-lost",
                "planted:q8-0-usual-scale-doubled",
                "planted:q8-0-partial-accepted",
            ],
        ),
        (
            "encode_q8_0",
            4000,
            &[
                "planted:q8-0-round-half-even",
                "planted:q8-0-inverse-of-largest",
                "planted:q8-0-divided",
                "planted:q8-0-scale-as-stored",
                "planted:q8-0-shape-unchecked",
            ],
        ),
        (
            "decode_q5_0",
            4000,
            &[
                "planted:q5-0-second-half-from-bit-12",
                "planted:q5-0-fifth-bits-big-endian",
                "planted:q5-0-signed-zero-lost",
            ],
        ),
        (
            "decode_q5_1",
            4000,
            &["planted:q5-1-scale-minimum-swapped", "planted:q5-1-minimum-subtracted"],
        ),
        (
            "decode_q4_k",
            4000,
            &[
                "planted:q4-k-later-scales-of-first",
                "planted:q4-k-scales-minima-swapped",
                "planted:q4-k-minimum-added",
                "planted:q4-k-partial-accepted",
            ],
        ),
        (
            "decode_q5_k",
            4000,
            &["planted:q5-k-fifth-bits-of-run", "planted:q5-k-high-nibbles-first"],
        ),
        (
            "decode_q6_k",
            4000,
            &[
                "planted:q6-k-scales-unsigned",
                "planted:q6-k-scale-in-front",
                "planted:q6-k-scales-of-32",
            ],
        ),
        (
            "decode_iq4_nl",
            4000,
            &["planted:iq4-nl-middle-code-zero", "planted:iq4-nl-codebook-reversed"],
        ),
        (
            "decode_iq4_xs",
            4000,
            &["planted:iq4-xs-scale-nibbles-swapped", "planted:iq4-xs-scale-high-bits-big-endian"],
        ),
        (
            "decode_mxfp4",
            4000,
            &[
                "planted:mxfp4-table-not-doubled",
                "planted:mxfp4-subnormals-flushed",
                "planted:mxfp4-largest-exponent-nan",
            ],
        ),
        (
            "encode_mxfp4",
            4000,
            &[
                "planted:mxfp4-ties-away",
                "planted:mxfp4-exponent-ceil",
                "planted:mxfp4-negative-zero-code",
            ],
        ),
        (
            "decode_nvfp4",
            4000,
            &["planted:nvfp4-implicit-bit-missed", "planted:nvfp4-groups-of-32"],
        ),
        ("encode_mlx", 4000, &["planted:mlx-rounded-away", "planted:mlx-scale-as-stored"]),
        ("save_khq4", 2000, &["planted:save-nan-scale", "planted:save-pads-file"]),
        (
            "save_khf1",
            2000,
            &["planted:save-halves-big-endian", "planted:save-halves-nan-unchecked"],
        ),
        (
            "name_tensors_khq4",
            2000,
            &["planted:names-collision-overwritten", "planted:names-norm-first"],
        ),
        (
            "save_load",
            2000,
            &[
                "planted:save-pads-file",
                "planted:save-leaves-file-on-refusal",
                "planted:save-leaves-file-aside",
            ],
        ),
    ] {
        let target = target(of);
        for name in names {
            let found = exposure(name, target, most);
            println!("{target} {name}: {found:?}");
            assert!(found.is_some(), "{target} finds nothing in {name} in {most} inputs");
        }
        assert_eq!(exposure("planted:sound", target, 300), None, "{target} accuses a sound codec");
    }
}
