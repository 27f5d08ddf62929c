/* Lets q4proof ask llama.cpp's own C functions for Q4_0, Q4_1 and Q8_0, in the libggml-base.so of a released
   build.

   Nothing is checked on the library's behalf. Its functions take a number of values and two pointers, no shape and no
   length of a payload, and their callers are to pass whole blocks. Where they have no argument for what a case asks,
   the answer is unsupported: a guess at what that means would be this file's doing. They have no result, so they
   refuse nothing.

     decode  dequantize_row_q4_0, dequantize_row_q4_1, dequantize_row_q8_0
     encode  quantize_row_q4_0_ref, quantize_row_q4_1_ref, quantize_row_q8_0_ref */
#include <string.h>

#include "q4proof.h"

#ifndef LLAMA_VERSION
#error "build.sh says which release this is"
#endif

enum { BLOCK_VALUES = 32 };

/* As ggml-quants.h declares them, but for the types of blocks: a block is an array of 18, 20 or 34 bytes. */
void dequantize_row_q4_0(const void *blocks, float *values, int64_t count);
void dequantize_row_q4_1(const void *blocks, float *values, int64_t count);
void dequantize_row_q8_0(const void *blocks, float *values, int64_t count);
void quantize_row_q4_0_ref(const float *values, void *blocks, int64_t count);
void quantize_row_q4_1_ref(const float *values, void *blocks, int64_t count);
void quantize_row_q8_0_ref(const float *values, void *blocks, int64_t count);

static const struct format {
    const char *name;
    size_t block_bytes;
    void (*decode)(const void *, float *, int64_t);
    void (*encode)(const float *, void *, int64_t);
} formats[] = {
    {"q4_0", 18, dequantize_row_q4_0, quantize_row_q4_0_ref},
    {"q4_1", 20, dequantize_row_q4_1, quantize_row_q4_1_ref},
    {"q8_0", 34, dequantize_row_q8_0, quantize_row_q8_0_ref},
};

static const struct format *format_named(const char *name) {
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (strcmp(formats[i].name, name) == 0) return &formats[i];
    }
    return NULL;
}

const char *q4proof_name(void) { return "llama.cpp"; }

const char *q4proof_version(void) { return LLAMA_VERSION; }

const char *q4proof_language(void) { return "C, libggml-base.so"; }

const char *q4proof_capabilities(void) {
    return "decode:q4_0 decode:q4_1 decode:q8_0 encode:q4_0 encode:q4_1 encode:q8_0";
}

int q4proof_decode(const char *name, const uint8_t *blocks, size_t blocks_len, uint64_t original_len,
                   const char *type, void *values, size_t room, char *error, size_t error_len) {
    const struct format *format = format_named(name);
    (void)error, (void)error_len;
    if (format == NULL || strcmp(type, "f32") != 0) return Q4PROOF_UNSUPPORTED;
    /* As many values as the payload has, in whole blocks: nothing else can be said to the function. */
    if (room != original_len || room % BLOCK_VALUES != 0) return Q4PROOF_UNSUPPORTED;
    if (blocks_len != room / BLOCK_VALUES * format->block_bytes) return Q4PROOF_UNSUPPORTED;
    format->decode(blocks, values, (int64_t)room);
    return Q4PROOF_DONE;
}

/* Whether a shape is that of `count` values. */
static int is_shape_of(const uint64_t *shape, size_t dims, size_t count) {
    uint64_t product = 1;
    for (size_t i = 0; i < dims; i++) {
        if (shape[i] != 0 && product > UINT64_MAX / shape[i]) return 0;
        product *= shape[i];
    }
    return product == count;
}

int q4proof_encode(const char *name, const char *mode, const uint64_t *shape, size_t dims, const char *type,
                   const void *values, size_t count, uint8_t *blocks, size_t room, size_t *blocks_len, char *error,
                   size_t error_len) {
    const struct format *format = format_named(name);
    (void)error, (void)error_len;
    if (format == NULL || mode != NULL || strcmp(type, "f32") != 0) return Q4PROOF_UNSUPPORTED;
    if (!is_shape_of(shape, dims, count) || count % BLOCK_VALUES != 0) return Q4PROOF_UNSUPPORTED;
    format->encode(values, blocks, (int64_t)count);
    *blocks_len = room;
    return Q4PROOF_DONE;
}
