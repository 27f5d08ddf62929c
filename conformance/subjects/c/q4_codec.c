/* KHQ4 version 2, KHF1 version 1 and what is computed with them, in C99 and POSIX, as a subject of the
   conformance suite.

   It is written from SPEC.md and PROTOCOL.md alone and shares no code with any other codec. The ids
   in the comments are clauses of SPEC.md. Of the lawful behaviours it keeps to fold-left (KHQ4-H6),
   signed-scale (KHQ4-P6), padding-formula (ENC-P1), rounded-once (F16-1), flat-rows for ggml's blocks
   (GGML-1), separate and zero-scale-negative (Q40-3), exponent-field (MX-3), zero-signed (MX-2, NV-2),
   code-first (NV-3), whole-rows for MLX (MLX-1) and contained (IDX-9); a bias of zero has the sign of
   the first minimum (ENC-Z1). Products are computed for all numbers of columns (DOT-4). */

#define _XOPEN_SOURCE 700 /* POSIX of 2008, with realpath */

#include <errno.h>
#include <fcntl.h>
#include <float.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wctype.h>

#if FLT_EVAL_METHOD != 0
#error "operations on float and double are to be rounded one by one, to their own format"
#endif

struct bytes {
    uint8_t *at;
    size_t length;
};

/* ---- Refusals ---- */

static const char unsupported[] = "unsupported";

static struct {
    const char *class; /* a name of ERR-1, or `unsupported`, or NULL */
    char message[128];
} refusal;

/* Notes why the request has no result, and returns false. */
static bool refuse(const char *class, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(refusal.message, sizeof refusal.message, format, arguments);
    va_end(arguments);
    refusal.class = class;
    return false;
}

/* Ends the program where no answer is possible. */
static void stop(const char *why) {
    fprintf(stderr, "q4_codec: %s\n", why);
    exit(EXIT_FAILURE);
}

/* Memory for a size that the length of a request bounds; never NULL, not even for size 0. */
static void *allocate(size_t size) {
    void *memory = malloc(size + 1);
    if (memory == NULL) stop("out of memory");
    return memory;
}

/* ---- Numbers ---- */

static uint64_t little_endian(const uint8_t *from, int size) {
    uint64_t number = 0;
    for (int i = size - 1; i >= 0; i--) number = number << 8 | from[i];
    return number;
}

static void put_little_endian(uint8_t *to, uint64_t number, int size) {
    for (int i = 0; i < size; i++) to[i] = (uint8_t)(number >> 8 * i);
}

/* The same four bytes as a number and as its bit pattern. */
union f32 {
    float number;
    uint32_t bits;
};

union f64 {
    double number;
    uint64_t bits;
};

static float f32_of_bits(uint32_t bits) { return (union f32){.bits = bits}.number; }

/* Value i of an array of f32 or of f64 numbers; an f64 holds every f32. */
static double number_at(const uint8_t *from, size_t i, bool single) {
    if (single) return f32_of_bits((uint32_t)little_endian(from + 4 * i, 4));
    return (union f64){.bits = little_endian(from + 8 * i, 8)}.number;
}

static void put_number_at(uint8_t *to, size_t i, double number, bool single) {
    if (single) put_little_endian(to + 4 * i, (union f32){(float)number}.bits, 4);
    else put_little_endian(to + 8 * i, (union f64){number}.bits, 8);
}

static uint32_t f16_at(const uint8_t *from) { return (uint32_t)little_endian(from, 2); }

static bool f16_is_finite(uint32_t half) { return (half & 0x7c00) != 0x7c00; }

/* DEC-1: a finite f16 as the same number in f32. The fraction of a subnormal is shifted until its
   leading bit stands where that of a normal number, which is not stored, would. */
static float f32_of_f16(uint32_t half) {
    uint32_t sign = (half & 0x8000) << 16, exponent = half >> 10 & 31, fraction = half & 0x3ff;
    if (exponent == 0 && fraction == 0) return f32_of_bits(sign);
    if (exponent == 0) {
        for (exponent = 1; (fraction & 0x400) == 0; exponent--) fraction <<= 1;
    }
    return f32_of_bits(sign | (exponent + 112) << 23 | (fraction & 0x3ff) << 13);
}

/* ENC-M1, F16-1: a number that is no NaN, rounded once to f16, ties to even. It is counted in the
   2^-24 that f16 subnormals are multiples of, and halved until a fraction of f16 holds it; the rest
   behind its point is exact. A carry out of the fraction goes into the exponent. */
static uint32_t f16_of(double number) {
    double scaled = fabs(number) * 0x1p24;
    uint32_t sign = signbit(number) ? 0x8000 : 0, halvings = 0;
    if (scaled >= 65520 * 0x1p24) return sign | 0x7c00;
    for (; scaled >= 2048; halvings++) scaled /= 2;
    uint32_t half = (uint32_t)scaled;
    double rest = scaled - half;
    half += rest > 0.5 || (rest == 0.5 && half % 2 == 1);
    return sign | ((halvings << 10) + half);
}

enum float_type { F16, BF16, F32, F64, FLOAT_TYPES };

static const char *const float_names[FLOAT_TYPES] = {"f16", "bf16", "f32", "f64"};

static const size_t float_sizes[FLOAT_TYPES] = {2, 2, 4, 8};

/* Values of one type, one behind the other. */
struct floats {
    enum float_type type;
    struct bytes bytes;
    size_t count;
};

/* ENC-S5: value i of an encoder's source. An f64 is rounded to f32 once; of an f16 that is no number
   only that is told, as it will be refused. */
static float source_at(const struct floats *source, size_t i) {
    const uint8_t *from = source->bytes.at;
    if (source->type == BF16) return f32_of_bits((uint32_t)little_endian(from + 2 * i, 2) << 16);
    if (source->type != F16) return (float)number_at(from, i, source->type == F32);
    uint32_t half = f16_at(from + 2 * i);
    return f16_is_finite(half) ? f32_of_f16(half) : INFINITY;
}

/* ---- Blocks ---- */

enum { BLOCK_VALUES = 32 }; /* BLK-1; of all blocks that are encoded */

/* What sets one format apart from the others. What a format does not have is zero. */
struct format {
    const char *name;
    size_t block_size;
    uint64_t weights;       /* that a block stands for */
    bool whole, whole_rows; /* sections 14 and 15: no tensor, or no row, has a partial block */
    bool (*check)(const uint8_t *block, size_t number); /* refuses a block that has no values */
    double (*weight)(const uint8_t *block, int slot);   /* the exact value of one weight */
    bool (*encode)(const float *values, int count, uint8_t *block);
    enum float_type source; /* what `encode` takes */
    const char *magic;      /* of its files */
    uint64_t version, retired;
};

/* BLK-3, in the form of KHQ4-H8, which cannot wrap. */
static uint64_t block_count(const struct format *format, uint64_t values) {
    return values / format->weights + (values % format->weights != 0);
}

/* KHQ4-P1, KHQ4-P2, DEC-4: as many blocks as the values take, compared without a product that wraps. */
static bool check_extent(const struct format *format, struct bytes blocks, uint64_t count) {
    size_t size = format->block_size;
    uint64_t have = blocks.length / size, needed = block_count(format, count);
    return (have == needed && blocks.length % size == 0) ||
           refuse(have < needed ? "truncated_payload" : "trailing_bytes",
                  "%zu bytes instead of %" PRIu64 " blocks of %zu", blocks.length, needed, size);
}

static bool check_blocks(const struct format *format, struct bytes blocks, uint64_t count) {
    if (!check_extent(format, blocks, count)) return false;
    for (size_t i = 0; i < blocks.length / format->block_size; i++) {
        if (!format->check(blocks.at + i * format->block_size, i)) return false;
    }
    return true;
}

/* GGML-1, MLX-1: whole blocks. */
static bool check_whole(const struct format *format, uint64_t count) {
    return count % format->weights == 0 ||
           refuse("shape", "%" PRIu64 " values are not whole blocks", count);
}

/* KHQ4-P3 to KHQ4-P6. No nibble is looked at. */
static bool check_khq4(const uint8_t *block, size_t number) {
    uint32_t scale = f16_at(block), bias = f16_at(block + 2);
    if (!f16_is_finite(scale) || (scale & 0x7fff) == 0)
        return refuse("scale", "block %zu: scale is zero or not finite", number);
    return f16_is_finite(bias) || refuse("bias", "block %zu: bias is not finite", number);
}

/* GGML-2: a scale may be a zero. */
static bool check_q4_1(const uint8_t *block, size_t number) {
    if (!f16_is_finite(f16_at(block))) return refuse("scale", "block %zu: d is not finite", number);
    return f16_is_finite(f16_at(block + 2)) || refuse("bias", "block %zu: m is not finite", number);
}

/* Q40-2, Q8-2, Q50-2, NL-2, XS-2: any finite scale. */
static bool check_finite_scale(const uint8_t *block, size_t number) {
    return f16_is_finite(f16_at(block)) || refuse("scale", "block %zu: d is not finite", number);
}

/* Q4K-2: two scales. */
static bool check_k(const uint8_t *block, size_t number) {
    return check_finite_scale(block, number) &&
           (f16_is_finite(f16_at(block + 2)) || refuse("scale", "block %zu: e is not finite", number));
}

/* Q6K-1: the scale stands last. */
static bool check_q6_k(const uint8_t *block, size_t number) {
    return check_finite_scale(block + 208, number);
}

static bool check_mxfp4(const uint8_t *block, size_t number) {
    return block[0] != 255 || refuse("scale", "block %zu: x is 255", number);
}

static bool check_nvfp4(const uint8_t *block, size_t number) {
    for (int i = 0; i < 4; i++) {
        if (block[i] >= 0x7f) return refuse("scale", "block %zu: u[%d] is %#x", number, i, block[i]);
    }
    return true;
}

/* Where in its block nibble i stands. BLK-2: pairs in sequence; GGML-1: split halves. */
static int nibble_byte(int i, bool halves) { return 4 + (halves ? i % 16 : i / 2); }

static int nibble_shift(int i, bool halves) { return 4 * (halves ? i / 16 : i % 2); }

/* The product and the sum are exact in binary64, so that DEC-1, F16-1 and GGML-2 round what is
   returned; a zero has the sign that it has in f32 (DEC-2). */
static double weight_of_nibble(const uint8_t *block, int slot, bool halves) {
    int nibble = block[nibble_byte(slot, halves)] >> nibble_shift(slot, halves) & 15;
    double product = nibble * (double)f32_of_f16(f16_at(block));
    return product + (double)f32_of_f16(f16_at(block + 2));
}

