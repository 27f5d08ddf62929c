//! The suite as data: what is broken in a folder of vectors, in hex, in an edit or in a question is
//! named, in words that tell where and what was expected.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use q4proof::format::Class;
use q4proof::suite::case::{Case, Change, Edit, File, Special, Tombstone, VectorFile};
use q4proof::suite::expected::{file_bytes, verify};
use q4proof::suite::glob;
use q4proof::suite::hex::{Bits, Bits16, Bits64, Bytes};
use q4proof::suite::lawful::Behaviour;
use q4proof::suite::library::{LOCK, Lock, VERSION, read_text, sha256};
use q4proof::suite::operation::Verb;
use q4proof::suite::patch::apply;
use q4proof::suite::profile::Profile;
use q4proof::suite::question::{Load, Mode};
use q4proof::suite::random::SplitMix64;
use q4proof::suite::{
    Answer, Encoded, Float, Floats, FormatId, Lawful, Operation, Question, Suite,
};

use crate::{embedded, expected};

fn vectors() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/vectors")
}

/// A copy of the committed vectors and their lock.
fn copied() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(vectors()).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    folder
}

fn problem(folder: &Path) -> String {
    Suite::from_folder(folder).unwrap_err().to_string()
}

#[test]
fn a_folder_is_read_as_it_is_embedded() {
    let folder = copied();
    let (read, embedded) = (Suite::from_folder(folder.path()).unwrap(), embedded());
    assert_eq!((&read.version, &read.hash), (&embedded.version, &embedded.hash));
    assert_eq!(read.cases(), embedded.cases());
    assert_eq!(read.version, VERSION);
    assert_eq!(read.hash.len(), 12, "short enough to be read out: {}", read.hash);
    // What is no .json file is none of the vectors.
    fs::write(folder.path().join("notes.md"), "of no concern").unwrap();
    assert_eq!(Suite::from_folder(folder.path()).unwrap().hash, read.hash);
    // Without its lock, the same cases are of no version.
    fs::remove_file(folder.path().join(LOCK)).unwrap();
    let unlocked = Suite::from_folder(folder.path()).unwrap();
    assert_eq!((unlocked.version.as_str(), &unlocked.hash), ("unlocked", &read.hash));
}

#[test]
fn the_ids_of_a_suite_are_those_of_its_cases_and_of_its_tombstones() {
    let folder = tempfile::tempdir().unwrap();
    let cases: Vec<Case> =
        embedded().cases().iter().filter(|case| case.control.is_none()).take(2).cloned().collect();
    let there: Vec<String> = cases.iter().map(|case| case.id.clone()).collect();
    let gone = Tombstone { id: "load/gone".into(), reason: "it asked what another asks".into() };
    let file = VectorFile { about: "x".into(), cases, tombstones: vec![gone] };
    fs::write(folder.path().join("x.json"), serde_json::to_string(&file).unwrap()).unwrap();
    let suite = Suite::from_folder(folder.path()).unwrap();
    assert_eq!(suite.ids().collect::<Vec<_>>(), [&there[0], &there[1], "load/gone"]);
    assert!(suite.ids().all(|id| suite.accounts_for(id)) && !suite.accounts_for("load/other"));
}

