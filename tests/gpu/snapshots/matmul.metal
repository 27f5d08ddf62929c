// language: metal2.4
#include <metal_stdlib>
#include <simd/simd.h>

using metal::uint;

struct _mslBufferSizes {
    uint size0;
    uint size2;
    uint size3;
};

struct Shape {
    uint rows;
    uint columns;
    uint vectors;
    uint row;
};
typedef uint type_1[1];
typedef float type_5[1];
struct type_7 {
    metal::float4 inner[64];
};
constant uint BLOCK_WORDS = 5u;
constant uint BLOCK_WEIGHTS = 32u;
constant uint WORD_WEIGHTS = 8u;
constant uint LANES = 64u;
constant uint TILE = 4u;

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
    uint word_1,
    device type_1 const& words,
    constant _mslBufferSizes& _buffer_sizes
) {
    uint _e9 = words[metal::min(unsigned(((block_2 * BLOCK_WORDS) + 1u) + word_1), (_buffer_sizes.size0 - 0 - 4) / 4)];
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
    uint slot_1,
    device type_1 const& words,
    constant _mslBufferSizes& _buffer_sizes
) {
    uint _e4 = nibbles(block_3, naga_div(slot_1, WORD_WEIGHTS), words, _buffer_sizes);
    uint nibble_1 = (_e4 >> (4u * naga_mod(slot_1, WORD_WEIGHTS))) & 15u;
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

struct matmulInput {
};
[[max_total_threads_per_threadgroup(64)]] kernel void matmul(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, device type_1 const& words [[buffer(0)]]
, constant Shape& shape [[buffer(3)]]
, device type_5 const& x [[buffer(1)]]
, device type_5& y [[buffer(2)]]
, threadgroup type_7& sums
, constant _mslBufferSizes& _buffer_sizes [[buffer(4)]]
) {
    if (lane == 0u) {
        sums = {};
    }
    metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
    metal::float4 sum = metal::float4 {};
    uint first = {};
    uint word = {};
    uint slot = {};
    uint stride = 32u;
    uint _e3 = group_number(group, groups);
    uint _e6 = shape.rows;
    uint row_1 = naga_mod(_e3, _e6);
    uint _e10 = shape.rows;
    uint tile = naga_div(_e3, _e10);
    uint _e14 = shape.vectors;
    uint tiles = naga_div((_e14 + TILE) - 1u, TILE);
    if (tile >= tiles) {
        return;
    }
    metal::uint4 vectors = metal::uint4(tile * TILE) + metal::uint4(0u, 1u, 2u, 3u);
    uint _e33 = shape.vectors;
    uint _e40 = shape.columns;
    metal::uint4 offsets = metal::min(vectors, metal::uint4(_e33 - 1u)) * _e40;
    metal::uint2 _e42 = row_start(row_1, shape);
    uint _e46 = shape.columns;
    uint end = _e42.y + _e46;
    first = lane * BLOCK_WEIGHTS;
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e123 = first;
            first = _e123 + 2048u;
        }
        loop_init = false;
        uint _e53 = first;
        if (_e53 < end) {
        } else {
            break;
        }
        {
            uint _e56 = first;
            uint block_5 = _e42.x + naga_div(_e56, BLOCK_WEIGHTS);
            uint _e60 = scale_bits(block_5, words, _buffer_sizes);
            float scale_1 = as_type<float>(_e60);
            uint _e62 = bias_bits(block_5, words, _buffer_sizes);
            float bias_1 = as_type<float>(_e62);
            word = 0u;
            uint2 loop_bound_1 = uint2(4294967295u);
            bool loop_init_1 = true;
            while(true) {
                if (metal::all(loop_bound_1 == uint2(0u))) { break; }
                loop_bound_1 -= uint2(loop_bound_1.y == 0u, 1u);
                if (!loop_init_1) {
                    uint _e121 = word;
                    word = _e121 + 1u;
                }
                loop_init_1 = false;
                uint _e66 = word;
                if (_e66 < 4u) {
                } else {
                    break;
                }
                {
                    uint _e69 = first;
                    uint _e70 = word;
                    uint from_slot = _e69 + (_e70 * WORD_WEIGHTS);
                    uint _e74 = word;
                    uint _e75 = nibbles(block_5, _e74, words, _buffer_sizes);
                    slot = metal::max(from_slot, _e42.y);
                    uint2 loop_bound_2 = uint2(4294967295u);
                    bool loop_init_2 = true;
                    while(true) {
                        if (metal::all(loop_bound_2 == uint2(0u))) { break; }
                        loop_bound_2 -= uint2(loop_bound_2.y == 0u, 1u);
                        if (!loop_init_2) {
                            uint _e118 = slot;
                            slot = _e118 + 1u;
                        }
                        loop_init_2 = false;
                        uint _e79 = slot;
                        if (_e79 < metal::min(from_slot + WORD_WEIGHTS, end)) {
                        } else {
                            break;
                        }
                        {
                            uint _e85 = slot;
                            uint nibble_2 = (_e75 >> (4u * (_e85 - from_slot))) & 15u;
                            uint _e91 = slot;
                            metal::uint4 at = offsets + metal::uint4(_e91 - _e42.y);
                            metal::float4 _e96 = sum;
                            float _e97 = weight(nibble_2, scale_1, bias_1);
                            float _e101 = x[metal::min(unsigned(at.x), (_buffer_sizes.size2 - 0 - 4) / 4)];
                            float _e105 = x[metal::min(unsigned(at.y), (_buffer_sizes.size2 - 0 - 4) / 4)];
                            float _e109 = x[metal::min(unsigned(at.z), (_buffer_sizes.size2 - 0 - 4) / 4)];
                            float _e113 = x[metal::min(unsigned(at.w), (_buffer_sizes.size2 - 0 - 4) / 4)];
                            sum = _e96 + (_e97 * metal::float4(_e101, _e105, _e109, _e113));
                        }
                    }
                }
            }
        }
    }
    metal::float4 _e128 = sum;
    sums.inner[metal::min(unsigned(lane), 63u)] = _e128;
    metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
    uint2 loop_bound_3 = uint2(4294967295u);
    bool loop_init_3 = true;
    while(true) {
        if (metal::all(loop_bound_3 == uint2(0u))) { break; }
        loop_bound_3 -= uint2(loop_bound_3.y == 0u, 1u);
        if (!loop_init_3) {
            uint _e145 = stride;
            stride = naga_div(_e145, 2u);
        }
        loop_init_3 = false;
        uint _e131 = stride;
        if (_e131 > 0u) {
        } else {
            break;
        }
        {
            uint _e134 = stride;
            if (lane < _e134) {
                metal::float4 _e138 = sums.inner[metal::min(unsigned(lane), 63u)];
                uint _e140 = stride;
                metal::float4 _e143 = sums.inner[metal::min(unsigned(lane + _e140), 63u)];
                sums.inner[metal::min(unsigned(lane), 63u)] = _e138 + _e143;
            }
            metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
        }
    }
    if (lane < TILE) {
        uint vector = (tile * TILE) + lane;
        uint _e155 = shape.vectors;
        if (vector < _e155) {
            uint _e160 = shape.rows;
            float _e167 = sums.inner[0][metal::min(unsigned(lane), 3u)];
            y[metal::min(unsigned((vector * _e160) + row_1), (_buffer_sizes.size3 - 0 - 4) / 4)] = _e167;
            return;
        } else {
            return;
        }
    } else {
        return;
    }
}