static double weight_khq4(const uint8_t *block, int slot) {
    return weight_of_nibble(block, slot, false);
}

static double weight_q4_1(const uint8_t *block, int slot) {
    return weight_of_nibble(block, slot, true);
}

/* Q40-2: a scale, and codes in split halves as those of Q4_1, which begin two bytes later. The product is exact in f32
   too. */
static double weight_q4_0(const uint8_t *block, int slot) {
    int nibble = block[nibble_byte(slot, true) - 2] >> nibble_shift(slot, true) & 15;
    return (nibble - 8) * (double)f32_of_f16(f16_at(block));
}

/* The number of a byte in two's complement. */
static int signed_byte(uint8_t byte) { return byte < 128 ? byte : byte - 256; }

/* Q8-2: a scale and 32 bytes, each a number from -128 to 127. The product is exact in f32 too. */
static double weight_q8_0(const uint8_t *block, int slot) {
    return signed_byte(block[2 + slot]) * (double)f32_of_f16(f16_at(block));
}

/* Q40-1: the nibble of weight i, of 32 in split halves. */
static int half_nibble(const uint8_t *pairs, int i) { return pairs[i % 16] >> 4 * (i / 16) & 15; }

/* Q50-1: bit i of h, a u32, above the nibble. */
static int code_of_q5(const uint8_t *h, int i) {
    return half_nibble(h + 4, i) + 16 * (h[i / 8] >> i % 8 & 1);
}

/* Q50-2. */
static double weight_q5_0(const uint8_t *block, int slot) {
    return (code_of_q5(block + 2, slot) - 16) * (double)f32_of_f16(f16_at(block));
}

/* Q51-2: product and sum are exact in binary64. */
static double weight_q5_1(const uint8_t *block, int slot) {
    double product = code_of_q5(block + 4, slot) * (double)f32_of_f16(f16_at(block));
    return product + (double)f32_of_f16(f16_at(block + 2));
}

/* Q4K-1: the scale and the minimum of sub-block j. */
static void get_scale_k(const uint8_t *k, int j, int *scale, int *minimum) {
    if (j < 4) {
        *scale = k[j] & 63;
        *minimum = k[j + 4] & 63;
    } else {
        *scale = (k[j + 4] & 15) | (k[j - 4] >> 6) << 4;
        *minimum = k[j + 4] >> 4 | (k[j] >> 6) << 4;
    }
}

/* Q4K-1: the nibble of weight i of sub-block j; two sub-blocks share a run of 32 bytes. */
static int run_nibble(const uint8_t *runs, int i, int j) {
    return runs[j / 2 * 32 + i] >> 4 * (j % 2) & 15;
}

/* Q4K-2: the products and the difference are exact in binary64. */
static double weight_of_k(const uint8_t *block, int j, int code) {
    int scale, minimum;
    get_scale_k(block + 4, j, &scale, &minimum);
    double product = (double)f32_of_f16(f16_at(block)) * scale * code;
    return product - (double)f32_of_f16(f16_at(block + 2)) * minimum;
}

static double weight_q4_k(const uint8_t *block, int slot) {
    int i = slot % 32, j = slot / 32;
    return weight_of_k(block, j, run_nibble(block + 16, i, j));
}

/* Q5K-1: bit j of h[i] above the nibble. */
static double weight_q5_k(const uint8_t *block, int slot) {
    int i = slot % 32, j = slot / 32;
    return weight_of_k(block, j, run_nibble(block + 48, i, j) + 16 * (block[16 + i] >> j & 1));
}

/* Q6K-1, Q6K-2. The products are exact in f32 too. */
static double weight_q6_k(const uint8_t *block, int slot) {
    int n = slot / 128, k = slot / 32 % 4, i = slot % 32;
    int low = block[64 * n + 32 * (k % 2) + i] >> (k < 2 ? 0 : 4) & 15;
    int high = block[128 + 32 * n + i] >> 2 * k & 3;
    int scale = signed_byte(block[192 + 8 * n + 2 * k + i / 16]);
    return (double)f32_of_f16(f16_at(block + 208)) * scale * ((low | high << 4) - 32);
}

