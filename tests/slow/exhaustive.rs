//! DEC-1, DEC-2 and the widening of f16: every finite scale with every nibble, against exact
//! arithmetic.

use half::f16;
use q4proof::codec::{Block, decode_block};
use q4proof::suite::exact::ExactBlock;
use zerocopy::IntoBytes;

/// Biases that are met with every scale, one for each scale in turn: zeros of both signs, numbers
/// far below and far above, and what cancels.
fn bias_for(scale: u16) -> u16 {
    match scale % 7 {
        0 => 0x0000,
        1 => 0x8000,
        2 => 0x3c01,
        3 => 0xfbff,
        4 => 0x8001,
        5 => scale ^ 0x8000,
        _ => 0x5555 ^ (scale & 0x83ff),
    }
}

#[test]
fn every_finite_scale_and_nibble_decodes_exactly() {
    let mut blocks = 0;
    for scale in (0..=u16::MAX).filter(|&scale| f16::from_bits(scale).is_finite()) {
        let bias = bias_for(scale);
        assert!(f16::from_bits(bias).is_finite(), "a bias of the test itself");
        let nibbles = std::array::from_fn(|place| (place % 16) as u8);
        let block = Block::new(f16::from_bits(scale), f16::from_bits(bias), &nibbles);
        let exact = ExactBlock::read(block.as_bytes());
        let decoded = decode_block(&block);
        for (nibble, value) in decoded.iter().take(16).enumerate() {
            assert_eq!(
                value.to_bits(),
                exact.weight(nibble),
                "scale {scale:04x}, bias {bias:04x}, nibble {nibble}"
            );
        }
        blocks += 1;
    }
    assert_eq!(blocks, 2 * 0x7c00);
}