#[test]
fn the_lock_pins_each_file_and_no_other() {
    let lock = fs::read_to_string(vectors().join(LOCK)).unwrap();
    let lock: Lock = serde_json::from_str(&lock).unwrap();
    let texts: Vec<(String, String)> = lock
        .files
        .keys()
        .map(|name| (name.clone(), fs::read_to_string(vectors().join(name)).unwrap()))
        .collect();
    let made = Lock::of(texts.iter().map(|(name, text)| (name.as_str(), text.as_str()))).unwrap();
    assert_eq!(made, lock);
    assert!(Lock::of([("x.json", "[]")]).unwrap_err().to_string().starts_with("x.json: "));

    let folder = copied();
    let file = folder.path().join("save.json");
    fs::write(&file, fs::read_to_string(&file).unwrap() + "\n").unwrap();
    let words = "is not what suite.lock pins; `q4proof vectors build` makes both anew";
    assert_eq!(problem(folder.path()), format!("{}: {words}", file.display()));

    fs::remove_file(&file).unwrap();
    assert_eq!(problem(folder.path()), "save.json: is in suite.lock, but missing");

    let folder = copied();
    let other = folder.path().join("other.json");
    fs::write(&other, r#"{"about":"","cases":[]}"#).unwrap();
    assert_eq!(problem(folder.path()), format!("{}: is not in suite.lock", other.display()));

    let folder = copied();
    fs::write(folder.path().join(LOCK), "{}").unwrap();
    assert!(problem(folder.path()).starts_with("suite.lock: missing field"));
}

#[test]
fn a_folder_without_cases_is_no_suite() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display();
    assert_eq!(problem(folder.path()), format!("{path}: holds no case"));
    fs::write(folder.path().join("empty.json"), r#"{"about":"","cases":[]}"#).unwrap();
    assert_eq!(problem(folder.path()), format!("{path}: holds no case"));
    assert!(problem(Path::new("/nowhere")).starts_with("/nowhere: "));
    fs::create_dir(folder.path().join("folder.json")).unwrap();
    assert!(problem(folder.path()).contains("folder.json: is a directory"));
}

#[test]
fn a_text_is_read_from_a_regular_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text");
    fs::write(&path, "words").unwrap();
    assert_eq!(read_text(&path).unwrap(), "words");
    fs::write(&path, [0xff, 0xfe]).unwrap();
    let error = read_text(&path).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{}: ", path.display())) && error.contains("UTF-8"));
    assert!(read_text(folder.path()).unwrap_err().to_string().contains("is a directory"));
}

/// FIPS 180-4 has the hash of "abc".
#[test]
fn a_file_is_pinned_by_its_sha256() {
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(sha256(b"abc"), abc);
}

/// The problem of a suite of these cases.
fn problem_of(cases: Vec<Case>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = VectorFile { about: "x".into(), cases, tombstones: Vec::new() };
    fs::write(folder.path().join("x.json"), serde_json::to_string(&file).unwrap()).unwrap();
    problem(folder.path())
}

#[test]
fn a_refusal_has_a_control_of_its_kind_that_must_be_accepted() {
    let case = |id: &str| embedded().get(id).unwrap().clone();
    let refusal = || case("load/trailing-one-byte");
    let control = || case(refusal().control.as_deref().unwrap());
    let id = refusal().id;

    let orphan = Case { control: None, ..refusal() };
    assert_eq!(problem_of(vec![orphan]), format!("{id}: may be refused, and has no control"));
    let missing = format!("{id}: its control {} is missing", control().id);
    assert_eq!(problem_of(vec![refusal()]), missing);

    let decode = case("decode/nibble-00");
    let other = Case { control: Some(decode.id.clone()), ..refusal() };
    let words = "its control decode/nibble-00 asks for another operation";
    assert_eq!(problem_of(vec![other, decode]), format!("{id}: {words}"));

    let second = case("load/trailing-19-bytes");
    let circular = Case { control: Some(second.id.clone()), ..refusal() };
    let words = format!("{id}: its control {} may itself be refused", second.id);
    assert_eq!(problem_of(vec![circular, second, control()]), words);

    // What may be accepted or refused needs one as well, and is none.
    let either = case("load/negative-scale-first");
    assert!(matches!(either.expect, Lawful::OneOf(_)));
    let orphan = Case { control: None, ..either.clone() };
    let words = format!("{}: may be refused, and has no control", either.id);
    assert_eq!(problem_of(vec![orphan]), words);

    let twice = problem_of(vec![control(), control()]);
    assert!(twice.ends_with(&format!("the id {} stands twice", control().id)), "{twice}");
}

#[test]
fn cases_are_found_by_their_ids() {
    let suite = embedded();
    for case in suite.cases() {
        assert_eq!(suite.get(&case.id).map(|found| &found.id), Some(&case.id));
    }
    assert!(suite.get("load/nothing-of-the-kind").is_none());
    let refusal = suite.get("load/trailing-one-byte").unwrap();
    assert_eq!(suite.control(refusal).map(|control| &control.id), refusal.control.as_ref());
    assert!(suite.control(suite.get("decode/nibble-00").unwrap()).is_none());
}

#[test]
fn source_values_are_carried_little_endian() {
    let halves = || Bits16(vec![0x3c01, 0x8000]);
    let doubles = Floats::F64(Bits64(vec![0x3ff0_0000_0000_0002]));
    assert_eq!(Floats::F16(halves()).to_le_bytes().0, [0x01, 0x3c, 0x00, 0x80]);
    assert_eq!(Floats::Bf16(halves()).to_le_bytes().0, [0x01, 0x3c, 0x00, 0x80]);
    assert_eq!(doubles.to_le_bytes().0, [2, 0, 0, 0, 0, 0, 0xf0, 0x3f]);
}