/* NL-1. */
static const int iq4[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

static double weight_iq4_nl(const uint8_t *block, int slot) {
    return iq4[half_nibble(block + 2, slot)] * (double)f32_of_f16(f16_at(block));
}

/* XS-1, XS-2. The products are exact in f32 too. */
static double weight_iq4_xs(const uint8_t *block, int slot) {
    int j = slot / 32, low = block[4 + j / 2] >> 4 * (j % 2) & 15;
    int high = (int)(little_endian(block + 2, 2) >> 2 * j & 3);
    double scale = (double)f32_of_f16(f16_at(block)) * ((low | high << 4) - 32);
    return scale * iq4[half_nibble(block + 8 + 16 * j, slot % 32)];
}

/* MX-1. */
static const double e2m1[16] = {0.0,  0.5,  1.0,  1.5,  2.0,  3.0,  4.0,  6.0,
                                -0.0, -0.5, -1.0, -1.5, -2.0, -3.0, -4.0, -6.0};

/* MX-2. What f32 cannot hold becomes an infinity when it is rounded. */
static double weight_mxfp4(const uint8_t *block, int slot) {
    return ldexp(e2m1[half_nibble(block + 1, slot)], block[0] - 127);
}

/* NV-1: an E4M3 without its sign. */
static double f64_of_e4m3(uint8_t byte) {
    int exponent = byte >> 3, fraction = byte & 7;
    return exponent == 0 ? ldexp(fraction, -9) : ldexp(8 + fraction, exponent - 10);
}

/* NV-2. */
static double weight_nvfp4(const uint8_t *block, int slot) {
    int group = slot / 16, i = slot % 16;
    int code = block[4 + 8 * group + i % 8] >> 4 * (i / 8) & 15;
    return e2m1[code] * f64_of_e4m3(block[group]);
}

/* Weight i of the flat sequence. */
static double weight_at(const struct format *format, const uint8_t *blocks, size_t i) {
    size_t weights = (size_t)format->weights;
    return format->weight(blocks + i / weights * format->block_size, (int)(i % weights));
}

/* ENC-Q2: rounds half away from zero. The difference is exact, and |t| is below 2^28. */
static int round_away(float t) {
    int number = (int)t;
    float rest = t - (float)number;
    if (rest >= 0.5f) number++;
    if (rest <= -0.5f) number--;
    return number;
}

/* ENC-A4, ENC-Y3: from the middle nibble of the mode on, clamped. */
static int nibble_of(float t, int middle) {
    int nibble = round_away(t) + middle;
    return nibble < 0 ? 0 : nibble > 15 ? 15 : nibble;
}

/* ENC-A1: `count` is that of the real values. */
static void get_extremes(const float *values, int count, float *lo, float *hi) {
    *lo = *hi = values[0];
    for (int i = 1; i < count; i++) {
        if (values[i] < *lo) *lo = values[i];
        if (values[i] > *hi) *hi = values[i];
    }
}

/* ENC-M1 to ENC-M3: a block whose nibbles are all 0. */
static bool begin_block(uint8_t *block, float s, float b) {
    uint32_t scale = f16_of(s), bias = f16_of(b);
    if (!f16_is_finite(scale)) return refuse("scale", "no f16 for scale %g", s);
    if (!f16_is_finite(bias)) return refuse("bias", "no f16 for bias %g", b);
    memset(block, 0, 20);
    put_little_endian(block, scale, 2);
    put_little_endian(block + 2, bias, 2);
    return true;
}

static void put_nibble(uint8_t *block, int i, int nibble, bool halves) {
    block[nibble_byte(i, halves)] |= (uint8_t)(nibble << nibble_shift(i, halves));
}

/* A block of `count` values, behind which `values` holds zeros. Each operation is stored in an f32,
   and so is rounded on its own (ENC-S1). */
static bool encode_in_mode(const float *values, int count, bool symmetric, uint8_t *block) {
    float lo, hi;
    get_extremes(values, count, &lo, &hi);
    float amax = -lo > hi ? -lo : hi, range = hi - lo;
    float c = symmetric ? amax / 7.0f : range / 15.0f; /* ENC-Y1, ENC-A2 */
    float s = c <= 0x1p-25f ? 1.0f : c;                /* ENC-D1 */
    float b = symmetric ? -8.0f * s : lo;              /* ENC-Y2, ENC-A3 */
    float inv = 1.0f / s;                              /* ENC-Q1 */
    if (!begin_block(block, s, b)) return false;
    for (int i = 0; i < BLOCK_VALUES; i++) {                       /* ENC-P1: padding as well */
        float difference = symmetric ? values[i] : values[i] - lo; /* ENC-Y3, ENC-A4 */
        float t = difference * inv;
        put_nibble(block, i, nibble_of(t, symmetric ? 8 : 0), false);
    }
    return true;
}

static bool encode_asymmetric(const float *values, int count, uint8_t *block) {
    return encode_in_mode(values, count, false, block);
}

static bool encode_symmetric(const float *values, int count, uint8_t *block) {
    return encode_in_mode(values, count, true, block);
}

/* 1 / d, or 0 for a d of 0. Where it is an infinity nothing is demanded, and the block is refused. */
static bool get_reciprocal(float d, float *id) {
    *id = d == 0.0f ? 0.0f : 1.0f / d;
    return !isinf(*id) || refuse("scale", "no reciprocal for scale %g", d);
}

/* GGML-3. t is at least 0.5 and not much above 15.5. */
static bool encode_q4_1(const float *values, int count, uint8_t *block) {
    float lo, hi, id;
    get_extremes(values, count, &lo, &hi);
    float range = hi - lo, d = range / 15.0f;
    if (!get_reciprocal(d, &id) || !begin_block(block, d, lo)) return false;
    for (int i = 0; i < count; i++) {
        float difference = values[i] - lo, product = difference * id, t = product + 0.5f;
        put_nibble(block, i, t >= 15.0f ? 15 : (int)t, true);
    }
    return true;
}

/* Q40-3. No t is below 0.49, as |v| is at most amax. */
static bool encode_q4_0(const float *values, int count, uint8_t *block) {
    float max = 0.0f, id;
    for (int i = 0; i < count; i++) {
        if (fabsf(values[i]) > fabsf(max)) max = values[i];
    }
    float d = max / -8.0f;
    uint32_t scale = f16_of(d);
    if (!get_reciprocal(d, &id)) return false;
    if (!f16_is_finite(scale)) return refuse("scale", "no f16 for scale %g", d);
    put_little_endian(block, scale, 2);
    memset(block + 2, 0, 16);
    for (int i = 0; i < count; i++) {
        float product = values[i] * id, t = product + 8.5f;
        int nibble = t < 15.0f ? (int)t : 15;
        block[nibble_byte(i, true) - 2] |= (uint8_t)(nibble << nibble_shift(i, true));
    }
    return true;
}

/* Q8-3. Even where d is subnormal, no t is far enough above 127 to be rounded to 128. A d of zero is
   +0, whatever the signs of the values are. */
static bool encode_q8_0(const float *values, int count, uint8_t *block) {
    float amax = 0.0f, id;
    for (int i = 0; i < count; i++) amax = fmaxf(amax, fabsf(values[i]));
    float d = amax / 127.0f;
    uint32_t scale = f16_of(d);
    if (!get_reciprocal(d, &id)) return false;
    if (!f16_is_finite(scale)) return refuse("scale", "no f16 for scale %g", d);
    put_little_endian(block, scale, 2);
    for (int i = 0; i < count; i++) {
        float t = values[i] * id;
        block[2 + i] = (uint8_t)round_away(t);
    }
    return true;
}

/* MX-3. What is compared is exact in binary64, or far from equal. */
static bool encode_mxfp4(const float *values, int count, uint8_t *block) {
    float amax = 0.0f;
    int exponent = -124; /* one more than that of amax, as frexpf has it */
    for (int i = 0; i < count; i++) amax = fmaxf(amax, fabsf(values[i]));
    if (amax != 0.0f) frexpf(amax, &exponent);
    if (exponent < -124) return refuse("scale", "no exponent for an amax of %g", amax);
    memset(block, 0, 17);
    block[0] = (uint8_t)(exponent + 124);
    for (int i = 0; i < count; i++) {
        double magnitude = ldexp(fabs((double)values[i]), 127 - block[0]);
        int code = 0;
        for (int next = 1; next < 8; next++) {
            if (fabs(e2m1[next] - magnitude) < fabs(e2m1[code] - magnitude)) code = next;
        }
        if (code != 0 && values[i] < 0.0f) code += 8;
        block[1 + i % 16] |= (uint8_t)(code << 4 * (i / 16));
    }
    return true;
}

/* MLX-2. The first s is at least 1e-7, and |q0| at least 7 where s has not been raised to that, so that
   no quotient is too large for f32 and no s for f16. */
static bool encode_mlx(const float *values, int count, uint8_t *block) {
    float lo, hi, b = 0.0f;
    get_extremes(values, count, &lo, &hi);
    float range = hi - lo, s = range / 15.0f;
    if (s < 1e-7f) s = 1e-7f;
    bool low = fabsf(lo) > fabsf(hi);
    float edge = low ? lo : hi;
    if (!low) s = -s;
    float quotient = edge / s, q0 = rintf(quotient);
    if (q0 != 0.0f) {
        s = edge / q0;
        b = edge;
    }
    if (!begin_block(block, s, b)) return false;
    for (int i = 0; i < count; i++) {
        float difference = values[i] - b, t = difference / s, q = rintf(t);
        put_nibble(block, i, q <= 0.0f ? 0 : q >= 15.0f ? 15 : (int)q, false);
    }
    return true;
}

static const struct format
    khq4 = {.name = "khq4", .block_size = 20, .weights = 32, .check = check_khq4,
            .weight = weight_khq4, .magic = "KHQ4", .version = 2, .retired = 1}, /* KHQ4-H1, KHQ4-H2 */
    khf1 = {.name = "khf1", .magic = "KHF1", .version = 1, .retired = UINT64_MAX}, /* KHF1-H1 */
    q4_0 = {.name = "q4_0", .block_size = 18, .weights = 32, .whole = true,
            .check = check_finite_scale, .weight = weight_q4_0, .encode = encode_q4_0, .source = F32},
    q4_1 = {.name = "q4_1", .block_size = 20, .weights = 32, .whole = true, .check = check_q4_1,
            .weight = weight_q4_1, .encode = encode_q4_1, .source = F32},
    q8_0 = {.name = "q8_0", .block_size = 34, .weights = 32, .whole = true,
            .check = check_finite_scale, .weight = weight_q8_0, .encode = encode_q8_0, .source = F32},
    q5_0 = {.name = "q5_0", .block_size = 22, .weights = 32, .whole = true,
            .check = check_finite_scale, .weight = weight_q5_0},
    q5_1 = {.name = "q5_1", .block_size = 24, .weights = 32, .whole = true, .check = check_q4_1,
            .weight = weight_q5_1},
    q4_k = {.name = "q4_k", .block_size = 144, .weights = 256, .whole = true, .check = check_k,
            .weight = weight_q4_k},
    q5_k = {.name = "q5_k", .block_size = 176, .weights = 256, .whole = true, .check = check_k,
            .weight = weight_q5_k},
    q6_k = {.name = "q6_k", .block_size = 210, .weights = 256, .whole = true, .check = check_q6_k,
            .weight = weight_q6_k},
    iq4_nl = {.name = "iq4_nl", .block_size = 18, .weights = 32, .whole = true,
              .check = check_finite_scale, .weight = weight_iq4_nl},
    iq4_xs = {.name = "iq4_xs", .block_size = 136, .weights = 256, .whole = true,
              .check = check_finite_scale, .weight = weight_iq4_xs},
    mxfp4 = {.name = "mxfp4", .block_size = 17, .weights = 32, .whole = true, .check = check_mxfp4,
             .weight = weight_mxfp4, .encode = encode_mxfp4, .source = F32},
    nvfp4 = {.name = "nvfp4", .block_size = 36, .weights = 64, .whole = true, .check = check_nvfp4,
             .weight = weight_nvfp4},
    mlx = {.name = "mlx", .block_size = 20, .weights = 32, .whole = true, .whole_rows = true,
           .encode = encode_mlx, .source = F16},
    quarot = {.name = "quarot"};

/* KHQ4-H5, KHQ4-H6, KHQ4-H8: the product, from the left, is `count`; nothing exceeds `max`. A shape is
   kept as it stands in a file, 8 bytes a dimension. */
static bool check_shape(struct bytes shape, uint64_t max, uint64_t count) {
    uint64_t product = 1;
    for (size_t i = 0; i < shape.length; i += 8) {
        uint64_t dimension = little_endian(shape.at + i, 8);
        if (dimension > max || (dimension != 0 && product > max / dimension))
            return refuse("overflow", "dimension %zu, or the product, exceeds the width", i / 8);
        product *= dimension;
    }
    if (count > max) return refuse("overflow", "the number of values exceeds the width");
    return product == count ||
           refuse("shape_mismatch", "the shape is not that of %" PRIu64 " values", count);
}

/* MLX-1: the last dimension is whole groups. A shape without dimensions is that of one value. */
static bool check_rows(const struct format *format, struct bytes shape) {
    return shape.length == 0 || check_whole(format, little_endian(shape.at + shape.length - 8, 8));
}

/* ENC-S2, ENC-S4: cuts the flat sequence into blocks. */
static bool encode_values(const struct floats *source, const struct format *format,
                          bool (*encode)(const float *, int, uint8_t *), uint8_t *blocks) {
    for (size_t first = 0; first < source->count; first += BLOCK_VALUES) {
        float values[BLOCK_VALUES] = {0};
        size_t left = source->count - first;
        int real = left < BLOCK_VALUES ? (int)left : BLOCK_VALUES;
        for (int i = 0; i < real; i++) {
            values[i] = source_at(source, first + (size_t)i);
            if (!isfinite(values[i]))
                return refuse("non_finite", "value %zu is not finite", first + (size_t)i);
        }
        if (!encode(values, real, blocks + first / BLOCK_VALUES * format->block_size)) return false;
    }
    return true;
}

/* ---- Products and rotation ---- */

/* Whether a * b is `count`; the product itself could wrap. */
static bool product_is(uint64_t a, uint64_t b, uint64_t count) {
    return a == 0 || b == 0 ? count == 0 : count % a == 0 && count / a == b;
}

/* DOT-1: one row times one vector. The row begins at flat weight `first`, inside a block where columns
   are not whole blocks (DOT-4). 53 bits for each operation leave the sum of DOT-2 exact. */
static float dot(const uint8_t *blocks, size_t first, const uint8_t *x, uint64_t columns) {
    double sum = 0;
    for (size_t k = 0; k < columns; k++)
        sum += weight_at(&khq4, blocks, first + k) * number_at(x, k, true);
    return (float)sum;
}

static const uint64_t gamma_step = 0x9e3779b97f4a7c15; /* GAMMA of section 13 */

static uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

/* One operation of section 13. Where the precision is f32, two f32 numbers are added, multiplied or
   divided in binary64 and the result is rounded at once, which gives the bits of the f32 operation. */
static double rounded(double number, bool single) { return single ? (float)number : number; }

/* The values that are rotated together: a row, a column or a part of a row. */
struct run {
    double *at;
    size_t stride, length;
    bool single;
};

static void change_signs(struct run run, uint64_t seed) { /* ROT-1 */
    uint64_t state = seed + gamma_step;
    for (size_t i = 0; i < run.length; i++) {
        state += gamma_step;
        if (mix(state) % 2 != 0) run.at[i * run.stride] = -run.at[i * run.stride];
    }
}

static void transform(struct run run) { /* ROT-2 */
    for (size_t h = 1; h < run.length; h *= 2) {
        for (size_t i = 0; i < run.length; i += 2 * h) {
            for (size_t j = i; j < i + h; j++) {
                double *low = run.at + j * run.stride, *high = low + h * run.stride;
                double a = *low, b = *high;
                *low = rounded(a + b, run.single);
                *high = rounded(a - b, run.single);
            }
        }
    }
    double root = rounded(sqrt((double)run.length), run.single);
    double factor = rounded(1 / root, run.single);
    for (size_t i = 0; i < run.length; i++)
        run.at[i * run.stride] = rounded(run.at[i * run.stride] * factor, run.single);
}

struct rotation {
    uint64_t seed, rows, columns, block; /* `block` counts in the block form only */
    bool single, output, inverse, blocked;
};

/* ROT-6: the number of values on the side that is rotated. */
static uint64_t side_length(const struct rotation *rotation) {
    return rotation->output ? rotation->rows : rotation->columns;
}

/* ROT-4, and ROT-5 in its place; both hold where there is nothing to rotate, too. */
static bool check_rotation(const struct rotation *rotation) {
    uint64_t n = side_length(rotation), length = rotation->blocked ? rotation->block : n;
    if (length == 0 || (length & (length - 1)) != 0)
        return refuse("shape", "a run of %" PRIu64 " is not a power of two", length);
    if (rotation->blocked &&
        (n == 0 || n > 1 << 24 || n % length != 0 || n / length > 4096))
        return refuse("shape", "%" PRIu64 " columns, runs of %" PRIu64, n, length);
    return true;
}

/* ROT-3, ROT-5, ROT-6. A matrix without values has no lines. */
static void rotate_matrix(double *values, const struct rotation *rotation) {
    uint64_t lines = rotation->output ? rotation->columns : rotation->rows;
    uint64_t n = side_length(rotation), length = rotation->blocked ? rotation->block : n;
    for (uint64_t line = 0; line < lines; line++) {
        for (uint64_t i = 0; i < n / length; i++) {
            uint64_t seed = rotation->blocked ? mix(rotation->seed + i * gamma_step) : rotation->seed;
            double *at = values + (rotation->output ? line : line * n + i * length);
            size_t stride = rotation->output ? (size_t)lines : 1;
            struct run run = {at, stride, (size_t)length, rotation->single};
            if (!rotation->inverse) change_signs(run, seed);
            transform(run);
            if (rotation->inverse) change_signs(run, seed);
        }
    }
}

/* ---- JSON ---- */

enum key {
    OP, FORMAT, SEQ, BLOCKS, ORIGINAL_LEN, TO, MODE, SHAPE, VALUES, ENTRY, PATH, EXPECTED, WIDTH,
    ROWS, COLUMNS, VECTORS, X, SEED, SIDE, INVERSE, BLOCK, NORM, OPEN, TENSORS, TENSOR_SCALE, KEYS
};

static const char *const key_names[KEYS] = {
    "op", "format", "seq", "blocks", "original_len", "to", "mode", "shape", "values", "entry", "path",
    "expected_shape", "address_width", "rows", "columns", "vectors", "x", "seed", "side", "inverse",
    "block", "gamma", "open", "tensors", "tensor_scale"};

static const char digits[] = "0123456789abcdef", decimals[] = "0123456789";

static char *skip_space(char *at) { return at + strspn(at, " \t\r\n"); }

/* The place of a character in a text, or -1. */
static int index_in(const char *text, char character) {
    const char *found = character == '\0' ? NULL : strchr(text, character);
    return found == NULL ? -1 : (int)(found - text);
}

/* The four digits of an escape, or a number beyond all of them. */
static uint32_t code_unit(const char *at) {
    uint32_t unit = 0;
    if (strspn(at, "0123456789abcdefABCDEF") < 4) return UINT32_MAX;
    for (int i = 0; i < 4; i++) /* the bit of a space makes a letter small */
        unit = unit << 4 | (uint32_t)index_in(digits, (char)(at[i] | ' '));
    return unit;
}

static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";

/* The end of a string, or NULL. The digits of an escape are passed as characters. */
static char *string_end(char *at) {
    if (*at++ != '"') return NULL;
    for (; *at != '"'; at++) {
        if ((unsigned char)*at < ' ') return NULL;
        if (*at != '\\') continue;
        at++;
        if (*at == 'u' ? code_unit(at + 1) == UINT32_MAX : index_in(escapes, *at) < 0) return NULL;
    }
    return at + 1;
}

/* Resolves the escapes of a sound string in place, as none is shorter than what it stands for, and ends
   the text with a NUL. A zero becomes c0 80 and half a surrogate pair the three bytes that it would
   have, which no UTF-8 holds. */
static void resolve(char *from) {
    static const uint32_t lead[] = {0, 0xc0, 0xe0, 0xf0};
    char *to = ++from;
    while (*from != '"') {
        if (*from != '\\') {
            *to++ = *from++;
        } else if (*++from != 'u') {
            *to++ = meanings[index_in(escapes, *from++)];
        } else {
            uint32_t code = code_unit(++from);
            from += 4;
            uint32_t low = from[0] == '\\' && from[1] == 'u' ? code_unit(from + 2) : 0;
            if (code >> 10 == 0xd800 >> 10 && low >> 10 == 0xdc00 >> 10) { /* a surrogate pair */
                code = 0x10000 + ((code & 0x3ff) << 10 | (low & 0x3ff));
                from += 6;
            }
            int more = code >= 0x10000 ? 3 : code >= 0x800 ? 2 : code >= 0x80 || code == 0 ? 1 : 0;
            *to++ = (char)(lead[more] | code >> 6 * more);
            while (more-- > 0) *to++ = (char)(0x80 | (code >> 6 * more & 0x3f));
        }
    }
    *to = '\0';
}

/* The character at the beginning of a text, and the number of its bytes; 0 where they have not the form
   of one. */
static size_t get_character(const char *text, uint32_t *code) {
    uint32_t lead = (uint8_t)*text;
    size_t more = lead < 0xc0 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    if ((lead >= 0x80 && lead < 0xc0) || lead >= 0xf8) return 0;
    *code = more == 0 ? lead : lead & 0x3fu >> more;
    for (size_t i = 1; i <= more; i++) {
        if ((text[i] & 0xc0) != 0x80) return 0;
        *code = *code << 6 | (text[i] & 0x3f);
    }
    return more + 1;
}

/* Whether all is UTF-8 up to the NUL that ends it: no character takes more bytes than it needs, none is
   half a surrogate pair and none is beyond the last. */
static bool is_utf8(const char *text, size_t length) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t code;
    for (size_t i = 0, size; i < length; i += size) {
        size = get_character(text + i, &code);
        if (size == 0 || code < least[size] || code >> 11 == 0xd800 >> 11 || code > 0x10ffff)
            return false;
    }
    return true;
}

