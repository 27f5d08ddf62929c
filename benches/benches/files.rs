//! Files that the operating system has in memory: loading a KHQ4 file of 32 Mi weights and a KHF1 file of
//! as many bytes, about 21 MB each, reading the index of a directory, and converting a safetensors file.
//!
//! Each loader checks all that it loads and frees it, which is measured too.

use std::fs;
use std::hint::black_box;
use std::io::Write;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use half::f16;
use lattice_quant::q4_manifest::load_manifest;
use lattice_weights::q4_weights::{
    Q4BlockCheck, load_f16_tensor_file, load_q4_file, open_and_mmap_q4_file,
};
use q4proof::codec::{self, Mode};
use q4proof::convert::{Unwatched, encode_directory};
use q4proof::format::index::{Entry, INDEX_FILE, Index};
use q4proof::format::khq4::{self, Header};
use q4proof::format::{AddressWidth, khf1};
use q4proof::store;
use q4proof_benches::weights;
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use tempfile::NamedTempFile;
use zerocopy::IntoBytes;

/// The shape of the tensor.
const SHAPE: [u64; 2] = [1 << 12, 1 << 13];

/// The file holds the blocks of so many weights over and over.
const WEIGHTS: usize = 1 << 20;

/// A file that only its owner can read and write: lattice maps no other.
fn file() -> NamedTempFile {
    let width = AddressWidth::NATIVE;
    let header = Header::for_shape(&SHAPE, width).expect("a product that fits");
    let blocks =
        codec::encode(&weights(WEIGHTS), Mode::Asymmetric).expect("the weights are finite");
    let payload = blocks.as_bytes().repeat(header.original_len as usize / WEIGHTS);
    let bytes = khq4::to_bytes(&header, &payload).expect("a lawful tensor");
    let mut file = NamedTempFile::new().expect("a folder for temporary files");
    file.write_all(&bytes).expect("room for 21 MB");
    file
}

fn load(criterion: &mut Criterion) {
    let file = file();
    let path = file.path();
    let len = file.as_file().metadata().expect("it is open").len();

    let mut group = criterion.benchmark_group("load-copy");
    group.throughput(Throughput::Bytes(len));
    group.bench_function("q4proof", |bencher| {
        bencher.iter(|| {
            store::read_khq4(black_box(path), AddressWidth::NATIVE).expect("a lawful file")
        });
    });
    group.bench_function("lattice", |bencher| {
        bencher.iter(|| load_q4_file(black_box(path)).expect("a lawful file"));
    });
    group.finish();

    let mut group = criterion.benchmark_group("load-map");
    group.throughput(Throughput::Bytes(len));
    group.bench_function("q4proof", |bencher| {
        bencher.iter(|| {
            store::map_khq4(black_box(path), AddressWidth::NATIVE).expect("a lawful file")
        });
    });
    group.bench_function("lattice", |bencher| {
        bencher.iter(|| {
            let check = Q4BlockCheck::Now { tensor_name: "weights" };
            open_and_mmap_q4_file(black_box(path), None, check).expect("a lawful file")
        });
    });
    group.finish();
}

/// A KHF1 file of as many bytes as the KHQ4 file, or nearly.
fn load_halves(criterion: &mut Criterion) {
    const SHAPE: [u64; 2] = [1 << 10, 10 << 10];
    let header = khf1::Header::for_shape(&SHAPE, AddressWidth::NATIVE).expect("a product that fits");
    let values: Vec<f16> = weights(header.numel as usize).into_iter().map(f16::from_f32).collect();
    let mut file = NamedTempFile::new().expect("a folder for temporary files");
    let bytes = khf1::to_bytes(&header, &values).expect("a lawful tensor");
    file.write_all(&bytes).expect("room for 21 MB");
    let path = file.path();

    let mut group = criterion.benchmark_group("load-khf1");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("q4proof", |bencher| {
        bencher.iter(|| {
            store::read_khf1(black_box(path), AddressWidth::NATIVE).expect("a lawful file")
        });
    });
    group.bench_function("q4proof-map", |bencher| {
        bencher.iter(|| {
            store::map_khf1(black_box(path), AddressWidth::NATIVE).expect("a lawful file")
        });
    });
    // It hands on f32.
    group.bench_function("lattice", |bencher| {
        bencher.iter(|| load_f16_tensor_file(black_box(path)).expect("a lawful file"));
    });
    group.finish();
}

/// The index of a directory of 1,000 tensors.
fn read_index(criterion: &mut Criterion) {
    let tensor = |number: usize| Entry {
        name: format!("model.layers.{number}.mlp.up_proj.weight"),
        file: format!("model_layers_{number}_mlp_up_proj_weight.q4"),
        quantized: Some(true),
        shape: Some(vec![3584, 1024]),
        numel: Some(3584 * 1024),
    };
    let index = Index::Array((0..1000).map(tensor).collect());
    let bytes = index.to_bytes().expect("an index");
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    fs::write(folder.path().join(INDEX_FILE), &bytes).expect("room for an index");

    let mut group = criterion.benchmark_group("read-index");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("q4proof", |bencher| {
        bencher.iter(|| store::read_index(black_box(folder.path())).expect("a lawful index"));
    });
    group.bench_function("lattice", |bencher| {
        bencher.iter(|| load_manifest(black_box(folder.path())).expect("a lawful index"));
    });
    group.finish();
}

/// A safetensors file of 16 MiB of f32 to a directory, written, flushed to the disk, and read again.
fn convert(criterion: &mut Criterion) {
    const SHAPE: [usize; 2] = [1 << 10, 4 << 10];
    let values = weights(SHAPE[0] * SHAPE[1]);
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let source = folder.path().join("model.safetensors");
    let view = TensorView::new(Dtype::F32, SHAPE.to_vec(), values.as_bytes()).expect("whole values");
    safetensors::serialize_to_file([("weight", view)], None, &source).expect("room for 16 MiB");
    let target = folder.path().join("quantized");

    let mut group = criterion.benchmark_group("convert");
    group.sample_size(10);
    group.throughput(Throughput::Bytes(values.as_bytes().len() as u64));
    group.bench_function("q4proof", |bencher| {
        bencher.iter(|| {
            encode_directory(&source, &target, Mode::Asymmetric, &mut Unwatched)
                .expect("a lawful file");
            fs::remove_dir_all(&target).expect("it was just made");
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = q4proof_benches::criterion();
    targets = load, load_halves, read_index, convert
}
criterion_main!(benches);
