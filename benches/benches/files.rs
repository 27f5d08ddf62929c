//! Loading a KHQ4 file of 32 Mi weights, about 21 MB, which the operating system has in memory.
//!
//! Each loader checks every block and frees what it loaded, which is measured too.

use std::hint::black_box;
use std::io::Write;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lattice_weights::q4_weights::{Q4BlockCheck, load_q4_file, open_and_mmap_q4_file};
use q4proof::codec::{self, Mode};
use q4proof::format::AddressWidth;
use q4proof::format::khq4::{self, Header};
use q4proof::store;
use q4proof_benches::weights;
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

criterion_group! {
    name = benches;
    config = q4proof_benches::criterion();
    targets = load
}
criterion_main!(benches);