/* The end of digits, of which there is one at least, or NULL. */
static char *digits_end(char *at) {
    size_t length = strspn(at, decimals);
    return length == 0 ? NULL : at + length;
}

static char *number_end(char *at) {
    at += *at == '-';
    char *whole = at;
    at = digits_end(at);
    if (at == NULL || (*whole == '0' && at - whole > 1)) return NULL;
    if (*at == '.') at = digits_end(at + 1);
    if (at == NULL || (*at != 'e' && *at != 'E')) return at;
    at++;
    return digits_end(at + (*at == '+' || *at == '-'));
}

/* The end of true, false or null, or of a number, or NULL. */
static char *plain_end(char *at) {
    static const char *const words[] = {"true", "false", "null"};
    for (int i = 0; i < 3; i++) {
        size_t length = strlen(words[i]);
        if (strncmp(at, words[i], length) == 0) return at + length;
    }
    return number_end(at);
}

/* The end of a value, or NULL where there is none after RFC 8259, or where its brackets are nested
   deeper than `depth` (IDX-3). Nothing is changed. No rule takes the NUL behind a text, so nothing
   behind it is read. */
static char *value_end(char *at, int depth) {
    if (*at == '"') return string_end(at);
    if (*at != '[' && *at != '{') return plain_end(at);
    if (depth == 0) return NULL;
    bool object = *at == '{';
    char close = object ? '}' : ']';
    at = skip_space(at + 1);
    if (*at == close) return at + 1;
    for (;;) {
        if (object) {
            at = string_end(at);
            if (at == NULL || *(at = skip_space(at)) != ':') return NULL;
            at = skip_space(at + 1);
        }
        at = value_end(at, depth - 1);
        if (at == NULL) return NULL;
        at = skip_space(at);
        if (*at == close) return at + 1;
        if (*at != ',') return NULL;
        at = skip_space(at + 1);
    }
}

enum { MAX_DEPTH = 512 }; /* 64 at least (IDX-4) */

/* The one value of a text, or NULL where it is not JSON in UTF-8. Behind the text is a NUL. */
static char *read_json(char *text, size_t length) {
    char *value = skip_space(text), *end = value_end(value, MAX_DEPTH);
    bool whole = end != NULL && skip_space(end) == text + length;
    return whole && is_utf8(text, length) ? value : NULL;
}

/* Of a sound object: notes where the values of the known keys begin, and gives the end. The last of
   equal keys counts. Texts are resolved, but within a nested value they stay as they are. */
static char *read_members(char *at, const char *const *names, int count, char **values) {
    do {
        char *name = skip_space(at + 1);
        if (*name == '}') return name + 1;
        char *value = skip_space(skip_space(string_end(name)) + 1);
        at = skip_space(value_end(value, MAX_DEPTH));
        resolve(name);
        bool known = false;
        for (int key = 0; key < count; key++) {
            if (strcmp(name + 1, names[key]) != 0) continue;
            values[key] = value;
            known = true;
        }
        if (known && *value == '"') resolve(value);
    } while (*at == ',');
    return at + 1;
}

/* The first element of a sound array, or the bracket that closes it. */
static char *first_element(char *array) { return skip_space(array + 1); }

/* What stands behind an element that ends here: the next one, or the bracket. */
static char *next_element(char *end) {
    char *at = skip_space(end);
    return *at == ',' ? skip_space(at + 1) : at;
}

/* How many objects an array holds; false where it is no array, or holds something else. */
static bool count_objects(char *at, size_t *count) {
    *count = 0;
    if (at == NULL || *at != '[') return false;
    for (at = first_element(at); *at != ']'; at = next_element(value_end(at, MAX_DEPTH))) {
        if (*at != '{') return false;
        ++*count;
    }
    return true;
}

/* The end of an integer, 0 to 2^64 - 1, or NULL. */
static char *integer_end(char *at, uint64_t *number) {
    char *end;
    if (*at < '0' || *at > '9') return NULL;
    errno = 0;
    *number = strtoull(at, &end, 10);
    return errno == 0 && index_in(" \t\r\n,]}", *end) >= 0 ? end : NULL;
}

/* A sound array of integers, or false where it is none. A dimension takes two characters or more, a
   bracket or comma and a digit. */
static bool read_shape(char *at, struct bytes *shape) {
    if (*at != '[') return false;
    *shape = (struct bytes){allocate(strcspn(at, "]") / 2 * 8), 0};
    for (at = first_element(at); *at != ']'; at = next_element(at)) {
        uint64_t dimension;
        at = integer_end(at, &dimension);
        if (at == NULL) return false;
        put_little_endian(shape->at + shape->length, dimension, 8);
        shape->length += 8;
    }
    return true;
}

static bool read_boolean(const char *at, bool *boolean) {
    *boolean = *at == 't';
    return *at == 't' || *at == 'f';
}

/* ---- Requests ---- */

/* A file that is open and, once it is read, its bytes: a map of it or a copy. */
struct file {
    FILE *stream;
    uint64_t length;
    struct bytes bytes;
    bool mapped;
};

enum entry_key { E_NAME, E_FILE, E_QUANTIZED, E_SHAPE, E_NUMEL, ENTRY_KEYS };

static const char *const entry_names[ENTRY_KEYS] = {"name", "file", "quantized", "shape", "numel"};

