/* Matrix units: 16x16 sums of a warp, and the factors that they are multiplied from.
 *
 * A lane holds of the sums (row lane / 4, columns 2 (lane % 4) and the next), 8 rows below, and both
 * again 8 columns to the right: the layout of `mma.sync.m16n8k*`. Factors are read from shared memory
 * by `ldmatrix`, whose 8x8 matrices of 16-bit numbers are 8x4 matrices of 32-bit ones. Devices before
 * compute capability 8.0 do not compile what they never use.
 */
#ifndef DLSN_CUDA_UNITS_CUH
#define DLSN_CUDA_UNITS_CUH

#include "platform.cuh"

#ifndef DLSN_EMULATION

namespace {
namespace units {

__device__ inline unsigned address(const void *shared) {
    return unsigned(__cvta_generic_to_shared(shared));
}
__device__ inline int lane() { return int(threadIdx.x) % WARP; }

/* Four 8x8 matrices of 16-bit numbers; lane i names row i % 8 of matrix i / 8. */
__device__ inline void load_matrices(unsigned (&to)[4], const void *row) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(address(row))
                 : "memory");
#endif
}
__device__ inline void load_transposed(unsigned (&to)[4], const void *row) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(address(row))
                 : "memory");
#endif
}

/* a (16 rows, 16 bit: 16 deep, 32 bit: 8 deep), rows `pitch` apart. */
template <typename T> __device__ void load_left(unsigned (&to)[4], const T *a, int pitch) {
    constexpr int HALF = COPY_BYTES / int(sizeof(T));
    load_matrices(to, a + lane() % 16 * pitch + lane() / 16 * HALF);
}
/* b as (16 columns, depth). */
template <typename T>
__device__ void load_right_transposed(unsigned (&to)[4], const T *b, int pitch) {
    constexpr int HALF = COPY_BYTES / int(sizeof(T));
    load_matrices(to, b + (lane() % 8 + lane() / 16 * 8) * pitch + lane() / 8 % 2 * HALF);
}
/* b as (depth, 16 columns). */
template <typename T> __device__ void load_right(unsigned (&to)[4], const T *b, int pitch) {
    load_transposed(to, b + lane() % 16 * pitch + lane() / 16 * 8);
}
template <> __device__ inline void load_right<float>(unsigned (&to)[4], const float *b, int pitch) {
    const float *first =
        b + lane() % 4 * pitch + lane() / 4; /* there is no transposed 32-bit load */
    to[0] = __float_as_uint(first[0]);
    to[1] = __float_as_uint(first[4 * pitch]);
    to[2] = __float_as_uint(first[8]);
    to[3] = __float_as_uint(first[4 * pitch + 8]);
}

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
#define DLSN_MMA(kind)                                                           \
    asm("mma.sync.aligned." kind                                                 \
        " {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"       \
        : "+f"(sum[4 * half]), "+f"(sum[4 * half + 1]), "+f"(sum[4 * half + 2]), \
          "+f"(sum[4 * half + 3])                                                \
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[2 * half]), "r"(b[2 * half + 1]))
#else
#define DLSN_MMA(kind) (void)sum, (void)a, (void)b
#endif
/* sum += a b, of factors of a type; float: rounded to TF32 before. */
template <typename T>
__device__ void multiply(float (&sum)[8], const unsigned (&a)[4], const unsigned (&b)[4]);
template <>
__device__ inline void multiply<float>(float (&sum)[8], const unsigned (&a)[4],
                                       const unsigned (&b)[4]) {
#pragma unroll
    for (int half = 0; half < 2; ++half) DLSN_MMA("m16n8k8.row.col.f32.tf32.tf32.f32");
}
template <>
__device__ inline void multiply<__half>(float (&sum)[8], const unsigned (&a)[4],
                                        const unsigned (&b)[4]) {
#pragma unroll
    for (int half = 0; half < 2; ++half) DLSN_MMA("m16n8k16.row.col.f32.f16.f16.f32");
}
template <>
__device__ inline void multiply<__nv_bfloat16>(float (&sum)[8], const unsigned (&a)[4],
                                               const unsigned (&b)[4]) {
#pragma unroll
    for (int half = 0; half < 2; ++half) DLSN_MMA("m16n8k16.row.col.f32.bf16.bf16.f32");
}
#undef DLSN_MMA