#[test]
fn hex_is_read_and_written_alike() {
    let bytes = Bytes(vec![0x00, 0x0a, 0xb1, 0xff]);
    assert_eq!(bytes.to_string(), "000ab1ff");
    assert_eq!(format!("{bytes:?}"), "\"000ab1ff\"");
    assert_eq!(Bytes::parse("000ab1ff"), Ok(bytes.clone()));
    assert_eq!(Bytes::parse("000AB1FF"), Ok(bytes.clone()));
    assert_eq!(Bytes::parse(""), Ok(Bytes::default()));
    assert_eq!(Bytes::parse("0ab").unwrap_err(), "hex of 3 digits is not whole bytes");
    assert_eq!(Bytes::parse("0g").unwrap_err(), "'g' is no hex digit");
    assert_eq!(serde_json::to_string(&bytes).unwrap(), "\"000ab1ff\"");

    let bits = Bits::of(&[1.0, -2.0]);
    assert_eq!(bits, Bits(vec![0x3f80_0000, 0xc000_0000]));
    assert_eq!(bits.values(), [1.0, -2.0]);
    assert_eq!(bits.to_string(), "3f800000 c0000000");
    assert_eq!(format!("{bits:?}"), "\"3f800000 c0000000\"");
    assert_eq!(bits.to_le_bytes(), Bytes(vec![0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]));
    assert_eq!(Bits::from_le_bytes(&bits.to_le_bytes()), Ok(bits.clone()));
    let error = Bits::from_le_bytes(&Bytes(vec![0; 7])).unwrap_err();
    assert_eq!(error, "7 bytes are not whole f32 values");

    // In JSON they stand by their bytes.
    let read = |text: &str| serde_json::from_str::<Bits>(&format!("{text:?}"));
    assert_eq!(serde_json::to_string(&bits).unwrap(), "\"0000803f000000c0\"");
    assert_eq!(read("0000803f000000c0").unwrap(), bits);
    assert_eq!(read("").unwrap(), Bits::default());
    for (wrong, words) in [
        ("0000803", "hex of 7 digits is not whole bytes"),
        ("000080", "3 bytes are not whole f32 values"),
        ("0000803f00", "5 bytes are not whole f32 values"),
        ("0000803g", "'g' is no hex digit"),
        ("+000803f", "'+' is no hex digit"),
        ("0000803f,000000c", "',' is no hex digit"),
        ("0000803f 000000c0 ", "' ' is no hex digit"),
    ] {
        let error = read(wrong).unwrap_err().to_string();
        assert!(error.contains(words), "{wrong}: {error}");
    }
}

#[test]
fn floats_of_each_width_are_read_and_written_alike() {
    let halves = Bits16(vec![0x3c00, 0x8001]);
    assert_eq!(halves.to_string(), "3c00 8001");
    assert_eq!(halves.to_le_bytes(), Bytes(vec![0x00, 0x3c, 0x01, 0x80]));
    assert_eq!(Bits16::from_le_bytes(&halves.to_le_bytes()), Ok(halves.clone()));
    assert_eq!(
        Bits16::from_le_bytes(&Bytes(vec![1])).unwrap_err(),
        "1 bytes are not whole f16 values"
    );
    assert_eq!(serde_json::to_string(&halves).unwrap(), "\"003c0180\"");
    assert_eq!(serde_json::from_str::<Bits16>("\"003c0180\"").unwrap(), halves);
    assert!(serde_json::from_str::<Bits16>("\"003c018000\"").is_err());

    let doubles = Bits64::of(&[1.0, -2.5]);
    assert_eq!(doubles.to_string(), "3ff0000000000000 c004000000000000");
    assert_eq!(doubles.values(), [1.0, -2.5]);
    assert_eq!(Bits64::from_le_bytes(&doubles.to_le_bytes()), Ok(doubles.clone()));
    assert!(Bits64::from_le_bytes(&Bytes(vec![0; 12])).is_err());
    let text = "\"000000000000f03f00000000000004c0\"";
    assert_eq!(serde_json::to_string(&doubles).unwrap(), text);
    assert_eq!(serde_json::from_str::<Bits64>(text).unwrap(), doubles);
    let (single, double) = (Floats::of(&[1.0; 3]), Floats::F64(doubles));
    assert_eq!((single.len(), double.len()), (3, 2));
    assert_eq!((single.float(), double.float()), (Float::F32, Float::F64));
    assert_eq!((single.to_le_bytes().0.len(), double.to_le_bytes().0.len()), (12, 16));
    // The type is the one key.
    let text = r#"{"f32":"0000803f0000803f0000803f"}"#;
    assert_eq!(serde_json::to_string(&single).unwrap(), text);
    assert_eq!(serde_json::from_str::<Floats>(text).unwrap(), single);
    for wrong in [r#"{"f8":"00"}"#, r#"{"f32":"","f16":""}"#, "{}", r#""0000803f""#] {
        assert!(serde_json::from_str::<Floats>(wrong).is_err(), "{wrong}");
    }
}

