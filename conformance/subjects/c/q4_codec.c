/* KHQ4 version 2 in C99 and POSIX, as a subject of the conformance suite.

   It is written from SPEC.md and PROTOCOL.md alone and shares no code with any other codec. The ids
   in the comments are clauses of SPEC.md. Of the lawful behaviours it keeps to fold-left (KHQ4-H6),
   signed-scale (KHQ4-P6) and padding-formula (ENC-P1); a bias of zero has the sign of the first
   minimum (ENC-Z1). */

#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* ENC-M1: an f32 that is no NaN, rounded to f16, ties to even. A carry out of the fraction goes
   into the exponent; from the greatest finite number it makes the infinity. */
static uint32_t f16_of_f32(float number) {
    uint32_t bits = (union f32){number}.bits, sign = bits >> 16 & 0x8000, shift = 13;
    uint32_t exponent = bits >> 23 & 255, kept = (bits & 0x7fffffff) - (112u << 23);
    if (exponent >= 127 + 16) return sign | 0x7c00;
    if (exponent < 127 - 25) return sign;
    if (exponent < 127 - 14) { /* subnormal in f16: a multiple of 2^-24 */
        kept = (bits & 0x7fffff) | 0x800000;
        shift = 126 - exponent;
    }
    uint32_t half = kept >> shift, rest = kept & ((1u << shift) - 1), tie = 1u << (shift - 1);
    return sign | (half + (rest > tie || (rest == tie && half % 2 == 1)));
}

/* ---- Blocks ---- */

enum { BLOCK_BYTES = 20, BLOCK_VALUES = 32 }; /* BLK-1 */

/* BLK-3, in the form of KHQ4-H8, which cannot wrap. */
static uint64_t block_count(uint64_t values) {
    return values / BLOCK_VALUES + (values % BLOCK_VALUES != 0);
}

/* KHQ4-P1 to KHQ4-P6, DEC-4: the extent, then each scale and bias. No nibble is looked at. */
static bool check_blocks(struct bytes blocks, uint64_t original_len) {
    uint64_t needed = BLOCK_BYTES * block_count(original_len);
    if (blocks.length != needed)
        return refuse(blocks.length < needed ? "truncated_payload" : "trailing_bytes",
                      "%zu bytes of blocks instead of %" PRIu64, blocks.length, needed);
    for (size_t i = 0; i < blocks.length; i += BLOCK_BYTES) {
        uint32_t scale = f16_at(blocks.at + i), bias = f16_at(blocks.at + i + 2);
        if (!f16_is_finite(scale) || (scale & 0x7fff) == 0)
            return refuse("scale", "block %zu: scale is zero or not finite", i / BLOCK_BYTES);
        if (!f16_is_finite(bias))
            return refuse("bias", "block %zu: bias is not finite", i / BLOCK_BYTES);
    }
    return true;
}

