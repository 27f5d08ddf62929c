/* KHQ4 version 2, KHF1 version 1 and what is computed with them, in C99 and POSIX, as a subject of the
   conformance suite.

   It is written from SPEC.md and PROTOCOL.md alone and shares no code with any other codec. The ids
   in the comments are clauses of SPEC.md. Of the lawful behaviours it keeps to fold-left (KHQ4-H6),
   signed-scale (KHQ4-P6), padding-formula (ENC-P1) and rounded-once (F16-1); a bias of zero has the
   sign of the first minimum (ENC-Z1). Products are computed for all numbers of columns (DOT-4). */

#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* Value i of an array of f32 or of f64 numbers; an f64 holds every f32. */
static double number_at(const uint8_t *from, size_t i, bool single) {
    if (single) return (union f32){.bits = (uint32_t)little_endian(from + 4 * i, 4)}.number;
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
    if (exponent == 0 && fraction == 0) return (union f32){.bits = sign}.number;
    if (exponent == 0) {
        for (exponent = 1; (fraction & 0x400) == 0; exponent--) fraction <<= 1;
    }
    uint32_t bits = sign | (exponent + 112) << 23 | (fraction & 0x3ff) << 13;
    return (union f32){.bits = bits}.number;
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

/* ---- Blocks ---- */

enum { BLOCK_BYTES = 20, BLOCK_VALUES = 32 }; /* BLK-1 */

/* BLK-3, in the form of KHQ4-H8, which cannot wrap. */
static uint64_t block_count(uint64_t values) {
    return values / BLOCK_VALUES + (values % BLOCK_VALUES != 0);
}

/* KHQ4-P1, KHQ4-P2, DEC-4: as many blocks as the values take. */
static bool check_extent(struct bytes blocks, uint64_t count) {
    uint64_t needed = BLOCK_BYTES * block_count(count);
    return blocks.length == needed ||
           refuse(blocks.length < needed ? "truncated_payload" : "trailing_bytes",
                  "%zu bytes of blocks instead of %" PRIu64, blocks.length, needed);
}

/* KHQ4-P3 to KHQ4-P6; GGML-2 has zeros among the scales. No nibble is looked at. */
static bool check_scales(struct bytes blocks, bool ggml) {
    for (size_t i = 0; i < blocks.length; i += BLOCK_BYTES) {
        uint32_t scale = f16_at(blocks.at + i), bias = f16_at(blocks.at + i + 2);
        if (!f16_is_finite(scale) || ((scale & 0x7fff) == 0 && !ggml))
            return refuse("scale", "block %zu: scale is zero or not finite", i / BLOCK_BYTES);
        if (!f16_is_finite(bias))
            return refuse("bias", "block %zu: bias is not finite", i / BLOCK_BYTES);
    }
    return true;
}

static bool check_blocks(struct bytes blocks, uint64_t count) {
    return check_extent(blocks, count) && check_scales(blocks, false);
}

/* GGML-1: whole blocks. */
static bool check_whole(uint64_t count) {
    return count % BLOCK_VALUES == 0 ||
           refuse("shape", "%" PRIu64 " values are not whole blocks", count);
}

/* Where in its block nibble i stands. BLK-2: pairs in sequence; GGML-1: split halves. */
static int nibble_byte(int i, bool ggml) { return 4 + (ggml ? i % 16 : i / 2); }

static int nibble_shift(int i, bool ggml) { return 4 * (ggml ? i / 16 : i % 2); }

/* Weight i of the flat sequence. The product and the sum are exact in binary64, so that DEC-1, F16-1
   and GGML-2 round what is returned; a zero has the sign that it has in f32 (DEC-2). */
static double exact_weight(const uint8_t *blocks, size_t i, bool ggml) {
    const uint8_t *block = blocks + i / BLOCK_VALUES * BLOCK_BYTES;
    int slot = i % BLOCK_VALUES;
    int nibble = block[nibble_byte(slot, ggml)] >> nibble_shift(slot, ggml) & 15;
    double product = nibble * (double)f32_of_f16(f16_at(block));
    return product + (double)f32_of_f16(f16_at(block + 2));
}

/* ENC-Q2: rounds half away from zero, adds the middle nibble of the mode, clamps. The difference is
   exact, and |t| is below 2^28. */
static int nibble_of(float t, int middle) {
    int nibble = (int)t;
    float rest = t - (float)nibble;
    if (rest >= 0.5f) nibble++;
    if (rest <= -0.5f) nibble--;
    nibble += middle;
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
    memset(block, 0, BLOCK_BYTES);
    put_little_endian(block, scale, 2);
    put_little_endian(block + 2, bias, 2);
    return true;
}

static void put_nibble(uint8_t *block, int i, int nibble, bool ggml) {
    block[nibble_byte(i, ggml)] |= (uint8_t)(nibble << nibble_shift(i, ggml));
}

enum mode { ASYMMETRIC, SYMMETRIC, GGML };

/* A block of `count` values, behind which `values` holds zeros. Each operation is stored in an f32,
   and so is rounded on its own (ENC-S1). */
static bool encode_block(const float *values, int count, bool symmetric, uint8_t *block) {
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

/* GGML-3. Where 1 / d is an infinity nothing is demanded, and the block is refused; else t is at least
   0.5 and not much above 15.5. */
static bool encode_ggml_block(const float *values, uint8_t *block) {
    float lo, hi;
    get_extremes(values, BLOCK_VALUES, &lo, &hi);
    float range = hi - lo, d = range / 15.0f, id = d == 0.0f ? 0.0f : 1.0f / d;
    if (isinf(id)) return refuse("scale", "no reciprocal for scale %g", d);
    if (!begin_block(block, d, lo)) return false;
    for (int i = 0; i < BLOCK_VALUES; i++) {
        float difference = values[i] - lo, product = difference * id, t = product + 0.5f;
        put_nibble(block, i, t >= 15.0f ? 15 : (int)t, true);
    }
    return true;
}

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

/* ENC-S2, ENC-S4: cuts the flat sequence of `count` values into blocks. */
static bool encode_values(const uint8_t *source, size_t count, enum mode mode, uint8_t *blocks) {
    for (size_t first = 0; first < count; first += BLOCK_VALUES) {
        float values[BLOCK_VALUES] = {0};
        int real = count - first < BLOCK_VALUES ? (int)(count - first) : BLOCK_VALUES;
        for (int i = 0; i < real; i++) {
            values[i] = (float)number_at(source, first + (size_t)i, true);
            if (!isfinite(values[i]))
                return refuse("non_finite", "value %zu is not finite", first + (size_t)i);
        }
        uint8_t *block = blocks + first / BLOCK_VALUES * BLOCK_BYTES;
        if (mode == GGML ? !encode_ggml_block(values, block)
                         : !encode_block(values, real, mode == SYMMETRIC, block))
            return false;
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
        sum += exact_weight(blocks, first + k, false) * number_at(x, k, true);
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
    OP, SEQ, BLOCKS, ORIGINAL_LEN, MODE, SHAPE, VALUES, ENTRY, PATH, EXPECTED, WIDTH,
    ROWS, COLUMNS, VECTORS, X, PRECISION, SEED, SIDE, INVERSE, BLOCK, NORM, KEYS
};

static const char *const key_names[KEYS] = {
    "op", "seq", "blocks", "original_len", "mode", "shape", "values", "entry", "path",
    "expected_shape", "address_width", "rows", "columns", "vectors", "x", "precision", "seed",
    "side", "inverse", "block", "gamma"};

static const char digits[] = "0123456789abcdef";

/* A request and what is held for it, to be released when it is answered. */
struct request {
    char *value[KEYS];    /* where in the line each value begins; NULL where it is absent */
    struct bytes shape;   /* `shape` or `expected_shape` */
    struct bytes mapping; /* a mapped file */
    void *memory;         /* a copied file, or one to be written, or what was computed */
    FILE *stream;         /* a file that is open */
};

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

/* The end of a string, or NULL. Its escapes are resolved in place, as none is shorter than what it
   stands for, and a NUL ends it. A zero becomes c0 80, bytes that are in no name and no path. */
static char *string_end(char *from) {
    static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    static const uint32_t lead[] = {0, 0xc0, 0xe0, 0xf0};
    if (*from++ != '"') return NULL;
    char *to = from;
    while (*from != '"') {
        if ((unsigned char)*from < ' ') return NULL;
        if (*from != '\\') {
            *to++ = *from++;
        } else if (*++from != 'u') {
            if (index_in(names, *from) < 0) return NULL;
            *to++ = meanings[index_in(names, *from++)];
        } else {
            uint32_t code = code_unit(++from);
            if (code == UINT32_MAX) return NULL;
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
    return from + 1;
}

/* The end of a value, or NULL. Of a number, a word or a nested value only the tokens are looked at:
   what a known key holds is judged when it is used, and an unknown key is to be ignored. */
static char *value_end(char *at) {
    size_t depth = 0;
    do {
        at = skip_space(at);
        size_t word = strspn(at, "+-.0123456789Eabcdefghijklmnopqrstuvwxyz");
        if (*at == '"') at = string_end(at);
        else if (word > 0) at += word;
        else if (index_in("[{", *at) >= 0) at++, depth++;
        else if (depth > 0 && index_in("]}", *at) >= 0) at++, depth--;
        else if (depth > 0 && index_in(",:", *at) >= 0) at++;
        else return NULL;
    } while (at != NULL && depth > 0);
    return at;
}

/* Notes where the values of the known keys begin, and says whether the line is an object. The last
   of equal keys counts. The NUL behind the line fits no rule, so nothing behind it is read. */
static bool read_request(char *line, size_t length, struct request *request) {
    char *at = skip_space(line);
    if (*at != '{') return false;
    do {
        at = skip_space(at + 1);
        const char *name = at + 1;
        at = string_end(at);
        if (at == NULL || *(at = skip_space(at)) != ':') return false;
        at = skip_space(at + 1);
        for (int key = 0; key < KEYS; key++) {
            if (strcmp(name, key_names[key]) == 0) request->value[key] = at;
        }
        at = value_end(at);
        if (at == NULL) return false;
        at = skip_space(at);
    } while (*at == ',');
    return *at == '}' && skip_space(at + 1) == line + length;
}

static bool malformed(enum key key) {
    return refuse(NULL, "%s is missing, or is not as the protocol has it", key_names[key]);
}

/* The end of an integer, 0 to 2^64 - 1, or NULL. */
static char *integer_end(char *at, uint64_t *number) {
    char *end;
    if (*at < '0' || *at > '9' || (*at == '0' && at[1] >= '0' && at[1] <= '9')) return NULL;
    errno = 0;
    *number = strtoull(at, &end, 10);
    return errno == 0 && index_in(" \t\r\n,]}", *end) >= 0 ? end : NULL;
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
    *boolean = at != NULL && strncmp(at, "true", 4) == 0;
    if (!*boolean && (at == NULL || strncmp(at, "false", 5) != 0)) return malformed(key);
    return index_in(" \t\r\n,}", at[*boolean ? 4 : 5]) >= 0 || malformed(key);
}

/* Bytes; they take the place of the first half of their digits. */
static bool get_bytes(const struct request *request, enum key key, struct bytes *bytes) {
    char *text = get_text(request, key);
    if (text == NULL) return false;
    size_t length = strlen(text);
    if (length % 2 != 0 || strspn(text, digits) != length) return malformed(key);
    *bytes = (struct bytes){(uint8_t *)text, length / 2};
    for (size_t i = 0; i < bytes->length; i++) {
        int high = index_in(digits, text[2 * i]), low = index_in(digits, text[2 * i + 1]);
        bytes->at[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* Whole numbers, f32 or f64. */
static bool get_numbers(const struct request *request, enum key key, bool single,
                        struct bytes *numbers) {
    if (!get_bytes(request, key, numbers)) return false;
    return numbers->length % (single ? 4 : 8) == 0 || malformed(key);
}

/* A dimension takes two characters or more, a bracket or comma and a digit. */
static bool get_shape(struct request *request, enum key key) {
    char *at = request->value[key];
    if (at == NULL || *at != '[') return malformed(key);
    request->shape.at = allocate(strcspn(at, "]") / 2 * 8);
    if (*skip_space(at + 1) == ']') return true;
    do {
        uint64_t dimension;
        at = integer_end(skip_space(at + 1), &dimension);
        if (at == NULL) return malformed(key);
        put_little_endian(request->shape.at + request->shape.length, dimension, 8);
        request->shape.length += 8;
        at = skip_space(at);
    } while (*at == ',');
    return *at == ']' || malformed(key);
}

/* ---- Files ---- */

struct tensor {
    struct bytes shape;
    uint64_t count; /* original_len or numel */
    struct bytes payload;
};

struct format {
    const char *magic;
    uint64_t version, retired;
    bool (*check_payload)(struct bytes payload, uint64_t count);
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

static const struct format khq4 = {"KHQ4", 2, 1, check_blocks};          /* KHQ4-H1, KHQ4-H2 */
static const struct format khf1 = {"KHF1", 1, UINT64_MAX, check_halves}; /* KHF1-H1: none retired */

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
    return check_shape(tensor->shape, max, tensor->count) &&
           format->check_payload(tensor->payload, tensor->count);
}

/* KHQ4-A1, KHQ4-A2: the bytes of a regular file, mapped or copied. An empty file, which cannot be
   mapped, is copied. KHQ4-A4: a file that is cut while it is mapped may end the process. */
static bool open_file(struct request *request, const char *path, bool map, uint64_t max,
                      struct bytes *file) {
    struct stat status;
    int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY); /* it waits for no peer */
    if (descriptor < 0) return refuse("io", "open: %s", strerror(errno));
    request->stream = fdopen(descriptor, "rb");
    if (request->stream == NULL) stop("out of memory");
    if (fstat(descriptor, &status) != 0) return refuse("io", "fstat: %s", strerror(errno));
    if (!S_ISREG(status.st_mode)) return refuse("not_a_file", "not a regular file");
    if ((uint64_t)status.st_size > max) /* KHQ4-H8 */
        return refuse("overflow", "the length of the file exceeds the width");
    size_t length = (size_t)status.st_size;
    if (map && length > 0) {
        void *at = mmap(NULL, length, PROT_READ, MAP_PRIVATE, descriptor, 0);
        if (at == MAP_FAILED) return refuse("io", "mmap: %s", strerror(errno));
        *file = request->mapping = (struct bytes){at, length};
        return true;
    }
    request->memory = malloc(length + 1); /* KHQ4-A3 */
    *file = (struct bytes){request->memory, length};
    return (file->at != NULL && fread(file->at, 1, length, request->stream) == length) ||
           refuse("io", "the file could not be copied");
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

/* ---- Operations: each writes its result, but for the last brackets, or refuses ---- */

static void put_bytes(const char *before, struct bytes bytes, const char *behind) {
    fputs(before, stdout);
    for (size_t i = 0; i < bytes.length; i++) {
        putchar(digits[bytes.at[i] >> 4]);
        putchar(digits[bytes.at[i] & 15]);
    }
    fputs(behind, stdout);
}

static void put_f32(float number) {
    uint8_t value[4];
    put_number_at(value, 0, number, true);
    put_bytes("", (struct bytes){value, sizeof value}, "");
}

/* DEC-3: as many values as there are, and no padding. */
static void put_weights(const char *before, struct bytes blocks, uint64_t count, bool ggml) {
    fputs(before, stdout);
    for (size_t i = 0; i < count; i++) put_f32((float)exact_weight(blocks.at, i, ggml));
    putchar('"');
}

static const char values_begin[] = "\"result\":{\"values\":\"";

/* DEC-4: the payload is checked before it is read. */
static bool get_blocks(struct request *request, bool ggml, struct bytes *blocks, uint64_t *count) {
    return get_bytes(request, BLOCKS, blocks) && get_integer(request, ORIGINAL_LEN, count) &&
           (!ggml || check_whole(*count)) && check_extent(*blocks, *count) &&
           check_scales(*blocks, ggml);
}

static bool decode(struct request *request, bool ggml) {
    struct bytes blocks;
    uint64_t count;
    if (!get_blocks(request, ggml, &blocks, &count)) return false;
    put_weights(values_begin, blocks, count, ggml);
    return true;
}

/* F16-1, F16-2: nothing is written before the last value is known to be finite. */
static bool decode_f16(struct request *request) {
    struct bytes blocks;
    uint64_t count;
    if (!get_blocks(request, false, &blocks, &count)) return false;
    struct bytes halves = {request->memory = allocate((size_t)count * 2), (size_t)count * 2};
    for (size_t i = 0; i < count; i++) {
        uint32_t half = f16_of(exact_weight(blocks.at, i, false));
        if (!f16_is_finite(half)) return refuse("value", "no f16 for value %zu", i);
        put_little_endian(halves.at + 2 * i, half, 2);
    }
    put_bytes(values_begin, halves, "\"");
    return true;
}

static bool encode(struct request *request, enum mode mode) {
    struct bytes values;
    if (!get_numbers(request, VALUES, true, &values) || !get_shape(request, SHAPE)) return false;
    size_t count = values.length / 4, size = (size_t)block_count(count) * BLOCK_BYTES;
    struct bytes blocks = {request->memory = allocate(size), size};
    if (!check_shape(request->shape, UINT64_MAX, count) || /* ENC-S3 */
        (mode == GGML && !check_whole(count)) ||
        !encode_values(values.at, count, mode, blocks.at))
        return false;
    put_bytes("\"result\":{\"blocks\":\"", blocks, "\"");
    return true;
}

static bool encode_in_mode(struct request *request) {
    bool symmetric;
    return get_choice(request, MODE, "asymmetric", "symmetric", &symmetric) &&
           encode(request, symmetric ? SYMMETRIC : ASYMMETRIC);
}

/* DOT-4 to DOT-6. What is given bounds no product without columns, of which nothing is demanded. */
static bool check_product(uint64_t rows, uint64_t columns, uint64_t vectors, struct bytes blocks,
                          struct bytes x) {
    if (columns == 0) return refuse("shape", "a matrix without columns");
    if (rows > UINT64_MAX / columns)
        return refuse("truncated_payload", "rows * columns exceeds 64 bits");
    if (!product_is(vectors, columns, x.length / 4))
        return refuse("shape_mismatch", "x is not that of %" PRIu64 " vectors", vectors);
    return check_blocks(blocks, rows * columns);
}

/* DOT-3: vector by vector, and row by row. */
static bool multiply(struct request *request) {
    uint64_t rows, columns, vectors;
    struct bytes blocks, x;
    if (!get_integer(request, ROWS, &rows) || !get_integer(request, COLUMNS, &columns) ||
        !get_integer(request, VECTORS, &vectors) || !get_bytes(request, BLOCKS, &blocks) ||
        !get_numbers(request, X, true, &x) || !check_product(rows, columns, vectors, blocks, x))
        return false;
    fputs(values_begin, stdout);
    for (size_t vector = 0; vector < vectors; vector++) {
        for (size_t row = 0; row < rows; row++)
            put_f32(dot(blocks.at, row * columns, x.at + 4 * columns * vector, columns));
    }
    putchar('"');
    return true;
}

/* The block form and a norm are for some rotations only (ROT-5, ROT-7). */
static bool get_rotation(struct request *request, struct rotation *rotation) {
    bool normed = request->value[NORM] != NULL, f64;
    rotation->blocked = request->value[BLOCK] != NULL;
    if (!get_choice(request, PRECISION, "f32", "f64", &f64) ||
        !get_choice(request, SIDE, "input", "output", &rotation->output) ||
        !get_boolean(request, INVERSE, &rotation->inverse) ||
        !get_integer(request, SEED, &rotation->seed) ||
        !get_integer(request, ROWS, &rotation->rows) ||
        !get_integer(request, COLUMNS, &rotation->columns) ||
        (rotation->blocked && !get_integer(request, BLOCK, &rotation->block)))
        return false;
    rotation->single = !f64;
    if (rotation->blocked && (f64 || rotation->output)) return refuse(unsupported, "block");
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
    struct bytes source, norm = {NULL, 0};
    struct rotation rotation = {0};
    bool normed = request->value[NORM] != NULL;
    if (!get_rotation(request, &rotation)) return false;
    bool single = rotation.single;
    if (!get_numbers(request, VALUES, single, &source)) return false;
    if (normed && !get_numbers(request, NORM, single, &norm)) return false;
    size_t size = single ? 4 : 8, count = source.length / size;
    if (!product_is(rotation.rows, rotation.columns, count)) /* ROT-8 */
        return refuse("shape_mismatch", "%zu values are not rows * columns", count);
    if (normed && norm.length / size != rotation.columns)
        return refuse("shape_mismatch", "%zu values of gamma", norm.length / size);
    if (!check_rotation(&rotation)) return false;
    double *values = request->memory = allocate(count * sizeof *values);
    for (size_t i = 0; i < count; i++) values[i] = number_at(source.at, i, single);
    if (normed) fold_norm(values, count, norm, &rotation);
    rotate_matrix(values, &rotation);
    for (size_t i = 0; i < count; i++) put_number_at(source.at, i, values[i], single);
    put_bytes(values_begin, source, "\"");
    return true;
}

static bool load(struct request *request, const struct format *format) {
    struct bytes file;
    struct tensor tensor;
    uint64_t width = 64;
    bool map = false, expected = request->value[EXPECTED] != NULL;
    const char *path = get_text(request, PATH);
    if (path == NULL || (expected && !get_shape(request, EXPECTED))) return false;
    if (request->value[ENTRY] != NULL && !get_choice(request, ENTRY, "copy", "map", &map)) return false;
    if (request->value[WIDTH] != NULL && !get_integer(request, WIDTH, &width)) return false;
    if (width != 32 && width != 64) return refuse(unsupported, "width");
    uint64_t max = width == 32 ? UINT32_MAX : SIZE_MAX; /* KHQ4-H8 */
    if (!open_file(request, path, map, max, &file)) return false;
    if (!parse(file, max, format, &tensor)) return false;
    if (expected && /* KHQ4-P7 */
        (tensor.shape.length != request->shape.length ||
         memcmp(tensor.shape.at, request->shape.at, tensor.shape.length) != 0))
        return refuse("expected_shape", "the file has another shape");
    fputs("\"result\":{\"shape\":[", stdout);
    for (size_t i = 0; i < tensor.shape.length; i += 8)
        printf("%s%" PRIu64, i == 0 ? "" : ",", little_endian(tensor.shape.at + i, 8));
    if (format == &khq4) put_weights("],\"values\":\"", tensor.payload, tensor.count, false);
    put_bytes(format == &khq4 ? ",\"blocks\":\"" : "],\"values\":\"", tensor.payload, "\"");
    return true;
}

/* KHQ4-W1, KHQ4-W2: the file is put together in memory and judged as a reader judges it. */
static bool save(struct request *request, const struct format *format) {
    struct bytes payload;
    struct tensor tensor;
    uint64_t count;
    const char *path = get_text(request, PATH);
    if (path == NULL || !get_shape(request, SHAPE)) return false;
    if (!get_bytes(request, format == &khq4 ? BLOCKS : VALUES, &payload)) return false;
    count = payload.length / 2; /* that of KHF1 */
    if (format == &khq4 && !get_integer(request, ORIGINAL_LEN, &count)) return false;
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
    fputs("\"result\":{", stdout);
    return true;
}

/* Only loads have entries; any entry of another operation is unknown. */
static bool operate(struct request *request) {
    const char *name = get_text(request, OP);
    if (name == NULL) return false;
    if (strcmp(name, "load_khq4") == 0) return load(request, &khq4);
    if (strcmp(name, "load_khf1") == 0) return load(request, &khf1);
    if (request->value[ENTRY] != NULL) return refuse(unsupported, "entry");
    if (strcmp(name, "save_khq4") == 0) return save(request, &khq4);
    if (strcmp(name, "save_khf1") == 0) return save(request, &khf1);
    if (strcmp(name, "decode") == 0) return decode(request, false);
    if (strcmp(name, "decode_f16") == 0) return decode_f16(request);
    if (strcmp(name, "decode_q4_1") == 0) return decode(request, true);
    if (strcmp(name, "encode") == 0) return encode_in_mode(request);
    if (strcmp(name, "encode_q4_1") == 0) return encode(request, GGML);
    if (strcmp(name, "matmul") == 0) return multiply(request);
    if (strcmp(name, "rotate") == 0) return rotate(request);
    return refuse(unsupported, "op");
}

/* A line that is no object, or has no `seq` to repeat, cannot be answered: it ends the program. */
static void answer(char *line, size_t length) {
    struct request request = {0};
    uint64_t seq;
    if (!read_request(line, length, &request)) stop("a line is not a JSON object");
    const char *name = get_text(&request, OP);
    if (name != NULL && strcmp(name, "hello") == 0) {
        puts("{\"protocol\":1,\"name\":\"q4_codec\",\"version\":\"1.0.0\",\"language\":\"C\","
             "\"capabilities\":[\"decode\",\"encode\",\"load\",\"save\",\"load-khf1\",\"save-khf1\","
             "\"decode-f16\",\"matmul\",\"rotate\",\"decode-q4-1\",\"encode-q4-1\","
             "\"expected-shape\",\"width-32\"],"
             "\"entries\":{\"load\":[\"copy\",\"map\"],\"load-khf1\":[\"copy\",\"map\"]}}");
        return;
    }
    if (!get_integer(&request, SEQ, &seq)) stop("a request has no seq");
    printf("{\"seq\":%" PRIu64 ",", seq);
    if (operate(&request)) {
        puts("}}");
    } else if (refusal.class == unsupported) {
        puts("\"unsupported\":true}");
    } else {
        printf("\"refused\":{\"message\":\"%s\"", refusal.message);
        if (refusal.class != NULL) printf(",\"class\":\"%s\"", refusal.class);
        puts("}}");
    }
    free(request.shape.at);
    free(request.memory);
    if (request.mapping.at != NULL) munmap(request.mapping.at, request.mapping.length);
    if (request.stream != NULL) fclose(request.stream);
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
