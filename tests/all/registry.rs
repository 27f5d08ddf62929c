//! The registries: which operations and features there are, what each format is called, how large its blocks are and what
//! stands in them. PROTOCOL.md says the same in tables.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use q4proof::suite::case::VectorFile;
use q4proof::suite::exact::blocks::{self, Source};
use q4proof::suite::exact::files;
use q4proof::suite::judge::{Outcome, judge};
use q4proof::suite::lint::{Known, lint};
use q4proof::suite::question::Mode;
use q4proof::suite::{
    Answer, Case, Encoded, Feature, Floats, FormatFeature, FormatId, Lawful, Operation, Profile,
    Question, Verb,
};

use crate::case_of;

const PROTOCOL: &str = include_str!("../../conformance/PROTOCOL.md");

/// The first two cells of each row of PROTOCOL.md's tables.
fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = PROTOCOL.lines().filter_map(|line| line.strip_prefix("| `"));
    lines.filter_map(|line| {
        let mut cells = line.split(" | ");
        Some((cells.next()?.trim_end_matches('`'), cells.next()?))
    })
}

#[test]
fn protocol_lists_every_operation_and_feature() {
    let names = rows().flat_map(|(names, _)| names.split("`, `"));
    let listed: BTreeSet<&str> = names.filter(|name| name.contains(':')).collect();
    let operations = Operation::all().into_iter().map(|operation| operation.to_string());
    let features = FormatFeature::all().into_iter().map(|feature| feature.to_string());
    let known: BTreeSet<String> =
        operations.chain(features).chain(["generate:model".into()]).collect();
    assert_eq!(listed, known.iter().map(String::as_str).collect());
}

#[test]
fn a_format_has_the_features_that_its_cases_require() {
    let cases = crate::embedded().cases();
    let required: BTreeSet<String> =
        cases.iter().flat_map(Case::features).map(|feature| feature.to_string()).collect();
    let known = FormatFeature::all().into_iter().map(|feature| feature.to_string());
    assert_eq!(required, known.collect());
    assert!(Feature::Directory.of(FormatId::KHQ4).exists());
    assert!(!Feature::Directory.of(FormatId::KHF1).exists());
}

#[test]
fn an_operation_exists_or_it_does_not() {
    let exists =
        |verb: Verb, format: &str| Operation::new(verb, FormatId::named(format).unwrap()).exists();
    let some = [
        (Verb::Decode, "q4_1"),
        (Verb::Encode, "mlx"),
        (Verb::Load, "khf1"),
        (Verb::Rotate, "quarot"),
        (Verb::Generate, "model"),
    ];
    for (verb, format) in some {
        assert!(exists(verb, format), "{verb:?} {format}");
    }
    let none = [
        (Verb::Decode, "mlx"),
        (Verb::Matmul, "q8_0"),
        (Verb::Decode, "khf1"),
        (Verb::Generate, "khq4"),
        (Verb::Rotate, "khq4"),
    ];
    for (verb, format) in none {
        assert!(!exists(verb, format), "{verb:?} {format}");
    }
}

/// `generate` is no part of a profile: a handshake that offers nothing else claims nothing.
#[test]
fn a_profile_is_empty_where_no_operation_is_claimed() {
    let claimed = |name: &str| Profile::claimed(&[name.to_owned()]);
    assert!(claimed("generate:model").is_empty());
    assert!(!claimed("decode:q4_1").is_empty());
}

#[test]
fn formats_have_their_titles_and_sizes() {
    let of = |id: FormatId| blocks::named(id).unwrap();
    let titles = [
        (FormatId::KHQ4, "KHQ4", 32, 20),
        (FormatId::Q4_0, "ggml's Q4_0", 32, 18),
        (FormatId::Q4_1, "ggml's Q4_1", 32, 20),
        (FormatId::Q5_0, "ggml's Q5_0", 32, 22),
        (FormatId::Q5_1, "ggml's Q5_1", 32, 24),
        (FormatId::Q8_0, "ggml's Q8_0", 32, 34),
        (FormatId::Q4_K, "ggml's Q4_K", 256, 144),
        (FormatId::Q5_K, "ggml's Q5_K", 256, 176),
        (FormatId::Q6_K, "ggml's Q6_K", 256, 210),
        (FormatId::IQ4_NL, "ggml's IQ4_NL", 32, 18),
        (FormatId::IQ4_XS, "ggml's IQ4_XS", 256, 136),
        (FormatId::MXFP4, "MXFP4", 32, 17),
        (FormatId::NVFP4, "NVFP4", 64, 36),
        (FormatId::MLX, "MLX", 32, 20),
    ];
    assert_eq!(titles.len(), blocks::ALL.len());
    for (id, title, weights, bytes) in titles {
        assert_eq!(of(id).title(), title);
        assert_eq!(of(id).geometry(), blocks::Geometry { weights, bytes });
        if let Some((_, cell)) = rows().find(|(name, cell)| *name == id.name() && cell.len() == 2) {
            assert_eq!(cell.parse(), Ok(bytes), "PROTOCOL.md on {title}");
        }
    }
    let extensions: Vec<_> = files::ALL.iter().map(|one| (one.title(), one.extension())).collect();
    assert_eq!(extensions, [("KHQ4", "q4"), ("KHF1", "f16")]);
}

