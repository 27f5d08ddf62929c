//! What the two verbs write.

use std::fs;
use std::path::Path;

use half::f16;
use q4proof::suite::exact::{self, Exact, Float};
use safetensors::SafeTensors;
use serde_json::{Value, json};

use super::{
    exactly, floats, half_file, lawful_files, listing, rounded, run, safetensors, values, words,
};
use crate::support::Bench;

const DTYPES: [&str; 4] = ["F64", "F32", "F16", "BF16"];

#[test]
fn every_tensor_becomes_the_file_that_the_evaluator_says() {
    for mode in ["asymmetric", "symmetric"] {
        let bench = Bench::new();
        let shape: &[u64] = &[7, 11];
        let names = DTYPES.map(|dtype| [format!("{dtype}.weight"), format!("{dtype}.norm.weight")]);
        let mut tensors = Vec::new();
        for ([matrix, norm], dtype) in names.iter().zip(DTYPES) {
            tensors.push((matrix.as_str(), dtype, shape, values(dtype, 77, 1)));
            tensors.push((norm.as_str(), dtype, shape, values(dtype, 77, 2)));
        }
        let source = bench.write("model.safetensors", safetensors(&tensors));
        let target = bench.path("model");
        let finished = run("encode", &source, &target, &["--mode", mode]);
        finished
            .shows(0, &["F64.weight", "[7, 11]", "F64_weight.q4", "616           96        6.42x"]);
        for (name, dtype, shape, values) in &tensors {
            let file = name.replace('.', "_");
            if name.contains("norm") {
                let found = fs::read(target.join(file + ".f16")).expect("a file");
                assert_eq!(found, half_file(dtype, shape, values), "{name}");
            } else {
                let found = fs::read(target.join(file + ".q4")).expect("a file");
                let lawful = lawful_files(dtype, shape, values, mode == "symmetric");
                assert!(lawful.contains(&found), "{name}, {mode}");
            }
        }
        let files = fs::read_dir(&target).expect("a folder").count();
        assert_eq!(files, tensors.len() + 1, "the tensors and their index");
    }
}

#[test]
fn the_summary_is_aligned_and_says_what_to_do_next() {
    let bench = Bench::new();
    let tensors = [
        ("a.weight", "F32", &[64, 64][..], floats(4096)),
        ("longer.norm.weight", "F32", &[64][..], floats(64)),
    ];
    let source = bench.write("model.safetensors", safetensors(&tensors));
    let target = bench.path("model");
    let finished = run("encode", &source, &target, &[]);
    let text = target.display();
    let expected = format!(
        "tensor              from  to   shape     file                    bytes before  bytes after  compression\n\
         a.weight            F32   q4   [64, 64]  a_weight.q4                    16384         2596        6.31x\n\
         longer.norm.weight  F32   f16  [64]      longer_norm_weight.f16           256          156        1.64x\n\
         2 tensors in {text}: 2752 bytes, compression 6.05x\n\
         next: q4proof inspect {text}/a_weight.q4\n"
    );
    assert_eq!(finished.stdout, expected, "{finished:#?}");
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""));
    let next = finished.verdict().strip_prefix("next: q4proof ").expect("a command");
    crate::support::q4proof(next.split(' ')).shows(0, &["sound: copy and map agree\n"]);
}

#[test]
fn the_index_names_every_tensor_and_its_file() {
    let bench = Bench::new();
    // In the order in which they lie, which is not that of the header.
    let header = r#"{"__metadata__":{"format":"pt"},
        "b.weight":{"dtype":"F32","shape":[2,1],"data_offsets":[4,12]},
        "a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},
        "none.weight":{"dtype":"F16","shape":[0,3],"data_offsets":[12,12]}}   "#;
    let source = bench.write("model.safetensors", super::with_header(header, &floats(3)));
    let target = bench.path("model");
    run("encode", &source, &target, &[]).shows(0, &["3 tensors"]);
    let index: Value =
        serde_json::from_slice(&fs::read(target.join("quantize_index.json")).expect("an index"))
            .expect("JSON");
    let expected = json!([
        { "name": "a", "file": "a.f16", "quantized": false, "shape": [], "numel": 1 },
        { "name": "b.weight", "file": "b_weight.q4", "quantized": true, "shape": [2, 1], "numel": 2 },
        { "name": "none.weight", "file": "none_weight.q4", "quantized": true, "shape": [0, 3], "numel": 0 },
    ]);
    assert_eq!(index, expected);
    let empty = exact::files::khq4::write(&[0, 3], 0, &[]);
    assert_eq!(fs::read(target.join("none_weight.q4")).expect("a file"), empty);
}

