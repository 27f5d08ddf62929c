//! What is refused, and in which words: lengths that disagree and what exceeds the adapter.

use q4proof::codec::{BLOCK_WEIGHTS, Block};
use q4proof::gpu::GpuError;
use zerocopy::FromBytes;

use crate::device;
use crate::values::{matrix, vectors};

#[test]
fn blocks_of_another_length_are_refused() {
    let device = device();
    let blocks = matrix(1, 3, 50);
    assert_eq!(blocks.len(), 5);
    for (count, sentence) in
        [(4, "W, in blocks: 4, expected 5"), (0, "W, in blocks: 0, expected 5")]
    {
        let error = device.upload("W", &blocks[..count], 3, 50).expect_err(sentence);
        assert_eq!(error.to_string(), sentence);
    }
    let error = device.upload("W", &blocks, 2, 50).expect_err("a block too many");
    assert_eq!(error.to_string(), "W, in blocks: 5, expected 4");
    assert_eq!(
        device.decode(&blocks, 4 * BLOCK_WEIGHTS).expect_err("a block too many").to_string(),
        "the blocks to decode, in blocks: 5, expected 4"
    );
    device.decode(&blocks, 5 * BLOCK_WEIGHTS + 1).expect_err("a block too few");
    device.decode(&[], 1).expect_err("no block");
    // Nor does a product of sizes wrap to the right one.
    let wrapped = device.upload("W", &blocks[..1], usize::MAX / 2 + 2, 64);
    assert!(matches!(wrapped, Err(GpuError::Extent { .. })), "{wrapped:?}");
}

#[test]
fn vectors_of_another_length_are_refused() {
    let matrix = device().upload("W", &matrix(1, 3, 50), 3, 50).expect("a matrix");
    for (len, count) in [(49, 1), (51, 1), (50, 2), (50, 0), (100, 1), (0, 1)] {
        let refused = matrix.multiply(&vectors(1, len), count);
        let Err(GpuError::Extent { what, found, expected }) = refused else {
            panic!("{len} values for {count} vectors: {refused:?}");
        };
        assert_eq!(what, format!("{count} vectors for W"));
        assert_eq!((found, expected), (len as u64, 50 * count as u64));
    }
    let wrapped = matrix.multiply(&[], usize::MAX / 2 + 1);
    assert!(matches!(wrapped, Err(GpuError::Extent { .. })), "{wrapped:?}");
}

#[test]
fn a_row_that_is_not_there_is_refused() {
    let matrix = device().upload("W", &matrix(1, 3, 50), 3, 50).expect("a matrix");
    let error = matrix.row(3).expect_err("rows end at 2");
    assert_eq!(error.to_string(), "W has no row 3: it has 3");
    matrix.row(usize::MAX).expect_err("no such row");
}

#[test]
fn columns_that_no_kernel_is_defined_for_are_refused() {
    let device = device();
    for columns in [0, 1 << 27, usize::MAX] {
        let refused = device.upload("W", &[], 3, columns);
        assert!(matches!(refused, Err(GpuError::Shape { .. })), "{columns}: {refused:?}");
    }
    // Without rows there is nothing to compute, and nothing wrong.
    let empty = device.upload("W", &[], 0, 64).expect("no rows");
    assert_eq!(empty.multiply(&vectors(1, 64), 1), Ok(Vec::new()));
    empty.row(0).expect_err("no row");
}

#[test]
fn what_exceeds_the_adapter_s_buffers_is_refused_and_named() {
    let device = device();
    let limit = device.longest_buffer();
    let count = limit as usize / size_of::<Block>() + 1;
    // Zeroed memory that nobody looks at takes no room.
    let bytes = vec![0; count * size_of::<Block>()];
    let blocks = <[Block]>::ref_from_bytes(&bytes).expect("whole blocks");
    let refused = device.upload("model.embed_tokens.weight", blocks, count, BLOCK_WEIGHTS);
    let Err(GpuError::TooLarge { what, bytes, limit_name, limit: named }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(what, "model.embed_tokens.weight");
    assert_eq!((bytes, named), (count as u64 * 20, limit));
    assert!(limit_name.starts_with("max_"), "{limit_name}");
    let decoded = device.decode(blocks, count * BLOCK_WEIGHTS);
    assert!(matches!(decoded, Err(GpuError::TooLarge { .. })));
}

#[test]
fn an_output_that_exceeds_the_adapter_is_refused() {
    let device = device();
    // 128 bytes of values for 20 of blocks: the blocks fit, the values do not.
    let count = device.longest_buffer() as usize / 128 + 1;
    let bytes = vec![0; count * size_of::<Block>()];
    let blocks = <[Block]>::ref_from_bytes(&bytes).expect("whole blocks");
    let Err(error) = device.decode(blocks, count * BLOCK_WEIGHTS) else {
        panic!("{count} blocks were decoded")
    };
    assert!(error.to_string().starts_with("the output takes "), "{error}");
}
