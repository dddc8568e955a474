/* Rows of pixels for the kernels that keep scores in registers: sizes that the compiler knows, to and from shared
 * memory. */
#ifndef DLSN_CUDA_ONLINE_ROWS_CUH
#define DLSN_CUDA_ONLINE_ROWS_CUH

#include "online_tiles.cuh"
#include "rows.cuh"

namespace {

constexpr int ONLINE_CHANNELS = 64;
constexpr float LOG2_E = 1.44269504f;

/* A block has 64 rows, 16 for each warp, KEYS others of a step, and WIDTH columns, which shorter rows
 * are filled up to with zeros. Two blocks share the registers of a multiprocessor, 255 for a thread. */
template <int KEYS_, int WIDTH_> struct OnlineCut {
    static constexpr int ROWS = 64, KEYS = KEYS_, WIDTH = WIDTH_;
    static constexpr int THREADS = ROWS * WARP / TILE, TOGETHER = 2;
};

/* Elements from one row to the next: 16 bytes against conflicts. */
template <typename T> __host__ __device__ constexpr int online_pitch(int columns) {
    return columns + COPY_BYTES / int(sizeof(T));
}

/* Starts to copy COUNT rows of pixels, columns [0, width), and zeros up to COLUMNS and for pixel -1. */
template <int COUNT, int COLUMNS, int THREADS, typename T>
__device__ void gather_all(T *to, const T *from, int row_width, int width, const int *pixels) {
    constexpr int PACK = COPY_BYTES / int(sizeof(T)), PACKS = COLUMNS / PACK;
    constexpr int PITCH = online_pitch<T>(COLUMNS);
    static_assert(THREADS % PACKS == 0, "a thread stays in its column");
    static_assert(COUNT % (THREADS / PACKS) == 0, "a turn is whole");
    if (reinterpret_cast<uintptr_t>(from) % COPY_BYTES == 0 && row_width % PACK == 0 &&
        width % PACK == 0) {
        constexpr int TOGETHER = THREADS / PACKS;
        const int column = int(threadIdx.x) % PACKS * PACK, first = int(threadIdx.x) / PACKS;
        const bool is_inside = column < width;
        from += is_inside ? column : 0;
        to += first * PITCH + column;
#pragma unroll
        for (int row = 0; row < COUNT; row += TOGETHER) {
            const int pixel = pixels[row + first];
            copy_async(to + row * PITCH,
                       from + uint64_t(pixel < 0 ? 0u : unsigned(pixel)) * unsigned(row_width),
                       is_inside && pixel >= 0);
        }
        return;
    }
#pragma unroll 1
    for (int e = int(threadIdx.x); e < COUNT * COLUMNS; e += THREADS) {
        const int row = e / COLUMNS, column = e % COLUMNS;
        to[row * PITCH + column] = pixels[row] >= 0 && column < width
                                       ? from[int64_t(pixels[row]) * row_width + column]
                                       : narrow<T>(0.0f);
    }
}

/* A warp writes 16 rows to their pixels, columns [0, width), nothing for pixel -1. */
template <int COLUMNS, typename T>
__device__ void scatter_tile(T *to, int width, const T *from, const int *pixels) {
    constexpr int PACK = COPY_BYTES / int(sizeof(T)), PACKS = COLUMNS / PACK;
    constexpr int PITCH = online_pitch<T>(COLUMNS);
    if (reinterpret_cast<uintptr_t>(to) % COPY_BYTES == 0 && width % PACK == 0) {
#pragma unroll 4
        for (int e = lane_index(); e < TILE * PACKS; e += WARP) {
            const int row = e / PACKS, column = e % PACKS * PACK;
            if (pixels[row] >= 0 && column < width)
                *reinterpret_cast<int4 *>(to + int64_t(pixels[row]) * width + column) =
                    *reinterpret_cast<const int4 *>(from + row * PITCH + column);
        }
        return;
    }
#pragma unroll 1
    for (int e = lane_index(); e < TILE * COLUMNS; e += WARP) {
        const int row = e / COLUMNS, column = e % COLUMNS;
        if (pixels[row] >= 0 && column < width)
            to[int64_t(pixels[row]) * width + column] = from[row * PITCH + column];
    }
}

}  // namespace

#endif
