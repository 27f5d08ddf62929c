//! Indexes whose form is sound: every rule that their tensors, seeds and paths can break (IDX-4 to IDX-7).

use super::Draft;
use super::directory::{ARRAY, OBJECT, index};

pub(super) fn cases() -> Vec<Draft> {
    [tensors(), seeds(), paths(), twice()].concat()
}

/// IDX-4.
fn tensors() -> Vec<Draft> {
    let refused = |id: &str, note: &str, class: u8, tensor: &str| {
        let first = r#"{"name": "a.weight", "file": "a_weight.q4"}"#;
        index(&format!("tensor-{id}"), "IDX-4", class, note, &format!("[{first}, {tensor}]"))
            .control(ARRAY)
    };
    let keys = |id: &str, note: &str, class: u8, keys: &str| {
        refused(id, note, class, &format!(r#"{{"name": "b", "file": "b.q4", {keys}}}"#))
    };
    vec![
        refused("without-name", "no name", 66, r#"{"file": "b.q4"}"#),
        refused("without-file", "no file", 66, r#"{"name": "b"}"#),
        refused("empty", "no keys", 66, "{}"),
        refused("null", "null for a tensor", 66, "null"),
        refused("string", "a name for a tensor", 66, "\"b\""),
        refused(
            "array",
            "an array for a tensor, its keys by their places",
            66,
            r#"["b", "b.q4", true, [32], 32]"#,
        ),
        refused("short-array", "an array of name and file for a tensor", 66, r#"["b", "b.q4"]"#),
        refused("name-number", "a number for a name", 66, r#"{"name": 5, "file": "b.q4"}"#),
        refused("name-null", "null for a name", 66, r#"{"name": null, "file": "b.q4"}"#),
        refused("file-null", "null for a file", 66, r#"{"name": "b", "file": null}"#),
        refused("file-array", "an array for a file", 66, r#"{"name": "b", "file": ["b.q4"]}"#),
        keys("quantized-number", "1 for true", 66, r#""quantized": 1"#),
        keys("quantized-string", "a string for true", 66, r#""quantized": "true""#),
        keys("shape-number", "a number for a shape", 66, r#""shape": 32"#),
        keys("shape-string", "a shape of strings", 66, r#""shape": ["32"]"#),
        keys("shape-nested", "a shape of arrays", 66, r#""shape": [[32]]"#),
        keys("shape-negative", "a negative dimension", 20, r#""shape": [-1]"#),
        keys("shape-fraction", "a dimension of 2.5", 66, r#""shape": [2.5, 32]"#),
        keys("shape-too-large", "a dimension of 2^64", 20, r#""shape": [18446744073709551616]"#),
        keys("numel-string", "a string for a number", 66, r#""numel": "32""#),
        keys("numel-negative", "a negative number of values", 20, r#""numel": -32"#),
        keys("numel-fraction", "half a value", 66, r#""numel": 0.5"#),
        keys("numel-too-large", "2^64 values", 20, r#""numel": 18446744073709551616"#),
        keys("numel-huge", "1e400 values, more than a double holds", 20, r#""numel": 1.5e400"#),
    ]
}

/// IDX-5.
fn seeds() -> Vec<Draft> {
    let object = |seed: &str| {
        format!(r#"{{"tensors": [{{"name": "a", "file": "a.q4"}}], "quarot_seed": {seed}}}"#)
    };
    let exact = |id: &str, class: u8, note: &str, seed: &str| {
        index(&format!("seed-{id}"), "IDX-5", class, note, &object(seed))
    };
    let refused =
        |id: &str, class: u8, note: &str, seed: &str| exact(id, class, note, seed).control(OBJECT);
    vec![
        exact("zero", 62, "a seed of 0 is a seed", "0"),
        exact("above-32-bits", 19, "2^32 + 42", "4294967338"),
        exact("above-2p53", 19, "2^53 + 1, which no double holds", "9007199254740993"),
        exact("cafe", 19, "0xCAFEBABEDEADBEEF, above 2^63", "14627333968358193903"),
        exact("largest", 20, "2^64 - 1", "18446744073709551615"),
        refused("too-large", 19, "2^64", "18446744073709551616"),
        refused("negative", 20, "-42", "-42"),
        refused("minus-1", 20, "-1, which is 2^64 - 1 where it is cast", "-1"),
        refused("fraction", 66, "42.5", "42.5"),
        refused("string", 66, "a string", "\"42\""),
        refused("string-in-hex", 66, "a string of hex", "\"0x2a\""),
        refused("array", 66, "an array", "[42]"),
    ]
}

/// IDX-6.
fn paths() -> Vec<Draft> {
    let refused = |id: &str, note: &str, file: &str| {
        let tensors = [("a.weight", "a_weight.q4"), ("b.weight", file)];
        let tensor = |(name, file)| serde_json::json!({"name": name, "file": file}).to_string();
        let content = format!("[{}]", tensors.map(tensor).join(", "));
        index(&format!("path-{id}"), "IDX-6", 63, note, &content).control(ARRAY)
    };
    vec![
        refused("empty", "an empty file name", ""),
        index(
            "path-empty-in-object",
            "IDX-6",
            63,
            "an empty file name of the only tensor",
            r#"{"tensors": [{"name": "a.weight", "file": ""}]}"#,
        )
        .control(OBJECT),
        refused("absolute", "an absolute path", "/etc/passwd"),
        refused("root", "the root", "/"),
        refused("two-slashes", "an absolute path with two slashes", "//a.q4"),
        refused("parent", "a file beside the directory", "../a.q4"),
        refused("parent-alone", "the parent", ".."),
        refused("parent-within", "a folder and back out of two", "part/../../a.q4"),
        refused(
            "parent-that-stays",
            "a folder and back: `..` is refused wherever it leads",
            "part/../a.q4",
        ),
        refused("parent-at-the-end", "the directory itself", "part/.."),
        refused("parent-behind-point", "a point before it", "./../a.q4"),
        refused("zero", "a zero character, at which a system's path ends", "a.q4\0.f16"),
        refused("zero-alone", "a zero character alone", "\0"),
    ]
}

/// IDX-7.
fn twice() -> Vec<Draft> {
    let refused = |id: &str, class: u8, note: &str, tensors: &[(&str, &str)]| {
        let tensor = |(name, file): &(&str, &str)| {
            serde_json::json!({"name": name, "file": file}).to_string()
        };
        let content = tensors.iter().map(tensor).collect::<Vec<_>>().join(", ");
        index(&format!("twice-{id}"), "IDX-7", class, note, &format!("[{content}]")).control(ARRAY)
    };
    vec![
        refused("name", 68, "one name with two files", &[("a", "1.q4"), ("a", "2.q4")]),
        refused(
            "name-far",
            68,
            "the first and the last of four",
            &[("a", "1.q4"), ("b", "2.q4"), ("c", "3.q4"), ("a", "4.q4")],
        ),
        refused("file", 65, "two names with one file", &[("a.b", "a_b.q4"), ("a_b", "a_b.q4")]),
        refused(
            "file-far",
            65,
            "the first and the last of three",
            &[("a", "1.q4"), ("b", "2.q4"), ("c", "1.q4")],
        ),
        refused("tensor", 68, "one tensor twice", &[("a", "1.q4"), ("a", "1.q4")]),
        refused(
            "by-escape",
            68,
            "one name twice, once with an escape",
            &[("é", "1.q4"), ("é", "2.q4")],
        ),
    ]
}