/* DEC-1, DEC-2: weight i of a block. The product is exact; the sum is rounded once. */
static float decode_weight(const uint8_t *block, int i) {
    int nibble = block[4 + i / 2] >> 4 * (i % 2) & 15; /* BLK-2 */
    float product = (float)nibble * f32_of_f16(f16_at(block));
    return product + f32_of_f16(f16_at(block + 2));
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

/* A block of `count` values, behind which `values` holds zeros. Each operation is stored in an f32,
   and so is rounded on its own (ENC-S1). */
static bool encode_block(const float *values, int count, bool symmetric, uint8_t *block) {
    float lo = values[0], hi = values[0];
    for (int i = 1; i < count; i++) { /* ENC-A1 */
        if (values[i] < lo) lo = values[i];
        if (values[i] > hi) hi = values[i];
    }
    float amax = -lo > hi ? -lo : hi, range = hi - lo;
    float c = symmetric ? amax / 7.0f : range / 15.0f; /* ENC-Y1, ENC-A2 */
    float s = c <= 0x1p-25f ? 1.0f : c;                /* ENC-D1 */
    float b = symmetric ? -8.0f * s : lo;              /* ENC-Y2, ENC-A3 */
    float inv = 1.0f / s;                              /* ENC-Q1 */
    uint32_t scale = f16_of_f32(s), bias = f16_of_f32(b);
    if (!f16_is_finite(scale)) return refuse("scale", "no f16 for scale %g", s); /* ENC-M2 */
    if (!f16_is_finite(bias)) return refuse("bias", "no f16 for bias %g", b);    /* ENC-M3 */
    memset(block, 0, BLOCK_BYTES);
    put_little_endian(block, scale, 2);
    put_little_endian(block + 2, bias, 2);
    for (int i = 0; i < BLOCK_VALUES; i++) {                       /* ENC-P1: padding as well */
        float difference = symmetric ? values[i] : values[i] - lo; /* ENC-Y3, ENC-A4 */
        float t = difference * inv;
        int nibble = nibble_of(t, symmetric ? 8 : 0);
        block[4 + i / 2] |= (uint8_t)(nibble << 4 * (i % 2)); /* BLK-2 */
    }
    return true;
}

/* KHQ4-H5, KHQ4-H6, KHQ4-H8: the product, from the left, is original_len; nothing exceeds `max`. A
   shape is kept as it stands in a file, 8 bytes a dimension. */
static bool check_shape(struct bytes shape, uint64_t max, uint64_t original_len) {
    uint64_t product = 1;
    for (size_t i = 0; i < shape.length; i += 8) {
        uint64_t dimension = little_endian(shape.at + i, 8);
        if (dimension > max || (dimension != 0 && product > max / dimension))
            return refuse("overflow", "dimension %zu, or the product, exceeds the width", i / 8);
        product *= dimension;
    }
    if (original_len > max) return refuse("overflow", "original_len exceeds the width");
    return product == original_len ||
           refuse("shape_mismatch", "the shape is not that of %" PRIu64 " values", original_len);
}

/* ENC-S2, ENC-S4: cuts the flat sequence of `count` values into blocks. */
static bool encode_values(const uint8_t *source, size_t count, bool symmetric, uint8_t *blocks) {
    for (size_t first = 0; first < count; first += BLOCK_VALUES) {
        float values[BLOCK_VALUES] = {0};
        int real = count - first < BLOCK_VALUES ? (int)(count - first) : BLOCK_VALUES;
        for (int i = 0; i < real; i++) {
            uint32_t bits = (uint32_t)little_endian(source + 4 * (first + (size_t)i), 4);
            if ((bits & 0x7f800000) == 0x7f800000)
                return refuse("non_finite", "value %zu is not finite", first + (size_t)i);
            values[i] = (union f32){.bits = bits}.number;
        }
        uint8_t *block = blocks + first / BLOCK_VALUES * BLOCK_BYTES;
        if (!encode_block(values, real, symmetric, block)) return false;
    }
    return true;
}

/* ---- JSON ---- */

enum key { OP, SEQ, BLOCKS, ORIGINAL_LEN, MODE, SHAPE, VALUES, ENTRY, PATH, EXPECTED, WIDTH, KEYS };

static const char *const key_names[KEYS] = {
    "op",     "seq",   "blocks", "original_len",   "mode",         "shape",
    "values", "entry", "path",   "expected_shape", "address_width"};

static const char digits[] = "0123456789abcdef";

/* A request and what is held for it, to be released when it is answered. */
struct request {
    char *value[KEYS];    /* where in the line each value begins; NULL where it is absent */
    struct bytes shape;   /* `shape` or `expected_shape` */
    struct bytes mapping; /* a mapped file */
    void *memory;         /* a copied file, or one to be written, or encoded blocks */
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
    uint64_t original_len;
    struct bytes blocks;
};

/* Section 3 in its order; the length of the file is known to be at most `max`. Nothing is allocated
   (KHQ4-A3): the tensor points into the file. */
static bool parse_khq4(struct bytes file, uint64_t max, struct tensor *tensor) {
    if (file.length < 4) return refuse("truncated_header", "the file ends in its magic");
    if (memcmp(file.at, "KHQ4", 4) != 0) return refuse("magic", "no KHQ4 file"); /* KHQ4-H1 */
    if (file.length < 8) return refuse("truncated_header", "the file ends in its version");
    uint64_t version = little_endian(file.at + 4, 4);
    if (version == 1) /* KHQ4-H2 */
        return refuse("legacy_version", "version 1: the weights need to be quantized again");
    if (version != 2) return refuse("version", "version %" PRIu64 " instead of 2", version);
    if (file.length < 12) return refuse("truncated_header", "the file ends in its ndim");
    uint64_t ndim = little_endian(file.at + 8, 4);
    if (ndim > (file.length - 12) / 8) /* KHQ4-H3 */
        return refuse("dimensions", "%" PRIu64 " dimensions do not fit in the file", ndim);
    tensor->shape = (struct bytes){file.at + 12, (size_t)ndim * 8};
    uint8_t *at = tensor->shape.at + tensor->shape.length;
    size_t left = file.length - 12 - tensor->shape.length;
    if (left < 8) /* KHQ4-H4 */
        return refuse("truncated_header", "the file ends in original_len");
    tensor->original_len = little_endian(at, 8);
    tensor->blocks = (struct bytes){at + 8, left - 8};
    return check_shape(tensor->shape, max, tensor->original_len) &&
           check_blocks(tensor->blocks, tensor->original_len);
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

/* DEC-3: as many values as there are, and no padding. */
static void put_values(const char *before, struct bytes blocks, uint64_t original_len) {
    fputs(before, stdout);
    for (size_t i = 0; i < original_len; i++) {
        const uint8_t *block = blocks.at + i / BLOCK_VALUES * BLOCK_BYTES;
        uint8_t value[4];
        put_little_endian(value, (union f32){decode_weight(block, i % BLOCK_VALUES)}.bits, 4);
        put_bytes("", (struct bytes){value, 4}, "");
    }
    putchar('"');
}

/* DEC-4: the payload is checked before it is read. */
static bool decode(struct request *request) {
    struct bytes blocks;
    uint64_t original_len;
    if (!get_bytes(request, BLOCKS, &blocks)) return false;
    if (!get_integer(request, ORIGINAL_LEN, &original_len)) return false;
    if (!check_blocks(blocks, original_len)) return false;
    put_values("\"result\":{\"values\":\"", blocks, original_len);
    return true;
}

static bool encode(struct request *request) {
    struct bytes values;
    const char *mode = get_text(request, MODE);
    if (mode == NULL) return false;
    bool symmetric = strcmp(mode, "symmetric") == 0;
    if (!symmetric && strcmp(mode, "asymmetric") != 0) return refuse(unsupported, "mode");
    if (!get_bytes(request, VALUES, &values) || !get_shape(request, SHAPE)) return false;
    if (values.length % 4 != 0) return malformed(VALUES);
    size_t count = values.length / 4, size = (size_t)block_count(count) * BLOCK_BYTES;
    struct bytes blocks = {request->memory = allocate(size), size};
    if (!check_shape(request->shape, UINT64_MAX, count) || /* ENC-S3 */
        !encode_values(values.at, count, symmetric, blocks.at))
        return false;
    put_bytes("\"result\":{\"blocks\":\"", blocks, "\"");
    return true;
}

static bool load(struct request *request) {
    struct bytes file;
    struct tensor tensor;
    uint64_t width = 64;
    bool expected = request->value[EXPECTED] != NULL;
    const char *path = get_text(request, PATH);
    const char *entry = request->value[ENTRY] == NULL ? "copy" : get_text(request, ENTRY);
    if (path == NULL || entry == NULL || (expected && !get_shape(request, EXPECTED))) return false;
    if (request->value[WIDTH] != NULL && !get_integer(request, WIDTH, &width)) return false;
    bool map = strcmp(entry, "map") == 0;
    if (!map && strcmp(entry, "copy") != 0) return refuse(unsupported, "entry");
    if (width != 32 && width != 64) return refuse(unsupported, "width");
    uint64_t max = width == 32 ? UINT32_MAX : SIZE_MAX; /* KHQ4-H8 */
    if (!open_file(request, path, map, max, &file) || !parse_khq4(file, max, &tensor)) return false;
    if (expected && /* KHQ4-P7 */
        (tensor.shape.length != request->shape.length ||
         memcmp(tensor.shape.at, request->shape.at, tensor.shape.length) != 0))
        return refuse("expected_shape", "the file has another shape");
    fputs("\"result\":{\"shape\":[", stdout);
    for (size_t i = 0; i < tensor.shape.length; i += 8)
        printf("%s%" PRIu64, i == 0 ? "" : ",", little_endian(tensor.shape.at + i, 8));
    put_values("],\"values\":\"", tensor.blocks, tensor.original_len);
    put_bytes(",\"blocks\":\"", tensor.blocks, "\"");
    return true;
}

/* KHQ4-W1, KHQ4-W2: the file is put together in memory and judged as a reader judges it. */
static bool save(struct request *request) {
    struct bytes blocks;
    struct tensor tensor;
    uint64_t original_len;
    const char *path = get_text(request, PATH);
    if (path == NULL || !get_bytes(request, BLOCKS, &blocks)) return false;
    if (!get_integer(request, ORIGINAL_LEN, &original_len)) return false;
    if (!get_shape(request, SHAPE)) return false;
    size_t table = request->shape.length, size = 20 + table + blocks.length;
    if (table / 8 > UINT32_MAX) return refuse("dimensions", "ndim exceeds 32 bits");
    uint8_t *file = request->memory = allocate(size);
    memcpy(file, "KHQ4", 4);
    put_little_endian(file + 4, 2, 4);
    put_little_endian(file + 8, table / 8, 4);
    memcpy(file + 12, request->shape.at, table);
    put_little_endian(file + 12 + table, original_len, 8);
    memcpy(file + 20 + table, blocks.at, blocks.length);
    struct bytes bytes = {file, size};
    if (!parse_khq4(bytes, SIZE_MAX, &tensor) || !replace_file(path, bytes)) return false;
    fputs("\"result\":{", stdout);
    return true;
}

/* Only `load_khq4` has entries; any entry of another operation is unknown. */
static bool operate(struct request *request) {
    const char *name = get_text(request, OP);
    if (name == NULL) return false;
    if (strcmp(name, "load_khq4") == 0) return load(request);
    if (request->value[ENTRY] != NULL) return refuse(unsupported, "entry");
    if (strcmp(name, "decode") == 0) return decode(request);
    if (strcmp(name, "encode") == 0) return encode(request);
    if (strcmp(name, "save_khq4") == 0) return save(request);
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
             "\"capabilities\":[\"decode\",\"encode\",\"load\",\"save\",\"expected-shape\","
             "\"width-32\"],\"entries\":{\"load\":[\"copy\",\"map\"]}}");
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
