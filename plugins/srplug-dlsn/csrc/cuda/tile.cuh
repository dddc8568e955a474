/* Products of 16x16 tiles by one warp, operands in shared memory, sums in float registers. */
#ifndef DLSN_CUDA_TILE_CUH
#define DLSN_CUDA_TILE_CUH

#include "platform.cuh"

namespace {

constexpr int TILE = 16;

__device__ inline float widen(float x) { return x; }
__device__ inline float widen(__half x) { return __half2float(x); }
__device__ inline float widen(__nv_bfloat16 x) { return __bfloat162float(x); }
template <typename T> __device__ inline T narrow(float x);
template <> __device__ inline float narrow<float>(float x) { return x; }
template <> __device__ inline __half narrow<__half>(float x) { return __float2half(x); }
template <> __device__ inline __nv_bfloat16 narrow<__nv_bfloat16>(float x) {
    return __float2bfloat16(x);
}

/* Any type, with ordinary arithmetic: a lane holds 2 rows of 4 columns. */
template <typename T> struct PlainTile {
    float sum[2][4];

    __device__ void clear() {
        for (int i = 0; i < 8; ++i) sum[i / 4][i % 4] = 0.0f;
    }
    __device__ static int row() { return int(threadIdx.x) % 32 / 4; }
    __device__ static int column() { return int(threadIdx.x) % 4 * 4; }

    /* b(k, column) is b[k * b_pitch + column], or b[column * b_pitch + k] if TRANSPOSED. */
    template <bool TRANSPOSED>
    __device__ void multiply(const T *a, int a_pitch, const T *b, int b_pitch) {
#pragma unroll 4
        for (int k = 0; k < TILE; ++k) {
            const float first = widen(a[row() * a_pitch + k]);
            const float second = widen(a[(row() + 8) * a_pitch + k]);
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                const float factor = widen(TRANSPOSED ? b[(column() + i) * b_pitch + k]
                                                      : b[k * b_pitch + column() + i]);
                sum[0][i] += first * factor;
                sum[1][i] += second * factor;
            }
        }
    }
    __device__ void store(float *to, int pitch) const {
#pragma unroll
        for (int i = 0; i < 8; ++i) to[(row() + i / 4 * 8) * pitch + column() + i % 4] = sum[i / 4][i % 4];
    }
};

/* 16-bit types on matrix units. */
template <typename T> struct MatrixTile {
    template <typename Layout>
    using Right = nvcuda::wmma::fragment<nvcuda::wmma::matrix_b, 16, 16, 16, T, Layout>;
    nvcuda::wmma::fragment<nvcuda::wmma::accumulator, 16, 16, 16, float> sum;

    __device__ void clear() { nvcuda::wmma::fill_fragment(sum, 0.0f); }

    template <bool TRANSPOSED>
    __device__ void multiply(const T *a, int a_pitch, const T *b, int b_pitch) {
        using namespace nvcuda::wmma;
        fragment<matrix_a, 16, 16, 16, T, row_major> left;
        load_matrix_sync(left, a, unsigned(a_pitch));
        if constexpr (TRANSPOSED) {
            Right<col_major> right;
            load_matrix_sync(right, b, unsigned(b_pitch));
            mma_sync(sum, left, right, sum);
        } else {
            Right<row_major> right;
            load_matrix_sync(right, b, unsigned(b_pitch));
            mma_sync(sum, left, right, sum);
        }
    }
    __device__ void store(float *to, int pitch) const {
        nvcuda::wmma::store_matrix_sync(to, sum, unsigned(pitch), nvcuda::wmma::mem_row_major);
    }
};

template <typename T> struct TileOf { typedef PlainTile<T> type; };
template <> struct TileOf<__half> { typedef MatrixTile<__half> type; };
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
template <> struct TileOf<__nv_bfloat16> { typedef MatrixTile<__nv_bfloat16> type; };
#endif /* older ones have no bfloat16 matrix units */
template <typename T> using Tile = typename TileOf<T>::type;

}  // namespace

#endif
