/* What a block does with rows of pixels: gather them, score them, sum their products.
 *
 * A block has ROWS rows of its own and 8 threads for each of them, so that a warp has the same share
 * of the work whatever ROWS is. 64 rows gather every other row half as often as 32, but need more
 * shared memory; the host takes what fits.
 */
#ifndef DLSN_CUDA_ROWS_CUH
#define DLSN_CUDA_ROWS_CUH

#include "problem.cuh"
#include "shared.cuh"
#include "tile.cuh"

namespace {

constexpr int FEW_ROWS = 32, MANY_ROWS = 64; /* of a block */
constexpr int MAX_WIDTH = 256; /* columns of the sums that a block holds in registers */

template <int ROWS> struct Block {
    static constexpr int THREADS = 8 * ROWS, WARPS = THREADS / WARP, ROW_TILES = ROWS / TILE;
    /* Blocks of a multiprocessor that share its registers: 128 for a thread. */
    static constexpr int TOGETHER = MANY_ROWS / ROWS;
};

__device__ inline int warp_index() { return int(threadIdx.x) / WARP; }
__device__ inline int lane_index() { return int(threadIdx.x) % WARP; }

/* Starts to copy rows of pixels, columns [first, first + width), into shared memory; zeros for pixel
 * -1 and from `width` to the end of the last tile. Rows that do not lie on multiples of 16 bytes are
 * copied at once, element by element. */
template <int ROWS, typename T>
__device__ void gather(T *to, int pitch, const T *from, int row_width, int first, int width,
                       const int *pixels, int rows) {
    constexpr int PACK = COPY_BYTES / int(sizeof(T)), THREADS = Block<ROWS>::THREADS;
    const int columns = up(width, TILE);
    const bool aligned = reinterpret_cast<uintptr_t>(from) % COPY_BYTES == 0;
    if (aligned && row_width % PACK == 0 && width % PACK == 0) { /* then first is a multiple, too */
        const int packs = columns / PACK, lanes = packs < THREADS ? packs : THREADS;
        const int together = THREADS / lanes, start = int(threadIdx.x) % lanes;
        from += first;
        if (int(threadIdx.x) >= together * lanes) return;
        for (int row = int(threadIdx.x) / lanes; row < rows; row += together) {
            const int pixel = pixels[row];
            const T *own = from + int64_t(pixel < 0 ? 0 : pixel) * row_width;
            for (int pack = start; pack < packs; pack += lanes)
                copy_async(to + row * pitch + pack * PACK,
                           own + (pack * PACK < width ? pack * PACK : 0),
                           pixel >= 0 && pack * PACK < width);
        }
        return;
    }
    for (int e = int(threadIdx.x); e < rows * columns; e += THREADS) {
        const int row = e / columns, column = e % columns;
        to[row * pitch + column] = pixels[row] >= 0 && column < width
                                       ? from[int64_t(pixels[row]) * row_width + first + column]
                                       : narrow<T>(0.0f);
    }
}

/* Parts that the depth of `score` is cut into, so that no warp is idle. */
template <int ROWS> __host__ __device__ inline int parts_of(int columns) {
    return 2 * Block<ROWS>::ROW_TILES * (columns / TILE) <= Block<ROWS>::WARPS ? 2 : 1;
}

/* out (ROWS, columns) = a (ROWS, depth) * b^T, b (columns, depth), added to what is there if ADDED;
 * part i of the depth has its own result, `part_size` after the one before. */
template <int ROWS, typename A, bool ADDED>
__device__ void score(const typename A::T *a, const typename A::T *b, int pitch, int depth,
                      int columns, float *out, int out_pitch, int parts, int part_size) {
    constexpr int ROW_TILES = Block<ROWS>::ROW_TILES;
    const int tiles = ROW_TILES * (columns / TILE), share = up((depth + parts - 1) / parts, TILE);
    for (int t = warp_index(); t < parts * tiles; t += Block<ROWS>::WARPS) {
        const int part = t / tiles, row = t % ROW_TILES * TILE,
                  column = t % tiles / ROW_TILES * TILE;
        const int end = (part + 1) * share < depth ? (part + 1) * share : depth;
        float *to = out + part * part_size + row * out_pitch + column;
        Tile<A> tile;
        if (ADDED)
            tile.load(to, out_pitch);
        else
            tile.clear();
#pragma unroll 4
        for (int k = part * share; k < end; k += Tile<A>::DEPTH) {
            typename Tile<A>::Left left;
            typename Tile<A>::template Right<true> right;
            left.load(a + row * pitch + k, pitch);
            right.load(b + column * pitch + k, pitch);
            tile.multiply(left, right);
        }
        tile.store(to, out_pitch);
    }
}

/* ROWS x width sums in the registers of a block. Up to 64 columns, a warp has one tile; else two
 * rows of tiles by two columns of tiles, 8 apart, whose operands are loaded once. */
template <int ROWS, typename A> struct Sums {
    typedef typename A::T T;
    static constexpr int ROW_TILES = Block<ROWS>::ROW_TILES;
    Tile<A> tiles[2][2];

    __device__ void clear() {
#pragma unroll
        for (int i = 0; i < 4; ++i) tiles[i / 2][i % 2].clear();
    }
    __device__ static bool is_small(int width) { return width <= 4 * TILE; }
    __device__ static int row(int i, int width) {
        return (is_small(width) ? warp_index() % ROW_TILES : warp_index() / 8 * 2 + i) * TILE;
    }
    __device__ static int column(int i, int width) {
        return (is_small(width) ? warp_index() / ROW_TILES : warp_index() % 8 + 8 * i) * TILE;
    }
    /* += a (ROWS, depth) * b (depth, width) */
    __device__ void add(const T *a, int a_pitch, const T *b, int b_pitch, int depth, int width) {
        const int count = is_small(width) ? 1 : 2;
        if (column(0, width) >= width) return;
#pragma unroll 2
        for (int k = 0; k < depth; k += Tile<A>::DEPTH) {
            typename Tile<A>::Left left[2];
#pragma unroll
            for (int i = 0; i < 2; ++i)
                if (i < count) left[i].load(a + row(i, width) * a_pitch + k, a_pitch);
#pragma unroll
            for (int j = 0; j < 2; ++j)
                if (j < count && column(j, width) < width) {
                    typename Tile<A>::template Right<false> right;
                    right.load(b + k * b_pitch + column(j, width), b_pitch);
#pragma unroll
                    for (int i = 0; i < 2; ++i)
                        if (i < count) tiles[i][j].multiply(left[i], right);
                }
        }
    }
    /* write(row, column, sum) for all results. */
    template <typename Write> __device__ void each(int width, const Write &write) {
        const int count = is_small(width) ? 1 : 2;
#pragma unroll
        for (int t = 0; t < 4; ++t) {
            const int i = t / 2, j = t % 2;
            if (i < count && j < count && column(j, width) < width) {
#pragma unroll
                for (int e = 0; e < 8; ++e) {
                    const int at = column(j, width) + Tile<A>::column(e);
                    if (at < width) write(row(i, width) + Tile<A>::row(e), at, tiles[i][j].at(e));
                }
            }
        }
    }
};

__device__ inline float over_warp(float x, bool maximum) {
    for (int step = WARP / 2; step > 0; step /= 2) {
        const float other = __shfl_xor_sync(0xffffffffu, x, step);
        x = maximum ? fmaxf(x, other) : x + other;
    }
    return x;
}

}  // namespace

#endif
