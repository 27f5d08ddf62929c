// language: metal2.4
#include <metal_stdlib>
#include <simd/simd.h>

using metal::uint;

struct _mslBufferSizes {
    uint size0;
    uint size2;
};

struct Shape {
    uint rows;
    uint columns;
    uint vectors;
    uint row;
};
typedef uint type_1[1];
constant uint BLOCK_WORDS = 5u;
constant uint BLOCK_WEIGHTS = 32u;
constant uint WORD_WEIGHTS = 8u;

uint widened_magnitude(
    uint bits
) {
    uint exponent = bits >> 10u;
    uint fraction = bits & 1023u;
    if (exponent == 31u) {
        return 2139095040u | (fraction << 13u);
    }
    if (exponent != 0u) {
        return ((exponent + 112u) << 23u) | (fraction << 13u);
    }
    if (fraction == 0u) {
        return 0u;
    }
    uint top = metal::select(31 - metal::clz(fraction), uint(-1), fraction == 0);
    return ((top + 103u) << 23u) | ((fraction << (23u - top)) & 8388607u);
}

uint widened(
    uint bits_1
) {
    uint _e7 = widened_magnitude(bits_1 & 32767u);
    return ((bits_1 & 32768u) << 16u) | _e7;
}

uint scale_bits(
    uint block,
    device type_1 const& words,
    constant _mslBufferSizes& _buffer_sizes
) {
    uint _e5 = words[metal::min(unsigned(block * BLOCK_WORDS), (_buffer_sizes.size0 - 0 - 4) / 4)];
    uint _e8 = widened(_e5 & 65535u);
    return _e8;
}

uint bias_bits(
    uint block_1,
    device type_1 const& words,
    constant _mslBufferSizes& _buffer_sizes
) {
    uint _e5 = words[metal::min(unsigned(block_1 * BLOCK_WORDS), (_buffer_sizes.size0 - 0 - 4) / 4)];
    uint _e8 = widened(_e5 >> 16u);
    return _e8;
}

uint nibbles(
    uint block_2,
    uint word,
    device type_1 const& words,
    constant _mslBufferSizes& _buffer_sizes
) {
    uint _e9 = words[metal::min(unsigned(((block_2 * BLOCK_WORDS) + 1u) + word), (_buffer_sizes.size0 - 0 - 4) / 4)];
    return _e9;
}

float weight(
    uint nibble,
    float scale,
    float bias
) {
    return (static_cast<float>(nibble) * scale) + bias;
}

uint naga_div(uint lhs, uint rhs) {
    return lhs / metal::select(rhs, 1u, rhs == 0u);
}

uint naga_mod(uint lhs, uint rhs) {
    return lhs % metal::select(rhs, 1u, rhs == 0u);
}

uint weight_bits(
    uint block_3,
    uint slot,
    device type_1 const& words,
    constant _mslBufferSizes& _buffer_sizes
) {
    uint _e4 = nibbles(block_3, naga_div(slot, WORD_WEIGHTS), words, _buffer_sizes);
    uint nibble_1 = (_e4 >> (4u * naga_mod(slot, WORD_WEIGHTS))) & 15u;
    uint _e12 = scale_bits(block_3, words, _buffer_sizes);
    uint _e13 = bias_bits(block_3, words, _buffer_sizes);
    if (nibble_1 == 0u) {
        bool zero = (_e13 << 1u) == 0u;
        return zero ? (_e13 & _e12) : _e13;
    }
    float _e24 = weight(nibble_1, as_type<float>(_e12), as_type<float>(_e13));
    return as_type<uint>(_e24);
}

metal::uint2 row_start(
    uint row,
    constant Shape& shape
) {
    uint _e5 = shape.columns;
    uint beyond = naga_mod(row, BLOCK_WEIGHTS) * _e5;
    uint _e11 = shape.columns;
    uint block_4 = (naga_div(row, BLOCK_WEIGHTS) * _e11) + naga_div(beyond, BLOCK_WEIGHTS);
    return metal::uint2(block_4, naga_mod(beyond, BLOCK_WEIGHTS));
}

uint group_number(
    metal::uint3 group_1,
    metal::uint3 groups_1
) {
    return (group_1.y * groups_1.x) + group_1.x;
}

struct decodeInput {
};
[[max_total_threads_per_threadgroup(64)]] kernel void decode(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, device type_1 const& words [[buffer(0)]]
, constant Shape& shape [[buffer(3)]]
, device type_1& values [[buffer(2)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(4)]]
) {
    uint _e3 = group_number(group, groups);
    uint index = (_e3 * 64u) + lane;
    uint _e9 = shape.columns;
    if (index >= _e9) {
        return;
    }
    uint _e17 = weight_bits(naga_div(index, BLOCK_WEIGHTS), naga_mod(index, BLOCK_WEIGHTS), words, _buffer_sizes);
    values[metal::min(unsigned(index), (_buffer_sizes.size2 - 0 - 4) / 4)] = _e17;
    return;
}
