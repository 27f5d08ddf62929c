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
struct type_6 {
    float inner[64];
};
constant uint BLOCK_WORDS = 5u;
constant uint BLOCK_WEIGHTS = 32u;
constant uint WORD_WEIGHTS = 8u;
constant uint LANES = 64u;

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

struct matvecInput {
};
[[max_total_threads_per_threadgroup(64)]] kernel void matvec(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, device type_1 const& words [[buffer(0)]]
, constant Shape& shape [[buffer(3)]]
, device type_5 const& x [[buffer(1)]]
, device type_5& y [[buffer(2)]]
, threadgroup type_6& sums
, constant _mslBufferSizes& _buffer_sizes [[buffer(4)]]
) {
    if (lane == 0u) {
        sums = {};
    }
    metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
    float sum = 0.0;
    uint first = {};
    uint word = {};
    uint slot = {};
    uint stride = 32u;
    uint _e3 = group_number(group, groups);
    uint _e6 = shape.rows;
    if (_e3 >= _e6) {
        return;
    }
    metal::uint2 _e8 = row_start(_e3, shape);
    uint _e12 = shape.columns;
    uint end = _e8.y + _e12;
    first = lane * BLOCK_WEIGHTS;
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e73 = first;
            first = _e73 + 2048u;
        }
        loop_init = false;
        uint _e19 = first;
        if (_e19 < end) {
        } else {
            break;
        }
        {
            uint _e22 = first;
            uint block_5 = _e8.x + naga_div(_e22, BLOCK_WEIGHTS);
            uint _e26 = scale_bits(block_5, words, _buffer_sizes);
            float scale_1 = as_type<float>(_e26);
            uint _e28 = bias_bits(block_5, words, _buffer_sizes);
            float bias_1 = as_type<float>(_e28);
            word = 0u;
            uint2 loop_bound_1 = uint2(4294967295u);
            bool loop_init_1 = true;
            while(true) {
                if (metal::all(loop_bound_1 == uint2(0u))) { break; }
                loop_bound_1 -= uint2(loop_bound_1.y == 0u, 1u);
                if (!loop_init_1) {
                    uint _e71 = word;
                    word = _e71 + 1u;
                }
                loop_init_1 = false;
                uint _e32 = word;
                if (_e32 < 4u) {
                } else {
                    break;
                }
                {
                    uint _e35 = first;
                    uint _e36 = word;
                    uint from_slot = _e35 + (_e36 * WORD_WEIGHTS);
                    uint _e40 = word;
                    uint _e41 = nibbles(block_5, _e40, words, _buffer_sizes);
                    slot = metal::max(from_slot, _e8.y);
                    uint2 loop_bound_2 = uint2(4294967295u);
                    bool loop_init_2 = true;
                    while(true) {
                        if (metal::all(loop_bound_2 == uint2(0u))) { break; }
                        loop_bound_2 -= uint2(loop_bound_2.y == 0u, 1u);
                        if (!loop_init_2) {
                            uint _e68 = slot;
                            slot = _e68 + 1u;
                        }
                        loop_init_2 = false;
                        uint _e45 = slot;
                        if (_e45 < metal::min(from_slot + WORD_WEIGHTS, end)) {
                        } else {
                            break;
                        }
                        {
                            uint _e51 = slot;
                            uint nibble_2 = (_e41 >> (4u * (_e51 - from_slot))) & 15u;
                            float _e57 = sum;
                            float _e58 = weight(nibble_2, scale_1, bias_1);
                            uint _e60 = slot;
                            float _e64 = x[metal::min(unsigned(_e60 - _e8.y), (_buffer_sizes.size2 - 0 - 4) / 4)];
                            sum = _e57 + (_e58 * _e64);
                        }
                    }
                }
            }
        }
    }
    float _e78 = sum;
    sums.inner[metal::min(unsigned(lane), 63u)] = _e78;
    metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
    uint2 loop_bound_3 = uint2(4294967295u);
    bool loop_init_3 = true;
    while(true) {
        if (metal::all(loop_bound_3 == uint2(0u))) { break; }
        loop_bound_3 -= uint2(loop_bound_3.y == 0u, 1u);
        if (!loop_init_3) {
            uint _e95 = stride;
            stride = naga_div(_e95, 2u);
        }
        loop_init_3 = false;
        uint _e81 = stride;
        if (_e81 > 0u) {
        } else {
            break;
        }
        {
            uint _e84 = stride;
            if (lane < _e84) {
                float _e88 = sums.inner[metal::min(unsigned(lane), 63u)];
                uint _e90 = stride;
                float _e93 = sums.inner[metal::min(unsigned(lane + _e90), 63u)];
                sums.inner[metal::min(unsigned(lane), 63u)] = _e88 + _e93;
            }
            metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
        }
    }
    if (lane == 0u) {
        float _e104 = sums.inner[0];
        y[metal::min(unsigned(_e3), (_buffer_sizes.size3 - 0 - 4) / 4)] = _e104;
        return;
    } else {
        return;
    }
}
