/* All that q4proof.h has a function for, as a shared library: the codec of ../c/q4_codec.c, which is a program that
   speaks the protocol, behind the functions of the header. These have no argument for the scale of a tensor (NV-3), so
   that `tensor-scale:nvfp4` is not among the capabilities. */

#define main q4_codec_main /* its own dialogue is not used here */
int q4_codec_main(void);
#include "../c/q4_codec.c"
#undef main

#include "q4proof.h"

const char *q4proof_name(void) { return "c-library-whole"; }

const char *q4proof_version(void) { return "1.0"; }

const char *q4proof_capabilities(void) {
    return "decode:khq4 decode:q4_0 decode:q4_1 decode:q8_0 decode:q5_0 decode:q5_1 decode:q4_k decode:q5_k "
           "decode:q6_k decode:iq4_nl decode:iq4_xs decode:mxfp4 decode:nvfp4 encode:khq4 encode:q4_0 encode:q4_1 "
           "encode:q8_0 encode:mxfp4 encode:mlx matmul:khq4 "
           "load:khq4 load:khf1 save:khq4 save:khf1 to-f16:khq4 source-f16:khq4 source-bf16:khq4 source-f64:khq4 "
           "expected-shape:khq4 expected-shape:khf1 width-32:khq4 width-32:khf1";
}

static const struct format *format_named(const char *name) {
    static const struct format *const formats[] = {&khq4, &khf1, &q4_0,   &q4_1,   &q8_0,  &q5_0,  &q5_1, &q4_k,
                                                    &q5_k, &q6_k, &iq4_nl, &iq4_xs, &mxfp4, &nvfp4, &mlx};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (strcmp(formats[i]->name, name) == 0) return formats[i];
    }
    return NULL;
}

/* The code of a call that was done, or was refused with what `refuse` has noted. */
static int code(bool done, char *error, size_t error_len) {
    if (done) return Q4PROOF_DONE;
    if (refusal.class == unsupported) return Q4PROOF_UNSUPPORTED;
    snprintf(error, error_len, "%s", refusal.message);
    return Q4PROOF_REFUSED;
}

/* The codec changes nothing that it is given, though it says so nowhere. */
static struct bytes bytes_of(const void *at, size_t length) { return (struct bytes){(uint8_t *)(uintptr_t)at, length}; }

static bool decode_blocks(const struct format *format, struct bytes blocks, uint64_t count, bool to_f16,
                          uint8_t *values) {
    if ((format->whole && !check_whole(format, count)) || !check_blocks(format, blocks, count)) return false;
    for (size_t i = 0; i < count; i++) {
        double weight = weight_at(format, blocks.at, i);
        uint32_t half = to_f16 ? f16_of(weight) : 0;
        if (!f16_is_finite(half)) return refuse("value", "no f16 for value %zu", i);
        if (to_f16) put_little_endian(values + 2 * i, half, 2);
        else put_number_at(values, i, weight, true);
    }
    return true;
}

int q4proof_decode(const char *name, const uint8_t *blocks, size_t blocks_len, uint64_t original_len,
                   const char *type, void *values, size_t room, char *error, size_t error_len) {
    const struct format *format = format_named(name);
    bool to_f16 = strcmp(type, "f16") == 0;
    (void)room; /* check_blocks compares the two lengths */
    if (format == NULL || format->check == NULL || (to_f16 && format != &khq4)) return Q4PROOF_UNSUPPORTED;
    return code(decode_blocks(format, bytes_of(blocks, blocks_len), original_len, to_f16, values), error, error_len);
}

static bool encode_source(const struct format *format, struct bytes shape, const struct floats *source,
                          bool (*encode)(const float *, int, uint8_t *), uint8_t *blocks) {
    return check_shape(shape, UINT64_MAX, source->count) && (!format->whole || check_whole(format, source->count)) &&
           (!format->whole_rows || check_rows(format, shape)) && encode_values(source, format, encode, blocks);
}

int q4proof_encode(const char *name, const char *mode, const uint64_t *shape, size_t dims, const char *type,
                   const void *values, size_t count, uint8_t *blocks, size_t room, size_t *blocks_len, char *error,
                   size_t error_len) {
    const struct format *format = format_named(name);
    struct floats source = {.type = F16, .bytes = bytes_of(values, 0), .count = count};
    while (source.type < FLOAT_TYPES && strcmp(float_names[source.type], type) != 0) source.type++;
    if (format == NULL || source.type == FLOAT_TYPES) return Q4PROOF_UNSUPPORTED;
    bool (*encode)(const float *, int, uint8_t *) = format->encode;
    if (format == &khq4) {
        if (mode == NULL) return Q4PROOF_UNSUPPORTED;
        encode = strcmp(mode, "symmetric") == 0 ? encode_symmetric : encode_asymmetric;
    } else if (encode == NULL || mode != NULL || source.type != format->source) {
        return Q4PROOF_UNSUPPORTED;
    }
    *blocks_len = room;
    return code(encode_source(format, bytes_of(shape, 8 * dims), &source, encode, blocks), error, error_len);
}

