//! Texts of an index and of a configuration: of real models, at the ends of what JSON is, and beyond.

use super::indexes::is_demanded;
use crate::suite::case::{Content, DirectoryEntry, File};
use crate::suite::exact::directory::{CONFIG_FILE, INDEX_FILE};
use crate::suite::hex::Bytes;
use crate::suite::question::{Question, ReadIndex};

/// Configurations beside an index without tensors: those of real models, and texts that are no object; and
/// seeds in both.
pub(super) fn configs(of: &Question) -> Vec<Question> {
    let Question::ReadIndex(read) = of else { return Vec::new() };
    let texts = [
        r#"{"model_type": "llama", "hidden_size": 4096, "rms_norm_eps": 1e-05, "rope_theta": 500000.0}"#,
        r#"{"pad_token_id": null, "eos_token_id": [128001, 128008, 128009], "tie_word_embeddings": false}"#,
        r#"{"rope_scaling": {"factor": 8.0, "rope_type": "llama3", "original_max_position_embeddings": 8192}}"#,
        r#"{"architectures": ["Qwen3ForCausalLM"], "layer_types": ["a", "b"], "sliding_window": null}"#,
        r#"{"max_position_embeddings": 18446744073709551616, "big": 1e308, "small": 5e-324, "minus": -0.0}"#,
        r#"{"id": 9007199254740993, "low": -9223372036854775808, "high": 18446744073709551615}"#,
        r#"{"text": "\u00e9\ud83e\udde0\\\"\/\b\f\n\r\t", "": "", "a": {"a": {"a": [[[]]]}}}"#,
        "{}",
        " {\n\t\"a\" : 1 }\r\n",
        "\u{feff}{}",
        "",
        " ",
        "null",
        "[]",
        "1",
        "\"a\"",
        "{",
        "{}}",
        "{\"a\": 1,}",
        "{'a': 1}",
        "{\"a\": NaN}",
        "{\"a\": Infinity}",
        "{\"a\": 01}",
        "{\"a\": .5}",
        "{\"a\": +1}",
        "{\"a\": 0x10}",
        "{\"a\": \"\t\"}",
        "// a\n{}",
        "{} // a",
        "{\"text_config\": {\"quarot_seed\": 7}}",
        "{\"a\": [{\"quarot_seed\": 7}]}",
        "{\"quarot_seed\": 18446744073709551615}",
        "{\"quarot_seed\": 9007199254740993}",
        "{\"quarot_seed\": 18446744073709551616}",
        "{\"quarot_seed\": -1}",
        "{\"quarot_seed\": 1.0}",
        "{\"quarot_seed\": 1e2}",
        "{\"quarot_seed\": \"1\"}",
        "{\"quarot_seed\": null}",
        "{\"quarot_seed\": true}",
    ];
    let alone = texts.map(|config| (text("{\"tensors\": []}"), text(config)));
    let seeds =
        ["0", "1", "-1", "18446744073709551615", "18446744073709551616", "null", "\"0\"", "0.0"];
    let both = seeds.into_iter().flat_map(|one| {
        seeds.map(|other| {
            let index = format!("{{\"quarot_seed\": {one}, \"tensors\": []}}");
            (text(&index), text(&format!("{{\"quarot_seed\": {other}}}")))
        })
    });
    let either = seeds.into_iter().flat_map(|seed| {
        let index = text(&format!("{{\"quarot_seed\": {seed}, \"tensors\": []}}"));
        let config = text(&format!("{{\"quarot_seed\": {seed}}}"));
        [(index, text("{}")), (text("{\"tensors\": []}"), config)]
    });
    // IDX-2: up to 16 MiB.
    let spaces = |times: u64| Content::Long {
        before: "{}".into(),
        text: " ".into(),
        times,
        after: String::new(),
    };
    let long = [(2 << 20) + 1, (16 << 20) - 2, (16 << 20) - 1].map(spaces);
    let others = strange("{\"a\": 1}").into_iter().chain(long).map(|config| (text("[]"), config));
    let all = alone.into_iter().chain(both).chain(either).chain(others);
    all.map(|(index, config)| directory(read, vec![(INDEX_FILE, index), (CONFIG_FILE, config)]))
        .filter(is_demanded)
        .collect()
}

