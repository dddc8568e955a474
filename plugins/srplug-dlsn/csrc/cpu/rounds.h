/* What both passes know of rounds: how an order is cut, and how rounds are combined. */
#ifndef DLSN_CPU_ROUNDS_H
#define DLSN_CPU_ROUNDS_H

#include <math.h>
#include <stdint.h>

#include "../attention.h"
#include "simd.h"

namespace {

/* Rows that are asked for before they are needed: pixels lie anywhere in memory. */
constexpr int64_t AHEAD = 4;

INLINE float exp_of(float x) { return expf(x); }
INLINE double exp_of(double x) { return exp(x); }
INLINE float log_of(float x) { return logf(x); }
INLINE double log_of(double x) { return log(x); }

/* How a round's order is cut. */
struct Chunks {
    int64_t length, slots, count;

    explicit Chunks(const DlsnSizes &size)
        : length(size.length), slots(size.chunk < size.length ? size.chunk : size.length),
          count((size.length + slots - 1) / slots) {}

    int64_t padded() const { return count * slots; }
    int64_t wrap(int64_t chunk) const { return (chunk + count) % count; }
    /* Sorted position that a slot shows; beyond the end the last ones are repeated. */
    int64_t source(int64_t slot) const { return slot < length ? slot : slot - (padded() - length); }
    int64_t queries(int64_t chunk) const {
        const int64_t left = length - chunk * slots;
        return left < slots ? left : slots;
    }
};

/* log(sum exp) of a pixel over its first `rounds` rounds. */
template <typename T> T combine(const T *lse, int64_t rounds, int64_t length) {
    T top = lse[0];
    for (int64_t round = 1; round < rounds; ++round)
        top = lse[round * length] > top ? lse[round * length] : top;
    T sum = 0;
    for (int64_t round = 0; round < rounds; ++round) sum += exp_of(lse[round * length] - top);
    return top + log_of(sum);
}

template <typename T> INLINE void add(T *row, const T *addition, int64_t width) {
    int64_t i = 0;
    for (; i + LANES<T> <= width; i += LANES<T>) store(row + i, load(row + i) + load(addition + i));
    for (; i < width; ++i) row[i] += addition[i];
}

}  // namespace

#endif
