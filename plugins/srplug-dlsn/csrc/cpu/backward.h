/* Gradients. Unit of work: one chunk of keys with the three chunks of queries that see it, so that
 * what belongs to keys is summed in scratch memory and written once per round. What belongs to
 * queries (three times (N, padded L, C)) and to padded keys goes to side tables and is added after
 * all chunks of the round are done. Layout of scores here: (query, key). */
#ifndef DLSN_CPU_BACKWARD_H
#define DLSN_CPU_BACKWARD_H

#include <stdint.h>
#include <string.h>

#include "../attention.h"
#include "memory.h"
#include "products.h"
#include "rounds.h"
#include "simd.h"

namespace {

template <typename T> struct Shared {
    T *combined, *delta; /* (N, L): log-sum-exp over all rounds; grad_out . out */
    T *query_parts;      /* (N, 3, padded L, C) */
    T *key_copies, *value_copies, *score_copies; /* (N, padding, C | D | T) */

    Shared(Arena arena, const DlsnSizes &size, const Chunks &chunks, int64_t *bytes = nullptr) {
        const int64_t padding = size.images * (chunks.padded() - chunks.length);
        combined = arena.take<T>(size.images * size.length);
        delta = arena.take<T>(size.images * size.length);
        query_parts = arena.take<T>(size.images * 3 * chunks.padded() * size.channels);
        key_copies = arena.take<T>(padding * size.channels);
        value_copies = arena.take<T>(padding * size.width);
        score_copies = arena.take<T>(padding * size.chunk);
        if (bytes) *bytes = arena.used();
    }
};

template <typename T> struct BackwardScratch {
    const T **rows, **key_rows, **query_rows, **upstream_rows;
    T *keys, *values, *learned, *queries, *upstream, *scores, *slopes, *panel;
    T *grad_learned, *grad_rows, *grad_query, *grad_key, *grad_value;

    BackwardScratch(Arena arena, const DlsnSizes &size, int64_t slots, int64_t *bytes = nullptr) {
        const int64_t stride = round_up<T>(slots);
        rows = arena.take<const T *>(slots);
        key_rows = arena.take<const T *>(slots);
        query_rows = arena.take<const T *>(slots);
        upstream_rows = arena.take<const T *>(slots);
        keys = arena.take<T>(stride * size.channels);
        values = arena.take<T>(stride * size.width);
        learned = arena.take<T>(slots * stride);
        queries = arena.take<T>(slots * size.channels);
        upstream = arena.take<T>(slots * size.width);
        scores = arena.take<T>(slots * stride);
        slopes = arena.take<T>(slots * stride);
        panel = arena.take<T>(MAX_DEPTH * PANEL<T>);
        grad_learned = arena.take<T>(slots * stride);
        grad_rows = arena.take<T>(slots * stride);
        grad_query = arena.take<T>(slots * round_up<T>(size.channels));
        grad_key = arena.take<T>(slots * round_up<T>(size.channels));
        grad_value = arena.take<T>(slots * round_up<T>(size.width));
        if (bytes) *bytes = arena.used();
    }
};

/* Panels (depth, PANEL) of the transposed rows. */
template <typename T>
void pack_transposed(const T *const *rows, int64_t count, int64_t depth, T *panels) {
    for (int64_t first = 0; first < count; first += PANEL<T>) {
        const int64_t here = count - first < PANEL<T> ? count - first : PANEL<T>;
        T *panel = panels + first * depth;
        if (here <= LANES<T>) memset(panel, 0, size_t(PANEL<T> * depth) * sizeof(T));
        transpose(rows + first, here, depth, panel, PANEL<T>);
    }
}

/* scores -> probabilities, slopes (dP) -> dS, and dS summed into grad_learned. */
template <typename T>
INLINE void differentiate_softmax(T *scores, T *slopes, T *grad_learned, int64_t stride, T combined,
                                  T delta) {
    for (int64_t k = 0; k < stride; k += LANES<T>) {
        const Vec<T> probability = exponential(load(scores + k) - combined);
        const Vec<T> slope = probability * (load(slopes + k) - delta);
        store(scores + k, probability);
        store(slopes + k, slope);
        store(grad_learned + k, load(grad_learned + k) + slope);
    }
}

template <typename T>
void backward_chunk(const DlsnSizes &size, const DlsnBackward &tensors, const Chunks &chunks,
                    int64_t image, int64_t round, int64_t chunk, const Shared<T> &shared,
                    const BackwardScratch<T> &scratch) {
    const int64_t length = size.length, slots = chunks.slots, stride = round_up<T>(slots);
    const int64_t channels = size.channels, width = size.width;
    const int64_t key_stride = round_up<T>(channels), value_stride = round_up<T>(width);
    const int32_t *order = tensors.order + (image * size.rounds + round) * length;
    const T *query = static_cast<const T *>(tensors.query) + image * length * channels;
    const T *key = static_cast<const T *>(tensors.key) + image * length * channels;
    const T *value = static_cast<const T *>(tensors.value) + image * length * width;
    const T *fc_score = static_cast<const T *>(tensors.fc_score) + image * length * size.chunk;
    const T *grad_out = static_cast<const T *>(tensors.grad_out) + image * length * width;

    for (int64_t j = 0; j < slots; ++j)
        scratch.key_rows[j] = key + order[chunks.source(chunk * slots + j)] * channels;
    pack_transposed(scratch.key_rows, slots, channels, scratch.keys);
    for (int64_t j = 0; j < slots; ++j)
        scratch.rows[j] = value + order[chunks.source(chunk * slots + j)] * width;
    pack_transposed(scratch.rows, slots, width, scratch.values);
    for (int64_t j = 0; j < slots; ++j)
        scratch.rows[j] = fc_score + order[chunks.source(chunk * slots + j)] * size.chunk;
    if (stride - slots >= LANES<T>) memset(scratch.learned, 0, size_t(slots * stride) * sizeof(T));
    transpose(scratch.rows, slots, slots, scratch.learned, stride);
    memset(scratch.grad_learned, 0, size_t(slots * stride) * sizeof(T));

    for (int neighbor = 0; neighbor < 3; ++neighbor) {
        /* These queries see this chunk as neighbor 0 (before), 1 (their own) or 2 (after). */
        const int64_t other = chunks.wrap(chunk + 1 - neighbor);
        const int64_t queries = chunks.queries(other);
        const int32_t *pixels = order + other * slots;
        for (int64_t i = 0; i < queries; ++i) {
            const int64_t pixel = pixels[i];
            scratch.query_rows[i] = scratch.queries + i * channels;
            scratch.upstream_rows[i] = scratch.upstream + i * width;
            memcpy(scratch.queries + i * channels, query + pixel * channels,
                   size_t(channels) * sizeof(T));
            memcpy(scratch.upstream + i * width, grad_out + pixel * width,
                   size_t(width) * sizeof(T));
        }
        multiply_packed(queries, scratch.queries, channels, scratch.keys, channels, stride,
                        scratch.learned, scratch.scores, stride);
        multiply_packed(queries, scratch.upstream, width, scratch.values, width, stride,
                        static_cast<const T *>(nullptr), scratch.slopes, stride);
        for (int64_t i = 0; i < queries; ++i)
            differentiate_softmax(scratch.scores + i * stride, scratch.slopes + i * stride,
                                  scratch.grad_learned + i * stride, stride,
                                  shared.combined[image * length + pixels[i]],
                                  shared.delta[image * length + pixels[i]]);
        multiply<T, true>(slots, scratch.scores, stride, scratch.upstream_rows, queries, width,
                          neighbor ? scratch.grad_value : nullptr, scratch.grad_value, value_stride,
                          scratch.panel);
        multiply<T, true>(slots, scratch.slopes, stride, scratch.query_rows, queries, channels,
                          neighbor ? scratch.grad_key : nullptr, scratch.grad_key, key_stride,
                          scratch.panel);
        T *part = shared.query_parts +
                  ((image * 3 + neighbor) * chunks.padded() + other * slots) * channels;
        multiply<T, false>(queries, scratch.slopes, stride, scratch.key_rows, slots, channels,
                           static_cast<const T *>(nullptr), scratch.grad_query, key_stride,
                           scratch.panel);
        for (int64_t i = 0; i < queries; ++i)
            memcpy(part + i * channels, scratch.grad_query + i * key_stride,
                   size_t(channels) * sizeof(T));
    }

    for (int64_t i = 0; i < slots; ++i) scratch.rows[i] = scratch.grad_learned + i * stride;
    transpose(scratch.rows, slots, slots, scratch.grad_rows, stride);
    for (int64_t j = 0; j < slots; ++j) {
        const T *from_key = scratch.grad_key + j * key_stride;
        const T *from_value = scratch.grad_value + j * value_stride;
        const T *from_score = scratch.grad_rows + j * stride;
        const int64_t slot = chunk * slots + j;
        if (slot < length) {
            const int64_t pixel = image * length + order[slot];
            add(static_cast<T *>(tensors.grad_key) + pixel * channels, from_key, channels);
            add(static_cast<T *>(tensors.grad_value) + pixel * width, from_value, width);
            add(static_cast<T *>(tensors.grad_fc_score) + pixel * size.chunk, from_score, slots);
        } else { /* its pixel belongs to another slot: left to add_copies */
            const int64_t copy = image * (chunks.padded() - length) + slot - length;
            memcpy(shared.key_copies + copy * channels, from_key, size_t(channels) * sizeof(T));
            memcpy(shared.value_copies + copy * width, from_value, size_t(width) * sizeof(T));
            memcpy(shared.score_copies + copy * size.chunk, from_score, size_t(slots) * sizeof(T));
        }
    }
}

template <typename T>
void add_copies(const DlsnSizes &size, const DlsnBackward &tensors, const Chunks &chunks,
                int64_t image, int64_t round, const Shared<T> &shared) {
    const int64_t padding = chunks.padded() - chunks.length;
    const int32_t *order = tensors.order + (image * size.rounds + round) * chunks.length;
    for (int64_t i = 0; i < padding; ++i) {
        const int64_t copy = image * padding + i;
        const int64_t pixel = image * chunks.length + order[chunks.source(chunks.length + i)];
        add(static_cast<T *>(tensors.grad_key) + pixel * size.channels,
            shared.key_copies + copy * size.channels, size.channels);
        add(static_cast<T *>(tensors.grad_value) + pixel * size.width,
            shared.value_copies + copy * size.width, size.width);
        add(static_cast<T *>(tensors.grad_fc_score) + pixel * size.chunk,
            shared.score_copies + copy * size.chunk, chunks.slots);
    }
}

/* The three parts of a chunk's queries. */
template <typename T>
void add_query_parts(const DlsnSizes &size, const DlsnBackward &tensors, const Chunks &chunks,
                     int64_t image, int64_t round, int64_t chunk, const Shared<T> &shared) {
    const int32_t *order = tensors.order + (image * size.rounds + round) * chunks.length;
    const int64_t first = chunk * chunks.slots;
    for (int64_t i = 0; i < chunks.queries(chunk); ++i) {
        T *row = static_cast<T *>(tensors.grad_query) +
                 (image * chunks.length + order[first + i]) * size.channels;
        for (int64_t part = 0; part < 3; ++part)
            add(row,
                shared.query_parts +
                    ((image * 3 + part) * chunks.padded() + first + i) * size.channels,
                size.channels);
    }
}

/* Combined log-sum-exp and grad_out . out of one pixel. */
template <typename T>
void prepare_pixel(const DlsnSizes &size, const DlsnBackward &tensors, int64_t pixel,
                   const Shared<T> &shared) {
    const int64_t image = pixel / size.length, position = pixel % size.length;
    const T *lse = static_cast<const T *>(tensors.lse) + image * size.rounds * size.length;
    const T *grad = static_cast<const T *>(tensors.grad_out) + pixel * size.width;
    const T *out = static_cast<const T *>(tensors.out) + pixel * size.width;
    Vec<T> sums = {};
    int64_t i = 0;
    for (; i + LANES<T> <= size.width; i += LANES<T>) sums += load(grad + i) * load(out + i);
    T sum = 0;
    for (int lane = 0; lane < LANES<T>; ++lane) sum += sums[lane];
    for (; i < size.width; ++i) sum += grad[i] * out[i];
    shared.combined[pixel] = combine(lse + position, size.rounds, size.length);
    shared.delta[pixel] = sum;
}

template <typename T>
int backward(const DlsnSizes &size, const DlsnBackward &tensors, int threads) {
    const Chunks chunks(size);
    const int64_t units = size.images * chunks.count;
    threads = limit_threads(threads, units);
    int64_t bytes = 0, shared_bytes = 0;
    BackwardScratch<T>(Arena(0), size, chunks.slots, &bytes);
    Shared<T>(Arena(0), size, chunks, &shared_bytes);
    const Block block(shared_bytes + bytes * threads);
    if (block.failed()) return DLSN_OUT_OF_MEMORY;
    const Shared<T> shared(Arena(block.start()), size, chunks);
#pragma omp parallel num_threads(threads)
    {
        const BackwardScratch<T> scratch(
            Arena(block.start() + uintptr_t(shared_bytes + thread_number() * bytes)), size,
            chunks.slots);
#pragma omp for schedule(static)
        for (int64_t pixel = 0; pixel < size.images * size.length; ++pixel)
            prepare_pixel<T>(size, tensors, pixel, shared);
        for (int64_t round = 0; round < size.rounds; ++round) {
#pragma omp for schedule(static)
            for (int64_t unit = 0; unit < units; ++unit)
                backward_chunk<T>(size, tensors, chunks, unit / chunks.count, round,
                                  unit % chunks.count, shared, scratch);
#pragma omp for schedule(static) nowait
            for (int64_t unit = 0; unit < units; ++unit)
                add_query_parts<T>(size, tensors, chunks, unit / chunks.count, round,
                                   unit % chunks.count, shared);
#pragma omp for schedule(static)
            for (int64_t image = 0; image < size.images; ++image)
                add_copies<T>(size, tensors, chunks, image, round, shared);
        }
    }
    return DLSN_OK;
}

}  // namespace

#endif
