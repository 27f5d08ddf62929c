//! Sizes off every tile, more groups than a dimension holds, offsets far into a buffer, and a path proof.

use half::f16;
use q4proof::codec::{BLOCK_WEIGHTS, Block, decode};
use q4proof::format::AddressWidth;
use q4proof::format::khq4::Header;
use q4proof::store;
use zerocopy::{FromBytes, IntoBytes};

use crate::device;
use crate::values::{blocks, decodes, matrix, multiplies, picks_a_column, vectors};

#[test]
fn no_number_of_values_is_too_odd_to_decode() {
    let device = device();
    for len in [1_usize, 2, 31, 32, 33, 63, 64, 65, 95, 127, 2047, 2049] {
        assert_eq!(decodes(&device, &blocks(len as u64, len.div_ceil(BLOCK_WEIGHTS)), len), Ok(()));
    }
    assert_eq!(device.decode(&[], 0), Ok(Vec::new()));
}

#[test]
fn more_weights_than_a_dimension_has_groups_are_decoded() {
    const LEN: usize = 65_536 * 64 + 1;
    assert_eq!(decodes(&device(), &blocks(4, LEN.div_ceil(BLOCK_WEIGHTS)), LEN), Ok(()));
}

#[test]
fn rows_and_vectors_off_the_tile_are_within_the_bound() {
    let device = device();
    for rows in [1, 2, 63, 64, 65] {
        for count in [1, 2, 3, 4, 5, 8, 9] {
            assert_eq!(multiplies(&device, rows, 96, count), Ok(()));
        }
    }
}

#[test]
fn columns_that_are_no_whole_blocks_are_neither_floored_nor_raised() {
    let device = device();
    for columns in [1, 2, 31, 33, 47, 63, 65, 2047, 2049, 4097] {
        for count in [1, 3] {
            assert_eq!(multiplies(&device, 35, columns, count), Ok(()));
        }
    }
}

#[test]
fn more_rows_than_a_dimension_has_groups_are_all_multiplied() {
    let device = device();
    for rows in [65_535, 65_536, 140_001] {
        for count in [1, 2, 5] {
            assert_eq!(picks_a_column(&device, rows, count), Ok(()));
        }
    }
}

#[test]
fn rows_at_the_end_of_the_longest_buffer_are_found() {
    const COLUMNS: usize = 4096;
    // Where an adapter binds gigabytes, these are enough.
    let device = device();
    let bytes = device.longest_buffer().min(128 << 20) as usize;
    let rows = bytes / size_of::<Block>() * BLOCK_WEIGHTS / COLUMNS;
    let in_a_row = COLUMNS / BLOCK_WEIGHTS;
    let mut bytes = vec![0; rows * in_a_row * size_of::<Block>()];
    let blocks = <[Block]>::mut_from_bytes(&mut bytes).expect("whole blocks");
    for row in [0, rows / 2, rows - 1] {
        for (block, place) in blocks[row * in_a_row..][..in_a_row].iter_mut().zip(0..) {
            *block = Block::new(f16::from_f32(place as f32 + 1.0), f16::ZERO, &[3; BLOCK_WEIGHTS]);
        }
    }
    let matrix = device.upload("longest", blocks, rows, COLUMNS).expect("a buffer");
    let expected: Vec<f32> =
        (0..COLUMNS).map(|column| 3.0 * (column / BLOCK_WEIGHTS + 1) as f32).collect();
    for row in [0, rows / 2, rows - 1] {
        assert_eq!(matrix.row(row).expect("a row"), expected, "row {row}");
    }
    assert_eq!(matrix.row(rows - 2).expect("a row"), vec![0.0; COLUMNS]);
    let mut x = vec![0.0; COLUMNS];
    x[COLUMNS - 1] = 1.0;
    let product = matrix.multiply(&x, 1).expect("a product");
    let last = expected[COLUMNS - 1];
    for (row, value) in product.into_iter().enumerate() {
        let written = [0, rows / 2, rows - 1].contains(&row);
        assert_eq!(value, if written { last } else { 0.0 }, "row {row}");
    }
}

#[test]
fn a_mapped_file_is_multiplied_as_it_lies_there() {
    let (rows, columns) = (11, 50);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.q4");
    let blocks = matrix(5, rows, columns);
    let shape = vec![rows as u64, columns as u64];
    let header = Header { shape, original_len: (rows * columns) as u64 };
    store::write_khq4(&path, &header, blocks.as_bytes()).expect("a file");
    let tensor = store::map_khq4(&path, AddressWidth::NATIVE).expect("a tensor");
    let device = device();
    let of_file = device.upload("file", tensor.view().blocks, rows, columns).expect("a matrix");
    let of_memory = device.upload("memory", &blocks, rows, columns).expect("a matrix");
    let x = vectors(6, 3 * columns);
    assert_eq!(of_file.multiply(&x, 3), of_memory.multiply(&x, 3));
    let mut weights = vec![0.0; rows * columns];
    decode(&blocks, &mut weights);
    assert_eq!(of_file.row(10).expect("a row"), weights[10 * columns..]);
}

#[test]
fn dispatches_are_counted_by_kernel() {
    let device = device();
    assert_eq!(device.dispatches(), [].into());
    let blocks = matrix(1, 4, 32);
    let matrix = device.upload("W", &blocks, 4, 32).expect("a matrix");
    for count in [1, 1, 2] {
        matrix.multiply(&vectors(1, count * 32), count).expect("a product");
    }
    matrix.row(3).expect("a row");
    device.decode(&blocks, 128).expect("weights");
    // Neither what is empty nor what is refused is dispatched.
    matrix.multiply(&[], 0).expect("no vectors");
    matrix.row(4).expect_err("no row");
    let counts = [("decode", 1), ("matmul", 1), ("matvec", 2), ("row", 1)];
    assert_eq!(device.dispatches(), counts.into());
}