fn edit(change: Change) -> Edit {
    Edit { field: "scale".into(), repair: false, change }
}

#[test]
fn edits_change_what_they_name_and_nothing_else() {
    let bytes = |bytes: &[u8]| Bytes(bytes.to_vec());
    let control = [1, 2, 3, 4];
    for (change, result) in [
        (Change::Overwrite { offset: 1, bytes: bytes(&[8, 9]) }, &[1, 8, 9, 4][..]),
        (Change::Overwrite { offset: 2, bytes: bytes(&[8, 9]) }, &[1, 2, 8, 9]),
        (Change::Insert { offset: 0, bytes: bytes(&[9]) }, &[9, 1, 2, 3, 4]),
        (Change::Insert { offset: 4, bytes: bytes(&[9]) }, &[1, 2, 3, 4, 9]),
        (Change::Remove { offset: 1, count: 2 }, &[1, 4]),
        (Change::Remove { offset: 0, count: 4 }, &[]),
        (Change::Truncate { len: 3 }, &[1, 2, 3]),
        (Change::Truncate { len: 0 }, &[]),
        (Change::Append { bytes: bytes(&[5, 6]) }, &[1, 2, 3, 4, 5, 6]),
    ] {
        assert_eq!(apply(&control, &[edit(change.clone())]).unwrap(), result, "{change:?}");
    }
    for change in [
        Change::Overwrite { offset: 3, bytes: bytes(&[8, 9]) },
        Change::Insert { offset: 5, bytes: bytes(&[9]) },
        Change::Remove { offset: 1, count: 4 },
        Change::Remove { offset: u64::MAX, count: 1 },
        Change::Truncate { len: 5 },
    ] {
        let error = apply(&control, &[edit(change.clone())]).unwrap_err();
        assert_eq!(error, "the edit of scale lies outside 4 bytes", "{change:?}");
    }
    for change in [
        Change::Overwrite { offset: 0, bytes: bytes(&[1]) },
        Change::Remove { offset: 2, count: 0 },
        Change::Truncate { len: 4 },
    ] {
        let error = apply(&control, &[edit(change.clone())]).unwrap_err();
        assert_eq!(error, "the edit of scale changes nothing", "{change:?}");
    }
    // One after the other, each on what the one before has left.
    let edits = [Change::Truncate { len: 2 }, Change::Append { bytes: bytes(&[7]) }].map(edit);
    assert_eq!(apply(&control, &edits).unwrap(), [1, 2, 7]);
}

#[test]
fn a_patch_needs_a_control_with_a_file() {
    let suite = embedded();
    let refusal = suite.get("load/trailing-one-byte").unwrap();
    let control = suite.control(refusal);
    let (refusal, control) = (&refusal.question, &control.unwrap().question);
    let Question::Load(Load { path: File::Bytes(sound), .. }) = control else {
        panic!("a control is a file of bytes")
    };
    let patched = file_bytes(refusal, Some(control)).unwrap().unwrap();
    assert_eq!(patched.len(), sound.0.len() + 1);
    assert_eq!(file_bytes(control, None).unwrap().as_ref(), Some(&sound.0));
    let words = "a patch needs a control with a file of bytes";
    assert_eq!(file_bytes(refusal, None).unwrap_err(), words);
    assert_eq!(file_bytes(refusal, Some(refusal)).unwrap_err(), words);
    // Where there is no file, or no load, there are no bytes.
    let decode = &suite.get("decode/nibble-00").unwrap().question;
    assert_eq!(file_bytes(decode, None), Ok(None));
    let special = |question: &&Question| {
        matches!(question, Question::Load(Load { path: File::Special(_), .. }))
    };
    let special = suite.cases().iter().map(|case| &case.question).find(special).unwrap();
    assert_eq!(file_bytes(special, Some(control)), Ok(None));
}

