/* Small matrix products of packed panels. */
#ifndef DLSN_CPU_PRODUCTS_H
#define DLSN_CPU_PRODUCTS_H

#include <stdint.h>

#include "simd.h"

namespace {

/* Depth of a packed panel: 256 * 32 floats fill two thirds of a first-level cache of 48 kB. */
constexpr int64_t MAX_DEPTH = 256;

/* Columns [first, first + PANEL) of the rows, side by side; beyond `width` zeros. */
template <typename T>
INLINE void pack_rows(const T *const *rows, int64_t depth, int64_t first, int64_t width, T *panel) {
    constexpr int lanes = LANES<T>;
    if (first + PANEL<T> <= width) {
        for (int64_t k = 0; k < depth; ++k) {
            const T *row = rows[k] + first;
            store(panel + k * PANEL<T>, load(row));
            store(panel + k * PANEL<T> + lanes, load(row + lanes));
            /* The next panel is computed with after this one: fetch it meanwhile. */
            __builtin_prefetch(row + 2 * lanes);
            __builtin_prefetch(row + 3 * lanes);
        }
        return;
    }
    for (int64_t k = 0; k < depth; ++k)
        for (int i = 0; i < PANEL<T>; ++i)
            panel[k * PANEL<T> + i] = first + i < width ? rows[k][first + i] : T(0);
}

/* out = base + a * panel for ROWS rows and PANEL columns; base may be null (zeros) or out itself.
 * a(row, k) is a[row * step + k], or a[k * step + row] if A_BY_DEPTH. */
template <typename T, int ROWS, bool A_BY_DEPTH>
INLINE void multiply_tile(const T *a, int64_t step, const T *panel, int64_t depth, const T *base,
                          T *out, int64_t stride) {
    constexpr int lanes = LANES<T>;
    Vec<T> left[ROWS], right[ROWS];
#pragma GCC unroll 16
    for (int row = 0; row < ROWS; ++row) {
        left[row] = base ? load(base + row * stride) : Vec<T>{};
        right[row] = base ? load(base + row * stride + lanes) : Vec<T>{};
    }
    for (int64_t k = 0; k < depth; ++k) {
        const Vec<T> b0 = load(panel + k * PANEL<T>);
        const Vec<T> b1 = load(panel + k * PANEL<T> + lanes);
#pragma GCC unroll 16
        for (int row = 0; row < ROWS; ++row) {
            const T factor = A_BY_DEPTH ? a[k * step + row] : a[row * step + k];
            left[row] += factor * b0;
            right[row] += factor * b1;
        }
    }
#pragma GCC unroll 16
    for (int row = 0; row < ROWS; ++row) {
        store(out + row * stride, left[row]);
        store(out + row * stride + lanes, right[row]);
    }
}

template <typename T, int ROWS, bool A_BY_DEPTH>
__attribute__((noinline)) void multiply_rows(const T *a, int64_t step, const T *panel,
                                             int64_t depth, const T *base, T *out, int64_t stride) {
    multiply_tile<T, ROWS, A_BY_DEPTH>(a, step, panel, depth, base, out, stride);
}

template <typename T, int ROWS, bool A_BY_DEPTH>
INLINE void multiply_some(int64_t rows, const T *a, int64_t step, const T *panel, int64_t depth,
                          const T *base, T *out, int64_t stride) {
    if constexpr (ROWS > 0) {
        if (rows == ROWS)
            multiply_rows<T, ROWS, A_BY_DEPTH>(a, step, panel, depth, base, out, stride);
        else
            multiply_some<T, ROWS - 1, A_BY_DEPTH>(rows, a, step, panel, depth, base, out, stride);
    }
}

/* All rows against one panel, in tiles of about equal height. */
template <typename T, bool A_BY_DEPTH>
void multiply_panel(int64_t rows, const T *a, int64_t step, const T *panel, int64_t depth,
                    const T *base, T *out, int64_t stride) {
    int64_t tiles = (rows + TILE_ROWS - 1) / TILE_ROWS;
    for (int64_t row = 0; row < rows; --tiles) {
        const int64_t here = (rows - row + tiles - 1) / tiles;
        multiply_some<T, TILE_ROWS, A_BY_DEPTH>(here, a + (A_BY_DEPTH ? row : row * step), step,
                                                panel, depth, base ? base + row * stride : nullptr,
                                                out + row * stride, stride);
        row += here;
    }
}

/* out (rows, width) = base + a (rows, depth) * b, where b's rows are given by pointers. Panels are
 * packed here, one at a time, so that they stay in the first-level cache. */
template <typename T, bool A_BY_DEPTH>
void multiply(int64_t rows, const T *a, int64_t step, const T *const *b, int64_t depth,
              int64_t width, const T *base, T *out, int64_t stride, T *panel) {
    const int64_t blocks = (depth + MAX_DEPTH - 1) / MAX_DEPTH;
    const int64_t block = (depth + blocks - 1) / blocks;
    for (int64_t first = 0; first < width; first += PANEL<T>) {
        for (int64_t k = 0; k < depth; k += block) {
            const int64_t here = depth - k < block ? depth - k : block;
            pack_rows(b + k, here, first, width, panel);
            const T *from = k ? out : base;
            multiply_panel<T, A_BY_DEPTH>(rows, a + (A_BY_DEPTH ? k * step : k), step, panel, here,
                                          from ? from + first : nullptr, out + first, stride);
        }
    }
}

/* The same with b already packed as panels of whole depth. */
template <typename T>
void multiply_packed(int64_t rows, const T *a, int64_t step, const T *panels, int64_t depth,
                     int64_t width, const T *base, T *out, int64_t stride) {
    for (int64_t first = 0; first < width; first += PANEL<T>)
        multiply_panel<T, false>(rows, a, step, panels + first * depth, depth,
                                 base ? base + first : nullptr, out + first, stride);
}

}  // namespace

#endif
