//! Which texts are JSON.

use q4proof::format::Class;
use q4proof::suite::Lawful;

use super::{accepts, listed, refused, undemanded, with_key};

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
