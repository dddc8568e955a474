/* The forward pass. Unit of work: one chunk of one image in one round. Within a round every pixel
 * stands in one chunk only, so results are written without locks; rounds follow one another. Sums are
 * always taken in the same order, whatever the number of threads. */
#ifndef DLSN_CPU_FORWARD_H
#define DLSN_CPU_FORWARD_H

#include <stdint.h>
#include <string.h>

#include "../attention.h"
#include "memory.h"
#include "products.h"
#include "rounds.h"
#include "simd.h"

namespace {

template <typename T> struct ForwardScratch {
    const T **query_rows, **key_rows, **value_rows, **learned_rows;
    T *keys, *queries, *scores, *attended, *panel, *top, *sum;

    ForwardScratch(Arena arena, const DlsnSizes &size, int64_t slots, int64_t *bytes = nullptr) {
        query_rows = arena.take<const T *>(slots);
        key_rows = arena.take<const T *>(3 * slots);
        value_rows = arena.take<const T *>(3 * slots);
        learned_rows = arena.take<const T *>(3 * slots);
        keys = arena.take<T>(3 * slots * size.channels);
        queries = arena.take<T>(PANEL<T> * size.channels);
        scores = arena.take<T>(3 * slots * round_up<T>(slots));
        attended = arena.take<T>(slots * round_up<T>(size.width));
        panel = arena.take<T>(MAX_DEPTH * PANEL<T>);
        top = arena.take<T>(round_up<T>(slots));
        sum = arena.take<T>(round_up<T>(slots));
        if (bytes) *bytes = arena.used();
    }
};

/* A panel of scores (key, PANEL queries) -> exp(scores - top of the column), tops and sums. */
template <typename T> void column_softmax(T *scores, int64_t keys, T *top, T *sum) {
    constexpr int lanes = LANES<T>;
    Vec<T> top0 = load(scores), top1 = load(scores + lanes);
    for (int64_t key = 1; key < keys; ++key) {
        const Vec<T> a = load(scores + key * PANEL<T>);
        const Vec<T> b = load(scores + key * PANEL<T> + lanes);
        top0 = a > top0 ? a : top0;
        top1 = b > top1 ? b : top1;
    }
    Vec<T> sum0 = {}, sum1 = {};
    for (int64_t key = 0; key < keys; ++key) {
        T *here = scores + key * PANEL<T>;
        const Vec<T> a = exponential(load(here) - top0);
        const Vec<T> b = exponential(load(here + lanes) - top1);
        store(here, a);
        store(here + lanes, b);
        sum0 += a;
        sum1 += b;
    }
    store(top, top0);
    store(top + lanes, top1);
    store(sum, sum0);
    store(sum + lanes, sum1);
}

/* The learned scores that keys give to the queries in slots [first, first + PANEL). */
template <typename T>
INLINE void load_learned(const T *const *rows, int64_t keys, int64_t first, int64_t slots,
                         T *scores) {
    constexpr int lanes = LANES<T>;
    if (first + PANEL<T> <= slots) {
        for (int64_t j = 0; j < keys; ++j) {
            store(scores + j * PANEL<T>, load(rows[j] + first));
            store(scores + j * PANEL<T> + lanes, load(rows[j] + first + lanes));
        }
        return;
    }
    for (int64_t j = 0; j < keys; ++j)
        for (int i = 0; i < PANEL<T>; ++i)
            scores[j * PANEL<T> + i] = first + i < slots ? rows[j][first + i] : T(0);
}

/* row = row * old_share + addition * share */
template <typename T>
INLINE void blend(T *row, T old_share, const T *addition, T share, int64_t width) {
    int64_t i = 0;
    for (; i + LANES<T> <= width; i += LANES<T>)
        store(row + i, load(row + i) * old_share + load(addition + i) * share);
    for (; i < width; ++i) row[i] = row[i] * old_share + addition[i] * share;
}

template <typename T>
void forward_chunk(const DlsnSizes &size, const DlsnForward &tensors, const Chunks &chunks,
                   int64_t image, int64_t round, int64_t chunk, const ForwardScratch<T> &scratch) {
    const int64_t length = size.length, slots = chunks.slots, near = 3 * slots;
    const int64_t channels = size.channels, width = size.width;
    const int64_t queries = chunks.queries(chunk);
    const int32_t *order = tensors.order + (image * size.rounds + round) * length;
    const T *query = static_cast<const T *>(tensors.query) + image * length * channels;
    const T *key = static_cast<const T *>(tensors.key) + image * length * channels;
    const T *value = static_cast<const T *>(tensors.value) + image * length * width;
    const T *fc_score = static_cast<const T *>(tensors.fc_score) + image * length * size.chunk;
    T *out = static_cast<T *>(tensors.out) + image * length * width;
    T *lse = static_cast<T *>(tensors.lse) + image * size.rounds * length;

    for (int64_t i = 0; i < queries; ++i)
        scratch.query_rows[i] = query + order[chunk * slots + i] * channels;
    for (int64_t j = 0; j < near; ++j) {
        const int64_t from = chunks.wrap(chunk - 1 + j / slots) * slots + j % slots;
        const int64_t pixel = order[chunks.source(from)];
        scratch.value_rows[j] = value + pixel * width;
        scratch.learned_rows[j] = fc_score + pixel * size.chunk;
        scratch.key_rows[j] = key + pixel * channels;
    }
    for (int64_t j = 0; j < near; ++j) {
        if (j + AHEAD < near) {
            fetch(scratch.key_rows[j + AHEAD], channels);
            fetch(scratch.learned_rows[j + AHEAD], slots);
        }
        memcpy(scratch.keys + j * channels, scratch.key_rows[j], size_t(channels) * sizeof(T));
    }
    /* Scores as panels (key, PANEL queries): a key's learned scores are contiguous, and the softmax
     * runs down columns. */
    for (int64_t first = 0; first < queries; first += PANEL<T>) {
        const int64_t here = queries - first < PANEL<T> ? queries - first : PANEL<T>;
        T *scores = scratch.scores + first * near;
        if (here <= LANES<T>) memset(scratch.queries, 0, size_t(PANEL<T> * channels) * sizeof(T));
        transpose(scratch.query_rows + first, here, channels, scratch.queries, PANEL<T>);
        load_learned(scratch.learned_rows, near, first, slots, scores);
        multiply_panel<T, false>(near, scratch.keys, channels, scratch.queries, channels, scores,
                                 scores, PANEL<T>);
        column_softmax(scores, near, scratch.top + first, scratch.sum + first);
    }
    const int64_t out_stride = round_up<T>(width), blocks = (near + MAX_DEPTH - 1) / MAX_DEPTH;
    const int64_t block = (near + blocks - 1) / blocks;
    for (int64_t column = 0; column < width; column += PANEL<T>)
        for (int64_t k = 0; k < near; k += block) {
            const int64_t depth = near - k < block ? near - k : block;
            pack_rows(scratch.value_rows + k, depth, column, width, scratch.panel);
            for (int64_t first = 0; first < queries; first += PANEL<T>) {
                const int64_t here = queries - first < PANEL<T> ? queries - first : PANEL<T>;
                T *out_panel = scratch.attended + first * out_stride + column;
                multiply_panel<T, true>(here, scratch.scores + first * near + k * PANEL<T>,
                                        PANEL<T>, scratch.panel, depth, k ? out_panel : nullptr,
                                        out_panel, out_stride);
            }
        }
    for (int64_t i = 0; i < queries; ++i) {
        const int64_t pixel = order[chunk * slots + i];
        const T *addition = scratch.attended + i * out_stride;
        T *row = out + pixel * width;
        if (i + AHEAD < queries) fetch(out + order[chunk * slots + i + AHEAD] * width, width);
        const T here = scratch.top[i] + log_of(scratch.sum[i]);
        lse[round * length + pixel] = here;
        if (round == 0) {
            const T share = T(1) / scratch.sum[i];
            for (int64_t d = 0; d < width; ++d) row[d] = addition[d] * share;
        } else {
            const T before = combine(lse + pixel, round, length);
            const T after = combine(lse + pixel, round + 1, length);
            blend(row, exp_of(before - after), addition, exp_of(scratch.top[i] - after), width);
        }
    }
}

template <typename T> int forward(const DlsnSizes &size, const DlsnForward &tensors, int threads) {
    const Chunks chunks(size);
    const int64_t units = size.images * chunks.count;
    threads = limit_threads(threads, units);
    int64_t bytes = 0;
    ForwardScratch<T>(Arena(0), size, chunks.slots, &bytes);
    const Block block(bytes * threads);
    if (block.failed()) return DLSN_OUT_OF_MEMORY;
#pragma omp parallel num_threads(threads)
    {
        const ForwardScratch<T> scratch(Arena(block.start() + uintptr_t(thread_number() * bytes)),
                                        size, chunks.slots);
        for (int64_t round = 0; round < size.rounds; ++round) {
#pragma omp for schedule(static)
            for (int64_t unit = 0; unit < units; ++unit)
                forward_chunk<T>(size, tensors, chunks, unit / chunks.count, round,
                                 unit % chunks.count, scratch);
        }
    }
    return DLSN_OK;
}

}  // namespace

#endif
