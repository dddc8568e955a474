/* Hash codes and the order they give. Pixels stand in the lanes of vectors, so that the largest
 * projection is found without looking across lanes. */
#ifndef DLSN_CPU_HASHING_H
#define DLSN_CPU_HASHING_H

#include <stdint.h>
#include <string.h>

#include "../attention.h"
#include "memory.h"
#include "products.h"
#include "simd.h"

namespace {

struct HashScratch {
    const float **rows;
    float *panel, *projections;

    HashScratch(Arena arena, const DlsnHash &hash, int64_t *bytes = nullptr) {
        rows = arena.take<const float *>(PANEL<float>);
        panel = arena.take<float>(PANEL<float> * hash.channels);
        projections = arena.take<float>(PANEL<float> * hash.rounds * hash.buckets);
        if (bytes) *bytes = arena.used();
    }
};

/* Codes of up to PANEL pixels in all rounds. The first of equal projections wins. */
void hash_panel(const DlsnHash &hash, int64_t image, int64_t first, const HashScratch &scratch) {
    constexpr int lanes = LANES<float>;
    typedef Simd<float>::bits Bits;
    const int64_t left = hash.length - first;
    const int64_t count = left < PANEL<float> ? left : PANEL<float>;
    for (int64_t i = 0; i < count; ++i)
        scratch.rows[i] = hash.query + (image * hash.length + first + i) * hash.channels;
    memset(scratch.panel, 0, size_t(PANEL<float> * hash.channels) * sizeof(float));
    transpose(scratch.rows, count, hash.channels, scratch.panel, PANEL<float>);
    multiply_panel<float, false>(hash.rounds * hash.buckets, hash.rotations, hash.channels,
                                 scratch.panel, hash.channels, nullptr, scratch.projections,
                                 PANEL<float>);
    for (int64_t round = 0; round < hash.rounds; ++round) {
        int32_t *codes = hash.codes + (image * hash.rounds + round) * hash.length + first;
        for (int half = 0; half < 2; ++half) {
            const float *from =
                scratch.projections + round * hash.buckets * PANEL<float> + half * lanes;
            Vec<float> top = load(from);
            Bits code = {};
            for (int32_t bucket = 1; bucket < int32_t(hash.buckets); ++bucket) {
                const Vec<float> here = load(from + bucket * PANEL<float>);
                const Bits is_larger = here > top;
                top = here > top ? here : top;
                code = (code & ~is_larger) | (is_larger & bucket);
            }
            for (int lane = 0; lane < lanes && half * lanes + lane < count; ++lane)
                codes[half * lanes + lane] = code[lane];
        }
    }
}

/* Stable: pixels of one bucket stay in ascending order. `next` has a place per bucket. */
void counting_sort(const int32_t *codes, int64_t length, int64_t buckets, int32_t *next,
                   int32_t *order) {
    memset(next, 0, size_t(buckets) * sizeof(int32_t));
    for (int64_t i = 0; i < length; ++i) ++next[codes[i]];
    for (int64_t bucket = 0, start = 0; bucket < buckets; ++bucket) {
        const int32_t size = next[bucket];
        next[bucket] = int32_t(start);
        start += size;
    }
    for (int64_t i = 0; i < length; ++i) order[next[codes[i]]++] = int32_t(i);
}

int hash_order(const DlsnHash *hash, int threads) {
    const int64_t panels = (hash->length + PANEL<float> - 1) / PANEL<float>;
    const int64_t units = hash->images * panels, sorts = hash->images * hash->rounds;
    threads = limit_threads(threads, units);
    int64_t bytes = 0;
    HashScratch(Arena(0), *hash, &bytes);
    const int64_t sort_bytes = (hash->buckets * int64_t(sizeof(int32_t)) + 63) / 64 * 64;
    const Block block((bytes + sort_bytes) * threads);
    if (block.failed()) return DLSN_OUT_OF_MEMORY;
#pragma omp parallel num_threads(threads)
    {
        const uintptr_t start = block.start() + uintptr_t(thread_number() * (bytes + sort_bytes));
        const HashScratch scratch(Arena(start + uintptr_t(sort_bytes)), *hash);
#pragma omp for schedule(static)
        for (int64_t unit = 0; unit < units; ++unit)
            hash_panel(*hash, unit / panels, unit % panels * PANEL<float>, scratch);
#pragma omp for schedule(static)
        for (int64_t sort = 0; sort < sorts; ++sort)
            counting_sort(hash->codes + sort * hash->length, hash->length, hash->buckets,
                          reinterpret_cast<int32_t *>(start), hash->order + sort * hash->length);
    }
    return DLSN_OK;
}

}  // namespace

#endif
