/* What a block does with rows of pixels: gather them, score them, sum their products. */
#ifndef DLSN_CUDA_ROWS_CUH
#define DLSN_CUDA_ROWS_CUH

#include "problem.cuh"
#include "shared.cuh"
#include "tile.cuh"

namespace {

constexpr int MAX_TILES = 4; /* per warp: 32 x 256 results of a block */
constexpr int MAX_WIDTH = WARPS * MAX_TILES / 2 * TILE;

__device__ inline int warp_index() { return int(threadIdx.x) / 32; }
__device__ inline int lane_index() { return int(threadIdx.x) % 32; }

/* Rows of pixels, columns [first, first + width), into shared memory; zeros for pixel -1 and from
 * `width` to the end of the last tile. */
template <typename T>
__device__ void gather(T *to, int pitch, const T *from, int row_width, int first, int width,
                       const int *pixels, int rows) {
    constexpr int PACK = 16 / int(sizeof(T));
    const int columns = up(width, TILE);
    if (row_width % PACK == 0 && width % PACK == 0) { /* then first is a multiple, too */
        const int packs = columns / PACK;
        for (int e = int(threadIdx.x); e < rows * packs; e += THREADS) {
            const int row = e / packs, column = e % packs * PACK;
            int4 value = make_int4(0, 0, 0, 0);
            if (pixels[row] >= 0 && column < width)
                value = *reinterpret_cast<const int4 *>(from + int64_t(pixels[row]) * row_width +
                                                        first + column);
            *reinterpret_cast<int4 *>(to + row * pitch + column) = value;
        }
        return;
    }
    for (int e = int(threadIdx.x); e < rows * columns; e += THREADS) {
        const int row = e / columns, column = e % columns;
        to[row * pitch + column] =
            pixels[row] >= 0 && column < width
                ? from[int64_t(pixels[row]) * row_width + first + column]
                : narrow<T>(0.0f);
    }
}

/* out (ROWS, columns) = a (ROWS, depth) * b^T, b (columns, depth), tiles shared out to the warps
 * from `first_warp` on. */
template <typename T>
__device__ void score(const T *a, const T *b, int pitch, int depth, int columns, float *out,
                      int out_pitch) {
    for (int t = warp_index(); t < 2 * (columns / TILE); t += WARPS) {
        const int row = t % 2 * TILE, column = t / 2 * TILE;
        Tile<T> tile;
        tile.clear();
        for (int k = 0; k < depth; k += TILE)
            tile.template multiply<true>(a + row * pitch + k, pitch, b + column * pitch + k, pitch);
        tile.store(out + row * out_pitch + column, out_pitch);
    }
}

/* ROWS x width sums in the registers of a block; warp w holds tiles w, w + 8, ... */
template <typename T> struct Sums {
    Tile<T> tiles[MAX_TILES];

    __device__ void clear() {
#pragma unroll
        for (int i = 0; i < MAX_TILES; ++i) tiles[i].clear();
    }
    /* += a (ROWS, depth) * b (depth, width) */
    __device__ void add(const T *a, int a_pitch, const T *b, int b_pitch, int depth, int width) {
        const int count = 2 * ((width + TILE - 1) / TILE);
        for (int k = 0; k < depth; k += TILE)
#pragma unroll
            for (int i = 0; i < MAX_TILES; ++i) {
                const int t = warp_index() + i * WARPS;
                if (t < count)
                    tiles[i].template multiply<false>(a + t % 2 * TILE * a_pitch + k, a_pitch,
                                                      b + k * b_pitch + t / 2 * TILE, b_pitch);
            }
    }
    /* write(row, column, sum) for all results; `stage` has TILE * TILE floats per warp. */
    template <typename Write> __device__ void each(int width, float *stage, const Write &write) {
        float *mine = stage + warp_index() * TILE * TILE;
        const int count = 2 * ((width + TILE - 1) / TILE);
#pragma unroll
        for (int i = 0; i < MAX_TILES; ++i) {
            const int t = warp_index() + i * WARPS;
            if (t < count) {
                tiles[i].store(mine, TILE);
                __syncwarp();
                for (int e = lane_index(); e < TILE * TILE; e += 32) {
                    const int column = t / 2 * TILE + e % TILE;
                    if (column < width) write(t % 2 * TILE + e / TILE, column, mine[e]);
                }
                __syncwarp();
            }
        }
    }
};

__device__ inline float over_warp(float x, bool maximum) {
    for (int step = 16; step > 0; step /= 2) {
        const float other = __shfl_xor_sync(0xffffffffu, x, step);
        x = maximum ? fmaxf(x, other) : x + other;
    }
    return x;
}

}  // namespace

#endif