#[test]
fn a_directory_may_be_there_if_it_is_empty() {
    let bench = Bench::new();
    let tensors = [("a", "F32", &[3][..], floats(3))];
    let source = bench.write("model.safetensors", safetensors(&tensors));
    fs::create_dir(bench.path("model")).expect("a folder");
    run("encode", &source, &bench.path("model"), &[]).shows(0, &["1 tensor in"]);
    // Also one that is named as folders often are.
    let slash = bench.path("other/");
    run("encode", &source, &slash, &[]).shows(0, &["1 tensor in"]);
    // Nothing else is beside them.
    let beside = fs::read_dir(bench.path("")).expect("a folder").count();
    assert_eq!(beside, 4, "vectors, a source, two directories: {:?}", listing(&bench.path("")));
}

#[cfg(unix)]
#[test]
fn what_is_written_can_be_read_by_whom_new_files_can() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    let tensors = [("a", "F32", &[3][..], floats(3))];
    let source = bench.write("model.safetensors", safetensors(&tensors));
    run("encode", &source, &bench.path("model"), &[]).shows(0, &[]);
    fs::create_dir(bench.path("fresh")).expect("a folder");
    let mode = |name: &str| fs::metadata(bench.path(name)).expect("there").permissions().mode();
    assert_eq!(mode("model"), mode("fresh"));
    for file in ["model/a.f16", "model/quantize_index.json"] {
        assert_eq!(mode(file), mode("model.safetensors"), "{file}");
    }
}

#[test]
fn one_tensor_becomes_the_file_that_its_suffix_says() {
    let bench = Bench::new();
    let (shape, values) = (&[5, 9][..], floats(45));
    // Of another dtype, and in the way of nothing.
    let tensors =
        [("ids", "I64", &[1][..], vec![0; 8]), ("a.weight", "F32", shape, values.clone())];
    let source = bench.write("model.safetensors", safetensors(&tensors));
    let one = |file: &str, options: &[&str]| {
        let options = [&["--tensor", "a.weight"], options].concat();
        let finished = run("encode", &source, &bench.path(file), &options);
        finished.shows(0, &["a.weight", file, "next: q4proof inspect "]);
        fs::read(bench.path(file)).expect("a file")
    };
    assert!(lawful_files("F32", shape, &values, false).contains(&one("a.q4", &[])));
    let symmetric = one("s.q4", &["--mode", "symmetric"]);
    assert!(lawful_files("F32", shape, &values, true).contains(&symmetric));
    assert_eq!(one("a.f16", &[]), half_file("F32", shape, &values));
}

#[test]
fn an_array_becomes_the_file_that_its_suffix_says() {
    let bench = Bench::new();
    let (shape, values) = (&[3, 5, 7][..], floats(105));
    let source = bench.write("array.bin", &values);
    let options = ["--raw", "--shape", "3,5,7"];
    run("encode", &source, &bench.path("a.q4"), &options).shows(0, &["[3, 5, 7]", "array"]);
    run("encode", &source, &bench.path("a.f16"), &options).shows(0, &["[3, 5, 7]"]);
    let found = |file: &str| fs::read(bench.path(file)).expect("a file");
    assert!(lawful_files("F32", shape, &values, false).contains(&found("a.q4")));
    assert_eq!(found("a.f16"), half_file("F32", shape, &values));
}

