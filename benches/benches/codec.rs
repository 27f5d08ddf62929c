//! The arithmetic: decoding, encoding, the product of a matrix and a vector, and the rotation.
//!
//! Everything is in memory and on one thread unless a comment says otherwise. Where an engine gives
//! its answer in new memory, the time of getting and freeing that memory is measured too.

use std::hint::black_box;

use candle_core::quantized::{GgmlDType::Q4_1, QMatMul, QTensor};
use candle_core::{Device::Cpu, Module, Tensor};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lattice_quant::quarot::hadamard::RandomizedHadamard;
use lattice_weights::q4_weights::{dequantize_row_q4_0, quantize_row_q4_0};
use q4proof::codec::{self, BLOCK_BYTES, BLOCK_WEIGHTS, Mode, Rotation};
use q4proof_benches::weights;
use zerocopy::IntoBytes;

/// Weights that are decoded and encoded: 4 MiB of f32.
const WEIGHTS: usize = 1 << 20;

/// Rows and columns of the matrix.
const SIDE: usize = 1 << 10;

fn decode(criterion: &mut Criterion) {
    let values = weights(WEIGHTS);
    let blocks = codec::encode(&values, Mode::Asymmetric).expect("the weights are finite");
    let tensor = Tensor::new(values.as_slice(), &Cpu).expect("a tensor of one dimension");
    let quantized = QTensor::quantize(&tensor, Q4_1).expect("whole blocks");

    let mut decoded = vec![0.0; WEIGHTS];
    codec::decode(&blocks, &mut decoded);
    let same = dequantize_row_q4_0(blocks.as_bytes(), WEIGHTS) == decoded;
    assert!(same, "lattice decodes to other values, so that times say nothing");

    let mut group = criterion.benchmark_group("decode");
    group.throughput(Throughput::Elements(WEIGHTS as u64));
    // Into memory that is there.
    group.bench_function("q4proof", |bencher| {
        bencher.iter(|| codec::decode(black_box(&blocks), black_box(&mut decoded)));
    });
    // The others always decode into new memory, and so does this.
    group.bench_function("q4proof-new", |bencher| {
        bencher.iter(|| {
            let mut decoded = vec![0.0; WEIGHTS];
            codec::decode(black_box(&blocks), &mut decoded);
            decoded
        });
    });
    group.bench_function("lattice", |bencher| {
        bencher.iter(|| dequantize_row_q4_0(black_box(blocks.as_bytes()), WEIGHTS));
    });
    group.bench_function("candle", |bencher| {
        bencher.iter(|| black_box(&quantized).dequantize(&Cpu).expect("it was quantized"));
    });
    group.finish();
}

/// All of them encode into new memory.
fn encode(criterion: &mut Criterion) {
    let values = weights(WEIGHTS);
    let tensor = Tensor::new(values.as_slice(), &Cpu).expect("a tensor of one dimension");

    let blocks = codec::encode(&values, Mode::Asymmetric).expect("the weights are finite");
    let same = quantize_row_q4_0(&values).expect("the weights are finite") == blocks.as_bytes();
    assert!(same, "lattice encodes to other blocks, so that times say nothing");

    let mut group = criterion.benchmark_group("encode");
    group.throughput(Throughput::Elements(WEIGHTS as u64));
    group.bench_function("q4proof", |bencher| {
        bencher.iter(|| codec::encode(black_box(&values), Mode::Asymmetric));
    });
    group.bench_function("lattice", |bencher| {
        bencher.iter(|| quantize_row_q4_0(black_box(&values)));
    });
    group.bench_function("candle", |bencher| {
        bencher.iter(|| QTensor::quantize(black_box(&tensor), Q4_1).expect("whole blocks"));
    });
    group.finish();

    // lattice encodes symmetrically from f64 only, and would convert each value; candle does not.
    let mut group = criterion.benchmark_group("encode-symmetric");
    group.throughput(Throughput::Elements(WEIGHTS as u64));
    group.bench_function("q4proof", |bencher| {
        bencher.iter(|| codec::encode(black_box(&values), Mode::Symmetric));
    });
    group.finish();
}

fn matvec(criterion: &mut Criterion) {
    const MATRIX: usize = SIDE * SIDE;
    let values = weights(MATRIX + SIDE);
    let (matrix, vector) = values.split_at(MATRIX);
    let blocks = codec::encode(matrix, Mode::Asymmetric).expect("the weights are finite");
    let tensor = Tensor::from_slice(matrix, (SIDE, SIDE), &Cpu).expect("as many as the shape says");
    let quantized = QTensor::quantize(&tensor, Q4_1).expect("whole blocks");
    let quantized = QMatMul::from_qtensor(quantized).expect("it was quantized");
    let row = Tensor::from_slice(vector, (1, SIDE), &Cpu).expect("as many as the shape says");

    // In bytes of blocks, as a copy has it.
    let bytes = MATRIX / BLOCK_WEIGHTS * BLOCK_BYTES;
    let mut group = criterion.benchmark_group("matvec");
    group.throughput(Throughput::Bytes(bytes as u64));
    group.bench_function("q4proof", |bencher| {
        bencher.iter(|| codec::matmul(black_box(&blocks), SIDE, SIDE, black_box(vector)));
    });
    // It quantizes the vector to 8 bits first and multiplies integers, on as many threads as it
    // likes: quicker and less exact than what SPEC DOT asks for.
    group.bench_function("candle", |bencher| {
        bencher.iter(|| black_box(&quantized).forward(black_box(&row)).expect("shapes that fit"));
    });
    // The unit to compare with: as many bytes as the matrix has, copied.
    let source = vec![1u8; bytes];
    let mut copied = vec![0u8; source.len()];
    group.bench_function("copy", |bencher| {
        bencher.iter(|| black_box(&mut copied).copy_from_slice(black_box(&source)));
    });
    group.finish();
}

/// A row of f32, in place, back and forth so that the values stay as they are.
fn rotate(criterion: &mut Criterion) {
    const SEED: u64 = 42;
    let mut row = weights(SIDE);
    let rotation = Rotation::plain(SEED, SIDE as u64).expect("a power of two");
    let hadamard = RandomizedHadamard::new(SEED, SIDE).expect("a power of two");

    let (mut ours, mut theirs) = (row.clone(), row.clone());
    rotation.apply(&mut ours);
    hadamard.apply(&mut theirs).expect("its length");
    assert!(ours == theirs, "lattice rotates to other values, so that times say nothing");

    let mut group = criterion.benchmark_group("rotate");
    group.throughput(Throughput::Elements(2 * SIDE as u64));
    group.bench_function("q4proof", |bencher| {
        bencher.iter(|| {
            rotation.apply(black_box(&mut row));
            rotation.invert(black_box(&mut row));
        });
    });
    group.bench_function("lattice", |bencher| {
        bencher.iter(|| {
            hadamard.apply(black_box(&mut theirs)).expect("its length");
            hadamard.apply_inverse(black_box(&mut theirs)).expect("its length");
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = q4proof_benches::criterion();
    targets = decode, encode, matvec, rotate
}
criterion_main!(benches);
