//! Directories that are opened: every file, the configuration, the seed and links.

use q4proof::format::Class;
use q4proof::suite::Lawful;
use q4proof::suite::case::{Form, Listing};
use q4proof::suite::exact::directory::{CONFIG_FILE, INDEX_FILE, Node, judge};
use q4proof::suite::exact::files::{khf1, khq4};

use super::{Verdict, accepts, link, nodes, refused, text, undemanded};

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