#[test]
fn f64_is_rounded_once() {
    let bench = Bench::new();
    // Just beside a tie of f16, and of f32, that a rounding on the way would put them on.
    let tie = 1.0 + 2f64.powi(-11);
    let wide = 1.0 + 2f64.powi(-24);
    let numbers = [tie + 2f64.powi(-40), tie - 2f64.powi(-40), tie, wide + 2f64.powi(-50)];
    let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    let tensors = [("a", "F64", &[4][..], bytes.clone())];
    let source = bench.write("model.safetensors", safetensors(&tensors));
    run("encode", &source, &bench.path("model"), &[]).shows(0, &[]);
    let found = fs::read(bench.path("model/a.f16")).expect("a file");
    assert_eq!(found[28..], [0x01, 0x3c, 0x00, 0x3c, 0x00, 0x3c, 0x00, 0x3c]);
    assert_eq!(found, half_file("F64", &[4], &bytes));
    // The f32 above 1, and not 1: a step more than a block of it alone can show is its bias.
    let numbers = [wide + 2f64.powi(-50), 1.0, 1.0 + 2f64.powi(-22)];
    let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    let tensors = [("a.weight", "F64", &[1, 3][..], bytes.clone())];
    let source = bench.write("wide.safetensors", safetensors(&tensors));
    run("encode", &source, &bench.path("wide"), &[]).shows(0, &[]);
    let found = fs::read(bench.path("wide/a_weight.q4")).expect("a file");
    assert!(lawful_files("F64", &[1, 3], &bytes, false).contains(&found));
}

/// The bits that `decode` must give of a file, as words of the dtype's length.
fn decoded(file: &[u8], dtype: &str) -> Vec<u64> {
    let (quantized, payload) = (file.starts_with(b"KHQ4"), &file[36..]);
    let numel = u64::from_le_bytes(file[28..36].try_into().expect("eight bytes")) as usize;
    let numbers: Vec<Exact> = if quantized {
        let blocks: Vec<_> = payload.chunks(20).map(exact::ExactBlock::read).collect();
        (0..numel).map(|index| blocks[index / 32].exact_weight(index % 32)).collect()
    } else {
        exactly("F16", payload)
    };
    match dtype {
        "F64" => rounded(&numbers, Float::F64),
        "F32" => rounded(&numbers, Float::F32),
        "F16" => rounded(&numbers, Float::F16),
        _ => numbers.iter().map(to_bf16).collect(),
    }
}

/// The nearest of bf16, the even one of two: by trying the two numbers that it lies between.
fn to_bf16(number: &Exact) -> u64 {
    let value = |bits: u64| Float::F32.value(bits << 16).expect("finite");
    let below = rounded(&[number.abs()], Float::F64)[0];
    let start = u64::from((f64::from_bits(below) as f32).to_bits() >> 16).saturating_sub(1);
    let distance = |bits: u64| (&value(bits) - &number.abs()).abs();
    let nearest = (start..start + 4).min_by(|&left, &right| {
        distance(left).cmp(&distance(right)).then((left % 2).cmp(&(right % 2)))
    });
    nearest.expect("four of them") | u64::from(number.is_negative()) << 15
}

#[test]
fn every_value_comes_back_as_the_evaluator_says() {
    let bench = Bench::new();
    let (shape, values) = (&[9, 11][..], floats(99));
    let tensors = [("a", "F32", shape, values)];
    let source = bench.write("model.safetensors", safetensors(&tensors));
    for file in ["tensor.q4", "tensor.f16"] {
        let encoded = bench.path(file);
        run("encode", &source, &encoded, &["--tensor", "a"]).shows(0, &[]);
        let encoded_bytes = fs::read(&encoded).expect("a file");
        for (dtype, option) in DTYPES.iter().zip(["f64", "f32", "f16", "bf16"]) {
            let back = bench.path(&format!("{file}-{option}.safetensors"));
            let finished = run("decode", &encoded, &back, &["--dtype", option, "--name", "x.y"]);
            finished.shows(0, &["x.y", dtype, "[9, 11]", "1 tensor in "]);
            let bytes = fs::read(&back).expect("a file");
            let read = SafeTensors::deserialize(&bytes).expect("a lawful file");
            assert_eq!(read.names(), ["x.y"]);
            let tensor = read.tensor("x.y").expect("the tensor");
            assert_eq!(
                (tensor.shape(), tensor.dtype().to_string()),
                (&[9, 11][..], (*dtype).into())
            );
            let found: Vec<u64> = match *dtype {
                "F64" => words::<8>(tensor.data()).collect(),
                "F32" => words::<4>(tensor.data()).collect(),
                _ => words::<2>(tensor.data()).collect(),
            };
            assert_eq!(found, decoded(&encoded_bytes, dtype), "{file} as {dtype}");
        }
        let array = bench.path(&format!("{file}.bin"));
        run("decode", &encoded, &array, &["--raw"])
            .shows(0, &["numpy.fromfile(", "reshape(9, 11)"]);
        let found: Vec<u64> = words::<4>(&fs::read(&array).expect("a file")).collect();
        assert_eq!(found, decoded(&encoded_bytes, "F32"), "{file} as an array");
    }
    // Without a name it has that of its file, and f32.
    let back = bench.path("unnamed.safetensors");
    run("decode", &bench.path("tensor.q4"), &back, &[]).shows(0, &["tensor", "F32"]);
    let bytes = fs::read(&back).expect("a file");
    assert_eq!(SafeTensors::deserialize(&bytes).expect("a lawful file").names(), ["tensor"]);
}

