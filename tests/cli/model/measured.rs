//! `measure symmetry`: values that one can work out by hand, and the closed form of a rotation.

use std::path::Path;

use q4proof::convert::Unwatched;
use q4proof::convert::symmetry::{Symmetry, measure, measure_rotated};
use q4proof::report::symmetry::turned;
use q4proof::suite::exact;

use super::quantize;
use crate::convert::safetensors;
use crate::support::{Bench, Finished, q4proof};
use crate::tiny::Tiny;

fn symmetry(source: &Path, options: &[&str]) -> Finished {
    let source = source.display().to_string();
    q4proof([&["measure", "symmetry", &source], options].concat())
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

#[test]
fn the_measure_is_the_mean_of_row_means_by_the_greatest_value() {
    let bench = Bench::new();
    // Row means 2 and -3, greatest value 4; one of 0.19 and -0.01, greatest 2; and all zeros.
    let tensors = [
        ("offset.weight", "F32", &[2, 2][..], bytes(&[1.0, 3.0, -2.0, -4.0])),
        ("even.weight", "F32", &[1, 2, 2], bytes(&[2.0, -1.62, -2.0, 1.98])),
        ("zero.weight", "F32", &[3, 1], bytes(&[0.0; 3])),
        ("bias", "F32", &[3], bytes(&[1.0; 3])),
    ];
    let source = bench.write("some.safetensors", safetensors(&tensors));
    let done = symmetry(&source, &[]);
    done.shows(0, &["1 of 3 tensors with rows at or above 5 %; 1 other of one dimension"]);
    let row = |name: &str| -> Vec<String> {
        let line = done.stdout.lines().find(|line| line.starts_with(name)).expect("a line");
        line.split_whitespace().map(String::from).collect()
    };
    let offset = ["offset.weight", "F32", "2", "2", "2.500e0", "4.000e0", "62.500", "%"];
    assert_eq!(row("offset"), offset);
    let even = ["even.weight", "F32", "2", "2", "1.000e-1", "2.000e0", "5.000", "%"];
    assert_eq!(row("even"), even);
    assert_eq!(row("zero"), ["zero.weight", "F32", "3", "1", "0.000e0", "0.000e0", "-"]);

    let (measured, _) = measure(&source, &mut Unwatched).expect("a measure");
    let even = measured[1].symmetry.expect("it has rows");
    assert!((even.mean_row_mean - 0.1).abs() < 1e-7, "{even:?}");
    assert_eq!(measured[3].symmetry, None);
}

#[test]
fn the_line_belongs_to_what_is_at_or_above_it() {
    let at = Symmetry { rows: 1, columns: 1, mean_row_mean: 0.05, abs_max: 1.0 };
    assert_eq!(at.share(), Some(0.05));
    let bench = Bench::new();
    for (value, count) in [(0.0625, 1), (0.046875, 0)] {
        let matrix = bytes(&[1.0, 2.0 * value - 1.0]);
        let tensors = [("a.weight", "F32", &[1, 2][..], matrix)];
        let source = bench.write("a.safetensors", safetensors(&tensors));
        let words = format!("{count} of 1 tensors with rows at or above 5 %\n");
        symmetry(&source, &[]).shows(0, &[&words]);
    }
}

#[test]
fn quantized_files_are_measured_by_the_values_that_they_stand_for() {
    let bench = Bench::new();
    // 32 values: q from 0 to 15 twice, scale 1, bias -7: mean 0.5, greatest 8.
    let nibbles: Vec<u8> =
        (0..16).map(|pair| (2 * pair % 16) | (((2 * pair + 1) % 16) << 4)).collect();
    let block = [&[0x00, 0x3c, 0x00, 0xc7][..], &nibbles].concat();
    let file = bench.write("a.q4", exact::files::khq4::write(&[2, 16], 32, &block));
    let words = ["a.q4    q4         2    16", "5.000e-1  8.000e0  6.250 %\n1 of 1 tensors"];
    symmetry(&file, &[]).shows(0, &words);
    let halves = bench.write("a.f16", exact::files::khf1::write(&[1, 2], 2, &[0x3c00, 0x0000]));
    symmetry(&halves, &[]).shows(0, &["5.000e-1  1.000e0  50.000 %"]);
}

#[test]
fn a_directory_is_measured_whatever_its_form() {
    let bench = Bench::new();
    let (source, target) = (bench.path("source"), bench.path("target"));
    Tiny::new(true, "BF16").write_in_two(&source);
    quantize(&source, &target, &["--quarot", "7"]).shows(0, &[]);
    let words = [" of 26 tensors with rows", "15 others of one dimension", "--quarot SEED\n"];
    symmetry(&source, &[]).shows(0, &words);
    symmetry(&target, &[]).shows(0, &[" of 27 tensors with rows", "15 others of one dimension"]);
}

#[test]
fn the_means_of_rotated_runs_have_their_closed_form() {
    let bench = Bench::new();
    let source = bench.path("source");
    Tiny::new(true, "F32").write(&source);
    for seed in [0, 42, u64::MAX] {
        let rotated = measure_rotated(&source, seed, &mut Unwatched).expect("a measure");
        assert_eq!(rotated.len(), 25);
        assert!(rotated[0].name.ends_with("embed_tokens.weight"), "{:?}", rotated[0]);
        assert_eq!(rotated[1].name, "lm_head.weight");
        assert_eq!(rotated[0].before, rotated[1].before, "they were tied");
        assert_ne!(rotated[0].after, rotated[1].after, "a norm is folded into one of them");
        assert_eq!(rotated.iter().filter(|one| !one.is_input).count(), 6);
        for one in &rotated {
            assert!(one.deviation <= one.bound, "{one:?}");
            assert!(one.bound < 1e-11, "{one:?}");
        }
    }
    let words = [
        "model.language_model.embed_tokens.weight ",
        "lm_head.weight ",
        "within rounding",
        "of 25 rotated matrices at or above 5 %, quarot_seed 42\n",
        "closed form of the means of rotated runs, sign_0 x_0 / sqrt(n): off by ",
        "it holds\nnext: q4proof quantize ",
    ];
    symmetry(&source, &["--quarot", "42"]).shows(0, &words);
}

#[test]
fn a_mean_that_is_off_by_more_than_rounding_is_told() {
    let bench = Bench::new();
    Tiny::new(true, "F32").write(&bench.path("source"));
    let mut measured =
        measure_rotated(&bench.path("source"), 42, &mut Unwatched).expect("a measure");
    measured[1].deviation = 1e-3;
    let text = turned(&measured, 42, "source".as_ref());
    let line = text.lines().find(|line| line.starts_with("lm_head")).expect("a line");
    assert!(line.contains("1.0e-3") && line.contains("expected at most"), "{line}");
    assert!(text.contains("off by 1.0e-3 at most, it "), "{text}");
    assert!(text.contains("fails for 1 tensor") && !text.contains("next:"), "{text}");
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let bench = Bench::new();
    let nan = [("a.weight", "F32", &[1, 2][..], bytes(&[1.0, f32::NAN]))];
    let file = bench.write("nan.safetensors", safetensors(&nan));
    symmetry(&file, &[]).says(2, &["tensor \"a.weight\": value 1 is NaN, expected a finite one"]);
    symmetry(&bench.path("nowhere"), &[]).says(2, &["nowhere: No such file"]);
    let words = ["vectors: has no quantize_index.json and has neither model.safetensors nor"];
    symmetry(&bench.path("vectors"), &[]).says(2, &words);
    symmetry(&file, &["--quarot", "7"]).says(2, &["nan.safetensors: Not a directory"]);
    let source = bench.path("source");
    let mut model = Tiny::new(true, "F32");
    model.tensor("language_model.norm.weight").bytes[..4].copy_from_slice(&f32::NAN.to_le_bytes());
    model.write(&source);
    symmetry(&source, &["--quarot", "7"]).says(2, &["tensor \"lm_head.weight\": value 0 is NaN"]);
}
