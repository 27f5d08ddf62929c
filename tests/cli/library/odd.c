/* The example library, which misbehaves where a question asks for certain numbers of values. */
#include <stdlib.h>
#include <unistd.h>

#define q4proof_decode sound_decode
#include "../../../conformance/subjects/c-library/q4_library.c"
#undef q4proof_decode

int q4proof_decode(const char *format, const uint8_t *blocks, size_t blocks_len, uint64_t original_len,
                   const char *type, void *values, size_t room, char *error, size_t error_len) {
    int code = sound_decode(format, blocks, blocks_len, original_len, type, values, room, error, error_len);
    float *at = values;
    switch (original_len) {
    case 4: abort();
    case 5: at[room] = 1; break;
    case 6: at[-1] = 1; break;
    case 7: return 7;
    case 8: puts("a debug line"); fflush(stdout); getchar(); break;
    case 9: for (;;) sleep(1);
    case 10: memset(error, 'x', error_len + 1); break;
    }
    return code;
}