/// The block of SPEC.md, section 9, and one of Q8_0.
#[test]
fn a_block_is_shown_by_its_own_fields() {
    let block = [0x44, 0x30, 0x00, 0x45, 0x70, 0x0f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let shown = |id: FormatId, block: &[u8], real: usize| -> Vec<(&str, String)> {
        let fields = blocks::named(id).unwrap().fields(block, real);
        fields.iter().map(|field| (field.name, field.in_words(block))).collect()
    };
    let numbers = |second| [("scale", "3044 (0.13330078)"), (second, "4500 (5)")];
    let zeros = "0".repeat(29);
    let owned = |(name, text): (&'static str, &str)| (name, text.to_owned());
    let fields = |second, nibbles: String| -> Vec<(&str, String)> {
        numbers(second).map(owned).into_iter().chain([("nibbles", nibbles)]).collect()
    };
    let padded = fields("bias", format!("07f | padding {zeros}"));
    assert_eq!(shown(FormatId::KHQ4, &block, 3), padded);
    assert_eq!(shown(FormatId::MLX, &block, 32), fields("bias", format!("07f{zeros}")));
    let halves = format!("0f{}7{}", "0".repeat(15), "0".repeat(14));
    let [(first, _), (second, _), (third, codes)] = &shown(FormatId::Q4_1, &block, 32)[..] else {
        panic!("three fields")
    };
    assert_eq!([*first, *third], ["scale", "nibbles"]);
    assert_eq!((*second, codes.len()), ("minimum", 32));
    assert_eq!(codes[..1], halves[..1]);
    let mut eight = vec![0x00, 0x3c];
    eight.extend((0..32u8).map(|at| at.wrapping_sub(2)));
    let codes: Vec<String> = (0..32).map(|at| (at - 2).to_string()).collect();
    let expected = [("scale", "3c00 (1)".to_owned()), ("codes", codes.join(" "))];
    assert_eq!(shown(FormatId::Q8_0, &eight, 32), expected);
}

/// Blocks of zeros but for a scale, and what of them is shown.
#[test]
fn smaller_scales_are_shown_as_what_they_stand_for() {
    let shown = |id: FormatId, bytes: &[(usize, u8)]| -> Vec<String> {
        let format = blocks::named(id).unwrap();
        let mut block = vec![0; format.geometry().bytes];
        bytes.iter().for_each(|&(at, byte)| block[at] = byte);
        let fields = format.fields(&block, format.geometry().weights);
        fields.iter().map(|field| format!("{}: {}", field.name, field.in_words(&block))).collect()
    };
    let zeros = "0".repeat(31);
    let expected = ["exponent: 7f (2^0)".to_owned(), format!("codes: 3{zeros}")];
    assert_eq!(shown(FormatId::MXFP4, &[(0, 127), (1, 3)]), expected);
    let scales = shown(FormatId::NVFP4, &[(0, 0x38), (1, 1), (3, 0x7f)]);
    assert_eq!(scales[0], "scales: 3801007f (1 0.001953125 0 undemanded)");
    let scales = shown(FormatId::Q4_K, &[(1, 0x3c), (4, 0x41), (8, 2), (12, 0x35)]);
    assert_eq!(scales[..2], ["scale: 3c00 (1)", "scale of the minima: 0000 (0)"]);
    let packed = "scales and minima: 410000000200000035000000 \
                  (scales 1 0 0 0 21 0 0 0; minima 2 0 0 0 3 0 0 0)";
    assert_eq!((&scales[2][..], scales[3].len()), (packed, "codes: ".len() + 511));
    let scales = shown(FormatId::Q6_K, &[(192, 0xff), (209, 0x3c)]);
    let expected = format!("scales: ff{} (-1{})", "00".repeat(15), " 0".repeat(15));
    assert_eq!(scales[1..], [expected, "scale: 3c00 (1)".to_owned()]);
    let scales = shown(FormatId::IQ4_XS, &[(2, 2), (4, 0x21), (8, 0xf0)]);
    assert_eq!(scales[1], "scales: 020021000000 (1 -30 -32 -32 -32 -32 -32 -32)");
    assert_eq!(scales[2][..26], format!("codes: {}f00", "0".repeat(16)));
    let codes = shown(FormatId::Q5_1, &[(2, 1), (4, 1), (8, 0x21)]);
    assert_eq!(codes[1], "minimum: 0001 (0.000000059604645)");
    assert_eq!(codes[2], format!("codes: 17{} 2{}", " 0".repeat(15), " 0".repeat(15)));
}

/// No byte of a block is left out of its fields, and none is in two of them.
#[test]
fn the_fields_of_a_block_are_its_bytes() {
    for format in blocks::ALL {
        let size = format.geometry();
        let fields = format.fields(&vec![0; size.bytes], size.weights);
        let mut bytes: Vec<usize> = fields.into_iter().flat_map(|field| field.bytes).collect();
        bytes.sort_unstable();
        assert!(bytes.into_iter().eq(0..size.bytes), "{}", format.title());
    }
}

#[test]
fn rows_take_one_type_and_no_mode() {
    let ones = Floats::of(&[1.0; 32]);
    let lawful = |mode: Option<Mode>, values: &Floats| {
        let source = Source { mode, shape: &[32], values };
        blocks::named(FormatId::Q4_1).unwrap().encode(&source)
    };
    assert!(matches!(lawful(None, &ones), Lawful::One(_)));
    assert!(matches!(lawful(Some(Mode::Symmetric), &ones), Lawful::Undemanded(_)));
    let halves = Floats::F16(q4proof::suite::hex::Bits16(vec![0x3c00; 32]));
    assert!(matches!(lawful(None, &halves), Lawful::Undemanded(_)));
}

/// Where a case demands an encoding within the bound, a canonical one passes as such, and another does not.
#[test]
fn a_canonical_encoding_is_told_from_others() {
    let values: Vec<f32> = (0..32u8).map(|at| f32::from(at) - 15.0).collect();
    let question = |values: &[f32]| {
        Question::encode(FormatId::KHQ4, Some(Mode::Asymmetric), &[32], Floats::of(values))
    };
    let outcome = |values: &[f32], payload: Vec<u8>| {
        let within = Lawful::Within { refuse: BTreeSet::new() };
        let given = Ok(Answer::Encoded(Encoded::of(payload)));
        judge(&case_of(question(values), within), &given, false).outcome
    };
    let Ok(Lawful::One(Answer::Encoded(right))) = crate::expected(&question(&values)) else {
        panic!("one encoding")
    };
    let right = right.blocks.0;
    let mut near = right.clone();
    near[0] ^= 1;
    assert_eq!(outcome(&values, right), Outcome::Pass);
    assert_eq!(outcome(&values, near.clone()), Outcome::PassAlternate);
    near[1] ^= 0x40;
    assert_eq!(outcome(&values, near), Outcome::Fail);
    // A minimum of zero has two canonical encodings (ENC-Z1).
    let zeros: Vec<f32> = (0..32u8).map(f32::from).collect();
    let Ok(Lawful::OneOf(both)) = crate::expected(&question(&zeros)) else {
        panic!("two encodings")
    };
    for behaviour in both {
        let Lawful::One(Answer::Encoded(right)) = behaviour.expect else { panic!("an encoding") };
        assert_eq!(outcome(&zeros, right.blocks.0), Outcome::Pass, "{}", behaviour.name);
    }
}

/// An id begins with the family of its operation; decodes to f16 alone have one more.
#[test]
fn an_id_begins_with_its_family() {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/vectors");
    let text = fs::read_to_string(vectors.join("decode.json")).unwrap();
    let problems = |id: &str| {
        let mut file: VectorFile = serde_json::from_str(&text).unwrap();
        file.cases.truncate(1);
        file.cases[0].id = id.into();
        let folder = tempfile::tempdir().unwrap();
        let text = serde_json::to_string_pretty(&file).unwrap() + "\n";
        fs::write(folder.path().join("decode.json"), text).unwrap();
        let known = Known {
            clauses: [file.cases[0].clause.as_str()].into(),
            faults: file.cases[0].discriminates.iter().map(String::as_str).collect(),
            recorded: BTreeSet::new(),
            is_class: &|_| true,
        };
        lint(folder.path(), &known).unwrap().into_iter().any(|line| line.contains("is no slug"))
    };
    for id in ["decode/one", "decode-f16/one"] {
        assert!(!problems(id), "{id}");
    }
    for id in ["encode/one", "decode-q4-1/one", "decode/", "decode/One"] {
        assert!(problems(id), "{id}");
    }
}