/// KHQ4-A1 as a table.
#[test]
fn what_is_no_file_has_its_classes() {
    let (io, not_a_file) = (Class::Io, Class::NotAFile);
    for (special, classes) in [
        (Special::Missing, &[io][..]),
        (Special::DanglingSymlink, &[io]),
        (Special::Directory, &[not_a_file]),
        (Special::SymlinkToDirectory, &[not_a_file]),
        (Special::Fifo, &[not_a_file]),
        (Special::Device, &[not_a_file]),
        (Special::Socket, &[not_a_file, io]),
    ] {
        let question = Question::load(FormatId::KHQ4, File::Special(special));
        assert_eq!(expected(&question), Ok(Lawful::refuse(classes.to_vec())), "{special:?}");
    }
}

fn encode_case(shape: &[u64], values: &[f32], mode: Mode) -> Case {
    let mut case = embedded().get("encode/weights-symmetric-1").unwrap().clone();
    case.question = Question::encode(FormatId::KHQ4, Some(mode), shape, Floats::of(values));
    case
}

fn encode_expected(shape: &[u64], values: &[f32], mode: Mode) -> Result<Lawful<Answer>, String> {
    expected(&encode_case(shape, values, mode).question)
}

/// Every fault of an encode is a right class, and each is named once (ERR-2).
#[test]
fn an_encode_with_several_faults_has_all_their_classes() {
    let nan = [f32::NAN; 32];
    let huge = [3e38; 32];
    let wide: Vec<f32> = (0..32).map(|place| if place == 0 { 3e38 } else { 0.0 }).collect();
    let refused = |shape: &[u64], values: &[f32], classes: &[Class]| {
        let found = encode_expected(shape, values, Mode::Asymmetric);
        assert_eq!(found, Ok(Lawful::refuse(classes.to_vec())), "{shape:?}");
    };
    refused(&[32], &nan, &[Class::NonFinite]);
    refused(&[32], &wide, &[Class::Scale]);
    refused(&[32], &huge, &[Class::Bias]);
    refused(&[31], &nan, &[Class::ShapeMismatch, Class::NonFinite]);
    let all = [&nan[..], &wide, &huge, &nan].concat();
    refused(&[128], &all, &[Class::NonFinite, Class::Scale, Class::Bias]);
    let overflows = [1 << 33, 1 << 33];
    refused(&overflows, &nan, &[Class::ShapeMismatch, Class::Overflow, Class::NonFinite]);
}

/// KHQ4-H6: a fold from the left may leave 64 bits before it meets the zero.
#[test]
fn an_empty_tensor_whose_shape_overflows_may_be_refused() {
    let empty = |shape: &[u64]| encode_expected(shape, &[], Mode::Asymmetric).unwrap();
    let blocks = || Answer::Encoded(Encoded::default());
    assert_eq!(empty(&[0, 1 << 33, 1 << 33]), Lawful::One(blocks()));
    let Lawful::OneOf(behaviours) = empty(&[1 << 33, 1 << 33, 0]) else { panic!("one answer") };
    let expected = [
        Behaviour::answers("zero-first", blocks()),
        Behaviour::refuses("fold-left", Class::Overflow),
    ];
    assert_eq!(behaviours, expected);
    // 2^32 * 2^32 is the least that does, 2^32 * (2^32 - 1) does not.
    assert!(matches!(empty(&[1 << 32, 1 << 32, 0]), Lawful::OneOf(_)));
    assert_eq!(empty(&[1 << 32, (1 << 32) - 1, 0]), Lawful::One(blocks()));
}