/* A tensor of an index. */
struct entry {
    char *value[ENTRY_KEYS]; /* where each value begins; NULL where it is absent */
    bool quantized;          /* what the last three are, where they are there */
    struct bytes shape;
    uint64_t numel;
};

struct index {
    const char *form;
    char *seed; /* where `quarot_seed` begins, or NULL */
    uint64_t seed_number;
    struct entry *entries;
    size_t count;
};

/* A request and what is held for it, to be released when it is answered. */
struct request {
    char *value[KEYS];  /* where in the line each value begins; NULL where it is absent */
    const struct format *format;
    struct bytes shape; /* `shape` or `expected_shape` */
    struct file file;   /* the file, or the index, that is read */
    struct index index; /* its texts are in the file */
    void *memory;       /* a file to be written, or what was computed */
};

/* Whether the line is an object; its known keys are noted. What they hold is judged when it is used. */
static bool read_request(char *line, size_t length, struct request *request) {
    char *value = read_json(line, length);
    if (value == NULL || *value != '{') return false;
    read_members(value, key_names, KEYS, request->value);
    return true;
}

static bool malformed(enum key key) {
    return refuse(NULL, "%s is missing, or is not as the protocol has it", key_names[key]);
}

static bool get_integer(const struct request *request, enum key key, uint64_t *number) {
    char *at = request->value[key];
    return (at != NULL && integer_end(at, number) != NULL) || malformed(key);
}

/* A text, or NULL. */
static char *get_text(const struct request *request, enum key key) {
    char *at = request->value[key];
    if (at != NULL && *at == '"') return at + 1;
    malformed(key);
    return NULL;
}

/* Which of two words a text is. */
static bool get_choice(const struct request *request, enum key key, const char *no, const char *yes,
                       bool *chosen) {
    const char *text = get_text(request, key);
    if (text == NULL) return false;
    *chosen = strcmp(text, yes) == 0;
    return *chosen || strcmp(text, no) == 0 || refuse(unsupported, "%s", key_names[key]);
}

static bool get_boolean(const struct request *request, enum key key, bool *boolean) {
    const char *at = request->value[key];
    return (at != NULL && read_boolean(at, boolean)) || malformed(key);
}

/* Bytes; they take the place of the first half of their digits. */
static bool read_bytes(char *text, struct bytes *bytes) {
    size_t length = strlen(text);
    if (length % 2 != 0 || strspn(text, digits) != length) return false;
    *bytes = (struct bytes){(uint8_t *)text, length / 2};
    for (size_t i = 0; i < bytes->length; i++) {
        int high = index_in(digits, text[2 * i]), low = index_in(digits, text[2 * i + 1]);
        bytes->at[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool get_bytes(const struct request *request, enum key key, struct bytes *bytes) {
    char *text = get_text(request, key);
    return text != NULL && (read_bytes(text, bytes) || malformed(key));
}

/* Floats: an object whose one key is their type, which is one of some: `types` has a bit for each. */
static bool get_floats(const struct request *request, enum key key, unsigned types,
                       struct floats *floats) {
    char *object = request->value[key], *values[FLOAT_TYPES] = {NULL};
    int type = 0;
    if (object == NULL || *object != '{') return malformed(key);
    read_members(object, float_names, FLOAT_TYPES, values);
    while (type < FLOAT_TYPES && (values[type] == NULL || (types >> type & 1) == 0)) type++;
    if (type == FLOAT_TYPES) return refuse(unsupported, "the type of %s", key_names[key]);
    floats->type = (enum float_type)type;
    if (*values[type] != '"' || !read_bytes(values[type] + 1, &floats->bytes)) return malformed(key);
    floats->count = floats->bytes.length / float_sizes[type];
    return floats->bytes.length % float_sizes[type] == 0 || malformed(key);
}

static bool get_shape(struct request *request, enum key key) {
    char *at = request->value[key];
    return (at != NULL && read_shape(at, &request->shape)) || malformed(key);
}

/* ---- Files ---- */

struct tensor {
    struct bytes shape;
    uint64_t count; /* original_len or numel */
    struct bytes payload;
};

/* KHF1-P1, KHF1-P2. Twice `count` could wrap (KHF1-H3); half the length cannot. */
static bool check_halves(struct bytes halves, uint64_t count) {
    if (halves.length / 2 < count)
        return refuse("truncated_payload", "%zu bytes for %" PRIu64 " values", halves.length, count);
    if (halves.length / 2 > count || halves.length % 2 != 0)
        return refuse("trailing_bytes", "%zu bytes for %" PRIu64 " values", halves.length, count);
    for (size_t i = 0; i < halves.length; i += 2) {
        if (!f16_is_finite(f16_at(halves.at + i)))
            return refuse("value", "value %zu is not finite", i / 2);
    }
    return true;
}

/* Section 3 in its order, and section 10 with it; the length of the file is known to be at most
   `max`. Nothing is allocated (KHQ4-A3): the tensor points into the file. */
static bool parse(struct bytes file, uint64_t max, const struct format *format,
                  struct tensor *tensor) {
    if (file.length < 4) return refuse("truncated_header", "the file ends in its magic");
    if (memcmp(file.at, format->magic, 4) != 0) return refuse("magic", "no %s file", format->magic);
    if (file.length < 8) return refuse("truncated_header", "the file ends in its version");
    uint64_t version = little_endian(file.at + 4, 4);
    if (version == format->retired)
        return refuse("legacy_version", "version 1: the weights need to be quantized again");
    if (version != format->version)
        return refuse("version", "version %" PRIu64 " instead of %" PRIu64, version, format->version);
    if (file.length < 12) return refuse("truncated_header", "the file ends in its ndim");
    uint64_t ndim = little_endian(file.at + 8, 4);
    if (ndim > (file.length - 12) / 8) /* KHQ4-H3 */
        return refuse("dimensions", "%" PRIu64 " dimensions do not fit in the file", ndim);
    tensor->shape = (struct bytes){file.at + 12, (size_t)ndim * 8};
    uint8_t *at = tensor->shape.at + tensor->shape.length;
    size_t left = file.length - 12 - tensor->shape.length;
    if (left < 8) /* KHQ4-H4 */
        return refuse("truncated_header", "the file ends in its number of values");
    tensor->count = little_endian(at, 8);
    tensor->payload = (struct bytes){at + 8, left - 8};
    if (!check_shape(tensor->shape, max, tensor->count)) return false;
    return format == &khf1 ? check_halves(tensor->payload, tensor->count)
                           : check_blocks(format, tensor->payload, tensor->count);
}

/* KHQ4-A1: opens a regular file and notes its length. Where there is none the class is `absent`. */
static bool open_file(struct file *file, const char *path, const char *absent) {
    struct stat status;
    int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY); /* it waits for no peer */
    if (descriptor < 0)
        return refuse(errno == ENOENT || errno == ENOTDIR ? absent : "io", "open: %s", strerror(errno));
    file->stream = fdopen(descriptor, "rb");
    if (file->stream == NULL) stop("out of memory");
    if (fstat(descriptor, &status) != 0) return refuse("io", "fstat: %s", strerror(errno));
    if (!S_ISREG(status.st_mode)) return refuse("not_a_file", "not a regular file");
    file->length = (uint64_t)status.st_size;
    return true;
}

/* KHQ4-A2: the bytes of an open file, mapped or copied; where they are more than `max` the class is
   `large`. An empty file, which cannot be mapped, is copied. KHQ4-A4: a file that is cut while it is
   mapped may end the process. */
static bool read_file(struct file *file, bool map, uint64_t max, const char *large) {
    if (file->length > max) return refuse(large, "the file has %" PRIu64 " bytes", file->length);
    size_t length = (size_t)file->length;
    if (map && length > 0) {
        void *at = mmap(NULL, length, PROT_READ, MAP_PRIVATE, fileno(file->stream), 0);
        if (at == MAP_FAILED) return refuse("io", "mmap: %s", strerror(errno));
        file->bytes = (struct bytes){at, length};
        file->mapped = true;
        return true;
    }
    file->bytes = (struct bytes){malloc(length + 1), length}; /* KHQ4-A3 */
    if (file->bytes.at == NULL || fread(file->bytes.at, 1, length, file->stream) != length)
        return refuse("io", "the file could not be copied");
    file->bytes.at[length] = '\0'; /* for a text */
    return true;
}

static void close_file(struct file *file) {
    if (file->mapped) munmap(file->bytes.at, file->bytes.length);
    else free(file->bytes.at);
    if (file->stream != NULL) fclose(file->stream);
}

/* KHQ4-W3: writes to another name in the same folder, then renames. */
static bool replace_file(const char *path, struct bytes file) {
    static const char name[] = ".q4_codec-XXXXXX";
    const char *slash = strrchr(path, '/');
    size_t folder = slash == NULL ? 0 : (size_t)(slash - path) + 1, written = 0;
    char *partial = allocate(folder + sizeof name);
    memcpy(partial, path, folder);
    memcpy(partial + folder, name, sizeof name);
    int descriptor = mkstemp(partial);
    bool done = descriptor >= 0;
    while (done && written < file.length) {
        ssize_t more = write(descriptor, file.at + written, file.length - written);
        done = more > 0;
        written += done ? (size_t)more : 0;
    }
    if (descriptor >= 0) done = close(descriptor) == 0 && done;
    if (!done || rename(partial, path) != 0) {
        done = refuse("io", "save: %s", strerror(errno));
        if (descriptor >= 0) unlink(partial);
    }
    free(partial);
    return done;
}

/* ---- Directories ---- */

/* The path of a file in a folder, to be freed. */
static char *join(const char *folder, const char *name) {
    size_t length = strlen(folder), more = strlen(name);
    char *path = allocate(length + 1 + more);
    memcpy(path, folder, length);
    path[length] = '/';
    memcpy(path + length + 1, name, more + 1);
    return path;
}

/* IDX-1: whether a folder has an entry, were it a link to nothing. Where the system does not tell, the
   entry is there, and opening it will fail. */
static bool has_entry(const char *folder, const char *name) {
    struct stat status;
    char *path = join(folder, name);
    bool there = lstat(path, &status) == 0 || errno != ENOENT;
    free(path);
    return there;
}

enum { JSON_BYTES = 16777216 }; /* IDX-2 */

/* IDX-1 to IDX-3: an entry that holds JSON, and its value. */
static bool open_json(struct file *file, const char *folder, const char *name, char **value) {
    char *path = join(folder, name);
    bool done = open_file(file, path, "io") && read_file(file, false, JSON_BYTES, "index_size");
    free(path);
    if (!done) return false;
    *value = read_json((char *)file->bytes.at, file->bytes.length);
    return *value != NULL || refuse("index", "%s is not JSON in UTF-8", name);
}

/* Whether a value is a string, and one of characters: JSON can escape half a surrogate pair. */
static bool is_text(const char *at) {
    uint32_t code;
    if (at == NULL || *at++ != '"') return false;
    for (; *at != '\0'; at += get_character(at, &code)) {
        if (get_character(at, &code) == 3 && code >> 11 == 0xd800 >> 11) return false;
    }
    return true;
}

/* IDX-4. */
static bool read_entry(struct entry *entry) {
    char **value = entry->value;
    if (!is_text(value[E_NAME])) return refuse("index", "a tensor without a name");
    if (!is_text(value[E_FILE])) return refuse("index", "a tensor without a file");
    if (value[E_QUANTIZED] != NULL && !read_boolean(value[E_QUANTIZED], &entry->quantized))
        return refuse("index", "quantized is no boolean");
    if (value[E_SHAPE] != NULL && !read_shape(value[E_SHAPE], &entry->shape))
        return refuse("index", "shape is no array of u64");
    if (value[E_NUMEL] != NULL && integer_end(value[E_NUMEL], &entry->numel) == NULL)
        return refuse("index", "numel is no u64");
    return true;
}

static const char *entry_file(const struct entry *entry) { return entry->value[E_FILE] + 1; }

/* IDX-6. A zero is c0 80 here. */
static bool check_path(const char *file) {
    bool outside = *file == '\0' || *file == '/' || strstr(file, "\xc0\x80") != NULL;
    for (const char *at = file; at != NULL && !outside; at = strchr(at, '/')) {
        at += *at == '/';
        outside = strncmp(at, "..", 2) == 0 && (at[2] == '/' || at[2] == '\0');
    }
    return !outside || refuse("path", "the file of a tensor lies outside, or has no name");
}

static int compare_texts(const void *one, const void *other) {
    return strcmp(*(char *const *)one, *(char *const *)other);
}

/* IDX-7, IDX-10: no two of some texts are equal. They are sorted. */
static bool check_distinct(char **texts, size_t count) {
    qsort(texts, count, sizeof *texts, compare_texts);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(texts[i - 1], texts[i]) == 0)
            return refuse("duplicate", "two tensors have the same name, or the same file");
    }
    return true;
}

