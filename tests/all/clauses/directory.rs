//! IDX: model directories and their indexes.

use std::fs;
use std::path::{Path, PathBuf};

use half::f16;
use q4proof::format::index::Index;
use q4proof::format::khq4::Header;
use q4proof::format::names::{file_name, file_names, is_quantized};
use q4proof::format::{AddressWidth, Class, khf1};
use q4proof::store::{StoreError, open_directory, read_index, write_khf1, write_khq4};
use tempfile::TempDir;

use super::BLOCK;

const WIDTH: AddressWidth = AddressWidth::Bits64;

/// A directory of two tensors: [5, 6, 7] in blocks, and a scalar of f16.
struct Model(TempDir);

impl Model {
    fn new() -> Self {
        let model = Self(tempfile::tempdir().unwrap());
        let header = Header::for_shape(&[3], WIDTH).unwrap();
        write_khq4(&model.path("a.q4"), &header, &BLOCK).unwrap();
        let header = khf1::Header::for_shape(&[], WIDTH).unwrap();
        write_khf1(&model.path("b.f16"), &header, &[f16::ONE]).unwrap();
        model.write("config.json", "{\"model_type\": \"sketch\"}");
        model.index(r#"[{"name": "a", "file": "a.q4"}, {"name": "b", "file": "b.f16"}]"#)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    fn index(self, content: &str) -> Self {
        self.write("quantize_index.json", content);
        self
    }

    fn listed(&self) -> Result<Option<Index>, Class> {
        read_index(self.0.path()).map_err(|StoreError { error, .. }| error.class)
    }

    fn opened(&self) -> Result<Option<u64>, Class> {
        open_directory(self.0.path())
            .map(|directory| directory.quarot_seed)
            .map_err(|StoreError { error, .. }| error.class)
    }
}

/// What the index of these bytes lists: names, or the class of the refusal.
fn names(content: impl AsRef<[u8]>) -> Result<Vec<String>, Class> {
    let index = Index::parse(content.as_ref()).map_err(|error| error.class)?;
    Ok(index.entries().iter().map(|entry| entry.name.clone()).collect())
}

fn tensor(keys: &str) -> String {
    format!(r#"[{{"name": "a", "file": "a.q4"{keys}}}]"#)
}

#[test]
fn idx_1_what_cannot_be_read_is_not_absent() {
    let model = Model::new();
    fs::remove_file(model.path("quantize_index.json")).unwrap();
    assert_eq!(model.listed(), Ok(None));
    assert_eq!(model.opened(), Ok(None));
    let nowhere = read_index(Path::new("/nothing/is/here")).unwrap_err();
    assert_eq!(nowhere.error.class, Class::Io);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("nothing", model.path("quantize_index.json")).unwrap();
        assert_eq!(model.listed(), Err(Class::Io));
        fs::remove_file(model.path("quantize_index.json")).unwrap();
    }
    fs::create_dir(model.path("quantize_index.json")).unwrap();
    assert_eq!(model.listed(), Err(Class::NotAFile));
    #[cfg(target_os = "linux")]
    {
        // A path of 4095 bytes is the longest there is: of a directory whose own has 4080 nobody can
        // tell whether an index is there.
        let mut long = model.0.path().to_owned();
        while long.as_os_str().len() < 4080 {
            let left = 4080 - 1 - long.as_os_str().len();
            long.push("a".repeat(if left > 200 { 100 } else { left }));
        }
        fs::create_dir_all(&long).unwrap();
        let untold = read_index(&long).unwrap_err();
        assert_eq!(untold.error.class, Class::Io, "{}", untold.error);
    }
}

#[test]
fn idx_2_sixteen_mebibytes_and_no_more() {
    let padded = |len: usize| [&b"[]"[..], &vec![b' '; len - 2]].concat();
    assert_eq!(names(padded(16 << 20)), Ok(vec![]));
    assert_eq!(names(padded((16 << 20) + 1)), Err(Class::IndexSize));
    let model = Model::new();
    model.write("quantize_index.json", padded((16 << 20) + 1));
    assert_eq!(model.listed(), Err(Class::IndexSize));
}

#[test]
fn idx_3_an_array_or_an_object_and_nothing_else() {
    let array = tensor("");
    let object = format!("{{\"tensors\": {array}}}");
    for form in [&array, &object] {
        assert_eq!(names(form), Ok(vec!["a".to_owned()]));
        // A writer keeps the form, and what it writes is read as it was.
        let index = Index::parse(form.as_bytes()).unwrap();
        assert_eq!(Index::parse(&index.to_bytes().unwrap()), Ok(index));
    }
    assert_ne!(Index::parse(array.as_bytes()), Index::parse(object.as_bytes()));
    for text in ["", " ", "null", "2", "\"a\"", "[", "[] []", "{}", "{\"tensors\": {}}", "[1]"] {
        assert_eq!(names(text), Err(Class::Index), "{text}");
    }
    assert_eq!(names(b"[{\"name\": \"\xff\", \"file\": \"a\"}]"), Err(Class::Index));
    for deep in ["[", "{\"tensors\":", "[{\"name\": "] {
        assert_eq!(names(deep.repeat(100_000)), Err(Class::Index));
    }
    let deep = format!("[{{\"x\": {}", "[".repeat(100_000));
    assert_eq!(names(deep), Err(Class::Index));
    // The offset of an error is where it is.
    let error = Index::parse(b"[\n  {\"name\": \"a\", \"file\": 5}\n]").unwrap_err();
    assert_eq!(error.offset, 26);
}

#[test]
fn idx_4_the_keys_of_a_tensor() {
    let entry = |keys: &str| {
        Index::parse(tensor(keys).as_bytes())
            .map(|index| {
                let entry = &index.entries()[0];
                (entry.quantized, entry.shape.clone(), entry.numel)
            })
            .map_err(|error| error.class)
    };
    assert_eq!(entry(""), Ok((None, None, None)));
    assert_eq!(
        entry(r#", "quantized": true, "shape": [18446744073709551615, 0], "numel": 0, "x": [{}]"#),
        Ok((Some(true), Some(vec![u64::MAX, 0]), Some(0)))
    );
    for keys in [
        r#""quantized": 1"#,
        r#""shape": 3"#,
        r#""shape": [-1]"#,
        r#""shape": [0.5]"#,
        r#""shape": [18446744073709551616]"#,
        r#""numel": "3""#,
    ] {
        assert_eq!(entry(&format!(", {keys}")), Err(Class::Index), "{keys}");
    }
    for text in [r#"[{"name": "a"}]"#, r#"[{"file": "a"}]"#, r#"[["a", "a.q4"]]"#, "[null]"] {
        assert_eq!(names(text), Err(Class::Index), "{text}");
    }
}

#[test]
fn idx_5_every_bit_of_the_seed_counts() {
    let seed = |seed: &str| {
        let text = format!(r#"{{"quarot_seed": {seed}, "tensors": []}}"#);
        Index::parse(text.as_bytes()).map(|index| index.quarot_seed()).map_err(|error| error.class)
    };
    for whole in [0, (1 << 53) + 1, u64::MAX] {
        assert_eq!(seed(&whole.to_string()), Ok(Some(whole)));
    }
    for text in ["18446744073709551616", "-1", "4.5", "\"4\""] {
        assert_eq!(seed(text), Err(Class::Index), "{text}");
    }
}

#[test]
fn idx_6_no_path_leads_out() {
    let listed = |file: &str| {
        let file = serde_json::Value::from(file);
        names(format!(r#"[{{"name": "a", "file": {file}}}]"#)).map(|_| ())
    };
    for file in ["a.q4", "part-1/a.q4", "./a.q4", "a..b", "...", "..a/b..", "~"] {
        assert_eq!(listed(file), Ok(()), "{file}");
    }
    for file in ["", "/", "/a.q4", "..", "../a", "a/..", "a/../b", "./../a", "a\0b"] {
        assert_eq!(listed(file), Err(Class::Path), "{file:?}");
    }
    // A writer refuses it as well.
    let mut index = Index::parse(tensor("").as_bytes()).unwrap();
    if let Index::Array(entries) = &mut index {
        entries[0].file = "../a.q4".into();
    }
    assert_eq!(index.to_bytes().map_err(|error| error.class), Err(Class::Path));
}

#[test]
fn idx_7_no_name_and_no_file_twice() {
    let two = |first: (&str, &str), second: (&str, &str)| {
        let tensor = |(name, file)| format!(r#"{{"name": "{name}", "file": "{file}"}}"#);
        names(format!("[{}, {}]", tensor(first), tensor(second))).map(|names| names.len())
    };
    assert_eq!(two(("a", "1"), ("A", "2")), Ok(2));
    assert_eq!(two(("a", "1"), ("a", "2")), Err(Class::Duplicate));
    assert_eq!(two(("a", "1"), ("b", "1")), Err(Class::Duplicate));
}

#[test]
fn idx_8_an_open_directory_is_whole() {
    let whole = |keys: &str| Model::new().index(&tensor(keys)).opened();
    assert_eq!(Model::new().opened(), Ok(None));
    assert_eq!(whole(r#", "quantized": true, "shape": [3], "numel": 3"#), Ok(None));
    assert_eq!(whole(r#", "quantized": false"#), Err(Class::Index));
    assert_eq!(whole(r#", "shape": [1, 3]"#), Err(Class::ShapeMismatch));
    assert_eq!(whole(r#", "numel": 32"#), Err(Class::ShapeMismatch));

    let without = |name: &str| {
        let model = Model::new();
        fs::remove_file(model.path(name)).unwrap();
        model.opened()
    };
    assert_eq!(without("config.json"), Err(Class::Missing));
    assert_eq!(without("b.f16"), Err(Class::Missing));
    let with = |name: &str, content: &str| {
        let model = Model::new();
        model.write(name, content);
        model.opened()
    };
    assert_eq!(with("config.json", "[]"), Err(Class::Index));
    assert_eq!(with("config.json", "{\"quarot_seed\": -1}"), Err(Class::Index));
    assert_eq!(with("config.json", "{\"quarot_seed\": 7}"), Ok(Some(7)));
    assert_eq!(with("a.q4", ""), Err(Class::TruncatedHeader));
    assert_eq!(with("a.q4", "KHF1"), Err(Class::TruncatedHeader));
    assert_eq!(with("b.f16", "GGUF0000"), Err(Class::Magic));

    // The object form needs its seed, there or in the configuration; its own comes first.
    let rotated = |seed: &str| Model::new().index(&format!("{{{seed}\"tensors\": []}}"));
    assert_eq!(rotated("").opened(), Err(Class::Missing));
    assert_eq!(rotated("\"quarot_seed\": 5, ").opened(), Ok(Some(5)));
    let model = rotated("\"quarot_seed\": 5, ");
    model.write("config.json", "{\"quarot_seed\": 7}");
    assert_eq!(model.opened(), Ok(Some(5)));
}

#[cfg(unix)]
#[test]
fn idx_9_links_are_followed() {
    use std::os::unix::fs::symlink;
    let outside = Model::new();
    let model = Model::new();
    fs::remove_file(model.path("a.q4")).unwrap();
    symlink(outside.path("a.q4"), model.path("a.q4")).unwrap();
    assert_eq!(model.opened(), Ok(None));
    outside.write("a.q4", "");
    assert_eq!(model.opened(), Err(Class::TruncatedHeader));
    fs::remove_file(outside.path("a.q4")).unwrap();
    assert_eq!(model.opened(), Err(Class::Missing));
}

#[test]
fn idx_10_the_file_of_a_tensor() {
    assert_eq!(file_name("model.norm-1.weight", false), "model_norm-1_weight.f16");
    assert_eq!(file_name("größe.重/🧠", true), "größe_重__.q4");
    assert_eq!(file_names(&[("a.b", 1), ("a.b.weight", 2)]).unwrap(), ["a_b.f16", "a_b_weight.q4"]);
    let collision = |tensors: &[(&str, usize)]| file_names(tensors).unwrap_err().to_string();
    let words = "tensors \"a.b\" and \"a_b\" would both be the file \"a_b.f16\"";
    assert_eq!(collision(&[("a.b", 1), ("a_b", 1)]), words);
    let words = "two tensors have the name \"a.weight\"";
    assert_eq!(collision(&[("a.weight", 1), ("a.weight", 2)]), words);
}

#[test]
fn idx_11_which_tensors_are_quantized() {
    for name in [
        "x.experts.gate_up_proj",
        "x.experts.down_proj",
        "x.q_proj.weight",
        "norm_x.in_proj_a.weight",
        "x.in_proj_b.weight",
        "x.in_proj_qkv.weight",
        "x.in_proj_z.weight",
        "norm_.lm_head.weight",
        "norm_.embed_tokens.weight",
        "x.gate.weight",
    ] {
        assert!(
            is_quantized(name, 2) && !is_quantized(name, 1) && !is_quantized(name, 0),
            "{name}"
        );
    }
    for name in ["x.q_proj", "x.bias", "x.norm.weight", "norm_1.weight", "x.conv1d.weight"] {
        assert!(!is_quantized(name, 2), "{name}");
    }
}