/// Either sign of a minimum of zero is lawful (ENC-Z1): each such block doubles the encodings, and
/// a question has at most eight.
#[test]
fn a_question_has_at_most_eight_minima_of_zero() {
    let block: Vec<f32> = (0..32).map(|place| place as f32).collect();
    let of =
        |blocks: usize, mode| encode_expected(&[32 * blocks as u64], &block.repeat(blocks), mode);
    let Lawful::OneOf(eight) = of(8, Mode::Asymmetric).unwrap() else { panic!("one answer") };
    assert_eq!(eight.len(), 256);
    let payload = |behaviour: &Behaviour<Answer>| match &behaviour.expect {
        Lawful::One(Answer::Encoded(encoded)) => encoded.blocks.0.clone(),
        other => panic!("{other:?}"),
    };
    let mut payloads: BTreeSet<Vec<u8>> = eight.iter().map(payload).collect();
    assert_eq!(payloads.len(), 256);
    // They differ in the sign of each block's bias and in nothing else.
    let sign = |place: &usize| place % 20 == 3;
    let first = payloads.pop_first().unwrap();
    for other in payloads {
        let differs = |place: &usize| first[*place] != other[*place];
        let places: Vec<usize> = (0..160).filter(differs).collect();
        assert!(places.iter().all(sign), "{places:?}");
        assert!(places.iter().all(|&place| first[place] ^ other[place] == 0x80));
    }
    let words = "9 blocks have a minimum of zero, more than 8";
    assert_eq!(of(9, Mode::Asymmetric), Err(words.into()));
    assert!(matches!(of(9, Mode::Symmetric), Ok(Lawful::One(_))), "the bias is no minimum there");
}

/// DEC-3 and KHQ4-P6.
#[test]
fn a_decode_is_refused_for_its_length_its_scales_and_its_biases() {
    let answer = |blocks: &[&[u8]], len: u64| {
        expected(&Question::decode(FormatId::KHQ4, blocks.concat(), len)).unwrap()
    };
    let block =
        |scale: u16, bias: u16| [&scale.to_le_bytes()[..], &bias.to_le_bytes(), &[0; 16]].concat();
    let (sound, negative) = (block(0x3c00, 0x4000), block(0xbc00, 0x4000));
    let (no_scale, no_bias) = (block(0x0000, 0x4000), block(0x3c00, 0xfc00));
    assert_eq!(answer(&[&sound], 33), Lawful::refuse([Class::TruncatedPayload]));
    assert_eq!(answer(&[&sound, &sound], 32), Lawful::refuse([Class::TrailingBytes]));
    assert_eq!(answer(&[&sound, &[0]], 32), Lawful::refuse([Class::TrailingBytes]));
    assert_eq!(answer(&[&sound, &no_scale], 64), Lawful::refuse([Class::Scale]));
    assert_eq!(answer(&[&no_bias, &sound], 64), Lawful::refuse([Class::Bias]));
    let both = Lawful::refuse([Class::Scale, Class::Bias]);
    assert_eq!(answer(&[&no_bias, &no_scale], 64), both);
    for scale in [0x7c00, 0xfc00, 0x7e00, 0x8000] {
        let refused = answer(&[&block(scale, 0)], 32);
        assert_eq!(refused, Lawful::refuse([Class::Scale]), "scale {scale:04x}");
    }
    let twos = |count: usize| Answer::Values(Floats::F32(Bits(vec![0x4000_0000; count])));
    assert_eq!(answer(&[&sound, &sound], 33), Lawful::One(twos(33)));
    let Lawful::OneOf(behaviours) = answer(&[&sound, &negative], 64) else { panic!("one answer") };
    let expected = [
        Behaviour::answers("signed-scale", twos(64)),
        Behaviour::refuses("positive-scale", Class::Scale),
    ];
    assert_eq!(behaviours, expected);
}

#[test]
fn a_case_is_trusted_where_the_evaluator_derives_the_same() {
    let suite = embedded();
    let decode = suite.get("decode/nibble-00").unwrap();
    assert_eq!(verify(decode, None), Ok(()));
    let wrong = Case { expect: Lawful::refuse([Class::Scale]), ..decode.clone() };
    let error = verify(&wrong, None).unwrap_err();
    assert!(error.starts_with("expects Refuse({Scale}), but the exact evaluator says One("));
    // Any encoding within the bound is an expectation of lawful encodings only.
    let bounded =
        |case: &Case| Case { expect: Lawful::Within { refuse: BTreeSet::new() }, ..case.clone() };
    assert!(verify(&bounded(decode), None).is_err());
    let either = suite.get("load/negative-scale-first").unwrap();
    assert!(matches!(either.expect, Lawful::OneOf(_)));
    assert!(verify(&bounded(either), suite.control(either)).is_err());
    let plain: Vec<f32> = (1..33).map(|place| place as f32).collect();
    assert_eq!(verify(&bounded(&encode_case(&[32], &plain, Mode::Symmetric)), None), Ok(()));
    let zero = [0.0; 32];
    assert_eq!(verify(&bounded(&encode_case(&[32], &zero, Mode::Asymmetric)), None), Ok(()));
    let refused = bounded(&encode_case(&[32], &[f32::NAN; 32], Mode::Symmetric));
    assert!(verify(&refused, None).is_err());
}

