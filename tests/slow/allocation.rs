//! What is converted passes through: no tensor is held in memory.

use std::fs;
use std::io::Write;

use q4proof::codec::Mode;
use q4proof::convert::{Dtype, Unwatched, decode_directory, encode_directory, encode_raw};
use q4proof::fuzz::{Target, meter};

/// The most that `work` has allocated at one time, in bytes.
fn peak(work: impl FnOnce()) -> isize {
    meter::peak(work).1 as isize
}

#[test]
fn a_conversion_holds_no_tensor_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    // Zeros, which take no place on the disk.
    let (numel, limit) = (8 << 20, 6 << 20);
    let file = fs::File::create(at("array.bin")).unwrap();
    file.set_len(4 * numel).unwrap();
    let header = format!(
        r#"{{"a.weight":{{"dtype":"F64","shape":[1,{numel}],"data_offsets":[0,{}]}}}}"#,
        8 * numel
    );
    let mut file = fs::File::create(at("model.safetensors")).unwrap();
    file.write_all(&(header.len() as u64).to_le_bytes()).unwrap();
    file.write_all(header.as_bytes()).unwrap();
    file.set_len(8 + header.len() as u64 + 8 * numel).unwrap();

    let watch = &mut Unwatched;
    let (array, one) = (at("array.bin"), at("one.q4"));
    let mode = Mode::Symmetric;
    let raw = peak(|| drop(encode_raw(&array, &[numel], &one, mode, watch).unwrap()));
    let half = at("one.f16");
    let halves = peak(|| drop(encode_raw(&array, &[numel], &half, mode, watch).unwrap()));
    let (source, model) = (at("model.safetensors"), at("model"));
    let encoded = peak(|| drop(encode_directory(&source, &model, mode, watch).unwrap()));
    let mut peaks = vec![raw, halves, encoded];
    for dtype in [Dtype::F64, Dtype::F32, Dtype::F16, Dtype::Bf16] {
        let back = at(dtype.name()).with_extension("safetensors");
        peaks.push(peak(|| drop(decode_directory(&model, &back, dtype, watch).unwrap())));
    }
    assert!(peaks.iter().all(|&bytes| bytes <= limit), "{peaks:?}, {limit} are justified");
}

/// libFuzzer ends a campaign whose mutator reserves more than `-malloc_limit_mb` (`scripts/campaign.py`), and has no
/// input to show for it.
#[test]
fn a_mutation_reserves_little() {
    let limit = 8 << 20;
    for target in Target::all() {
        // Seeds are read once, from what this crate embeds.
        target.generate(0);
        for seed in 0..3000 {
            let bytes = peak(|| drop(target.mutate(b"{\"a\": 1}", seed)));
            assert!(
                bytes <= limit,
                "{target}, seed {seed}: {bytes} bytes, at most {limit} are justified"
            );
        }
    }
}
