//! The small model of the end-to-end report: sixteen tokens, one after the other, with each backend.

use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use q4proof::convert::{Unwatched, quantize};
use q4proof::model::Decoder;
use q4proof::model::generate::{Stop, greedy};
use q4proof::model::linear::{Backend, Decoded, Fused};

/// Tokens that are generated.
const TOKENS: usize = 16;

/// The prompt: what these tokens say does not matter to the time.
const PROMPT: [u32; 4] = [300, 301, 302, 303];

fn generate(criterion: &mut Criterion) {
    let plain = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../conformance/parity/model"));
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let quantized = folder.path().join("q4");
    quantize(plain, &quantized, &mut Unwatched).expect("a model that can be quantized");

    let mut group = criterion.benchmark_group("generate");
    group.sample_size(10);
    group.throughput(Throughput::Elements(TOKENS as u64));
    let backends: [(&str, &Path, &dyn Backend); 3] = [
        ("f32-on-float", plain, &Decoded),
        ("f32-on-q4", &quantized, &Decoded),
        ("q4-on-q4", &quantized, &Fused),
    ];
    for (name, directory, backend) in backends {
        let decoder = Decoder::open(directory, backend).expect("the model of the report");
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let stop = greedy(&decoder, &PROMPT, TOKENS, &mut |_| true).expect("tokens");
                assert_eq!(stop, Stop::Length, "fewer tokens, so that times say nothing");
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = q4proof_benches::criterion();
    targets = generate
}
criterion_main!(benches);