#[test]
fn a_profile_is_what_it_names() {
    let operations = Operation::all();
    let held = |profile: &Profile| -> Vec<Operation> {
        operations.iter().copied().filter(|&operation| profile.contains(operation)).collect()
    };
    assert_eq!(held(&Profile::all()), operations);
    for &operation in &operations {
        let alone: Profile = operation.to_string().parse().unwrap();
        assert_eq!(held(&alone), [operation]);
        assert!(!alone.is_bounded(operation.format));
        assert_eq!(alone.to_string(), operation.to_string());
    }
    // A format stands for all of its operations.
    let of_khq4: Vec<Operation> =
        operations.iter().copied().filter(|operation| operation.format == FormatId::KHQ4).collect();
    assert_eq!(held(&"khq4".parse().unwrap()), of_khq4);
    assert_eq!("khq4".parse::<Profile>().unwrap().to_string(), "khq4");
    let encode = Operation::new(Verb::Encode, FormatId::KHQ4);
    let bounded = Profile::bounded_encode();
    assert_eq!(
        (bounded.to_string().as_str(), held(&bounded)),
        ("encode-bounded:khq4", vec![encode])
    );
    assert!(bounded.is_bounded(FormatId::KHQ4) && !bounded.is_bounded(FormatId::Q4_1));
    assert_eq!("encode-bounded:khq4".parse(), Ok(bounded));
    let words: Vec<String> = operations
        .iter()
        .map(|operation| operation.to_string().replace("encode:khq4", "encode-bounded:khq4"))
        .collect();
    let all_bounded = "all,encode-bounded:khq4".parse::<Profile>().unwrap();
    assert_eq!(held(&all_bounded), operations);
    assert_eq!(all_bounded.to_string().parse(), Ok(all_bounded.clone()));
    assert!(
        words
            .iter()
            .filter(|word| word.ends_with(":khq4"))
            .all(|word| all_bounded.to_string().split('+').any(|written| written == word)),
        "{all_bounded}"
    );
}

/// The first numbers of seed 1234567, as the author of splitmix64 publishes them.
#[test]
fn the_random_numbers_are_the_published_ones() {
    let mut random = SplitMix64::new(1_234_567);
    let first: Vec<u64> = (0..5).map(|_| random.next_u64()).collect();
    assert_eq!(
        first,
        [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ]
    );
    let mut random = SplitMix64::new(1);
    let units: Vec<f32> = (0..2000).map(|_| random.signed_unit()).collect();
    assert!(units.iter().all(|unit| (-1.0..=1.0).contains(unit)));
    assert!(units.iter().any(|unit| *unit < -0.99) && units.iter().any(|unit| *unit > 0.99));
}

#[test]
fn a_pattern_takes_whole_ids() {
    for (pattern, id, taken) in [
        ("", "", true),
        ("", "a", false),
        ("a", "", false),
        ("*", "", true),
        ("**", "abc", true),
        ("abc", "abc", true),
        ("abc", "abcd", false),
        ("abc", "ab", false),
        ("a?c", "abc", true),
        ("a?c", "ac", false),
        ("?", "é", true),
        ("a*", "abc", true),
        ("*c", "abc", true),
        ("*c", "abcd", false),
        ("a*c", "abc", true),
        ("a*c", "ac", true),
        ("a*c", "acb", false),
        // What a star took is given back.
        ("a*bc", "abbc", true),
        ("*ab*cd", "xababccd", true),
        ("*ab*cd", "xabacbd", false),
        ("a*b*", "ab", true),
        ("a*?", "a", false),
        ("a*?", "ab", true),
        ("*aab", "aaab", true),
    ] {
        assert_eq!(glob::matches(pattern, id), taken, "{pattern:?} over {id:?}");
    }
    for (text, pattern) in [("decode/*", true), ("a?", true), ("decode/worked", false), ("", false)]
    {
        assert_eq!(glob::is_pattern(text), pattern, "{text:?}");
    }
}
