// Blocks (SPEC BLK-1 to BLK-3) and their weights (SPEC DEC-1, DEC-2); the other kernels begin with this.
//
// A block is five words: the scale in the lower half of the first, the bias in the upper, then eight nibbles
// a word, the first in the lowest bits.

struct Shape {
    rows: u32,
    columns: u32,
    vectors: u32,
    // The row that is read, where just one is.
    row: u32,
}

@group(0) @binding(0) var<storage, read> words: array<u32>;
@group(0) @binding(3) var<uniform> shape: Shape;

const BLOCK_WORDS = 5u;
const BLOCK_WEIGHTS = 32u;
const WORD_WEIGHTS = 8u;

// The f32 of a positive f16, by integers only: WGSL lets a machine flush subnormals wherever it computes
// with floats. An f16 subnormal is fraction * 2^-24, a normal f32.
fn widened_magnitude(bits: u32) -> u32 {
    let exponent = bits >> 10u;
    let fraction = bits & 0x3ffu;
    if exponent == 31u {
        return 0x7f800000u | (fraction << 13u);
    }
    if exponent != 0u {
        return ((exponent + 112u) << 23u) | (fraction << 13u);
    }
    if fraction == 0u {
        return 0u;
    }
    let top = firstLeadingBit(fraction);
    return ((top + 103u) << 23u) | ((fraction << (23u - top)) & 0x7fffffu);
}

// The bits of the f32 that equals an f16.
fn widened(bits: u32) -> u32 {
    return ((bits & 0x8000u) << 16u) | widened_magnitude(bits & 0x7fffu);
}

fn scale_bits(block: u32) -> u32 {
    return widened(words[block * BLOCK_WORDS] & 0xffffu);
}

fn bias_bits(block: u32) -> u32 {
    return widened(words[block * BLOCK_WORDS] >> 16u);
}

// Eight nibbles of a block: those of its weights from 8 * word on.
fn nibbles(block: u32, word: u32) -> u32 {
    return words[block * BLOCK_WORDS + 1u + word];
}

// The product is exact, so that the sum alone rounds, whether the two are fused or not.
fn weight(nibble: u32, scale: f32, bias: f32) -> f32 {
    return f32(nibble) * scale + bias;
}

// The bits of one weight. Nibble 0 needs no sum: its weight is the bias, or a zero that is negative only
// where 0 * scale and bias both are. WGSL lets a sum lose that sign; every other zero is positive.
fn weight_bits(block: u32, slot: u32) -> u32 {
    let nibble = (nibbles(block, slot / WORD_WEIGHTS) >> (4u * (slot % WORD_WEIGHTS))) & 15u;
    let scale = scale_bits(block);
    let bias = bias_bits(block);
    if nibble == 0u {
        let zero = (bias << 1u) == 0u;
        return select(bias, bias & scale, zero);
    }
    return bitcast<u32>(weight(nibble, bitcast<f32>(scale), bitcast<f32>(bias)));
}

// Where a row begins: its block, and the slot in it. The index of a weight may exceed 32 bits, that of a
// block cannot; 32 rows are `columns` blocks, and columns are below 2^27.
fn row_start(row: u32) -> vec2<u32> {
    let beyond = (row % BLOCK_WEIGHTS) * shape.columns;
    let block = (row / BLOCK_WEIGHTS) * shape.columns + beyond / BLOCK_WEIGHTS;
    return vec2<u32>(block, beyond % BLOCK_WEIGHTS);
}

// The number of a group: more than one dimension holds are laid over two.
fn group_number(group: vec3<u32>, groups: vec3<u32>) -> u32 {
    return group.y * groups.x + group.x;
}
