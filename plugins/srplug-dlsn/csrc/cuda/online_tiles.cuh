/* What the kernels that keep scores in registers do with 16x16 sums of a warp, by type of the factors. */
#ifndef DLSN_CUDA_ONLINE_TILES_CUH
#define DLSN_CUDA_ONLINE_TILES_CUH

#include "tile.cuh"

namespace {

/* 16-bit types. */
template <typename T_> struct OnlineTile {
    typedef T_ T;
    typedef MatrixTile<T> Sum;
    static constexpr bool KEEPS_LEFT = true; /* a warp's factors fit into its registers */

    /* Sums from (column, row). */
    __device__ static void load_transposed(Sum &sum, const T *from, int pitch) {
        unsigned pairs[4];
        units::load_left_transposed(pairs, from, pitch);
        units::sums_of<T>(sum.sum, pairs);
    }
    __device__ static void store(T *to, int pitch, const Sum &sum) {
        unsigned pairs[4];
        units::left_of<T>(pairs, sum.sum);
        units::store_left(to, pitch, pairs);
    }
    /* sums += a (16, 16) * b (16, 16 COUNT) */
    template <int COUNT>
    __device__ static void add_product(Sum (&sums)[COUNT], const Sum &a, const T *b, int pitch) {
        typename Sum::Left left;
        units::left_of<T>(left.part, a.sum);
#pragma unroll
        for (int d = 0; d < COUNT; ++d) {
            typename Sum::template Right<false> right;
            right.load(b + d * TILE, pitch);
            sums[d].multiply(left, right);
        }
    }
};

/* float32, as `SplitTile` multiplies it. */
template <bool EXACT> struct OnlineSplitTile {
    typedef float T;
    typedef SplitTile<EXACT> Sum;
    static constexpr bool KEEPS_LEFT = false;

    __device__ static void load_transposed(Sum &sum, const float *from, int pitch) {
#pragma unroll
        for (int i = 0; i < 8; ++i) sum.sum[i] = from[Sum::column(i) * pitch + Sum::row(i)];
    }
    __device__ static void store(float *to, int pitch, const Sum &sum) { sum.store(to, pitch); }
    template <int COUNT>
    __device__ static void add_product(Sum (&sums)[COUNT], const Sum &a, const float *b,
                                       int pitch) {
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            typename Sum::Left left;
            units::left_of_half(left.big, a.sum, half);
            left.split();
#pragma unroll
            for (int d = 0; d < COUNT; ++d) {
                typename Sum::template Right<false> right;
                units::load_right_of_half(right.big, b + d * TILE, pitch, half);
                right.split();
                sums[d].multiply(left, right);
            }
        }
    }
};

template <typename A> struct OnlineTileOf;
template <> struct OnlineTileOf<Float16> {
    typedef OnlineTile<__half> type;
};
template <> struct OnlineTileOf<BFloat16> {
    typedef OnlineTile<__nv_bfloat16> type;
};
template <> struct OnlineTileOf<Float32> {
    typedef OnlineSplitTile<true> type;
};
template <> struct OnlineTileOf<TensorFloat32> {
    typedef OnlineSplitTile<false> type;
};

}  // namespace

#endif
