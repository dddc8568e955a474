/* Hashed attention: the C interface of the compiled libraries.
 *
 * Plain pointers and sizes; everything is checked by the caller. All tensors are contiguous:
 *   query, key (N, L, C)   value, out (N, L, D)   fc_score (N, L, T)   lse, order (N, h, L)
 * `order` holds a permutation of 0..L-1 per round. The mathematics is in ops/reference.py.
 * Functions return a status; nothing is printed and nothing is thrown.
 */
#ifndef DLSN_ATTENTION_H
#define DLSN_ATTENTION_H

#include <stdint.h>

#define DLSN_ABI_VERSION 2

#if defined(_WIN32)
#define DLSN_API extern "C" __declspec(dllexport)
#else
#define DLSN_API extern "C" __attribute__((visibility("default")))
#endif

enum DlsnStatus {
    DLSN_OK = 0,
    DLSN_OUT_OF_MEMORY = -1,
    DLSN_NOT_A_PERMUTATION = -2,
    DLSN_UNSUPPORTED = -3,  /* a type that the library was not built for */
    DLSN_TOO_LARGE = -4,    /* sizes beyond the kernels' indices, registers or shared memory */
    DLSN_NOT_LAUNCHED = -5, /* within the CUDA library: a kernel that is not for the problem */
    /* positive: a cudaError_t */
};

enum DlsnType {
    DLSN_FLOAT32 = 0,
    DLSN_FLOAT64 = 1,
    DLSN_FLOAT16 = 2,
    DLSN_BFLOAT16 = 3,
    DLSN_TF32 = 4, /* CUDA: float32 tensors, whose products may be rounded to TF32 */
};

struct DlsnSizes {
    int64_t images;   /* N */
    int64_t length;   /* L */
    int64_t rounds;   /* h */
    int64_t channels; /* C */
    int64_t width;    /* D */
    int64_t chunk;    /* T */
};

struct DlsnForward {
    const void *query, *key, *value, *fc_score;
    const int32_t *order;
    void *out; /* overwritten */
    void *lse; /* overwritten; float32, float64 for float64 */
};

struct DlsnBackward {
    const void *grad_out, *query, *key, *value, *fc_score;
    const int32_t *order;
    const void *out, *lse;
    void *grad_query, *grad_key, *grad_value, *grad_fc_score; /* CPU: zeros on entry */
};

/* Super-Bit hashing: code = index of the largest projection; order = pixels sorted by code, stable. */
struct DlsnHash {
    int64_t images, length, rounds, channels, buckets; /* N L h C B */
    const float *query;                                /* (N, L, C) */
    const float *rotations;                            /* (h, B, C) */
    int32_t *codes, *order;                            /* (N, h, L), overwritten */
};

DLSN_API int dlsn_abi_version(void);

/* CPU: instruction sets are numbered 0 base, 1 AVX2, 2 AVX-512. */
DLSN_API int dlsn_cpu_best_isa(void);
DLSN_API int dlsn_cpu_select_isa(int level); /* at most the best one; returns what is in force */
DLSN_API int dlsn_cpu_has_openmp(void);
DLSN_API int dlsn_cpu_hash_order(const DlsnHash *hash, int threads);
DLSN_API int dlsn_cpu_forward(int type, const DlsnSizes *sizes, const DlsnForward *tensors,
                              int threads);
DLSN_API int dlsn_cpu_backward(int type, const DlsnSizes *sizes, const DlsnBackward *tensors,
                               int threads);

/* CUDA: float32, float16, bfloat16; tensors on multiples of 16 bytes are read quicker.
 * `dlsn_cuda_fits` tells whether both passes take the sizes. `workspace` has at least the bytes that
 * *_workspace tell; work is queued on `stream` and not waited for. Sums are taken in a fixed order:
 * results repeat. */
DLSN_API int dlsn_cuda_probe(int device);
DLSN_API const char *dlsn_cuda_error(int status);
DLSN_API int dlsn_cuda_fits(int type, const DlsnSizes *sizes, int device);
DLSN_API int64_t dlsn_cuda_forward_workspace(int type, const DlsnSizes *sizes);
DLSN_API int64_t dlsn_cuda_backward_workspace(int type, const DlsnSizes *sizes);
DLSN_API int dlsn_cuda_forward(int type, const DlsnSizes *sizes, const DlsnForward *tensors,
                               void *workspace, int device, void *stream);
DLSN_API int dlsn_cuda_backward(int type, const DlsnSizes *sizes, const DlsnBackward *tensors,
                                void *workspace, int device, void *stream);

#endif