/* IDX-7, for the names or for the files. */
static bool check_entries(const struct index *index, enum entry_key key) {
    char **texts = allocate(index->count * sizeof *texts);
    for (size_t i = 0; i < index->count; i++) texts[i] = index->entries[i].value[key];
    bool distinct = check_distinct(texts, index->count);
    free(texts);
    return distinct;
}

/* IDX-3 to IDX-7. */
static bool read_tensors(char *tensors, struct index *index) {
    size_t count;
    if (!count_objects(tensors, &count)) return refuse("index", "no array of tensors");
    index->entries = allocate(count * sizeof *index->entries);
    for (char *at = first_element(tensors); *at != ']'; at = next_element(at)) {
        struct entry *entry = index->entries + index->count++;
        *entry = (struct entry){.numel = 0};
        at = read_members(at, entry_names, ENTRY_KEYS, entry->value);
        if (!read_entry(entry)) return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!check_path(entry_file(index->entries + i))) return false;
    }
    return check_entries(index, E_NAME) && check_entries(index, E_FILE);
}

/* To list a directory. */
static bool list_directory(const char *folder, struct file *file, struct index *index) {
    static const char name[] = "quantize_index.json";
    static const char *const names[] = {"tensors", "quarot_seed"};
    struct stat status;
    char *value, *values[2] = {NULL, NULL};
    if (stat(folder, &status) != 0) return refuse("io", "stat: %s", strerror(errno));
    index->form = "absent";
    if (!has_entry(folder, name)) return true;
    if (!open_json(file, folder, name, &value)) return false;
    index->form = *value == '{' ? "object" : "array";
    if (*value != '{') return read_tensors(value, index);
    read_members(value, names, 2, values);
    index->seed = values[1];
    if (index->seed != NULL && integer_end(index->seed, &index->seed_number) == NULL) /* IDX-5 */
        return refuse("index", "quarot_seed is no u64");
    return read_tensors(values[0], index);
}

/* IDX-8, of config.json; a seed that is needed is there. */
static bool check_config(const char *folder, bool needed) {
    static const char name[] = "config.json";
    static const char *const names[] = {"quarot_seed"};
    struct file file = {0};
    char *value, *seed = NULL;
    uint64_t number;
    if (!has_entry(folder, name)) return refuse("missing", "no config.json");
    bool done = open_json(&file, folder, name, &value);
    if (done && *value != '{') done = refuse("index", "config.json is no object");
    if (done) read_members(value, names, 1, &seed);
    if (done && seed == NULL && needed)
        done = refuse("missing", "rotated weights without their seed");
    if (done && seed != NULL && integer_end(seed, &number) == NULL)
        done = refuse("index", "the quarot_seed of config.json is no u64");
    close_file(&file);
    return done;
}

/* IDX-9: behind all links the file still lies in the folder. */
static bool check_contained(const char *folder, const char *path) {
    char *root = realpath(folder, NULL), *target = realpath(path, NULL);
    size_t length = root == NULL ? 0 : strlen(root);
    if (length == 1) length = 0; /* of the root of all folders the one character is a slash */
    bool inside = root == NULL || target == NULL
                      ? refuse("io", "realpath: %s", strerror(errno))
                      : (strncmp(target, root, length) == 0 && target[length] == '/') ||
                            refuse("path", "a link leads out of the directory");
    free(root);
    free(target);
    return inside;
}

static bool same_shape(struct bytes one, struct bytes other) {
    return one.length == other.length && memcmp(one.at, other.at, one.length) == 0;
}

/* IDX-8: the bytes of a tensor's file, all of them, and what the index says of them. */
static bool check_tensor(struct bytes file, const struct entry *entry) {
    bool halves = file.length >= 4 && memcmp(file.at, khf1.magic, 4) == 0;
    struct tensor tensor;
    if (!parse(file, SIZE_MAX, halves ? &khf1 : &khq4, &tensor)) return false;
    if (entry->value[E_QUANTIZED] != NULL && entry->quantized == halves)
        return refuse("index", "quantized is not what the file is");
    if (entry->value[E_SHAPE] != NULL && !same_shape(entry->shape, tensor.shape))
        return refuse("shape_mismatch", "shape is not that of the file");
    if (entry->value[E_NUMEL] != NULL && entry->numel != tensor.count)
        return refuse("shape_mismatch", "numel is not that of the file");
    return true;
}

/* IDX-8: to open a directory that is listed. */
static bool open_directory(const char *folder, const struct index *index) {
    bool done = check_config(folder, *index->form == 'o' && index->seed == NULL);
    for (size_t i = 0; done && i < index->count; i++) {
        struct file file = {0};
        char *path = join(folder, entry_file(index->entries + i));
        done = open_file(&file, path, "missing") && check_contained(folder, path) &&
               read_file(&file, false, SIZE_MAX, "overflow") &&
               check_tensor(file.bytes, index->entries + i);
        close_file(&file);
        free(path);
    }
    return done;
}

/* A letter or a number of any script (IDX-10). Of the numbers iswalnum has digits and letters only, and
   the table all others: the general category No. */
static bool is_alphanumeric(uint32_t code) {
    static const uint32_t numbers[][2] = {
        {0xb2, 0xb3}, {0xb9, 0xb9}, {0xbc, 0xbe}, {0x9f4, 0x9f9}, {0xb72, 0xb77}, {0xbf0, 0xbf2},
        {0xc78, 0xc7e}, {0xd58, 0xd5e}, {0xd70, 0xd78}, {0xf2a, 0xf33}, {0x1369, 0x137c},
        {0x17f0, 0x17f9}, {0x19da, 0x19da}, {0x2070, 0x2070}, {0x2074, 0x2079}, {0x2080, 0x2089},
        {0x2150, 0x215f}, {0x2189, 0x2189}, {0x2460, 0x249b}, {0x24ea, 0x24ff}, {0x2776, 0x2793},
        {0x2cfd, 0x2cfd}, {0x3192, 0x3195}, {0x3220, 0x3229}, {0x3248, 0x324f}, {0x3251, 0x325f},
        {0x3280, 0x3289}, {0x32b1, 0x32bf}, {0xa830, 0xa835}, {0x10107, 0x10133}, {0x10175, 0x10178},
        {0x1018a, 0x1018b}, {0x102e1, 0x102fb}, {0x10320, 0x10323}, {0x10858, 0x1085f},
        {0x10879, 0x1087f}, {0x108a7, 0x108af}, {0x108fb, 0x108ff}, {0x10916, 0x1091b},
        {0x109bc, 0x109bd}, {0x109c0, 0x109cf}, {0x109d2, 0x109ff}, {0x10a40, 0x10a48},
        {0x10a7d, 0x10a7e}, {0x10a9d, 0x10a9f}, {0x10aeb, 0x10aef}, {0x10b58, 0x10b5f},
        {0x10b78, 0x10b7f}, {0x10ba9, 0x10baf}, {0x10cfa, 0x10cff}, {0x10e60, 0x10e7e},
        {0x10f1d, 0x10f26}, {0x10f51, 0x10f54}, {0x10fc5, 0x10fcb}, {0x11052, 0x11065},
        {0x111e1, 0x111f4}, {0x1173a, 0x1173b}, {0x118ea, 0x118f2}, {0x11c5a, 0x11c6c},
        {0x11fc0, 0x11fd4}, {0x16b5b, 0x16b61}, {0x16e80, 0x16e96}, {0x1d2e0, 0x1d2f3},
        {0x1d360, 0x1d378}, {0x1e8c7, 0x1e8cf}, {0x1ec71, 0x1ecab}, {0x1ecad, 0x1ecaf},
        {0x1ecb1, 0x1ecb4}, {0x1ed01, 0x1ed2d}, {0x1ed2f, 0x1ed3d}, {0x1f100, 0x1f10c},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (code >= numbers[i][0] && code <= numbers[i][1]) return true;
    }
    return iswalnum((wint_t)code) != 0;
}

/* IDX-10: the file of a tensor, to be freed. */
static char *file_name(const char *name, bool quantized) {
    char *file = allocate(strlen(name) + 4), *to = file;
    uint32_t code;
    for (size_t size; *name != '\0'; name += size) {
        size = get_character(name, &code);
        bool kept = code == '-' || is_alphanumeric(code);
        memcpy(to, kept ? name : "_", kept ? size : 1);
        to += kept ? size : 1;
    }
    strcpy(to, quantized ? ".q4" : ".f16");
    return file;
}

