//! What the evaluator says of model directories, names, sources and groups, where it has an answer and
//! where it has none.

use q4proof::format::Class;
use q4proof::suite::case::{Content, DirectoryEntry, File, Form, ListedTensor, Listing, Special};
use q4proof::suite::exact::blocks::mlx;
use q4proof::suite::exact::directory::{CONFIG_FILE, INDEX_FILE, Node, Nodes, judge};
use q4proof::suite::exact::files::{khf1, khq4};
use q4proof::suite::exact::number::rint;
use q4proof::suite::exact::source::widened;
use q4proof::suite::exact::{Exact, names};
use q4proof::suite::hex::{Bits16, Bits64};
use q4proof::suite::question::{NameTensors, ReadIndex, TensorRank};
use q4proof::suite::{Answer, Floats, FormatId, Lawful, Question};

use crate::expected;

type Verdict = Lawful<Listing>;

/// What is done with an index of these bytes, listed.
fn listed(bytes: &[u8]) -> Verdict {
    judge(Some(&nodes(&[(INDEX_FILE, Node::File(bytes.to_vec()))])), false)
}

fn nodes(entries: &[(&str, Node)]) -> Nodes {
    entries.iter().map(|(path, node)| ((*path).to_owned(), node.clone())).collect()
}

fn text(text: &str) -> Node {
    Node::File(text.as_bytes().to_vec())
}

fn link(target: &str) -> Node {
    Node::Link(target.into())
}

fn refused(classes: &[Class]) -> Verdict {
    Lawful::refuse(classes.iter().copied())
}

