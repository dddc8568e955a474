/* Gradients of queries for the types and sizes of online_key_kernel.cuh: those of their scores, which
 * that kernel has written, times the keys.
 */
#ifndef DLSN_CUDA_ONLINE_QUERY_KERNEL_CUH
#define DLSN_CUDA_ONLINE_QUERY_KERNEL_CUH

#include "online_scores.cuh"

namespace {

constexpr int KEYS_TOGETHER = 64; /* of a step of the gradients of queries */

template <typename T> struct OnlineQueryShared {
    static constexpr int ROWS = 64, THREADS = ROWS * WARP / TILE;
    static constexpr int PITCH = online_pitch<T>(ONLINE_CHANNELS), STAGE = KEYS_TOGETHER * PITCH;
    int *own, *near;
    T *stages;

    __host__ __device__ OnlineQueryShared(Pieces &pieces, const Problem &p) {
        own = pieces.take<int>(ROWS);
        near = pieces.take<int>(up(3 * score_tiles(p) * TILE, KEYS_TOGETHER));
        stages = pieces.take<T>(2 * STAGE > ROWS * PITCH ? 2 * STAGE : ROWS * PITCH);
    }
    __device__ T *keys(int step) const { return stages + step % 2 * STAGE; }
};

template <typename T>
__global__ void __launch_bounds__(OnlineQueryShared<T>::THREADS)
    online_query_kernel([[maybe_unused]] Problem p, [[maybe_unused]] OnlineBackward<T> b) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
    typedef MatrixTile<T> Sum;
    typedef OnlineQueryShared<T> Shared;
    constexpr int ROWS = Shared::ROWS, THREADS = Shared::THREADS;
    constexpr int CHANNEL_TILES = ONLINE_CHANNELS / TILE, KEY_TILES = KEYS_TOGETHER / TILE;
    DLSN_SHARED(memory);
    Pieces pieces(memory);
    const Shared shared(pieces, p);
    const Place<ROWS> place(p);
    const int32_t *order = b.in.order + int64_t(place.turn) * p.length;
    const T *key = b.in.key + place.image * p.length * p.channels;
    const int tiles = score_tiles(p), padded_slots = tiles * TILE, row = warp_index() * TILE;
    const int steps = up(3 * tiles, KEY_TILES) / KEY_TILES;

    if (threadIdx.x < ROWS) {
        const int slot = place.first_slot + int(threadIdx.x);
        shared.own[threadIdx.x] =
            slot < p.queries(place.chunk) ? pixel_of(p, order, place.chunk, slot) : -1;
    }
    for (int j = int(threadIdx.x); j < steps * KEYS_TOGETHER; j += THREADS) {
        const int neighbor = j / padded_slots, slot = j % padded_slots;
        shared.near[j] =
            neighbor < 3 && slot < p.slots
                ? pixel_of(p, order, (place.chunk + p.chunks - 1 + neighbor) % p.chunks, slot)
                : -1;
    }
    __syncthreads();
    const auto load = [&](int step) {
        if (step < steps)
            gather_all<KEYS_TOGETHER, ONLINE_CHANNELS, THREADS>(
                shared.keys(step), key, p.channels, p.channels, shared.near + step * KEYS_TOGETHER);
        end_copies();
    };
    /* Gradients of the scores, one step ahead, as (key, query). */
    const int query_tile = (place.first_slot + row) / TILE;
    int4 ahead[KEY_TILES];
    const auto fetch = [&](int step) {
#pragma unroll
        for (int t = 0; t < KEY_TILES; ++t) {
            const int at = step * KEY_TILES + t, neighbor = at / tiles;
            ahead[t] = make_int4(0, 0, 0, 0);
            if (neighbor < 3 && query_tile < tiles)
                ahead[t] = *reinterpret_cast<const int4 *>(
                    b.scores + score_tile(p, place.turn,
                                          (place.chunk + p.chunks - 1 + neighbor) % p.chunks,
                                          neighbor, at % tiles, query_tile));
        }
    };
    load(0);
    fetch(0);
    Sum grad_query[CHANNEL_TILES];
#pragma unroll
    for (Sum &sum : grad_query) sum.clear();
    for (int step = 0; step < steps; ++step) {
        wait_for_all();
        __syncthreads();
        load(step + 1);
        typename Sum::Left changes[KEY_TILES];
#pragma unroll
        for (int t = 0; t < KEY_TILES; ++t) {
            const unsigned held[4] = {unsigned(ahead[t].x), unsigned(ahead[t].y),
                                      unsigned(ahead[t].z), unsigned(ahead[t].w)};
            units::transpose_left(changes[t].part, held);
        }
        fetch(step + 1);
#pragma unroll
        for (int t = 0; t < KEY_TILES; ++t)
#pragma unroll
            for (int d = 0; d < CHANNEL_TILES; ++d) {
                typename Sum::template Right<false> keys;
                keys.load(shared.keys(step) + t * TILE * Shared::PITCH + d * TILE, Shared::PITCH);
                grad_query[d].multiply(changes[t], keys);
            }
    }
    __syncthreads(); /* the keys make room for the results */
    T *results = shared.stages + row * Shared::PITCH;
#pragma unroll
    for (int d = 0; d < CHANNEL_TILES; ++d) {
        unsigned pairs[4];
        units::left_of<T>(pairs, grad_query[d].sum);
        units::store_left(results + d * TILE, Shared::PITCH, pairs);
    }
    __syncwarp();
    scatter_tile<ONLINE_CHANNELS>(b.query + int64_t(place.turn) * p.length * p.channels, p.channels,
                                  results, shared.own + row);
#endif
}

}  // namespace

#endif
