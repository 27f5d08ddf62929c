//! BLK: the layout of a block.

use half::f16;
use q4proof::codec::{BLOCK_BYTES, BLOCK_WEIGHTS, Block, Mode, block_count, decode, encode};
use q4proof::format::AddressWidth;
use zerocopy::{FromBytes, IntoBytes};

use super::{BLOCK, accepted, bits, block, fields, file};

fn f16_of(bits: u16) -> f16 {
    f16::from_bits(bits)
}

#[test]
fn blk_1_scale_bias_and_sixteen_bytes_of_nibbles() {
    assert_eq!((BLOCK_BYTES, BLOCK_WEIGHTS, size_of::<Block>()), (20, 32, 20));
    let block = Block::new(f16_of(0x1234), f16_of(0x5678), &[0; 32]);
    // Two f16 little-endian, the scale first.
    assert_eq!(block.as_bytes()[..4], [0x34, 0x12, 0x78, 0x56]);
    assert_eq!(block.as_bytes()[4..], [0; 16]);

    let blocks = <[Block]>::ref_from_bytes(&BLOCK).expect("one block");
    assert_eq!(blocks.len(), 1);
    assert_eq!((blocks[0].scale().to_bits(), blocks[0].bias().to_bits()), (0x3044, 0x4500));
}

#[test]
fn blk_2_nibbles_are_pairs_in_sequence_with_the_even_one_low() {
    // Up in the first half, down in the second, so that no other order gives the same bytes.
    let nibbles = [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6,
        5, 4, 3, 2, 1, 0,
    ];
    // q[2j] | q[2j + 1] << 4. Split halves would start f0 e1, swapped halves 01 23.
    let pairs = [
        0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe, 0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23,
        0x01,
    ];
    let block = Block::new(f16_of(0x3c00), f16_of(0), &nibbles);
    assert_eq!(block.as_bytes()[4..], pairs);
    assert_eq!(block.nibbles(), nibbles);

    // Scale 1 and bias 0: the values are the nibbles.
    let mut values = [f32::NAN; 32];
    decode(&[block], &mut values);
    assert_eq!(values, nibbles.map(f32::from));
    let encoded = encode(&nibbles.map(f32::from), Mode::Asymmetric).expect("lawful values");
    assert_eq!(encoded.as_bytes()[4..], pairs);
}

#[test]
fn blk_3_blocks_are_cut_from_the_flat_tensor() {
    // ceil(n / 32); 2^64 - 1 = 32 * 2^59 - 1 and 2^64 - 32 = 32 * (2^59 - 1).
    for (weights, blocks) in [
        (0, 0),
        (1, 1),
        (31, 1),
        (32, 1),
        (33, 2),
        (64, 2),
        (65, 3),
        (u64::from(u32::MAX), 134_217_728),
        (u64::MAX - 31, 576_460_752_303_423_487),
        (u64::MAX - 30, 576_460_752_303_423_488),
        (u64::MAX, 576_460_752_303_423_488),
    ] {
        assert_eq!(block_count(weights), blocks, "{weights} values");
    }

    // Shape [2, 40] of 0.0 to 79.0: three blocks, from 0, 32 and 64 (f16 0000, 5000, 5400). Rows of
    // their own would make four, from 0, 32, 40 and 72.
    let values: Vec<f32> = (0..80).map(|index| index as f32).collect();
    let blocks = encode(&values, Mode::Asymmetric).expect("lawful values");
    let biases: Vec<u16> = blocks.iter().map(|block| block.bias().to_bits()).collect();
    assert_eq!(biases, [0x0000, 0x5000, 0x5400]);

    // The second row, values 40 to 79, goes on in the block where the first ends.
    let payload = [block(0x3c00, 0, 0x11), block(0x3c00, 0, 0x22), block(0x3c00, 0, 0x33)].concat();
    let tensor = accepted(&file(&[2, 40], 80, &payload), AddressWidth::Bits64);
    let expected = [[1.0f32; 32], [2.0; 32], [3.0; 32]].concat();
    assert_eq!(tensor.values, bits(&expected[..80]));
}

#[test]
fn blk_4_padding_carries_no_value_and_is_not_judged() {
    // Nibbles 3 to 31 are padding: the upper half of byte 5 and all behind it.
    for padding in [0x00, 0x80, 0xff] {
        let mut payload = BLOCK;
        payload[5] = 0x0f | padding & 0xf0;
        payload[6..].fill(padding);
        let tensor = accepted(&file(&[3], 3, &payload), AddressWidth::Bits64);
        assert_eq!(tensor.values, [0x40a0_0000, 0x40bd_dc00, 0x40df_fc00], "{padding:02x}");
        assert_eq!(tensor.payload, payload, "handed on as it stands in the file");
    }
    // The 31 slots behind a lone value say nothing about it.
    let (_, _, nibbles) = fields(&block(0x3c00, 0, 0xf7));
    assert_eq!(nibbles[..3], [7, 15, 7]);
    let tensor = accepted(&file(&[], 1, &block(0x3c00, 0, 0xf7)), AddressWidth::Bits64);
    assert_eq!(tensor.values, bits(&[7.0]));
}
