//! What the two verbs refuse, and that nothing of it is left.

use std::fs::{self, File};
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use q4proof::suite::exact;
use serde_json::json;

use super::{floats, listing, refuses, run, safetensors, with_header};
use crate::support::{Bench, Finished, command, file_bytes, interrupted, make_fifo};

/// A file of two tensors, as its header's text and its values.
const HEADER: &str = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}"#;

#[test]
fn broken_safetensors_are_refused_in_words() {
    let edited = |from: &str, to: &str| {
        assert!(HEADER.contains(from), "{from}");
        with_header(&HEADER.replacen(from, to, 1), &[0; 12])
    };
    let sound = with_header(HEADER, &[0; 12]);
    let length = |length: u64| [&length.to_le_bytes()[..], &sound[8..]].concat();
    let deep = format!("{{\"a\":{}", "[".repeat(100_000));
    let broken: [(Vec<u8>, &[&str]); 27] = [
        (Vec::new(), &["ends at byte 0, expected 8 bytes of header length"]),
        (sound[..7].to_vec(), &["ends at byte 7, expected 8 bytes"]),
        (length(u64::MAX), &["at byte 0 is 18446744073709551615, expected at most 100000000"]),
        (length(100_000_001), &["header length at byte 0 is 100000001, expected at most"]),
        (length(99_999_999), &["header length at byte 0 is 99999999, but the file ends at byte"]),
        (length(0), &["the header at bytes 8 to 8: expected { at its first byte"]),
        (length(10), &["the header at bytes 8 to 18: is not lawful: EOF"]),
        (with_header("[]", &[]), &["expected { at its first byte"]),
        (with_header(" {}", &[]), &["expected { at its first byte"]),
        (with_header("{\"\u{fffd}", &[]), &["not lawful"]),
        (with_header(&deep, &[]), &["not lawful"]),
        (edited("\"a\"", "\"b\""), &["\"b\" is there twice"]),
        (with_header(r#"{"__metadata__":{"a":1}}"#, &[]), &["not lawful: invalid type: integer"]),
        (
            with_header(r#"{"__metadata__":{},"__metadata__":{}}"#, &[]),
            &["\"__metadata__\" is there twice"],
        ),
        (edited("F32", "F31"), &["unknown variant `F31`"]),
        (edited("[2]", "[-2]"), &["not lawful: invalid value"]),
        (edited("[2]", "[2.5]"), &["not lawful: invalid type"]),
        (edited("\"shape\":[2],", ""), &["missing field `shape`"]),
        (
            edited("[2]", "[3]"),
            &["tensor \"a\", F32 of shape [3], has data_offsets [0, 8], expected to begin at 0"],
        ),
        (edited("[0,8]", "[8,0]"), &["tensor \"a\"", "[8, 0], expected to begin at 0"]),
        (edited("[0,8]", "[0,4]"), &["tensor \"a\"", "has data_offsets [0, 4]"]),
        (edited("[8,12]", "[4,8]"), &["tensor \"b\"", "[4, 8], expected to begin at 8"]),
        (edited("[8,12]", "[9,13]"), &["tensor \"b\"", "[9, 13], expected to begin at 8"]),
        (
            edited("[2]", "[4294967296,4294967296,4294967296]"),
            &["tensor \"a\"", "overflow computing buffer size"],
        ),
        (sound[..sound.len() - 1].to_vec(), &["the last tensor ends at byte", "the file ends at"]),
        ([&sound[..], &[0]].concat(), &["the last tensor ends at byte", "the file ends at byte"]),
        (with_header("{}", &[0]), &["the last tensor ends at byte 10, the file ends at byte 11"]),
    ];
    for (bytes, words) in broken {
        let bench = Bench::new();
        let source = bench.write("broken.safetensors", &bytes);
        let words = [&["broken.safetensors: "], words].concat();
        refuses(&bench, "encode", &source, &bench.path("model"), &[], &words);
        let one = ["--tensor", "a"];
        refuses(&bench, "encode", &source, &bench.path("a.q4"), &one, &words);
    }
}

/// A header can say that its tensors end where no file does.
#[test]
fn offsets_at_the_end_of_64_bits_are_refused() {
    const LEN: u64 = (1 << 61) - 1;
    let tensor = |number: u64| {
        let (begin, end) = (number * LEN, (number + 1) * LEN);
        format!(r#""{number}":{{"dtype":"U8","shape":[{LEN}],"data_offsets":[{begin},{end}]}}"#)
    };
    let tensors: Vec<String> = (0..8).map(tensor).collect();
    let bench = Bench::new();
    let bytes = with_header(&format!("{{{}}}", tensors.join(",")), &[]);
    let source = bench.write("broken.safetensors", &bytes);
    let words = ["the last tensor ends at byte 18446744073709551615, the file ends at byte"];
    refuses(&bench, "encode", &source, &bench.path("model"), &[], &words);
}

#[test]
fn bytes_that_are_no_utf8_are_refused() {
    let bench = Bench::new();
    let mut bytes = with_header(HEADER, &[0; 12]);
    bytes[10] = 0xff;
    let source = bench.write("broken.safetensors", &bytes);
    refuses(&bench, "encode", &source, &bench.path("model"), &[], &["not lawful"]);
}

#[test]
fn other_dtypes_are_refused_by_name() {
    for (dtype, bytes) in [("I64", 8), ("BOOL", 1), ("F8_E4M3", 1), ("U16", 2)] {
        let bench = Bench::new();
        let tensors = [("a", "F32", &[2][..], floats(2)), ("b.c", dtype, &[1][..], vec![0; bytes])];
        let source = bench.write("model.safetensors", safetensors(&tensors));
        let found = format!("dtype is {dtype}, expected F64, F32, F16 or BF16");
        let words = ["model.safetensors: tensor \"b.c\": ", &found];
        // Of a whole file integers are left out, and nothing else.
        if dtype == "F8_E4M3" {
            refuses(&bench, "encode", &source, &bench.path("model"), &[], &words);
        }
        let one = ["--tensor", "b.c"];
        refuses(&bench, "encode", &source, &bench.path("b.q4"), &one, &words);
    }
}

/// A file of `count` zeros as `dtype`, with other bytes for one of them.
fn with_value(dtype: &str, count: usize, index: usize, value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; count * value.len()];
    bytes[index * value.len()..][..value.len()].copy_from_slice(value);
    safetensors(&[
        ("first", "F32", &[1], vec![0; 4]),
        ("x.weight", dtype, &[1, count as u64], bytes),
    ])
}

#[test]
fn a_value_without_an_encoding_is_named_and_leaves_nothing() {
    // Behind a piece of 262144 values, and so after much was written.
    let (count, index) = (300_000, 270_001);
    let named = format!("value {index} is ");
    let block = format!("block {}: ", index / 32);
    for (dtype, value, words) in [
        ("F32", &f32::NAN.to_le_bytes()[..], [&named[..], "NaN: source values must be finite"]),
        ("F32", &f32::NEG_INFINITY.to_le_bytes(), [&named, "-inf: source values must be finite"]),
        ("F64", &f64::NAN.to_le_bytes(), [&named, "NaN: source values must be finite"]),
        ("F64", &1e300f64.to_le_bytes(), [&named, "1e300: no f32, it is beyond"]),
        ("F16", &0x7c00_u16.to_le_bytes(), [&named, "inf: source values must be finite"]),
        ("BF16", &0x7fc0_u16.to_le_bytes(), [&named, "NaN: source values must be finite"]),
        ("F32", &1e30f32.to_le_bytes(), [&block, "scale "]),
        ("F32", &(-70000f32).to_le_bytes(), [&block, "bias -70000"]),
    ] {
        let bench = Bench::new();
        let source = bench.write("model.safetensors", with_value(dtype, count, index, value));
        let words = ["model.safetensors: tensor \"x.weight\": ", words[0], words[1]];
        refuses(&bench, "encode", &source, &bench.path("model"), &[], &words);
        let one = ["--tensor", "x.weight"];
        refuses(&bench, "encode", &source, &bench.path("x.q4"), &one, &words);
    }
    for (dtype, value, words) in [
        ("F32", &f32::NAN.to_le_bytes()[..], "NaN: no f16, it is not finite"),
        ("F32", &65520f32.to_le_bytes(), "65520.0: no f16, it is beyond what it can hold"),
        ("F64", &(-65520f64).to_le_bytes(), "-65520.0: no f16, it is beyond"),
        ("F64", &f64::NAN.to_le_bytes(), "NaN: no f16, it is not finite"),
        ("F16", &0xfc00_u16.to_le_bytes(), "-inf: no f16, it is not finite"),
        ("BF16", &0x4780_u16.to_le_bytes(), "65536.0: no f16, it is beyond"),
    ] {
        let bench = Bench::new();
        let source = bench.write("model.safetensors", with_value(dtype, count, index, value));
        let words = ["tensor \"x.weight\": ", &named, words];
        let one = ["--tensor", "x.weight"];
        refuses(&bench, "encode", &source, &bench.path("x.f16"), &one, &words);
    }
}

#[test]
fn the_greatest_value_of_f16_is_no_overflow() {
    let bench = Bench::new();
    let below = 65520f64.next_down();
    let tensors = [("a", "F64", &[1][..], below.to_le_bytes().to_vec())];
    let source = bench.write("model.safetensors", safetensors(&tensors));
    run("encode", &source, &bench.path("model"), &[]).shows(0, &[]);
    assert_eq!(fs::read(bench.path("model/a.f16")).expect("a file")[28..], [0xff, 0x7b]);
}

#[test]
fn tensors_that_would_be_one_file_are_refused() {
    let bench = Bench::new();
    let tensors = [("a.b", "F32", &[1][..], floats(1)), ("a/b", "F32", &[1, 1][..], floats(1))];
    let source = bench.write("model.safetensors", safetensors(&tensors));
    let words = ["\"a.b\" and \"a/b\" would both be the file \"a_b.f16\""];
    refuses(&bench, "encode", &source, &bench.path("model"), &[], &words);
}

#[test]
fn nothing_that_is_there_is_replaced() {
    let bench = Bench::new();
    let source = bench.write("model.safetensors", safetensors(&[("a", "F32", &[3], floats(3))]));
    let array = bench.write("array", floats(3));
    let raw = ["--raw", "--shape", "3"];
    fs::create_dir(bench.path("full")).expect("a folder");
    bench.write("full/mine.txt", "mine");
    refuses(&bench, "encode", &source, &bench.path("full"), &[], &["is not empty, expected"]);
    let file = bench.write("mine.q4", "mine");
    let words = ["mine.q4: is there already"];
    refuses(&bench, "encode", &source, &file, &["--tensor", "a"], &words);
    refuses(&bench, "encode", &array, &file, &raw, &words);
    refuses(&bench, "encode", &source, &file, &[], &["is no directory, expected"]);
    let tensor = bench.write("tensor.q4", file_bytes());
    refuses(&bench, "decode", &tensor, &array, &["--raw"], &["array: is there already"]);
    refuses(&bench, "decode", &tensor, &source, &[], &["model.safetensors: is there already"]);
    #[cfg(unix)]
    {
        let link = bench.path("link");
        fs::create_dir(bench.path("empty")).expect("a folder");
        std::os::unix::fs::symlink(bench.path("empty"), &link).expect("a link");
        refuses(&bench, "encode", &source, &link, &[], &["is no directory, expected"]);
        let dangling = bench.path("dangling.q4");
        std::os::unix::fs::symlink(bench.path("nowhere"), &dangling).expect("a link");
        refuses(&bench, "encode", &array, &dangling, &raw, &["is there already"]);
    }
    let nowhere = bench.path("nowhere/model");
    refuses(&bench, "encode", &source, &nowhere, &[], &["nowhere/model: ", "No such file"]);
    refuses(&bench, "decode", &tensor, &nowhere, &["--raw"], &["No such file"]);
}

#[test]
fn what_cannot_be_asked_is_a_usage_error() {
    let bench = Bench::new();
    let source = bench.write("model.safetensors", safetensors(&[("a.b", "F32", &[3], floats(3))]));
    let array = bench.write("array.bin", floats(6));
    let tensor = bench.write("tensor.q4", file_bytes());
    let free = |name: &str| bench.path(name);
    let raw = |shape: &'static str| ["--raw", "--shape", shape];
    let q4 = free("x.q4");
    let missing = ["--tensor", "c"];
    let words = ["tensor \"c\": is not among the 1 tensors, such as \"a.b\""];
    refuses(&bench, "encode", &source, &q4, &missing, &words);
    let suffix = ["expected a name that ends in .q4 or .f16"];
    refuses(&bench, "encode", &source, &free("x.bin"), &["--tensor", "a.b"], &suffix);
    refuses(&bench, "encode", &array, &free("x"), &raw("6"), &suffix);
    let words = ["expected a name that ends in .safetensors", "--raw and --shape"];
    refuses(&bench, "encode", &array, &q4, &[], &words);
    for (shape, values) in [("5", "5 values"), ("7", "7 values"), ("2,2", "4"), ("0", "0 values")] {
        let words = ["array.bin: has 24 bytes, expected 4 for each of the ", values];
        refuses(&bench, "encode", &array, &q4, &raw(shape), &words);
    }
    let overflowing = raw("4294967296,4294967296,2");
    refuses(
        &bench,
        "encode",
        &array,
        &q4,
        &overflowing,
        &["the product of the shape", "overflows"],
    );
    let wraps = raw("4611686018427387904");
    refuses(&bench, "encode", &array, &q4, &wraps, &["has 24 bytes, expected 4 for each"]);
    // In 64 bits, four times that is the length of an empty file.
    let empty = bench.write("empty.bin", "");
    refuses(&bench, "encode", &empty, &q4, &wraps, &["has 0 bytes, expected 4 for each"]);

    let words = ["expected a name that ends in .safetensors; --raw writes an array"];
    refuses(&bench, "decode", &tensor, &free("x.bin"), &[], &words);
    let words = ["ends in .safetensors, which --raw does not write"];
    refuses(&bench, "decode", &tensor, &free("x.safetensors"), &["--raw"], &words);
    let words = ["no tensor can have the name \"__metadata__\""];
    let reserved = ["--name", "__metadata__"];
    refuses(&bench, "decode", &tensor, &free("x.safetensors"), &reserved, &words);
    let folder = free("vectors");
    let words = ["is a directory", "--raw and --name are for one file"];
    refuses(&bench, "decode", &folder, &free("x.safetensors"), &["--name", "a"], &words);
    refuses(&bench, "decode", &folder, &free("x.bin"), &["--raw"], &words);

    // What clap refuses: options that belong together, or do not.
    for options in [&["--raw"][..], &["--shape", "3"], &["--mode", "both"], &["--shape", "-1"]] {
        assert_eq!(run("encode", &array, &q4, options).code, Some(2), "{options:?}");
    }
    let both = ["--raw", "--shape", "6", "--tensor", "a"];
    assert_eq!(run("encode", &array, &q4, &both).code, Some(2));
    let both = ["--raw", "--dtype", "f16"];
    assert_eq!(run("decode", &tensor, &free("x.bin"), &both).code, Some(2));
    assert!(!q4.exists() && !free("x.bin").exists());
}

#[test]
fn what_is_no_regular_file_is_refused_at_once() {
    let bench = Bench::new();
    for name in ["fifo.safetensors", "fifo.q4", "quantize_index.json"] {
        make_fifo(&bench.path(name));
    }
    let refused = |verb: &str, source: &str, target: &str, options: &[&str], words: &[&str]| {
        let target = bench.path(target);
        let mut command = command();
        command.arg(verb).args([bench.path(source), target.clone()]).args(options);
        at_once(&mut command).says(2, words);
        assert!(!target.exists());
    };
    let words = ["q4proof: /", ", expected a regular file"];
    refused("encode", "fifo.safetensors", "none", &[], &words);
    refused("encode", "fifo.q4", "x.q4", &["--raw", "--shape", "3"], &words);
    refused("encode", "vectors", "x.q4", &["--raw", "--shape", "3"], &words);
    refused("decode", "fifo.q4", "none", &["--raw"], &words);
    refused("decode", "", "x.safetensors", &[], &words);
    refused("decode", "nowhere.q4", "none", &["--raw"], &["nowhere.q4: No such file"]);
    refused("encode", "nowhere.safetensors", "none", &[], &["nowhere.safetensors: No such file"]);
}

/// Runs a command that must not wait for anything.
fn at_once(command: &mut Command) -> Finished {
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts");
    let started = Instant::now();
    while child.try_wait().expect("a state").is_none() {
        if started.elapsed() > Duration::from_secs(10) {
            child.kill().expect("it is ended");
            panic!("{command:?} waits");
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let output = child.wait_with_output().expect("the command has ended");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Finished {
        code: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

#[test]
fn a_file_that_is_not_sound_is_not_decoded() {
    let blocks = 9000;
    let sound = {
        let block = [&[0x00, 0x3c, 0, 0][..], &[0x11; 16]].concat();
        exact::files::khq4::write(&[32 * blocks], 32 * blocks, &block.repeat(blocks as usize))
    };
    let edited = |at: usize, byte: u8| {
        let mut bytes = sound.clone();
        bytes[at] = byte;
        bytes
    };
    let last = sound.len() - 20;
    for (bytes, words) in [
        (sound[..sound.len() - 1].to_vec(), ["truncated_payload at byte 180027", "blocks"]),
        ([&sound[..], &[0]].concat(), ["trailing_bytes at byte 180028", "the file goes on"]),
        (edited(0, b'X'), ["magic at byte 0", "expected \"KHQ4\""]),
        (edited(4, 1), ["legacy_version at byte 4", "quantize again"]),
        (edited(12, 1), ["shape_mismatch at byte 20", "original_len"]),
        (edited(last + 1, 0x7c), ["scale at byte 180008", "block 8999"]),
        (edited(last + 3, 0x7c), ["bias at byte 180010", "block 8999"]),
        (exact::files::khf1::write(&[2], 2, &[0, 0x7e00]), ["value at byte 30", "expected finite"]),
        (
            exact::files::khf1::write(&[2], 2, &[0]),
            ["truncated_payload at byte 30", "take 4 bytes"],
        ),
    ] {
        let bench = Bench::new();
        let source = bench.write("tensor.q4", bytes);
        let words = ["tensor.q4: ", words[0], words[1]];
        refuses(&bench, "decode", &source, &bench.path("x.bin"), &["--raw"], &words);
        let target = bench.path("x.safetensors");
        refuses(&bench, "decode", &source, &target, &["--dtype", "bf16"], &words);
    }
}

#[test]
fn a_value_that_f16_cannot_hold_is_not_decoded_to_it() {
    let bench = Bench::new();
    // 65504 + 16, halfway to the next f16 that there would be; in block 1.
    let block = |bias: u16| [&[0x00, 0x4c][..], &bias.to_le_bytes(), &[0x10; 16]].concat();
    let payload = [block(0), block(0x7bff)].concat();
    let source = bench.write("tensor.q4", exact::files::khq4::write(&[64], 64, &payload));
    let target = bench.path("x.safetensors");
    let words = ["tensor.q4: value 33 is beyond what f16 can hold"];
    refuses(&bench, "decode", &source, &target, &["--dtype", "f16"], &words);
    run("decode", &source, &target, &["--dtype", "bf16"]).shows(0, &["BF16"]);
}

#[test]
fn a_directory_that_is_not_what_its_index_says_is_not_decoded() {
    let sound = json!([
        { "name": "a", "file": "a.q4", "quantized": true, "shape": [3], "numel": 3 },
        { "name": "b", "file": "b.f16", "quantized": false, "shape": [1], "numel": 1 },
    ]);
    let edited = |key: &str, value: serde_json::Value| {
        let mut index = sound.clone();
        index[1][key] = value;
        index.to_string()
    };
    for (index, words) in [
        (
            String::new(),
            ["quantize_index.json: is empty", "index at byte 0: expected an array of tensors"],
        ),
        ("{}".to_owned(), ["index at byte 1", "missing field `tensors`"]),
        (format!("{sound}[]"), ["index at byte", "trailing characters"]),
        (
            edited("file", json!("../b.f16")),
            ["\"../b.f16\" of \"b\"", "leads out of the directory"],
        ),
        (edited("file", json!("/b.f16")), ["\"/b.f16\"", "is no path from the directory"]),
        (edited("file", json!("")), ["\"\"", "is no path"]),
        (edited("file", json!("b\0.f16")), ["\"b\\0.f16\"", "has a zero character"]),
        (edited("file", json!("..")), ["\"..\"", "leads out of the directory"]),
        (edited("file", json!("a.q4")), ["two tensors have the file", "\"a.q4\""]),
        (edited("name", json!("a")), ["there are two tensors", "\"a\""]),
        (edited("file", json!("c.f16")), ["c.f16", "No such file"]),
        (edited("quantized", json!(true)), ["tensor \"b\": is KHF1", "the index says KHQ4"]),
        (edited("shape", json!([1, 1])), ["of shape [1], 1 values", "of shape [1, 1]"]),
        (edited("numel", json!(2)), ["1 values", "2 values"]),
        (edited("numel", json!(-1)), ["index at byte", "-1"]),
        (edited("name", json!("__metadata__")), ["no tensor can have the name", "__metadata__"]),
    ] {
        let bench = Bench::new();
        let folder = bench.path("vectors");
        bench.write("vectors/a.q4", file_bytes());
        bench.write("vectors/b.f16", exact::files::khf1::write(&[1], 1, &[0x3c00]));
        bench.write("vectors/quantize_index.json", &index);
        refuses(&bench, "decode", &folder, &bench.path("x.safetensors"), &[], &words);
    }
    let bench = Bench::new();
    let words = ["has no quantize_index.json", "names its tensors"];
    refuses(&bench, "decode", &bench.path("vectors"), &bench.path("x.safetensors"), &[], &words);
    let file = File::create(bench.path("vectors/quantize_index.json")).expect("a file");
    file.set_len((16 << 20) + 1).expect("a longer file");
    let words = ["quantize_index.json: index_size at byte 16777216: more than 16777216 bytes"];
    refuses(&bench, "decode", &bench.path("vectors"), &bench.path("x.safetensors"), &[], &words);
}

#[test]
fn rotated_weights_are_not_decoded_as_if_they_were_plain() {
    let bench = Bench::new();
    bench.write("vectors/a.q4", file_bytes());
    let tensors = json!([{ "name": "a", "file": "a.q4" }]);
    let target = bench.path("x.safetensors");
    for index in [json!({ "tensors": tensors }), json!({ "tensors": tensors, "quarot_seed": 7 })] {
        bench.write("vectors/quantize_index.json", index.to_string());
        let words = ["quantize_index.json: is of rotated weights", "expected an array"];
        refuses(&bench, "decode", &bench.path("vectors"), &target, &[], &words);
    }
    // What an array does not say is taken from the files.
    bench.write("vectors/quantize_index.json", tensors.to_string());
    run("decode", &bench.path("vectors"), &target, &[]).shows(0, &["[3]", "1 tensor in"]);
}

/// A file of one tensor of `len` bytes of zeros, of which the disk holds none.
fn sparse(bench: &Bench, len: u64) -> std::path::PathBuf {
    let header = json!({
        "x.weight": { "dtype": "F32", "shape": [1, len / 4], "data_offsets": [0, len] },
    });
    let path = bench.write("sparse.safetensors", with_header(&header.to_string(), &[]));
    let file = File::options().append(true).open(&path).expect("a file");
    file.set_len(file.metadata().expect("a length").len() + len).expect("a longer file");
    path
}

#[cfg(unix)]
#[test]
fn an_interrupted_conversion_leaves_nothing() {
    use rustix::process::Signal;
    let bench = Bench::new();
    let source = sparse(&bench, 200 << 20).display().to_string();
    let target = bench.text("model");
    interrupted(&bench, &["encode", &source, &target], Signal::INT);
    interrupted(&bench, &["encode", &source, &target], Signal::TERM);
    let one = bench.text("x.q4");
    interrupted(&bench, &["encode", &source, &one, "--tensor", "x.weight"], Signal::INT);
    fs::remove_file(&source).expect("it is removed");
    let file = exact::files::khq4::write(&[200 << 18], 200 << 18, &[]);
    let mut tensor = File::create(bench.path("tensor.q4")).expect("a file");
    let block = [&[0x00, 0x3c, 0, 0][..], &[0x11; 16]].concat();
    tensor.write_all(&file).expect("written");
    for _ in 0..200 {
        tensor.write_all(&block.repeat(8192)).expect("written");
    }
    drop(tensor);
    let (tensor, back) = (bench.text("tensor.q4"), bench.text("back.safetensors"));
    interrupted(&bench, &["decode", &tensor, &back], Signal::INT);
    assert_eq!(listing(&bench.path("vectors")).len(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_nothing() {
    // A limit on the length of files stands for it.
    let bench = Bench::new();
    let source = bench.write("array.bin", vec![0; 4 << 20]);
    let before = listing(&bench.path(""));
    let script = "ulimit -f 16; trap '' XFSZ; exec \"$@\"";
    let output = Command::new("bash")
        .args(["-c", script, "bash", env!("CARGO_BIN_EXE_q4proof"), "encode"])
        .args([source, bench.path("x.q4")])
        .args(["--raw", "--shape", "1048576"])
        .output()
        .expect("bash starts");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("x.q4: ") && said.contains("File too large"), "{said}");
    assert_eq!(listing(&bench.path("")), before);
}
