/* Vectors in the compilers' own types: loads, exp, transposition.
 *
 * How long they are is told by the translation unit (kernels.cpp, compiled once per instruction
 * set). All is in anonymous namespaces and nothing of the standard library is used, so that no
 * function is shared with code for lesser CPUs. */
#ifndef DLSN_CPU_SIMD_H
#define DLSN_CPU_SIMD_H

#include <stdint.h>

#include "memory.h"

#ifndef DLSN_VECTOR_BYTES /* what every 64-bit CPU has */
#define DLSN_VECTOR_BYTES 16
#define DLSN_TILE_ROWS 4
#endif

#define INLINE static inline __attribute__((always_inline))

namespace {

template <typename T> struct Simd;
template <> struct Simd<float> {
    typedef float vec __attribute__((vector_size(DLSN_VECTOR_BYTES)));
    typedef float loose __attribute__((vector_size(DLSN_VECTOR_BYTES), aligned(4), may_alias));
    typedef int32_t bits __attribute__((vector_size(DLSN_VECTOR_BYTES)));
    typedef uint32_t raw __attribute__((vector_size(DLSN_VECTOR_BYTES)));
};
template <> struct Simd<double> {
    typedef double vec __attribute__((vector_size(DLSN_VECTOR_BYTES)));
    typedef double loose __attribute__((vector_size(DLSN_VECTOR_BYTES), aligned(8), may_alias));
    typedef int64_t bits __attribute__((vector_size(DLSN_VECTOR_BYTES)));
    typedef uint64_t raw __attribute__((vector_size(DLSN_VECTOR_BYTES)));
};
template <typename T> using Vec = typename Simd<T>::vec;
template <typename T> constexpr int LANES = DLSN_VECTOR_BYTES / int(sizeof(T));
/* Columns of a packed panel, and of a register tile. */
template <typename T> constexpr int PANEL = 2 * LANES<T>;
constexpr int TILE_ROWS = DLSN_TILE_ROWS;

template <typename T> INLINE Vec<T> load(const T *from) {
    return *reinterpret_cast<const typename Simd<T>::loose *>(from);
}
template <typename T> INLINE void store(T *to, Vec<T> value) {
    *reinterpret_cast<typename Simd<T>::loose *>(to) = value;
}
/* Ask for `count` numbers from a place that will be needed soon. */
template <typename T> INLINE void fetch(const T *from, int64_t count) {
    for (int64_t i = 0; i < count; i += CACHE_LINE / int64_t(sizeof(T)))
        __builtin_prefetch(from + i);
}
template <typename T> INLINE int64_t round_up(int64_t count) {
    return (count + PANEL<T> - 1) / PANEL<T> * PANEL<T>;
}

/* exp for arguments that are at most about 0: 2^n * polynomial. Below the smallest normal number
 * the result is 0; NaN stays NaN. Relative error 1e-7 (float) and 3e-16 (double). */
INLINE Vec<float> exponential(Vec<float> x) {
    const Vec<float> shifted = x * 1.44269504088896341f + 12582912.0f; /* n in the low bits */
    const Vec<float> n = shifted - 12582912.0f;
    const Vec<float> r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
    Vec<float> p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;
    typedef Simd<float>::raw Bits; /* wraps around where x is far below */
    const Vec<float> result = (Vec<float>)((Bits)p + ((Bits)shifted << 23));
    return x < -86.0f ? Vec<float>{} : result;
}
INLINE Vec<double> exponential(Vec<double> x) {
    const Vec<double> shifted = x * 1.4426950408889634 + 6755399441055744.0;
    const Vec<double> n = shifted - 6755399441055744.0;
    const Vec<double> r = (x - n * 6.93145751953125e-1) - n * 1.42860682030941723212e-6;
    Vec<double> p = r * (1.0 / 6227020800.0) + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    p = p * (r * r) + r + 1.0;
    typedef Simd<double>::raw Bits; /* wraps around where x is far below */
    const Vec<double> result = (Vec<double>)((Bits)p + ((Bits)shifted << 52));
    return x < -707.0 ? Vec<double>{} : result;
}

/* Interleaving the halves of two vectors; log2(lanes) rounds of it transpose a square. */
template <int... I> struct Lanes {};
template <int N, int... I> struct Count : Count<N - 1, N - 1, I...> {};
template <int... I> struct Count<0, I...> {
    typedef Lanes<I...> type;
};

template <typename T, int... I> INLINE Vec<T> low(Vec<T> a, Vec<T> b, Lanes<I...>) {
    return __builtin_shufflevector(a, b, (I / 2 + (I % 2) * int(sizeof...(I)))...);
}
template <typename T, int... I> INLINE Vec<T> high(Vec<T> a, Vec<T> b, Lanes<I...>) {
    constexpr int count = int(sizeof...(I));
    return __builtin_shufflevector(a, b, (count / 2 + I / 2 + (I % 2) * count)...);
}
template <typename T> INLINE void transpose_square(Vec<T> (&rows)[LANES<T>]) {
    constexpr int count = LANES<T>;
    typedef typename Count<count>::type All;
#pragma GCC unroll 4
    for (int step = 1; step < count; step *= 2) {
        Vec<T> next[count];
#pragma GCC unroll 8
        for (int i = 0; i < count / 2; ++i) {
            next[2 * i] = low<T>(rows[i], rows[i + count / 2], All());
            next[2 * i + 1] = high<T>(rows[i], rows[i + count / 2], All());
        }
#pragma GCC unroll 16
        for (int i = 0; i < count; ++i) rows[i] = next[i];
    }
}

/* rows[0..count) of `depth` numbers -> to[k * stride + row]; columns up to the next multiple of the
 * vector length become zero. */
template <typename T>
void transpose(const T *const *rows, int64_t count, int64_t depth, T *to, int64_t stride) {
    constexpr int lanes = LANES<T>;
    for (int64_t first = 0; first < count; first += lanes) {
        const int64_t here = count - first < lanes ? count - first : lanes;
        int64_t k = 0;
        for (; k + lanes <= depth; k += lanes) {
            Vec<T> square[lanes];
            if (here == lanes) {
#pragma GCC unroll 16
                for (int i = 0; i < lanes; ++i) square[i] = load(rows[first + i] + k);
            } else {
                for (int i = 0; i < lanes; ++i)
                    square[i] = i < here ? load(rows[first + i] + k) : Vec<T>{};
            }
            transpose_square<T>(square);
#pragma GCC unroll 16
            for (int i = 0; i < lanes; ++i) store(to + (k + i) * stride + first, square[i]);
        }
        for (; k < depth; ++k)
            for (int i = 0; i < lanes; ++i)
                to[k * stride + first + i] = i < here ? rows[first + i][k] : T(0);
    }
}

}  // namespace

#endif