/* The factor of two numbers for each sum, `low` the one with the smaller index. */
template <typename T> __device__ unsigned pair(float low, float high);
template <> __device__ inline unsigned pair<__half>(float low, float high) {
    const __half2 both = __floats2half2_rn(low, high);
    return reinterpret_cast<const unsigned &>(both);
}
template <> __device__ inline unsigned pair<__nv_bfloat16>(float low, float high) {
    const __nv_bfloat162 both = __floats2bfloat162_rn(low, high);
    return reinterpret_cast<const unsigned &>(both);
}
template <typename T> __device__ float2 parts_of(unsigned pair);
template <> __device__ inline float2 parts_of<__half>(unsigned pair) {
    return __half22float2(reinterpret_cast<const __half2 &>(pair));
}
template <> __device__ inline float2 parts_of<__nv_bfloat16>(unsigned pair) {
    return make_float2(__uint_as_float(pair << 16), __uint_as_float(pair & 0xffff0000u));
}
/* Sums as the left factor of the next product: a lane holds the same places of both. */
template <typename T> __device__ void left_of(unsigned (&to)[4], const float (&sum)[8]) {
#pragma unroll
    for (int i = 0; i < 4; ++i) to[i] = pair<T>(sum[2 * i], sum[2 * i + 1]);
}
template <typename T> __device__ void sums_of(float (&to)[8], const unsigned (&left)[4]) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        const float2 both = parts_of<T>(left[i]);
        to[2 * i] = both.x;
        to[2 * i + 1] = both.y;
    }
}
/* Left factor from a^T, rows (of a's depth) `pitch` apart; 16-bit types. */
template <typename T>
__device__ void load_left_transposed(unsigned (&to)[4], const T *a, int pitch) {
    load_transposed(to, a + (lane() % 8 + lane() / 16 * 8) * pitch + lane() / 8 % 2 * 8);
}
/* float32 has factors of 8, of which 16x16 sums make two; a half's columns are taken in the order
 * that lanes hold them, by both factors. */
__device__ inline void left_of_half(unsigned (&to)[4], const float (&sum)[8], int half) {
    to[0] = __float_as_uint(sum[4 * half]);
    to[1] = __float_as_uint(sum[4 * half + 2]);
    to[2] = __float_as_uint(sum[4 * half + 1]);
    to[3] = __float_as_uint(sum[4 * half + 3]);
}
__device__ inline void load_right_of_half(unsigned (&to)[4], const float *b, int pitch, int half) {
    const float *first = b + (8 * half + lane() % 4 * 2) * pitch + lane() / 4;
    to[0] = __float_as_uint(first[0]);
    to[1] = __float_as_uint(first[pitch]);
    to[2] = __float_as_uint(first[8]);
    to[3] = __float_as_uint(first[pitch + 8]);
}
/* What `load_left` loads. */
template <typename T> __device__ void store_left(T *a, int pitch, const unsigned (&from)[4]) {
#pragma unroll
    for (int i = 0; i < 4; ++i)
        *reinterpret_cast<unsigned *>(a + (lane() / 4 + i % 2 * 8) * pitch + lane() % 4 * 2 +
                                      i / 2 * 8) = from[i];
}
/* Left factor a as the left factor a^T. */
__device__ inline void transpose_left(unsigned (&to)[4], const unsigned (&from)[4]) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
#pragma unroll
    for (int i = 0; i < 4; ++i)
        asm("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;"
            : "=r"(to[i])
            : "r"(from[i / 2 + i % 2 * 2]));
#endif
}

/* The leading 11 bits of a float. */
__device__ inline unsigned leading(float x) {
    unsigned bits = 0;
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
#endif
    return bits;
}
/* The same in two instructions, for numbers; NaN may become 0. Matrix units ignore what follows the
 * leading bits, so that the rest, `x - leading_of_number(x)`, may be multiplied as it is. */
__device__ inline unsigned leading_of_number(float x) {
    return (__float_as_uint(x) + 0x1000u) & 0xffffe000u;
}
__device__ inline float number(unsigned bits) { return __uint_as_float(bits); }
__device__ inline unsigned bits_of(float x) { return __float_as_uint(x); }

/* Row and column of a lane's i-th sum. */
__device__ inline int row_of(int i) { return lane() / 4 + i / 2 % 2 * 8; }
__device__ inline int column_of(int i) { return lane() % 4 * 2 + i % 2 + i / 4 * 8; }
/* Rows that a lane has sums of, which of them the i-th is of, and the lanes that share a row. */
constexpr int LANE_ROWS = 2;
__device__ constexpr int lane_row(int i) { return i / 2 % 2; }
__device__ inline float largest_of_row(float x) {
    x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, 1));
    return fmaxf(x, __shfl_xor_sync(0xffffffffu, x, 2));
}
__device__ inline float sum_of_row(float x) {
    x += __shfl_xor_sync(0xffffffffu, x, 1);
    return x + __shfl_xor_sync(0xffffffffu, x, 2);
}
__device__ inline bool any(bool x) { return __any_sync(0xffffffffu, x); }
/* 2^x, to about 2^-22. */
__device__ inline float power_of_two(float x) {
    float result;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
}

}  // namespace units
}  // namespace

#endif
#endif