/// The verdict on a tensor `a` in file `b` with one more key.
fn with_key(key: &str) -> Verdict {
    listed(format!(r#"[{{"name":"a","file":"b",{key}}}]"#).as_bytes())
}

fn accepts(verdict: &Verdict) -> bool {
    matches!(verdict, Lawful::One(_))
}

fn undemanded(verdict: &Verdict) -> &str {
    match verdict {
        Lawful::Undemanded(why) => why.strip_prefix("IDX demands nothing of ").unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn numbers_are_those_of_json() {
    for number in ["0", "-0", "10", "1.5", "-1.25e+10", "1E5", "1e-3", "0.0", "123.456E+7"] {
        assert!(accepts(&with_key(&format!(r#""x":{number}"#))), "{number}");
    }
    for number in [
        "01", "-01", "-", "1.", "1.e5", ".5", "+1", "1e", "1e+", "0x1", "1_0", "--1", "NaN",
        "Infinity", "1.5.5", "1e5.5", "tru", "truex", "nul", "True", "'a'", "",
    ] {
        let verdict = with_key(&format!(r#""x":{number}"#));
        assert_eq!(verdict, refused(&[Class::Index]), "{number}");
    }
}

#[test]
fn strings_are_those_of_json() {
    let name = |escaped: &str| match listed(
        format!(r#"[{{"name":"{escaped}","file":"b"}}]"#).as_bytes(),
    ) {
        Lawful::One(listing) => Ok(listing.tensors[0].name.clone()),
        other => Err(other),
    };
    assert_eq!(name(r#"\"\\\/\b\f\n\r\t"#), Ok("\"\\/\u{8}\u{c}\n\r\t".to_owned()));
    assert_eq!(name(r"\u00e9\u6743é权"), Ok("é权é权".to_owned()));
    assert_eq!(name(r"\ud83e\udde0\uD83E\uDDE0"), Ok("🧠🧠".to_owned()));
    assert_eq!(name("\u{7f}\u{80}"), Ok("\u{7f}\u{80}".to_owned()));
    for escaped in [r"\x", r"\u12", r"\u12g4", r"\u 123", r"\U0041", "\u{1}", "\u{1f}", "\n", "\\"]
    {
        assert_eq!(name(escaped), Err(refused(&[Class::Index])), "{escaped:?}");
    }
    for escaped in
        [r"\ud83e", r"\ud83ea", r"\ud83e\u0041", r"\udde0", r"\ud83e\ud83e", r"\udde0\ud83e"]
    {
        assert_eq!(
            undemanded(&name(escaped).unwrap_err()),
            "half of a surrogate pair",
            "{escaped}"
        );
    }
    // Half a pair before another escape does not eat it.
    assert_eq!(name(r"\ud83e\u12"), Err(refused(&[Class::Index])));
}

#[test]
fn containers_are_those_of_json() {
    for value in [
        "[]",
        "{}",
        "[[],{}]",
        "[1,2,3]",
        r#"{"a":1,"b":[true,false,null]}"#,
        r#"[[[[[[{"a":[1,{"b":[]}],"c":{}}]]]]],"d"]"#,
        "[[[[[[]]]]]]",
        r#"{"a":{"b":{"c":{"d":{}}}}}"#,
        " [ 1 , 2 ] ",
        "[\t[\n[\r[ [ { \"a\" : [ 1 , { } ] , \"b\" : 2 } ] ] ] ]\n]",
    ] {
        assert!(accepts(&with_key(&format!(r#""x":{value}"#))), "{value}");
    }
    for value in [
        "[",
        "[1 2]",
        "[,]",
        "[1,]",
        "[1}",
        "{,}",
        "{1:2}",
        r#"{"a" 1}"#,
        r#"{"a":1,}"#,
        r#"{"a":1 "b":2}"#,
        r#"{"a"}"#,
        r#"{"a":}"#,
        r#"{"a":1]"#,
        "]",
        "[[[[[[1}]]]]]",
        "[[[[[[1,]]]]]]",
        "[[[[[[1 2]]]]]]",
        "[[[[[[,]]]]]]",
        r#"[[[[[{"a" 1}]]]]]"#,
        r#"[[[[[{"a":1,}]]]]]"#,
        r#"[[[[[{1:2}]]]]]"#,
        r#"[[[[[{"a":1 "b":2}]]]]]"#,
        r#"[[[[[{"a":1]]]]]]"#,
        "[[[[[[tru]]]]]]",
        "[\u{b}]",
        "[\u{a0}]",
    ] {
        assert_eq!(with_key(&format!(r#""x":{value}"#)), refused(&[Class::Index]), "{value}");
    }
    // The array, the tensor and 62 more are 64.
    let nested =
        |count: usize| with_key(&format!(r#""x":{}{}"#, "[".repeat(count), "]".repeat(count)));
    assert!(accepts(&nested(62)));
    assert_eq!(undemanded(&nested(63)), "nesting that a reader may refuse");
    let objects = |count: usize| {
        with_key(&format!(r#""x":{}1{}"#, "{\"a\":".repeat(count), "}".repeat(count)))
    };
    assert!(accepts(&objects(62)));
    assert_eq!(undemanded(&objects(63)), "nesting that a reader may refuse");
    for tail in ["x", "[]", ",", "\0", "\u{b}"] {
        assert_eq!(listed(format!("[]{tail}").as_bytes()), refused(&[Class::Index]), "{tail:?}");
    }
    for bytes in [&b"\xff"[..], b"[\"\xc3\"]", b"[]\xc3\x28", b"", b" "] {
        assert_eq!(listed(bytes), refused(&[Class::Index]), "{bytes:?}");
    }
}

#[test]
fn an_index_is_read_by_its_keys() {
    let Lawful::One(listing) = listed(
        br#"{"tensors":[{"file":"b","numel":3,"name":"a"},{"name":"c","file":"d","quantized":false,"shape":[0,7]}],
            "quarot_seed":18446744073709551615,"tensor":[]}"#,
    ) else {
        panic!("lawful");
    };
    let tensor = |name: &str, file: &str| ListedTensor {
        name: name.into(),
        file: file.into(),
        ..ListedTensor::default()
    };
    let expected = Listing {
        form: Some(Form::Object),
        quarot_seed: Some(u64::MAX),
        tensors: vec![
            ListedTensor { numel: Some(3), ..tensor("a", "b") },
            ListedTensor { quantized: Some(false), shape: Some(vec![0, 7]), ..tensor("c", "d") },
        ],
    };
    assert_eq!(listing, expected);
    let written_otherwise = "an integer that is not written as one";
    for key in ["numel", "shape"] {
        let of = |number: &str| match key {
            "shape" => with_key(&format!(r#""shape":[2,{number}]"#)),
            _ => with_key(&format!(r#""numel":{number}"#)),
        };
        for number in
            ["-1", "-1.0", "0.5", "18446744073709551616", "\"1\"", "true", "[]", "1.5e400"]
        {
            // -1.0 is a whole number, and what a reader makes of it is open.
            match number {
                "-1.0" => assert_eq!(undemanded(&of(number)), written_otherwise),
                _ => assert_eq!(of(number), refused(&[Class::Index]), "{key} {number}"),
            }
        }
        for number in ["-0", "2.0", "1e2", "1E2"] {
            assert_eq!(undemanded(&of(number)), written_otherwise, "{key} {number}");
        }
    }
    for key in ["quantized", "shape", "numel"] {
        let why = "an optional key that is null";
        assert_eq!(undemanded(&with_key(&format!(r#""{key}":null"#))), why);
        let twice = with_key(&format!(r#""{key}":[],"{key}":[]"#));
        assert_eq!(undemanded(&twice), "a key that is there twice", "{key}");
    }
    assert_eq!(undemanded(&with_key(r#""name":"b""#)), "a key that is there twice");
    assert!(accepts(&with_key(r#""x":1,"x":null"#)));
    assert_eq!(with_key(r#""quantized":0"#), refused(&[Class::Index]));
    for text in [
        r#"[{"name":null,"file":"b"}]"#,
        r#"[{"name":"a","file":null}]"#,
        r#"[["a","b"]]"#,
        "[1]",
        r#"{"tensors":{}}"#,
        r#"{"quarot_seed":1}"#,
        "3",
        "\"a\"",
        "true",
    ] {
        assert_eq!(listed(text.as_bytes()), refused(&[Class::Index]), "{text}");
    }
    let seed = |seed: &str| listed(format!(r#"{{"tensors":[],"quarot_seed":{seed}}}"#).as_bytes());
    assert!(accepts(&seed("0")));
    assert_eq!(seed("\"0\""), refused(&[Class::Index]));
    assert_eq!(undemanded(&seed("null")), "an optional key that is null");
    assert_eq!(undemanded(&seed("4.0")), written_otherwise);
}

#[test]
fn faults_of_paths_and_names_have_all_their_classes() {
    let of = |tensors: &[(&str, &str)]| {
        let tensor = |(name, file): &(&str, &str)| {
            format!(r#"{{"name":{name:?},"file":{}}}"#, serde_json::Value::from(*file))
        };
        listed(format!("[{}]", tensors.iter().map(tensor).collect::<Vec<_>>().join(",")).as_bytes())
    };
    for file in ["a", "./a", "a/./b", "..a", "a..", "a/...", "~/a", "C:a"] {
        assert!(accepts(&of(&[("x", file)])), "{file}");
    }
    for file in ["", "/", "/a", "..", "a/..", "../a", "a/../b", "a\0", "\0"] {
        assert_eq!(of(&[("x", file)]), refused(&[Class::Path]), "{file:?}");
    }
    let duplicate = refused(&[Class::Duplicate]);
    assert_eq!(of(&[("x", "1"), ("x", "2")]), duplicate);
    assert_eq!(of(&[("x", "1"), ("y", "1")]), duplicate);
    assert_eq!(of(&[("x", "1"), ("x", "1")]), duplicate);
    assert!(accepts(&of(&[("x", "1"), ("X", "2")])));
    assert_eq!(of(&[("x", ".."), ("x", "1")]), refused(&[Class::Path, Class::Duplicate]));
    let several = r#"[{"name":"a","file":"/"},{"name":"b"},{"name":"a","file":"c"}]"#;
    let classes = [Class::Index, Class::Path, Class::Duplicate];
    assert_eq!(listed(several.as_bytes()), refused(&classes));
}

#[test]
fn an_index_that_cannot_be_read_has_the_class_of_what_is_there() {
    let of = |node: Node| judge(Some(&nodes(&[(INDEX_FILE, node)])), false);
    assert_eq!(of(Node::NotAFile), refused(&[Class::NotAFile]));
    assert_eq!(of(Node::Socket), refused(&[Class::NotAFile, Class::Io]));
    assert_eq!(of(link("nothing")), refused(&[Class::Io]));
    assert_eq!(of(link(INDEX_FILE)), refused(&[Class::Io]), "a link to itself");
    assert_eq!(of(link(".")), refused(&[Class::NotAFile]));
    let absent = Listing { form: Some(Form::Absent), ..Listing::default() };
    assert_eq!(judge(Some(&Nodes::new()), false), Lawful::One(absent));
    assert_eq!(judge(None, false), refused(&[Class::Io]));
    assert_eq!(judge(None, true), refused(&[Class::Io]));
    // Seven links are followed, through folders and back.
    let mut chain = nodes(&[(INDEX_FILE, link("a/1"))]);
    for step in 1..7 {
        chain.insert(format!("a/{step}"), link(&format!("../a/./{}", step + 1)));
    }
    chain.insert("a/7".into(), text("[]"));
    assert!(accepts(&judge(Some(&chain), false)));
    let long = |len: usize| listed(&[&b"[]"[..], &vec![b' '; len - 2]].concat());
    assert!(accepts(&long(1 << 24)));
    assert_eq!(long((1 << 24) + 1), refused(&[Class::IndexSize]));
}

/// A directory that can be opened, with some entries put over it.
fn opened(index: &str, over: &[(&str, Node)]) -> Verdict {
    let block = [0x00, 0x3c, 0, 0].into_iter().chain([0; 16]).collect::<Vec<u8>>();
    let mut all = nodes(&[
        (INDEX_FILE, text(index)),
        (CONFIG_FILE, text("{}")),
        ("a", Node::File(khq4::write(&[4, 8], 32, &block))),
        ("b", Node::File(khf1::write(&[2], 2, &[0x3c00, 0]))),
    ]);
    all.extend(nodes(over));
    judge(Some(&all), true)
}

const BOTH: &str = r#"[{"name":"x","file":"a"},{"name":"y","file":"b"}]"#;

fn says(file: &str, keys: &str) -> Verdict {
    opened(&format!(r#"[{{"name":"x","file":"{file}",{keys}}}]"#), &[])
}

#[test]
fn opening_looks_at_every_file() {
    assert!(accepts(&opened(BOTH, &[])));
    for keys in [r#""quantized":true"#, r#""shape":[4,8]"#, r#""numel":32"#] {
        assert!(accepts(&says("a", keys)), "{keys}");
    }
    assert!(accepts(&says("b", r#""quantized":false,"shape":[2],"numel":2"#)));
    assert_eq!(says("a", r#""quantized":false"#), refused(&[Class::Index]));
    assert_eq!(says("b", r#""quantized":true"#), refused(&[Class::Index]));
    for keys in [r#""shape":[8,4]"#, r#""shape":[32]"#, r#""numel":33"#, r#""shape":[]"#] {
        assert_eq!(says("a", keys), refused(&[Class::ShapeMismatch]), "{keys}");
    }
    let both = says("a", r#""quantized":false,"numel":1"#);
    assert_eq!(both, refused(&[Class::Index, Class::ShapeMismatch]));

    let missing = refused(&[Class::Missing, Class::Io]);
    assert_eq!(says("c", r#""x":1"#), missing);
    assert_eq!(says("a/c", r#""x":1"#), missing);
    assert_eq!(opened(BOTH, &[("b", link("nothing"))]), missing);
    assert_eq!(opened(BOTH, &[("b", Node::NotAFile)]), refused(&[Class::NotAFile]));
    assert_eq!(opened(BOTH, &[("b", Node::Socket)]), refused(&[Class::NotAFile, Class::Io]));
    assert_eq!(opened(BOTH, &[("b", link("."))]), refused(&[Class::NotAFile]));
    assert_eq!(opened(BOTH, &[("a", text("KHF1"))]), refused(&[Class::TruncatedHeader]));
    assert_eq!(
        opened(BOTH, &[("b", text("GGUF0000"))]),
        refused(&[Class::Magic, Class::TruncatedHeader])
    );
    // What is named twice is still opened; a path that is none is not.
    assert_eq!(says("../a", r#""x":1"#), refused(&[Class::Path]));
    let folder = r#"[{"name":"x","file":"part"}]"#;
    let inside = ("part/1", text(""));
    assert_eq!(opened(folder, std::slice::from_ref(&inside)), refused(&[Class::NotAFile]));
    for name in ["a/", "a/."] {
        assert_eq!(undemanded(&says(name, r#""x":1"#)), "a file that is named as a folder is");
    }
    // A file that a lawful reader may refuse, and one whose shape has two behaviours.
    let negative = [0x00, 0xbc, 0, 0].into_iter().chain([0; 16]).collect::<Vec<u8>>();
    for bytes in [
        khq4::write(&[32], 32, &negative),
        khq4::write(&[1 << 33, 1 << 33, 0], 0, &[]),
        khf1::write(&[1 << 33, 1 << 33, 0], 0, &[]),
    ] {
        let verdict = opened(BOTH, &[("a", Node::File(bytes))]);
        assert_eq!(undemanded(&verdict), "a tensor's file that a lawful reader may refuse");
    }
}

#[test]
fn opening_needs_a_configuration_and_a_seed() {
    let config = |node: Node| opened(BOTH, &[(CONFIG_FILE, node)]);
    assert!(accepts(&config(text(r#"{"a":[1],"quarot_seed":5}"#))));
    for content in ["", "[]", "null", "{", "{\"quarot_seed\":\"5\"}", "{\"quarot_seed\":-5}"] {
        assert_eq!(config(text(content)), refused(&[Class::Index]), "{content}");
    }
    assert_eq!(undemanded(&config(text("{\"quarot_seed\":null}"))), "an optional key that is null");
    assert_eq!(config(link("nothing")), refused(&[Class::Io]));
    assert_eq!(config(Node::NotAFile), refused(&[Class::NotAFile]));
    let mut without = nodes(&[(INDEX_FILE, text("[]"))]);
    assert_eq!(judge(Some(&without), true), refused(&[Class::Missing]));
    without.remove(INDEX_FILE);
    assert_eq!(judge(Some(&without), true), refused(&[Class::Missing]));
    let alone = nodes(&[(CONFIG_FILE, text("{}"))]);
    let absent = Listing { form: Some(Form::Absent), ..Listing::default() };
    assert_eq!(judge(Some(&alone), true), Lawful::One(absent));
    // The faults of both files.
    let of_both = opened("[1]", &[(CONFIG_FILE, Node::NotAFile)]);
    assert_eq!(of_both, refused(&[Class::Index, Class::NotAFile]));

    let object = |seed: &str| format!(r#"{{{seed}"tensors":[]}}"#);
    assert_eq!(opened(&object(""), &[]), refused(&[Class::Missing]));
    let of_config = ("config.json", text("{\"quarot_seed\":7}"));
    for (seed, over, listed) in [
        ("\"quarot_seed\":5,", None, Some(5)),
        ("", Some(of_config.clone()), None),
        ("\"quarot_seed\":5,", Some(of_config), Some(5)),
    ] {
        // What is listed is the seed of the index alone.
        let verdict = opened(&object(seed), over.as_slice());
        assert!(
            matches!(&verdict, Lawful::One(listing) if listing.quarot_seed == listed),
            "{verdict:?}"
        );
    }
}

#[test]
fn only_a_link_to_a_file_outside_has_two_answers() {
    let block = [0x00, 0x3c, 0, 0].into_iter().chain([0; 16]).collect::<Vec<u8>>();
    let outside = ("../c", Node::File(khq4::write(&[32], 32, &block)));
    let through = |link: &str| {
        opened(BOTH, &[("a", Node::Link(link.into())), outside.clone(), ("d", outside.1.clone())])
    };
    assert!(matches!(through("../c"), Lawful::OneOf(_)));
    assert!(matches!(through("./../c"), Lawful::OneOf(_)));
    assert!(matches!(through("x/../../c"), Lawful::OneOf(_)));
    assert!(accepts(&through("d")) && accepts(&through("x/../d")));
    assert_eq!(through("../d"), refused(&[Class::Missing, Class::Io]));
    assert_eq!(through("../../d"), refused(&[Class::Missing, Class::Io]));
    let broken = [("a", link("../c")), ("../c", text("KHQ4"))];
    assert_eq!(opened(BOTH, &broken), refused(&[Class::TruncatedHeader]));
    let deep =
        [("a", link("../c")), ("../c", link("model2/e")), ("../model2/e", outside.1.clone())];
    assert!(matches!(opened(BOTH, &deep), Lawful::OneOf(_)));
}

fn read_index(path: File, open: bool) -> Result<Lawful<Answer>, String> {
    expected(&Question::ReadIndex(ReadIndex { format: FormatId::KHQ4, path, open }))
}

fn entry(path: &str, content: Content) -> DirectoryEntry {
    DirectoryEntry { path: path.into(), content }
}

#[test]
fn a_directory_s_entries_are_what_the_evaluator_sees() {
    let of = |content: Content, open: bool| {
        read_index(File::Directory(vec![entry(INDEX_FILE, content)]), open)
    };
    let refuse = |classes: &[Class]| Ok(Lawful::refuse(classes.to_vec()));
    let special = |special| of(Content::Special(special), false);
    assert_eq!(special(Special::Socket), refuse(&[Class::NotAFile, Class::Io]));
    for other in [Special::Directory, Special::Fifo, Special::Device, Special::SymlinkToDirectory] {
        assert_eq!(special(other), refuse(&[Class::NotAFile]));
    }
    assert_eq!(special(Special::DanglingSymlink), refuse(&[Class::Io]));
    let nothing = special(Special::Missing).unwrap_err();
    assert_eq!(nothing, "quantize_index.json is nothing that a directory holds");
    let long = Content::Long { before: "[".into(), text: " ".into(), times: 3, after: "]".into() };
    assert_eq!(long.file_bytes(), Some(b"[   ]".to_vec()));
    let empty = Listing { form: Some(Form::Array), ..Listing::default() };
    assert_eq!(of(long.clone(), false), Ok(Lawful::One(Answer::Index(empty))));
    assert_eq!(of(long, true), refuse(&[Class::Missing]));
    let open_question =
        of(Content::Text("[{\"name\":\"a\",\"file\":\"b\",\"numel\":null}]".into()), false);
    assert_eq!(open_question.unwrap_err(), "IDX demands nothing of an optional key that is null");
    assert_eq!(read_index(File::Special(Special::Missing), false), refuse(&[Class::Io]));
}

#[test]
fn names_are_told_by_rule_and_rank() {
    let of = |tensors: &[(&str, u64)]| names::files(tensors.iter().copied());
    let one = |name: &str, rank: u64| of(&[(name, rank)]).expect("no collision").remove(0);
    for name in [
        "a.experts.gate_up_proj",
        "a.experts.down_proj",
        "a.q_proj.weight",
        "a_proj_a.weight",
        "a_proj_b.weight",
        "a_proj_qkv.weight",
        "a_proj_z.weight",
        "norm_.lm_head.weight",
        "norm_.embed_tokens.weight",
        "a.weight",
        ".weight",
    ] {
        assert!(one(name, 2).ends_with(".q4") && one(name, 9).ends_with(".q4"), "{name}");
        assert!(one(name, 1).ends_with(".f16") && one(name, 0).ends_with(".f16"), "{name}");
    }
    for name in [
        "a.q_proj",
        "a.experts.up_proj",
        "a.norm.weight",
        "norm.weight.b.weight",
        "norm_1.weight",
        "conv1d.weight",
        "a.bias",
        "weight",
    ] {
        assert!(one(name, 2).ends_with(".f16"), "{name}");
    }
    assert_eq!(one("a.b-c/é权٣½ x🧠.weight", 2), "a_b-c_é权٣½_x__weight.q4");
    assert_eq!(of(&[("a.b", 1), ("a_b", 1)]), None);
    assert_eq!(of(&[("a", 1), ("a", 2)]), None);
    assert_eq!(of(&[("a.weight", 1), ("a_weight", 1)]), None);
    assert_eq!(of(&[("a.weight", 1), ("a_weight", 2)]), None);
    assert_eq!(of(&[("a.weight", 2), ("a_weight", 1)]).map(|files| files.len()), Some(2));
    let question = |names: &[&str]| {
        let tensor = |name: &&str| TensorRank { name: (*name).into(), rank: 1 };
        let (format, tensors) = (FormatId::KHQ4, names.iter().map(tensor).collect());
        expected(&Question::NameTensors(NameTensors { format, tensors }))
    };
    let files = vec!["a.f16".to_owned(), "b.f16".to_owned()];
    assert_eq!(question(&["a", "b"]), Ok(Lawful::One(Answer::Files(files))));
    assert_eq!(question(&["a", "a"]), Ok(Lawful::refuse([Class::Duplicate])));
}

#[test]
fn sources_are_rounded_once_and_keep_their_signs() {
    let from_f16 = |bits: u16| widened(&Floats::F16(Bits16(vec![bits])))[0];
    let from_bf16 = |bits: u16| widened(&Floats::Bf16(Bits16(vec![bits])))[0];
    let from_f64 = |value: f64| widened(&Floats::F64(Bits64::of(&[value])))[0];
    for (bits, expected) in [
        (0x0000, 0),
        (0x8000, 1 << 31),
        (0x3c00, 0x3f80_0000),
        (0xc000, 0xc000_0000),
        (0x0001, 0x3380_0000),
        (0x83ff, 0xb87f_c000),
        (0x7bff, 0x477f_e000),
    ] {
        assert_eq!(from_f16(bits), expected, "{bits:04x}");
    }
    for bits in [0x7c00, 0xfc00, 0x7e00] {
        assert!(!f32::from_bits(from_f16(bits)).is_finite());
    }
    assert_eq!(from_bf16(0x3f80), 0x3f80_0000);
    assert_eq!(from_bf16(0x8001), 0x8001_0000);
    for value in [0.0, -0.0, 1.0, -1.5, 0.1, 1e-40, -1e-46, 1e300, f64::MAX, f64::MIN_POSITIVE] {
        let expected = value as f32;
        let found = f32::from_bits(from_f64(value));
        assert_eq!(found.abs().to_bits(), expected.abs().to_bits(), "{value}");
        assert!(found.is_infinite() || found.is_sign_negative() == value.is_sign_negative());
    }
    assert!(!f32::from_bits(from_f64(f64::NAN)).is_finite());
}

#[test]
fn rint_goes_to_the_even_one() {
    // In quarters, from -3 to 3.
    let expected =
        [-3, -3, -2, -2, -2, -2, -2, -1, -1, -1, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3];
    for (quarters, expected) in (-12..=12).zip(expected) {
        assert_eq!(rint(&Exact::scaled(quarters, -2)), expected.into(), "{quarters}/4");
    }
    assert_eq!(rint(&Exact::scaled(3, 2)), 12.into());
}

#[test]
fn a_group_of_mlx_by_hand() {
    let group = |values: &[u16]| -> Vec<u16> { values.iter().copied().cycle().take(32).collect() };
    // -5, 2 and 0, as worked out in the clause's test: scale 5/11, bias -5, nibbles 0, 15 and 11.
    let encoded = mlx::encode(&group(&[0xc500, 0x4000, 0x0000])).expect("finite");
    assert_eq!(encoded[..5], [0x46, 0x37, 0x00, 0xc5, 0xf0]);
    // Ends of one magnitude: from the maximum, scale -3/8.
    let encoded = mlx::encode(&group(&[0xc200, 0x4200])).expect("finite");
    assert_eq!(encoded[..5], [0x00, 0xb6, 0x00, 0x42, 0x0f]);
    // Zeros: the least scale below zero, bias +0.
    let zeros = mlx::encode(&group(&[0x8000, 0x0000])).expect("finite");
    assert_eq!(zeros[..5], [0x02, 0x80, 0x00, 0x00, 0x00]);
    for bits in [0x7c00, 0xfc00, 0x7e00] {
        assert_eq!(mlx::encode(&group(&[0x3c00, bits])), None);
    }
    assert_eq!(mlx::encode(&[]), Some(vec![]));
    let encode = |shape: &[u64], values: Vec<u16>| {
        let values = Floats::F16(Bits16(values));
        expected(&Question::encode(FormatId::MLX, None, shape, values))
    };
    let question = |shape: &[u64], count: usize| encode(shape, vec![0; count]);
    assert!(matches!(question(&[2, 32], 64), Ok(Lawful::One(Answer::Encoded(_)))));
    assert!(
        matches!(question(&[2, 16], 32), Ok(Lawful::OneOf(both)) if both[1].name == "whole-rows")
    );
    assert_eq!(question(&[31], 31), Ok(Lawful::refuse([Class::Shape])));
    assert_eq!(question(&[64], 32), Ok(Lawful::refuse([Class::ShapeMismatch])));
    let infinite = encode(&[32], vec![0x7c00; 32]);
    assert_eq!(infinite.unwrap_err(), "MLX-2 demands nothing of such values");
}
