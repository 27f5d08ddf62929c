/* Lets q4proof ask llama.cpp's own C functions for the blocks of section 14 of SPEC.md, in the libggml-base.so of a
   released build. They decode all of them, and are asked to encode where SPEC.md says how.

   Nothing is checked on the library's behalf. Its functions take a number of values and two pointers, no shape and no
   length of a payload, and their callers are to pass whole blocks. Where they have no argument for what a case asks,
   the answer is unsupported: a guess at what that means would be this file's doing. They have no result, so they
   refuse nothing.

     decode  dequantize_row_q4_0 and so on, one for each format
     encode  quantize_row_q4_0_ref, quantize_row_q4_1_ref, quantize_row_q8_0_ref, quantize_row_mxfp4_ref */
#include <string.h>

#include "q4proof.h"

#ifndef LLAMA_VERSION
#error "build.sh says which release this is"
#endif

/* As ggml-quants.h declares them, but for the types of blocks: a block is an array of bytes. */
void dequantize_row_q4_0(const void *blocks, float *values, int64_t count);
void dequantize_row_q4_1(const void *blocks, float *values, int64_t count);
void dequantize_row_q8_0(const void *blocks, float *values, int64_t count);
void dequantize_row_q5_0(const void *blocks, float *values, int64_t count);
void dequantize_row_q5_1(const void *blocks, float *values, int64_t count);
void dequantize_row_q4_K(const void *blocks, float *values, int64_t count);
void dequantize_row_q5_K(const void *blocks, float *values, int64_t count);
void dequantize_row_q6_K(const void *blocks, float *values, int64_t count);
void dequantize_row_iq4_nl(const void *blocks, float *values, int64_t count);
void dequantize_row_iq4_xs(const void *blocks, float *values, int64_t count);
void dequantize_row_mxfp4(const void *blocks, float *values, int64_t count);
void dequantize_row_nvfp4(const void *blocks, float *values, int64_t count);
void quantize_row_q4_0_ref(const float *values, void *blocks, int64_t count);
void quantize_row_q4_1_ref(const float *values, void *blocks, int64_t count);
void quantize_row_q8_0_ref(const float *values, void *blocks, int64_t count);
void quantize_row_mxfp4_ref(const float *values, void *blocks, int64_t count);

static const struct format {
    const char *name;
    size_t block_bytes, block_values;
    void (*decode)(const void *, float *, int64_t);
    void (*encode)(const float *, void *, int64_t); /* NULL where nothing is to be encoded */
} formats[] = {
    {"q4_0", 18, 32, dequantize_row_q4_0, quantize_row_q4_0_ref},
    {"q4_1", 20, 32, dequantize_row_q4_1, quantize_row_q4_1_ref},
    {"q8_0", 34, 32, dequantize_row_q8_0, quantize_row_q8_0_ref},
    {"q5_0", 22, 32, dequantize_row_q5_0, NULL},
    {"q5_1", 24, 32, dequantize_row_q5_1, NULL},
    {"q4_k", 144, 256, dequantize_row_q4_K, NULL},
    {"q5_k", 176, 256, dequantize_row_q5_K, NULL},
    {"q6_k", 210, 256, dequantize_row_q6_K, NULL},
    {"iq4_nl", 18, 32, dequantize_row_iq4_nl, NULL},
    {"iq4_xs", 136, 256, dequantize_row_iq4_xs, NULL},
    {"mxfp4", 17, 32, dequantize_row_mxfp4, quantize_row_mxfp4_ref},
    {"nvfp4", 36, 64, dequantize_row_nvfp4, NULL},
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
    return "decode:q4_0 decode:q4_1 decode:q8_0 decode:q5_0 decode:q5_1 decode:q4_k decode:q5_k decode:q6_k "
           "decode:iq4_nl decode:iq4_xs decode:mxfp4 decode:nvfp4 encode:q4_0 encode:q4_1 encode:q8_0 encode:mxfp4";
}

int q4proof_decode(const char *name, const uint8_t *blocks, size_t blocks_len, uint64_t original_len,
                   const char *type, void *values, size_t room, char *error, size_t error_len) {
    const struct format *format = format_named(name);
    (void)error, (void)error_len;
    if (format == NULL || strcmp(type, "f32") != 0) return Q4PROOF_UNSUPPORTED;
    /* As many values as the payload has, in whole blocks: nothing else can be said to the function. */
    if (room != original_len || room % format->block_values != 0) return Q4PROOF_UNSUPPORTED;
    if (blocks_len != room / format->block_values * format->block_bytes) return Q4PROOF_UNSUPPORTED;
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
    if (format == NULL || format->encode == NULL || mode != NULL || strcmp(type, "f32") != 0) return Q4PROOF_UNSUPPORTED;
    if (!is_shape_of(shape, dims, count) || count % format->block_values != 0) return Q4PROOF_UNSUPPORTED;
    format->encode(values, blocks, (int64_t)count);
    *blocks_len = room;
    return Q4PROOF_DONE;
}
