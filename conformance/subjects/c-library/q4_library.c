/* decode:khq4 and decode:q4_1 as a shared library for q4proof: the smallest whole example of q4proof.h.
   `make -C conformance/subjects/c-library`, then
   `q4proof check --library conformance/subjects/c-library/target/libq4_library.so`. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "q4proof.h"

enum { BLOCK_BYTES = 20, BLOCK_VALUES = 32 };

#ifdef NIBBLES_SWAPPED /* a planted fault: the high nibble of each byte comes first */
enum { FIRST_SHIFT = 4 };
#else
enum { FIRST_SHIFT = 0 };
#endif

static float f32_of_f16(const uint8_t *from) {
    unsigned half = from[0] | (unsigned)from[1] << 8, exponent = half >> 10 & 31, fraction = half & 1023;
    double magnitude = exponent == 31 ? (fraction == 0 ? INFINITY : NAN)
                       : exponent == 0 ? ldexp(fraction, -24)
                                       : ldexp(fraction + 1024, (int)exponent - 25);
    return (float)(half & 0x8000 ? -magnitude : magnitude);
}

const char *q4proof_name(void) { return "c-library"; }
const char *q4proof_version(void) { return "1.0"; }
const char *q4proof_capabilities(void) { return "decode:khq4 decode:q4_1"; }

static int refuse(char *error, size_t error_len, const char *why) {
    snprintf(error, error_len, "%s", why);
    return Q4PROOF_REFUSED;
}

int q4proof_decode(const char *format, const uint8_t *blocks, size_t blocks_len, uint64_t original_len,
                   const char *type, void *values, size_t room, char *error, size_t error_len) {
    int is_khq4 = strcmp(format, "khq4") == 0;
    if ((!is_khq4 && strcmp(format, "q4_1") != 0) || strcmp(type, "f32") != 0) return Q4PROOF_UNSUPPORTED;
    uint64_t block_count = original_len / BLOCK_VALUES + (original_len % BLOCK_VALUES != 0);
    if (blocks_len % BLOCK_BYTES != 0 || blocks_len / BLOCK_BYTES != block_count)
        return refuse(error, error_len, "the number of blocks does not fit the number of values");
    if (!is_khq4 && original_len % BLOCK_VALUES != 0)
        return refuse(error, error_len, "the values are not whole blocks");
    for (size_t block = 0; block < block_count; block++) {
        const uint8_t *at = blocks + block * BLOCK_BYTES;
        float scale = f32_of_f16(at), bias = f32_of_f16(at + 2);
        if (!isfinite(scale) || !isfinite(bias) || (is_khq4 && scale == 0))
            return refuse(error, error_len, "a scale or a bias has no values");
        for (size_t i = 0; i < BLOCK_VALUES && block * BLOCK_VALUES + i < room; i++) {
            /* KHQ4 has its nibbles in pairs, Q4_1 in halves. */
            size_t byte = is_khq4 ? i / 2 : i % 16, high = is_khq4 ? i % 2 : i / 16;
            int code = at[4 + byte] >> (high ? 4 - FIRST_SHIFT : FIRST_SHIFT) & 15;
            float value = (float)((double)code * scale + bias); /* exact up to this one rounding */
            memcpy((float *)values + block * BLOCK_VALUES + i, &value, sizeof value);
        }
    }
    return Q4PROOF_DONE;
}
