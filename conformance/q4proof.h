/* q4proof.h: what a shared library exports so that q4proof can check it.

       cc -shared -fPIC -I conformance -o codec.so codec.c
       q4proof check --library codec.so

   q4proof finds each function by its name. Only q4proof_capabilities is required; leave out what you do not have.
   q4proof loads the library in a process of its own. A crash, a hang or a write outside of a buffer is the outcome of
   one case only. docs/check.md shows a whole library, and PROTOCOL.md says what each operation is to do.

   Rules for all functions:
   - Each returns one of the three codes below. Any other code ends the process: the case is a crash.
   - A text is UTF-8 and ends with a zero byte. Formats are named as in PROTOCOL.md: "khq4", "q4_1", "q8_0".
   - An array comes with the number of its elements. A pointer to an array is never NULL where this file does not say
     so, not even for 0 elements; do not read through it then. Payloads (`blocks`) have any alignment. All other arrays
     are aligned for their type.
   - Numbers such as `original_len` are what a question claims. They can be wrong, and as large as 2^64 - 1: check them
     against the arrays before you use them.
   - Inputs end where they say: no byte is readable behind them on purpose.
   - There are 64 guard bytes in front of and behind each output. q4proof ends the process if one of them has changed.
   - `error` has `error_len` bytes, at least 256, for a text that says why an input is refused.
   - q4proof calls one function at a time, from one thread. Keep nothing between two calls. */
#ifndef Q4PROOF_H
#define Q4PROOF_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    Q4PROOF_DONE = 0,       /* the outputs are complete */
    Q4PROOF_REFUSED = 1,    /* the input is not accepted; `error` says why */
    Q4PROOF_UNSUPPORTED = 2 /* this library does not have the format, mode or type */
};

/* What the library can do: names from the tables of PROTOCOL.md with a space between two of them, such as
   "decode:q4_1 encode:q4_1 to-f16:khq4". Each operation needs the function of its verb. */
const char *q4proof_capabilities(void);

/* The name, version and programming language that reports show. Without them: the file's name, "unknown", "C". */
const char *q4proof_name(void);
const char *q4proof_version(void);
const char *q4proof_language(void);

/* Decodes blocks to `original_len` values of `type`, which is "f32", or "f16" if to-f16 is claimed.
   `values` has room for `room` values: the smaller one of `original_len` and what the blocks can hold. Where `room` is
   less than `original_len`, the payload is too short. Write `room` values. */
int q4proof_decode(const char *format, const uint8_t *blocks, size_t blocks_len, uint64_t original_len,
                   const char *type, void *values, size_t room, char *error, size_t error_len);

/* Encodes `count` values of `type` ("f16", "bf16", "f32" or "f64"), which lie in memory as the machine has them.
   `mode` is "asymmetric" or "symmetric", or NULL where the format has no modes. `blocks` has room for `room` bytes:
   the blocks of `count` values, the last one filled up. Set `*blocks_len` to the number of bytes that you wrote. */
int q4proof_encode(const char *format, const char *mode, const uint64_t *shape, size_t dims, const char *type,
                   const void *values, size_t count, uint8_t *blocks, size_t room, size_t *blocks_len, char *error,
                   size_t error_len);

/* Multiplies a matrix of `rows` times `columns` weights with `vectors` vectors, which lie in `x` one after the other.
   `y` has room for `room` values: `vectors` times `rows`, or less where `blocks` or `x` are too short for that. */
int q4proof_matmul(const char *format, uint64_t rows, uint64_t columns, uint64_t vectors, const uint8_t *blocks,
                   size_t blocks_len, const float *x, size_t x_len, float *y, size_t room, char *error,
                   size_t error_len);

/* A tensor of a file. It has blocks, values, or both. */
struct q4proof_tensor {
    const char *name;       /* NULL where the file names no tensor */
    const uint64_t *shape;  /* its dimensions */
    size_t dims;            /* their number; 0 is a scalar */
    uint64_t original_len;  /* the number of values, for q4proof_save; q4proof_load leaves it at 0 */
    const uint8_t *blocks;  /* the payload as it stands in the file, or NULL */
    size_t blocks_len;      /* in bytes */
    const char *type;       /* the type of the values, or NULL where there are none */
    const void *values;
    size_t count;           /* of the values */
};

/* Hands a tensor to q4proof, which copies it before this returns. */
typedef void q4proof_emit(void *to, const struct q4proof_tensor *tensor);

/* Loads the file at `path` and calls `emit(to, &tensor)` once for each of its tensors. `expected_shape` is the shape
   that the caller requires, or NULL. `address_width` is 32 where size arithmetic is to be done as on a 32-bit machine,
   else 0. Both are used only if expected-shape or width-32 is claimed. */
int q4proof_load(const char *format, const char *path, const uint64_t *expected_shape, size_t expected_dims,
                 unsigned address_width, q4proof_emit *emit, void *to, char *error, size_t error_len);

/* Writes a new file with these tensors. */
int q4proof_save(const char *format, const char *path, const struct q4proof_tensor *tensors, size_t count,
                 char *error, size_t error_len);

#ifdef __cplusplus
}
#endif

#endif
