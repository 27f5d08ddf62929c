//! An index: its keys, its paths and names, and where it cannot be read.

use q4proof::format::Class;
use q4proof::suite::case::{Content, DirectoryEntry, File, Form, ListedTensor, Listing, Special};
use q4proof::suite::exact::directory::{INDEX_FILE, Node, Nodes, judge};
use q4proof::suite::question::ReadIndex;
use q4proof::suite::{Answer, FormatId, Lawful, Question};

use super::{accepts, link, listed, nodes, refused, text, undemanded, with_key};
use crate::expected;

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
