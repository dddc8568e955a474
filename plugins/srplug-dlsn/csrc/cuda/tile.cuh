/* Products of 16x16 tiles by one warp, operands in shared memory, sums in float registers.
 *
 * A tile type has operands that are loaded once and used for several products: `Left`, `Right<false>`
 * (b as (depth, columns)) and `Right<true>` (b as (columns, depth)), each `DEPTH` deep. A lane holds
 * eight sums; `row(i)` and `column(i)` tell which.
 */
#ifndef DLSN_CUDA_TILE_CUH
#define DLSN_CUDA_TILE_CUH

#include <type_traits>

#include "units.cuh"

namespace {

constexpr int TILE = 16;

/* float: matrix units that take the leading 11 bits, thrice, so that about 21 bits of every factor count. */
struct Float32 {
    typedef float T;
};
/* float: rounded to 11 bits, where the caller allows it. */
struct TensorFloat32 {
    typedef float T;
};
struct Float16 {
    typedef __half T;
};
struct BFloat16 {
    typedef __nv_bfloat16 T;
};

__device__ inline float widen(float x) { return x; }
__device__ inline float widen(__half x) { return __half2float(x); }
__device__ inline float widen(__nv_bfloat16 x) { return __bfloat162float(x); }
template <typename T> __device__ inline T narrow(float x);
template <> __device__ inline float narrow<float>(float x) { return x; }
template <> __device__ inline __half narrow<__half>(float x) { return __float2half(x); }
template <> __device__ inline __nv_bfloat16 narrow<__nv_bfloat16>(float x) {
    return __float2bfloat16(x);
}

/* The eight sums of a lane, and where they lie in the tile. */
template <typename Places> struct LaneSums {
    float sum[8];

    __device__ void clear() {
#pragma unroll
        for (float &x : sum) x = 0.0f;
    }
    __device__ void load(const float *from, int pitch) {
#pragma unroll
        for (int i = 0; i < 8; ++i) sum[i] = from[row(i) * pitch + column(i)];
    }
    __device__ void store(float *to, int pitch) const {
#pragma unroll
        for (int i = 0; i < 8; ++i) to[row(i) * pitch + column(i)] = sum[i];
    }
    __device__ static int row(int i) { return Places::row(i); }
    __device__ static int column(int i) { return Places::column(i); }
    __device__ float at(int i) const { return sum[i]; }
};
/* Two rows of 4 columns each, 8 rows apart. */
struct PlainPlaces {
    __device__ static int row(int i) { return int(threadIdx.x) % 32 / 4 + i / 4 * 8; }
    __device__ static int column(int i) { return int(threadIdx.x) % 4 * 4 + i % 4; }
};
struct UnitPlaces {
    __device__ static int row(int i) { return units::row_of(i); }
    __device__ static int column(int i) { return units::column_of(i); }
};

/* Any type, with ordinary arithmetic. */
template <typename T> struct PlainTile : LaneSums<PlainPlaces> {
    static constexpr int DEPTH = TILE;
    struct Left {
        const T *from;
        int pitch;
        __device__ void load(const T *a, int a_pitch) { from = a, pitch = a_pitch; }
    };
    template <bool TRANSPOSED> struct Right : Left {};

    template <bool TRANSPOSED> __device__ void multiply(const Left &a, const Right<TRANSPOSED> &b) {
#pragma unroll 4
        for (int k = 0; k < TILE; ++k) {
            const float first = widen(a.from[PlainPlaces::row(0) * a.pitch + k]);
            const float second = widen(a.from[PlainPlaces::row(4) * a.pitch + k]);
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                const int column = PlainPlaces::column(i);
                const float factor =
                    widen(TRANSPOSED ? b.from[column * b.pitch + k] : b.from[k * b.pitch + column]);
                this->sum[i] += first * factor;
                this->sum[4 + i] += second * factor;
            }
        }
    }
};

/* 16-bit types. */
template <typename T> struct MatrixTile : LaneSums<UnitPlaces> {
    static constexpr int DEPTH = 16;
    struct Left {
        unsigned part[4];
        __device__ void load(const T *from, int pitch) { units::load_left(part, from, pitch); }
    };
    template <bool TRANSPOSED> struct Right {
        unsigned part[4];
        __device__ void load(const T *from, int pitch) {
            if (TRANSPOSED)
                units::load_right_transposed(part, from, pitch);
            else
                units::load_right(part, from, pitch);
        }
    };

    template <typename Factor> __device__ void multiply(const Left &a, const Factor &b) {
        units::multiply<T>(this->sum, a.part, b.part);
    }
};

/* float32 as sums of numbers of 11 bits: x = big + small, of whose rest the units take 11 bits. With
 * three products only small * small and what is below it are missing, about 2^-20 of a product; NaN
 * stays in small. With one product it is TF32. */
template <bool EXACT> struct SplitTile : LaneSums<UnitPlaces> {
    static constexpr int DEPTH = 8;
    struct Parts {
        unsigned big[4], small[EXACT ? 4 : 1];
        __device__ void split() {
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                const float x = units::number(big[i]);
                big[i] = EXACT ? units::leading_of_number(x) : units::leading(x);
                if constexpr (EXACT) small[i] = units::bits_of(x - units::number(big[i]));
            }
        }
    };
    struct Left : Parts {
        __device__ void load(const float *from, int pitch) {
            units::load_left(this->big, from, pitch);
            this->split();
        }
    };
    template <bool TRANSPOSED> struct Right : Parts {
        __device__ void load(const float *from, int pitch) {
            if (TRANSPOSED)
                units::load_right_transposed(this->big, from, pitch);
            else
                units::load_right(this->big, from, pitch);
            this->split();
        }
    };

    __device__ void multiply(const Parts &a, const Parts &b) {
        if constexpr (EXACT) {
            units::multiply<float>(this->sum, a.small, b.big);
            units::multiply<float>(this->sum, a.big, b.small);
        }
        units::multiply<float>(this->sum, a.big, b.big);
    }
};

template <typename Arithmetic> struct TileOf {
    typedef PlainTile<typename Arithmetic::T> type;
};
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
template <> struct TileOf<Float16> {
    typedef MatrixTile<__half> type;
};
template <> struct TileOf<Float32> {
    typedef SplitTile<true> type;
};
template <> struct TileOf<TensorFloat32> {
    typedef SplitTile<false> type;
};
template <> struct TileOf<BFloat16> {
    typedef MatrixTile<__nv_bfloat16> type;
};
#endif /* older matrix units take float16 alone, by other instructions */
template <typename Arithmetic> using Tile = typename TileOf<Arithmetic>::type;

}  // namespace

#endif