#[test]
fn a_weight_is_rounded_once_to_bf16() {
    let bench = Bench::new();
    // 1 + 2^-8 + 2^-24: f32 takes it for 1 + 2^-8, the middle of 1 and the next of bf16.
    let block = [&[0x01, 0x00, 0x04, 0x3c][..], &[0x11; 16]].concat();
    let source = bench.write("tensor.q4", exact::files::khq4::write(&[1], 1, &block));
    let back = bench.path("back.safetensors");
    run("decode", &source, &back, &["--dtype", "bf16"]).shows(0, &["BF16"]);
    assert_eq!(
        fs::read(&back).expect("a file").split_last_chunk::<2>().expect("two").1,
        &[0x81, 0x3f]
    );
}

#[test]
fn a_directory_comes_back_under_its_tensors_names() {
    let bench = Bench::new();
    let tensors = [
        ("z.weight", "F32", &[4, 33][..], floats(132)),
        ("none.weight", "F32", &[0, 2][..], Vec::new()),
        ("größe \"1\"\n", "BF16", &[6][..], values("BF16", 6, 3)),
        ("scalar", "F64", &[][..], values("F64", 1, 4)),
    ];
    let source = bench.write("model.safetensors", safetensors(&tensors));
    run("encode", &source, &bench.path("model"), &[]).shows(0, &["4 tensors in"]);
    let back = bench.path("back.safetensors");
    run("decode", &bench.path("model"), &back, &[]).shows(0, &["4 tensors in", "to"]);
    let bytes = fs::read(&back).expect("a file");
    let header_len = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes"));
    assert_eq!(header_len % 8, 0, "values begin at a multiple of eight");
    let read = SafeTensors::deserialize(&bytes).expect("a lawful file");
    assert_eq!(read.len(), 4);
    for (name, _, shape, _) in &tensors {
        let tensor = read.tensor(name).expect("the tensor");
        let sizes: Vec<u64> = tensor.shape().iter().map(|&size| size as u64).collect();
        assert_eq!(sizes, *shape, "{name:?}");
    }
    // What f16 holds comes back as it was.
    let halves = values("BF16", 6, 3);
    let expected: Vec<u64> = words::<2>(&halves).map(|bits| bits << 16).collect();
    let whole = |bits: &u64| {
        let value = f32::from_bits(*bits as u32);
        f16::from_f32(value).to_f32() == value
    };
    assert!(expected.iter().any(whole), "no value of the test is in f16");
    let found: Vec<u64> = words::<4>(read.tensor("größe \"1\"\n").expect("it").data()).collect();
    for (found, expected) in found.iter().zip(&expected).filter(|(_, expected)| whole(expected)) {
        assert_eq!(found, expected);
    }
    // And once more into the same files: quantized values are found again.
    run("encode", &back, &bench.path("again"), &[]).shows(0, &[]);
    let same = |file: &str| {
        let read = |folder: &str| fs::read(bench.path(folder).join(file)).expect("a file");
        assert_eq!(read("again"), read("model"), "{file}");
    };
    ["none_weight.q4", "gr\u{f6}\u{df}e__1__.f16", "scalar.f16"].into_iter().for_each(same);
    assert!(Path::new(&bench.path("again/z_weight.q4")).exists());
}