static bool ends_in(const char *text, size_t length, const char *end) {
    size_t size = strlen(end);
    return length >= size && memcmp(text + length - size, end, size) == 0;
}

/* IDX-11, in its order. */
static bool is_quantized(const char *name, uint64_t rank) {
    static const char *const ends[] = {"_proj",   "_proj_a", "_proj_b",     "_proj_qkv",
                                       "_proj_z", "lm_head", "embed_tokens"};
    static const char weight[] = ".weight";
    size_t length = strlen(name);
    if (rank < 2) return false;
    if (ends_in(name, length, ".experts.gate_up_proj") || ends_in(name, length, ".experts.down_proj"))
        return true;
    if (!ends_in(name, length, weight)) return false;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        if (ends_in(name, length - strlen(weight), ends[i])) return true;
    }
    return strstr(name, "norm.weight") == NULL && strstr(name, "norm_") == NULL &&
           !ends_in(name, length, "conv1d.weight");
}

/* ---- Operations: each writes its result, or refuses ---- */

static void put_bytes(struct bytes bytes) {
    for (size_t i = 0; i < bytes.length; i++) {
        putchar(digits[bytes.at[i] >> 4]);
        putchar(digits[bytes.at[i] & 15]);
    }
}

static void put_f32(float number) {
    uint8_t value[4];
    put_number_at(value, 0, number, true);
    put_bytes((struct bytes){value, sizeof value});
}

static const char result_begin[] = "\"result\":{";

static void begin_values(enum float_type type) { printf("\"values\":{\"%s\":\"", float_names[type]); }

static void end_values(void) { fputs("\"}", stdout); }

static void put_values(enum float_type type, struct bytes values) {
    begin_values(type);
    put_bytes(values);
    end_values();
}

/* DEC-3: as many values as there are, and no padding. A scale other than 1 is that of NV-3; a product with it is exact
   in binary64. */
static void put_weights(const struct format *format, struct bytes blocks, uint64_t count, double scale) {
    begin_values(F32);
    for (size_t i = 0; i < count; i++) put_f32((float)(weight_at(format, blocks.at, i) * scale));
    end_values();
}

/* DEC-4: the payload is checked before it is read. */
static bool get_blocks(const struct request *request, struct bytes *blocks, uint64_t *count) {
    return get_bytes(request, BLOCKS, blocks) && get_integer(request, ORIGINAL_LEN, count) &&
           (!request->format->whole || check_whole(request->format, *count)) &&
           check_blocks(request->format, *blocks, *count);
}

static bool decode_scaled(struct request *request, double scale) {
    struct bytes blocks;
    uint64_t count;
    if (!get_blocks(request, &blocks, &count)) return false;
    fputs(result_begin, stdout);
    put_weights(request->format, blocks, count, scale);
    putchar('}');
    return true;
}

static bool decode(struct request *request) { return decode_scaled(request, 1.0); }

/* NV-3. */
static bool decode_nvfp4(struct request *request) {
    struct floats scale;
    if (request->value[TENSOR_SCALE] == NULL) return decode(request);
    if (!get_floats(request, TENSOR_SCALE, 1u << F32, &scale)) return false;
    if (scale.count != 1) return malformed(TENSOR_SCALE);
    double number = number_at(scale.bytes.at, 0, true);
    if (!isfinite(number) || number == 0.0)
        return refuse("scale", "the tensor's scale is zero or not finite");
    return decode_scaled(request, number);
}

/* F16-1, F16-2: nothing is written before the last value is known to be finite. */
static bool decode_to_f16(struct request *request) {
    struct bytes blocks;
    uint64_t count;
    if (!get_blocks(request, &blocks, &count)) return false;
    struct bytes halves = {request->memory = allocate((size_t)count * 2), (size_t)count * 2};
    for (size_t i = 0; i < count; i++) {
        uint32_t half = f16_of(weight_at(request->format, blocks.at, i));
        if (!f16_is_finite(half)) return refuse("value", "no f16 for value %zu", i);
        put_little_endian(halves.at + 2 * i, half, 2);
    }
    fputs(result_begin, stdout);
    put_values(F16, halves);
    putchar('}');
    return true;
}

static bool decode_khq4(struct request *request) {
    if (request->value[TO] == NULL) return decode(request);
    const char *type = get_text(request, TO);
    if (type == NULL) return false;
    return strcmp(type, float_names[F16]) == 0 ? decode_to_f16(request) : refuse(unsupported, "to");
}

static bool encode_from(struct request *request, unsigned types,
                        bool (*encode)(const float *, int, uint8_t *)) {
    const struct format *format = request->format;
    struct floats source;
    if (!get_floats(request, VALUES, types, &source) || !get_shape(request, SHAPE)) return false;
    size_t size = (size_t)block_count(format, source.count) * format->block_size;
    struct bytes blocks = {request->memory = allocate(size), size};
    if (!check_shape(request->shape, UINT64_MAX, source.count) || /* ENC-S3 */
        (format->whole && !check_whole(format, source.count)) ||
        (format->whole_rows && !check_rows(format, request->shape)) ||
        !encode_values(&source, format, encode, blocks.at))
        return false;
    fputs(result_begin, stdout);
    fputs("\"encoded\":{\"blocks\":\"", stdout);
    put_bytes(blocks);
    fputs("\"}}", stdout);
    return true;
}

static bool encode(struct request *request) {
    return encode_from(request, 1u << request->format->source, request->format->encode);
}

static bool encode_khq4(struct request *request) {
    bool symmetric;
    return get_choice(request, MODE, "asymmetric", "symmetric", &symmetric) &&
           encode_from(request, 1u << F16 | 1u << BF16 | 1u << F32 | 1u << F64, /* ENC-S5 */
                       symmetric ? encode_symmetric : encode_asymmetric);
}

/* DOT-4 to DOT-6. What is given bounds no product without columns, of which nothing is demanded. */
static bool check_product(uint64_t rows, uint64_t columns, uint64_t vectors, struct bytes blocks,
                          const struct floats *x) {
    if (columns == 0) return refuse("shape", "a matrix without columns");
    if (rows > UINT64_MAX / columns)
        return refuse("truncated_payload", "rows * columns exceeds 64 bits");
    if (!product_is(vectors, columns, x->count))
        return refuse("shape_mismatch", "x is not that of %" PRIu64 " vectors", vectors);
    return check_blocks(&khq4, blocks, rows * columns);
}

/* DOT-3: vector by vector, and row by row. */
static bool multiply(struct request *request) {
    uint64_t rows, columns, vectors;
    struct bytes blocks;
    struct floats x;
    if (!get_integer(request, ROWS, &rows) || !get_integer(request, COLUMNS, &columns) ||
        !get_integer(request, VECTORS, &vectors) || !get_bytes(request, BLOCKS, &blocks) ||
        !get_floats(request, X, 1u << F32, &x) || !check_product(rows, columns, vectors, blocks, &x))
        return false;
    fputs(result_begin, stdout);
    begin_values(F32);
    for (size_t vector = 0; vector < vectors; vector++) {
        for (size_t row = 0; row < rows; row++)
            put_f32(dot(blocks.at, row * columns, x.bytes.at + 4 * columns * vector, columns));
    }
    end_values();
    putchar('}');
    return true;
}

/* The block form and a norm are for some rotations only (ROT-5, ROT-7). */
static bool get_rotation(struct request *request, struct rotation *rotation) {
    bool normed = request->value[NORM] != NULL;
    rotation->blocked = request->value[BLOCK] != NULL;
    if (!get_choice(request, SIDE, "input", "output", &rotation->output) ||
        !get_boolean(request, INVERSE, &rotation->inverse) ||
        !get_integer(request, SEED, &rotation->seed) ||
        !get_integer(request, ROWS, &rotation->rows) ||
        !get_integer(request, COLUMNS, &rotation->columns) ||
        (rotation->blocked && !get_integer(request, BLOCK, &rotation->block)))
        return false;
    if (rotation->blocked && (!rotation->single || rotation->output))
        return refuse(unsupported, "block");
    if (normed && (rotation->inverse || rotation->output)) return refuse(unsupported, "gamma");
    return true;
}

/* ROT-7: two roundings for each value. */
static void fold_norm(double *values, size_t count, struct bytes norm, const struct rotation *rotation) {
    bool single = rotation->single;
    for (size_t i = 0; i < count; i++) {
        double gamma = number_at(norm.at, i % (size_t)rotation->columns, single);
        double factor = rounded(1 + gamma, single);
        values[i] = rounded(values[i] * factor, single);
    }
}

static bool rotate(struct request *request) {
    struct floats source, norm = {.count = 0};
    struct rotation rotation = {0};
    bool normed = request->value[NORM] != NULL;
    if (!get_floats(request, VALUES, 1u << F32 | 1u << F64, &source)) return false;
    bool single = rotation.single = source.type == F32;
    if (!get_rotation(request, &rotation)) return false;
    if (normed && !get_floats(request, NORM, 1u << source.type, &norm)) return false;
    if (!product_is(rotation.rows, rotation.columns, source.count)) /* ROT-8 */
        return refuse("shape_mismatch", "%zu values are not rows * columns", source.count);
    if (normed && norm.count != rotation.columns)
        return refuse("shape_mismatch", "%zu values of gamma", norm.count);
    if (!check_rotation(&rotation)) return false;
    double *values = request->memory = allocate(source.count * sizeof *values);
    for (size_t i = 0; i < source.count; i++) values[i] = number_at(source.bytes.at, i, single);
    if (normed) fold_norm(values, source.count, norm.bytes, &rotation);
    rotate_matrix(values, &rotation);
    for (size_t i = 0; i < source.count; i++) put_number_at(source.bytes.at, i, values[i], single);
    fputs(result_begin, stdout);
    put_values(source.type, source.bytes);
    putchar('}');
    return true;
}

/* The numbers of a shape, in brackets. */
static void put_shape(const char *before, struct bytes shape) {
    fputs(before, stdout);
    for (size_t i = 0; i < shape.length; i += 8)
        printf("%c%" PRIu64, i == 0 ? '[' : ',', little_endian(shape.at + i, 8));
    fputs(shape.length == 0 ? "[]" : "]", stdout);
}