int q4proof_matmul(const char *name, uint64_t rows, uint64_t columns, uint64_t vectors, const uint8_t *blocks,
                   size_t blocks_len, const float *x, size_t x_len, float *y, size_t room, char *error,
                   size_t error_len) {
    struct floats vector = {.type = F32, .bytes = bytes_of(x, 4 * x_len), .count = x_len};
    struct bytes matrix = bytes_of(blocks, blocks_len);
    (void)room; /* check_product compares all lengths */
    if (format_named(name) != &khq4) return Q4PROOF_UNSUPPORTED;
    if (!check_product(rows, columns, vectors, matrix, &vector)) return code(false, error, error_len);
    for (size_t v = 0; v < vectors; v++) {
        for (size_t row = 0; row < rows; row++)
            y[v * rows + row] = dot(matrix.at, row * columns, vector.bytes.at + 4 * columns * v, columns);
    }
    return Q4PROOF_DONE;
}

/* Whether the values of a tensor were handed on, or the file was refused. */
static bool emit_file(const struct format *format, struct bytes file, uint64_t max, const struct bytes *expected,
                      q4proof_emit *emit, void *to) {
    struct tensor tensor;
    if (!parse(file, max, format, &tensor)) return false;
    if (expected != NULL && !same_shape(tensor.shape, *expected))
        return refuse("expected_shape", "the file has another shape");
    uint64_t *shape = allocate(tensor.shape.length);
    size_t dims = tensor.shape.length / 8, width = format == &khf1 ? 2 : 4;
    for (size_t i = 0; i < dims; i++) shape[i] = little_endian(tensor.shape.at + 8 * i, 8);
    uint8_t *values = allocate((size_t)tensor.count * width);
    if (format == &khf1) memcpy(values, tensor.payload.at, tensor.payload.length);
    else decode_blocks(format, tensor.payload, tensor.count, false, values);
    struct q4proof_tensor given = {.shape = shape, .dims = dims, .type = format == &khf1 ? "f16" : "f32",
                                   .values = values, .count = (size_t)tensor.count};
    if (format != &khf1) {
        given.blocks = tensor.payload.at;
        given.blocks_len = tensor.payload.length;
    }
    emit(to, &given);
    free(values);
    free(shape);
    return true;
}

int q4proof_load(const char *name, const char *path, const uint64_t *expected_shape, size_t expected_dims,
                 unsigned address_width, q4proof_emit *emit, void *to, char *error, size_t error_len) {
    const struct format *format = format_named(name);
    uint64_t max = address_width == 32 ? UINT32_MAX : SIZE_MAX;
    struct bytes expected = bytes_of(expected_shape, 8 * expected_dims);
    struct file file = {0};
    if (format == NULL || format->magic == NULL) return Q4PROOF_UNSUPPORTED;
    bool done = open_file(&file, path, "io") && read_file(&file, false, max, "overflow") &&
                emit_file(format, file.bytes, max, expected_shape == NULL ? NULL : &expected, emit, to);
    close_file(&file);
    return code(done, error, error_len);
}

/* As `save` in the codec: the file is put together in memory and judged as a reader judges it. */
static bool save_file(const struct format *format, const char *path, const struct q4proof_tensor *given) {
    struct bytes payload = bytes_of(given->blocks, given->blocks_len);
    struct tensor tensor;
    if (format == &khf1) payload = bytes_of(given->values, 2 * given->count);
    size_t table = 8 * given->dims, size = 20 + table + payload.length;
    uint8_t *file = allocate(size);
    memcpy(file, format->magic, 4);
    put_little_endian(file + 4, format->version, 4);
    put_little_endian(file + 8, given->dims, 4);
    memcpy(file + 12, given->shape, table);
    put_little_endian(file + 12 + table, given->original_len, 8);
    memcpy(file + 20 + table, payload.at, payload.length);
    struct bytes bytes = {file, size};
    bool done = parse(bytes, SIZE_MAX, format, &tensor) && replace_file(path, bytes);
    free(file);
    return done;
}

int q4proof_save(const char *name, const char *path, const struct q4proof_tensor *tensors, size_t count,
                 char *error, size_t error_len) {
    const struct format *format = format_named(name);
    if (format == NULL || format->magic == NULL || count != 1) return Q4PROOF_UNSUPPORTED;
    if (format == &khf1 && (tensors->type == NULL || strcmp(tensors->type, "f16") != 0)) return Q4PROOF_UNSUPPORTED;
    return code(save_file(format, path, tensors), error, error_len);
}