/// Indexes that are nearly JSON, that are JSON of an uncommon kind, and whose tensors have uncommon keys.
pub(super) fn indexes(of: &Question) -> Vec<Question> {
    let Question::ReadIndex(read) = of else { return Vec::new() };
    let long = |digits: usize| "1".repeat(digits);
    let shape = |count: usize| format!("\"shape\": [{}]", vec!["1"; count].join(", "));
    let values = [
        "\"other\": 1e999",
        "\"other\": -1e-999",
        "\"other\": NaN",
        "\"other\": Infinity",
        "\"other\": -Infinity",
        "\"other\": [NaN]",
        "\"other\": {\"a\": [1, {}]}",
        "\"other\": null",
        "\"numel\": 0",
        "\"numel\": -0",
        "\"numel\": 0.0",
        "\"numel\": 1e1",
        "\"numel\": -1",
        "\"numel\": 9007199254740993",
        "\"numel\": 18446744073709551615",
        "\"numel\": 18446744073709551616",
        "\"numel\": \"1\"",
        "\"numel\": null",
        "\"numel\": true",
        "\"numel\": 00",
        "\"shape\": []",
        "\"shape\": [0]",
        "\"shape\": [-1]",
        "\"shape\": [1.0]",
        "\"shape\": [1e0]",
        "\"shape\": {}",
        "\"shape\": null",
        "\"shape\": [null]",
        "\"shape\": [[1]]",
        "\"shape\": [9007199254740993, 0]",
        "\"shape\": [18446744073709551616]",
        "\"quantized\": true",
        "\"quantized\": false",
        "\"quantized\": 1",
        "\"quantized\": null",
        "\"quantized\": \"true\"",
        "\"name\": \"a\"",
        "\"file\": \"a.q4\"",
        "\"Name\": \"b\"",
        "\"\": 1",
    ];
    let values = values.map(str::to_owned).into_iter();
    let values = values
        .chain([100, 4300, 4301, 5000].map(|digits| format!("\"other\": {}", long(digits))))
        .chain([8, 9, 64, 65, 255, 256, 1000].map(shape));
    let tensors =
        values.map(|value| text(&format!("[{{\"name\": \"a\", \"file\": \"a.q4\", {value}}}]")));
    let names = ["", " ", "\\u0000", "\\u0041", "\\ud83e\\udde0", "\\/", "\\n", "\u{7f}", "\u{e9}"];
    let names = names.map(|name| text(&format!("[{{\"name\": \"{name}\", \"file\": \"a.q4\"}}]")));
    let whole = strange("[]").into_iter().chain(strange("{\"tensors\": []}"));
    let deep = [1usize, 64, 127, 128, 129, 1000].map(|depth| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        text(&format!("{{\"tensors\": [], \"a\": {open}{close}}}"))
    });
    tensors
        .chain(names)
        .chain(whole)
        .chain(deep)
        .map(|index| directory(read, vec![(INDEX_FILE, index)]))
        .filter(is_demanded)
        .collect()
}

/// A text with something in front, behind or instead that JSON does not have, or in another encoding.
fn strange(json: &str) -> Vec<Content> {
    let wide: Vec<u8> = json.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let around = [
        "\0", "\0\0", "\u{c}", "\u{b}", "\u{a0}", "\u{feff}", "\u{2028}", "\u{1a}", " ", "\n",
        "\r\n", "\t", ";", ",", "]", "}", " {}", " []", "//", "#", "/**/",
    ];
    let texts =
        around.into_iter().flat_map(|other| [format!("{json}{other}"), format!("{other}{json}")]);
    let bytes = [
        wide.clone(),
        [&[0xff, 0xfe][..], &wide].concat(),
        [json.as_bytes(), &[0xff]].concat(),
        [&[0xef, 0xbb, 0xbf][..], json.as_bytes()].concat(),
        [b"{\"tensors\": [], \"a\": \"\xff\"}".as_slice()].concat(),
        [b"{\"tensors\": [], \"a\": \"\xc0\x80\"}".as_slice()].concat(),
        [b"{\"tensors\": [], \"\xed\xa0\x80\": 1}".as_slice()].concat(),
        [b"{\"tensors\": [], \"a\": \"\n\"}".as_slice()].concat(),
        [b"{\"tensors\": [], \"a\": \"\x1f\"}".as_slice()].concat(),
        [b"{\"tensors\": [], \"a\": \"\x7f\"}".as_slice()].concat(),
        Vec::new(),
    ];
    texts.map(|one| text(&one)).chain(bytes.map(|bytes| Content::Bytes(Bytes(bytes)))).collect()
}

fn text(text: &str) -> Content {
    Content::Text(text.to_owned())
}

/// A directory of these files.
fn directory(read: &ReadIndex, files: Vec<(&str, Content)>) -> Question {
    let entry = |(path, content): (&str, Content)| DirectoryEntry { path: path.into(), content };
    let path = File::Directory(files.into_iter().map(entry).collect());
    Question::ReadIndex(ReadIndex { path, ..read.clone() })
}
