/* Products of 16x16 tiles by one warp, operands in shared memory, sums in float registers.
 *
 * A tile type has operands that are loaded once and used for several products: `Left`, `Right<false>`
 * (b as (depth, columns)) and `Right<true>` (b as (columns, depth)), each `DEPTH` deep.
 */
#ifndef DLSN_CUDA_TILE_CUH
#define DLSN_CUDA_TILE_CUH

#include <type_traits>

#include "platform.cuh"

namespace {

constexpr int TILE = 16;

/* float: matrix units that take the leading 11 bits, thrice, so that 22 bits of every factor count. */
struct Float32 { typedef float T; };
/* float: rounded to 11 bits, where the caller allows it. */
struct TensorFloat32 { typedef float T; };
struct Float16 { typedef __half T; };
struct BFloat16 { typedef __nv_bfloat16 T; };

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
    static constexpr int DEPTH = TILE;
    struct Left {
        const T *from;
        int pitch;
        __device__ void load(const T *a, int a_pitch) { from = a, pitch = a_pitch; }
    };
    template <bool TRANSPOSED> struct Right : Left {};
    float sum[2][4];

    __device__ void clear() {
        for (int i = 0; i < 8; ++i) sum[i / 4][i % 4] = 0.0f;
    }
    __device__ static int row() { return int(threadIdx.x) % 32 / 4; }
    __device__ static int column() { return int(threadIdx.x) % 4 * 4; }

    template <bool TRANSPOSED>
    __device__ void multiply(const Left &a, const Right<TRANSPOSED> &b) {
#pragma unroll 4
        for (int k = 0; k < TILE; ++k) {
            const float first = widen(a.from[row() * a.pitch + k]);
            const float second = widen(a.from[(row() + 8) * a.pitch + k]);
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                const float factor = widen(TRANSPOSED ? b.from[(column() + i) * b.pitch + k]
                                                      : b.from[k * b.pitch + column() + i]);
                sum[0][i] += first * factor;
                sum[1][i] += second * factor;
            }
        }
    }
    __device__ void load(const float *from, int pitch) {
#pragma unroll
        for (int i = 0; i < 8; ++i)
            sum[i / 4][i % 4] = from[(row() + i / 4 * 8) * pitch + column() + i % 4];
    }
    __device__ void store(float *to, int pitch) const {
#pragma unroll
        for (int i = 0; i < 8; ++i)
            to[(row() + i / 4 * 8) * pitch + column() + i % 4] = sum[i / 4][i % 4];
    }
};

/* What the tiles on matrix units share: their sums. */
template <int DEPTH_> struct UnitTile {
    static constexpr int DEPTH = DEPTH_;
    nvcuda::wmma::fragment<nvcuda::wmma::accumulator, TILE, TILE, DEPTH, float> sum;

    __device__ void clear() { nvcuda::wmma::fill_fragment(sum, 0.0f); }
    __device__ void load(const float *from, int pitch) {
        nvcuda::wmma::load_matrix_sync(sum, from, unsigned(pitch), nvcuda::wmma::mem_row_major);
    }
    __device__ void store(float *to, int pitch) const {
        nvcuda::wmma::store_matrix_sync(to, sum, unsigned(pitch), nvcuda::wmma::mem_row_major);
    }
};
template <bool TRANSPOSED>
using RightLayout = std::conditional_t<TRANSPOSED, nvcuda::wmma::col_major, nvcuda::wmma::row_major>;

/* 16-bit types. */
template <typename T> struct MatrixTile : UnitTile<16> {
    template <typename Use, typename Layout> struct Operand {
        nvcuda::wmma::fragment<Use, TILE, TILE, 16, T, Layout> part;
        __device__ void load(const T *from, int pitch) {
            nvcuda::wmma::load_matrix_sync(part, from, unsigned(pitch));
        }
    };
    using Left = Operand<nvcuda::wmma::matrix_a, nvcuda::wmma::row_major>;
    template <bool TRANSPOSED>
    using Right = Operand<nvcuda::wmma::matrix_b, RightLayout<TRANSPOSED>>;

    template <typename Factor> __device__ void multiply(const Left &a, const Factor &b) {
        nvcuda::wmma::mma_sync(this->sum, a.part, b.part, this->sum);
    }
};

/* float32 as sums of numbers of 11 bits: x = big + small. With three products only small * small
 * and what is below it are missing, about 2^-21 of a product; with one it is TF32. */
template <bool EXACT> struct SplitTile : UnitTile<8> {
    template <typename Use, typename Layout> struct Operand {
        typedef nvcuda::wmma::fragment<Use, TILE, TILE, 8, nvcuda::wmma::precision::tf32, Layout> Part;
        Part big, small;
        __device__ void load(const float *from, int pitch) {
            nvcuda::wmma::load_matrix_sync(big, from, unsigned(pitch));
#pragma unroll
            for (int i = 0; i < Part::num_elements; ++i) {
                const float x = big.x[i];
                big.x[i] = nvcuda::wmma::__float_to_tf32(x);
                if (EXACT) small.x[i] = nvcuda::wmma::__float_to_tf32(x - big.x[i]);
            }
        }
    };
    using Left = Operand<nvcuda::wmma::matrix_a, nvcuda::wmma::row_major>;
    template <bool TRANSPOSED>
    using Right = Operand<nvcuda::wmma::matrix_b, RightLayout<TRANSPOSED>>;

    template <typename Factor> __device__ void multiply(const Left &a, const Factor &b) {
        if (EXACT) {
            nvcuda::wmma::mma_sync(this->sum, a.small, b.big, this->sum);
            nvcuda::wmma::mma_sync(this->sum, a.big, b.small, this->sum);
        }
        nvcuda::wmma::mma_sync(this->sum, a.big, b.big, this->sum);
    }
};

template <typename Arithmetic> struct TileOf { typedef PlainTile<typename Arithmetic::T> type; };
template <> struct TileOf<Float16> { typedef MatrixTile<__half> type; };
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
template <> struct TileOf<Float32> { typedef SplitTile<true> type; };
template <> struct TileOf<TensorFloat32> { typedef SplitTile<false> type; };
template <> struct TileOf<BFloat16> { typedef MatrixTile<__nv_bfloat16> type; };
#endif /* older matrix units take float16 alone */
template <typename Arithmetic> using Tile = typename TileOf<Arithmetic>::type;

}  // namespace

#endif
