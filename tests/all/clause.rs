//! The clause that a generated question is about.

use std::collections::{BTreeMap, BTreeSet};

use q4proof::format::Class;
use q4proof::fuzz::generate::Generator;
use q4proof::report::clauses::title;
use q4proof::subject::{Implementation, Reference};
use q4proof::suite::case::Tier;
use q4proof::suite::clause::{clause, family, tier};
use q4proof::suite::exact::files;
use q4proof::suite::{FormatId, Lawful, Operation, Profile, Verb};

/// The clauses of questions that are answered, and of those that are refused.
type Clauses = (BTreeSet<&'static str>, BTreeSet<&'static str>);

fn met(operation: Operation) -> Clauses {
    let generator = Generator::new(1, &Profile::of([operation]), &Reference.hello());
    let (mut answered, mut refused) = Clauses::default();
    for number in 0..600 {
        let case = generator.case(number);
        let clause = clause(&case.question, &case.expect);
        assert!(title(clause).is_some(), "{clause} is no clause of SPEC.md");
        match case.expect {
            Lawful::Refuse(_) => refused.insert(clause),
            _ => answered.insert(clause),
        };
    }
    (answered, refused)
}

#[test]
fn each_operation_has_its_clauses() {
    let all: BTreeMap<String, Clauses> = Operation::all()
        .into_iter()
        .map(|operation| (operation.to_string(), met(operation)))
        .collect();
    for (operation, answered, refused) in [
        ("decode:khq4", &["DEC-1", "F16-1"][..], &["DEC-1", "DEC-4", "F16-2"][..]),
        ("encode:khq4", &["ENC-A4", "ENC-Y3"], &["ENC-M2", "ENC-M3", "ENC-S2", "ENC-S3"]),
        ("matmul:khq4", &["DOT-1"], &["DOT-5", "DOT-6"]),
        ("decode:q4_0", &["Q40-2"], &["Q40-1"]),
        ("encode:q4_0", &["Q40-3"], &["Q40-3"]),
        ("decode:q4_1", &["GGML-2"], &["GGML-1"]),
        ("encode:q4_1", &["GGML-3"], &["GGML-3"]),
        ("decode:q8_0", &["Q8-2"], &["Q8-1"]),
        ("encode:q8_0", &["Q8-3"], &["Q8-3"]),
        ("decode:q5_0", &["Q50-2"], &["Q50-1"]),
        ("decode:q5_1", &["Q51-2"], &["Q51-1"]),
        ("decode:q4_k", &["Q4K-2"], &["Q4K-1"]),
        ("decode:q5_k", &["Q5K-2"], &["Q5K-1"]),
        ("decode:q6_k", &["Q6K-2"], &["Q6K-1"]),
        ("decode:iq4_nl", &["NL-2"], &["NL-1"]),
        ("decode:iq4_xs", &["XS-2"], &["XS-1"]),
        ("decode:mxfp4", &["MX-2"], &["MX-1"]),
        ("encode:mxfp4", &["MX-3"], &["MX-3"]),
        ("decode:nvfp4", &["NV-2", "NV-3"], &["NV-1"]),
        ("encode:mlx", &["MLX-2"], &["MLX-2"]),
        ("save:khq4", &["KHQ4-W1"], &["KHQ4-W2"]),
        ("save:khf1", &["KHF1-A1"], &["KHF1-A1"]),
        ("rotate:quarot", &["ROT-2"], &["ROT-4"]),
        ("name_tensors:khq4", &["IDX-10"], &["IDX-7"]),
    ] {
        let expected =
            (answered.iter().copied().collect(), refused.iter().copied().collect::<BTreeSet<_>>());
        assert_eq!(all[operation], expected, "{operation}");
    }
    for (operation, answered) in
        [("load:khq4", "KHQ4-P3"), ("load:khf1", "KHF1-P2"), ("read_index:khq4", "IDX-3")]
    {
        assert_eq!(all[operation].0, BTreeSet::from([answered]), "{operation}");
        assert!(all[operation].1.len() > 4, "{operation}");
    }
}

/// What a reader refuses, by its class.
#[test]
fn each_class_of_a_file_has_its_clause() {
    let [khq4, khf1] = [FormatId::KHQ4, FormatId::KHF1].map(|format| files::named(format).unwrap());
    for (class, of_khq4, of_khf1) in [
        (Class::Magic, "KHQ4-H1", "KHF1-H1"),
        (Class::LegacyVersion, "KHQ4-H2", "KHF1-P2"),
        (Class::Version, "KHQ4-H2", "KHF1-H1"),
        (Class::Dimensions, "KHQ4-H3", "KHF1-H2"),
        (Class::TruncatedHeader, "KHQ4-H4", "KHF1-H2"),
        (Class::ShapeMismatch, "KHQ4-H5", "KHF1-H2"),
        (Class::Overflow, "KHQ4-H6", "KHF1-H3"),
        (Class::TruncatedPayload, "KHQ4-P1", "KHF1-P1"),
        (Class::TrailingBytes, "KHQ4-P2", "KHF1-P1"),
        (Class::Scale, "KHQ4-P3", "KHF1-P2"),
        (Class::Bias, "KHQ4-P4", "KHF1-P2"),
        (Class::ExpectedShape, "KHQ4-P7", "KHF1-P3"),
        (Class::NotAFile, "KHQ4-A1", "KHF1-A1"),
        (Class::Io, "KHQ4-A1", "KHF1-A1"),
        (Class::NonFinite, "ENC-S2", "KHF1-P2"),
        (Class::Value, "F16-2", "KHF1-P2"),
        (Class::Shape, "ENC-S3", "KHF1-P2"),
        (Class::Index, "IDX-3", "KHF1-P2"),
        (Class::IndexSize, "IDX-2", "KHF1-P2"),
        (Class::Path, "IDX-6", "KHF1-P2"),
        (Class::Duplicate, "IDX-7", "KHF1-P2"),
        (Class::Missing, "IDX-8", "KHF1-P2"),
    ] {
        assert_eq!((khq4.clause(class), khf1.clause(class)), (of_khq4, of_khf1), "{class}");
    }
}

#[test]
fn a_family_is_a_verb_and_a_format_that_is_not_the_first() {
    for (verb, format, name) in [
        (Verb::Decode, "khq4", "decode"),
        (Verb::Rotate, "quarot", "rotate"),
        (Verb::ReadIndex, "khq4", "read-index"),
        (Verb::Encode, "q4_1", "encode-q4-1"),
        (Verb::Load, "khf1", "load-khf1"),
    ] {
        assert_eq!(family(verb, FormatId::named(format).unwrap()), name);
    }
}

/// As the suite has it: of each of its refusals, the tier that follows from the question.
#[test]
fn the_tier_of_a_refusal_is_that_of_the_suite() {
    let mut seen = 0;
    for case in crate::embedded().cases() {
        let op = case.question.verb();
        let plain =
            case.control.is_none() || matches!(op, Verb::Decode | Verb::Encode | Verb::Matmul);
        if !plain || !matches!(case.expect, Lawful::Refuse(_)) {
            continue;
        }
        assert_eq!(tier(&case.question, &case.expect), case.tier, "{}", case.id);
        seen += 1;
    }
    assert!(seen > 150, "{seen}");
    let save = crate::embedded().get("save/payload-not-whole").unwrap();
    assert_eq!(tier(&save.question, &save.expect), Tier::Should);
    let save = crate::embedded().get("save/payload-short").unwrap();
    assert_eq!(tier(&save.question, &save.expect), Tier::Must);
}