static bool load(struct request *request) {
    const struct format *format = request->format;
    struct tensor tensor;
    uint64_t width = 64;
    bool map = false, expected = request->value[EXPECTED] != NULL;
    const char *path = get_text(request, PATH);
    if (path == NULL || (expected && !get_shape(request, EXPECTED))) return false;
    if (request->value[ENTRY] != NULL && !get_choice(request, ENTRY, "copy", "map", &map)) return false;
    if (request->value[WIDTH] != NULL && !get_integer(request, WIDTH, &width)) return false;
    if (width != 32 && width != 64) return refuse(unsupported, "width");
    uint64_t max = width == 32 ? UINT32_MAX : SIZE_MAX; /* KHQ4-H8 */
    if (!open_file(&request->file, path, "io")) return false;
    if (!read_file(&request->file, map, max, "overflow")) return false;
    if (!parse(request->file.bytes, max, format, &tensor)) return false;
    if (expected && !same_shape(tensor.shape, request->shape)) /* KHQ4-P7 */
        return refuse("expected_shape", "the file has another shape");
    put_shape("\"result\":{\"tensors\":[{\"shape\":", tensor.shape);
    putchar(',');
    if (format == &khf1) {
        put_values(F16, tensor.payload);
    } else {
        put_weights(format, tensor.payload, tensor.count, 1.0);
        fputs(",\"blocks\":\"", stdout);
        put_bytes(tensor.payload);
        putchar('"');
    }
    fputs("}]}", stdout);
    return true;
}

/* Takes the keys of the one tensor for keys of the request: the two have no name in common. */
static bool get_tensor(struct request *request) {
    char *tensors = request->value[TENSORS];
    size_t count;
    if (!count_objects(tensors, &count) || count != 1) return malformed(TENSORS);
    read_members(first_element(tensors), key_names, KEYS, request->value);
    return true;
}

/* KHQ4-W1, KHQ4-W2: the file is put together in memory and judged as a reader judges it. */
static bool save(struct request *request) {
    const struct format *format = request->format;
    struct floats halves;
    struct bytes payload;
    struct tensor tensor;
    uint64_t count;
    const char *path = get_text(request, PATH);
    if (path == NULL || !get_tensor(request) || !get_shape(request, SHAPE)) return false;
    if (format == &khf1) {
        if (!get_floats(request, VALUES, 1u << F16, &halves)) return false;
        payload = halves.bytes;
        count = halves.count;
    } else if (!get_bytes(request, BLOCKS, &payload) || !get_integer(request, ORIGINAL_LEN, &count)) {
        return false;
    }
    size_t table = request->shape.length, size = 20 + table + payload.length;
    if (table / 8 > UINT32_MAX) return refuse("dimensions", "ndim exceeds 32 bits");
    uint8_t *file = request->memory = allocate(size);
    memcpy(file, format->magic, 4);
    put_little_endian(file + 4, format->version, 4);
    put_little_endian(file + 8, table / 8, 4);
    memcpy(file + 12, request->shape.at, table);
    put_little_endian(file + 12 + table, count, 8);
    memcpy(file + 20 + table, payload.at, payload.length);
    struct bytes bytes = {file, size};
    if (!parse(bytes, SIZE_MAX, format, &tensor) || !replace_file(path, bytes)) return false;
    fputs("\"result\":\"saved\"", stdout);
    return true;
}

/* A string. A zero is c0 80 here; all other bytes from 80 on are UTF-8. */
static void put_text(const char *before, const char *text) {
    printf("%s\"", before);
    for (; *text != '\0'; text++) {
        bool zero = strncmp(text, "\xc0\x80", 2) == 0;
        if (zero || (*text > '\0' && *text < ' ')) {
            printf("\\u%04x", zero ? 0u : (unsigned)*text);
            text += zero;
            continue;
        }
        if (*text == '"' || *text == '\\') putchar('\\');
        putchar(*text);
    }
    putchar('"');
}

/* The keys that the tensor has in the index, and no other. */
static void put_entry(const struct entry *entry) {
    put_text("{\"name\":", entry->value[E_NAME] + 1);
    put_text(",\"file\":", entry_file(entry));
    if (entry->value[E_QUANTIZED] != NULL)
        printf(",\"quantized\":%s", entry->quantized ? "true" : "false");
    if (entry->value[E_SHAPE] != NULL) put_shape(",\"shape\":", entry->shape);
    if (entry->value[E_NUMEL] != NULL) printf(",\"numel\":%" PRIu64, entry->numel);
    putchar('}');
}

static bool read_index(struct request *request) {
    struct index *index = &request->index;
    bool opened = false;
    const char *folder = get_text(request, PATH);
    if (folder == NULL) return false;
    if (request->value[OPEN] != NULL && !get_boolean(request, OPEN, &opened)) return false;
    if (!list_directory(folder, &request->file, index)) return false;
    if (opened && !open_directory(folder, index)) return false;
    printf("\"result\":{\"index\":{\"form\":\"%s\"", index->form);
    if (index->seed != NULL) printf(",\"quarot_seed\":%" PRIu64, index->seed_number);
    fputs(",\"tensors\":[", stdout);
    for (size_t i = 0; i < index->count; i++) {
        if (i > 0) putchar(',');
        put_entry(index->entries + i);
    }
    fputs("]}}", stdout);
    return true;
}

/* Notes the name of each tensor, as a string with its quotation mark in front, and makes its file. */
static bool read_names(char *tensors, char **names, char **files) {
    static const char *const keys[] = {"name", "rank"};
    for (char *at = first_element(tensors); *at != ']'; at = next_element(at)) {
        char *values[2] = {NULL, NULL};
        uint64_t rank;
        at = read_members(at, keys, 2, values);
        if (values[0] == NULL || *values[0] != '"' || values[1] == NULL ||
            integer_end(values[1], &rank) == NULL)
            return malformed(TENSORS);
        *names++ = values[0];
        *files++ = file_name(values[0] + 1, is_quantized(values[0] + 1, rank));
    }
    return true;
}

static bool name_tensors(struct request *request) {
    size_t count;
    if (!count_objects(request->value[TENSORS], &count)) return malformed(TENSORS);
    if (setlocale(LC_CTYPE, "C.UTF-8") == NULL) return refuse(unsupported, "letters of any script");
    size_t size = count * sizeof(char *);
    char **names = allocate(size), **files = allocate(size), **sorted = allocate(size);
    memset(files, 0, size);
    bool done = read_names(request->value[TENSORS], names, files);
    memcpy(sorted, files, size);
    done = done && check_distinct(names, count) && check_distinct(sorted, count);
    if (done) fputs("\"result\":{\"files\":[", stdout);
    for (size_t i = 0; i < count; i++) {
        if (done) put_text(i == 0 ? "" : ",", files[i]);
        free(files[i]);
    }
    if (done) fputs("]}", stdout);
    free(names);
    free(files);
    free(sorted);
    return done;
}

static const struct {
    const char *name;
    const struct format *format;
    bool (*run)(struct request *request);
} operations[] = {
    {"decode", &khq4, decode_khq4},
    {"decode", &q4_0, decode},
    {"decode", &q4_1, decode},
    {"decode", &q8_0, decode},
    {"decode", &q5_0, decode},
    {"decode", &q5_1, decode},
    {"decode", &q4_k, decode},
    {"decode", &q5_k, decode},
    {"decode", &q6_k, decode},
    {"decode", &iq4_nl, decode},
    {"decode", &iq4_xs, decode},
    {"decode", &mxfp4, decode},
    {"decode", &nvfp4, decode_nvfp4},
    {"encode", &khq4, encode_khq4},
    {"encode", &q4_0, encode},
    {"encode", &q4_1, encode},
    {"encode", &q8_0, encode},
    {"encode", &mxfp4, encode},
    {"encode", &mlx, encode},
    {"load", &khq4, load},
    {"load", &khf1, load},
    {"save", &khq4, save},
    {"save", &khf1, save},
    {"matmul", &khq4, multiply},
    {"rotate", &quarot, rotate},
    {"read_index", &khq4, read_index},
    {"name_tensors", &khq4, name_tensors},
};

enum { OPERATIONS = sizeof operations / sizeof *operations };

/* Only loads have entries; any entry of another operation is unknown. */
static bool operate(struct request *request) {
    const char *name = get_text(request, OP), *format = get_text(request, FORMAT);
    for (int i = 0; i < OPERATIONS; i++) {
        if (name == NULL || strcmp(name, operations[i].name) != 0) continue;
        if (format == NULL || strcmp(format, operations[i].format->name) != 0) continue;
        if (request->value[ENTRY] != NULL && operations[i].run != load)
            return refuse(unsupported, "entry");
        request->format = operations[i].format;
        return operations[i].run(request);
    }
    return refuse(unsupported, "op and format");
}

static void put_handshake(void) {
    fputs("{\"protocol\":1,\"name\":\"q4_codec\",\"version\":\"1.0.0\",\"language\":\"C\","
          "\"capabilities\":[", stdout);
    for (int i = 0; i < OPERATIONS; i++)
        printf("\"%s:%s\",", operations[i].name, operations[i].format->name);
    puts("\"expected-shape:khq4\",\"expected-shape:khf1\",\"width-32:khq4\",\"width-32:khf1\","
         "\"source-f16:khq4\",\"source-bf16:khq4\",\"source-f64:khq4\",\"to-f16:khq4\",\"directory:khq4\","
         "\"tensor-scale:nvfp4\"],"
         "\"entries\":{\"load:khq4\":[\"copy\",\"map\"],\"load:khf1\":[\"copy\",\"map\"]}}");
}

static void release(struct request *request) {
    for (size_t i = 0; i < request->index.count; i++) free(request->index.entries[i].shape.at);
    free(request->index.entries);
    close_file(&request->file);
    free(request->shape.at);
    free(request->memory);
}

/* A line that is no object, or has no `seq` to repeat, cannot be answered: it ends the program. */
static void answer(char *line, size_t length) {
    struct request request = {0};
    uint64_t seq;
    if (!read_request(line, length, &request)) stop("a line is not a JSON object");
    const char *name = get_text(&request, OP);
    if (name != NULL && strcmp(name, "hello") == 0) {
        put_handshake();
        return;
    }
    if (!get_integer(&request, SEQ, &seq)) stop("a request has no seq");
    printf("{\"seq\":%" PRIu64 ",", seq);
    if (operate(&request)) {
        puts("}");
    } else if (refusal.class == unsupported) {
        puts("\"unsupported\":true}");
    } else {
        printf("\"refused\":{\"message\":\"%s\"", refusal.message);
        if (refusal.class != NULL) printf(",\"class\":\"%s\"", refusal.class);
        puts("}}");
    }
    release(&request);
}

int main(void) {
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    while ((length = getline(&line, &capacity, stdin)) > 0) {
        answer(line, (size_t)length);
        if (fflush(stdout) != 0) stop("standard output cannot be written");
    }
    if (!feof(stdin)) stop("standard input cannot be read");
    free(line);
    return EXIT_SUCCESS;
}
