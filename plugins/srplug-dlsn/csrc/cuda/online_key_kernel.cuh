/* Backward pass of one round for 16-bit types and the sizes of online_kernels.cuh: gradients of keys,
 * values and learned scores.
 *
 * A warp has 16 keys, whose scores and slopes with 32 queries at a time stay in its registers as
 * (key, query): as they stand they are left factors of the products with grad_out and the queries.
 * Gradients of the scores are written, too, as lanes hold them; online_query_kernel.cuh multiplies
 * them with the keys.
 */
#ifndef DLSN_CUDA_ONLINE_KEY_KERNEL_CUH
#define DLSN_CUDA_ONLINE_KEY_KERNEL_CUH

#include "online_scores.cuh"

namespace {

template <typename Cut, typename T> struct OnlineKeyShared {
    static constexpr int PITCH = online_pitch<T>(ONLINE_CHANNELS),
                         LEARNED_PITCH = online_pitch<T>(Cut::KEYS),
                         WIDE_PITCH = online_pitch<T>(Cut::WIDTH);
    static constexpr int STAGE = Cut::KEYS * (PITCH + WIDE_PITCH);
    int *own, *target, *other; /* pixels, -1: none; rows of results; queries of all steps */
    float *combined, *delta;
    T *keys, *values, *learned, *stages;

    __host__ __device__ OnlineKeyShared(Pieces &pieces, const Problem &p) {
        const int others = 3 * up(p.slots, Cut::KEYS);
        own = pieces.take<int>(Cut::ROWS);
        target = pieces.take<int>(Cut::ROWS);
        other = pieces.take<int>(others);
        combined = pieces.take<float>(others);
        delta = pieces.take<float>(others);
        keys = pieces.take<T>(Cut::ROWS * PITCH);
        values = pieces.take<T>(Cut::ROWS * WIDE_PITCH);
        learned = pieces.take<T>(2 * Cut::ROWS * LEARNED_PITCH);
        stages = pieces.take<T>(2 * STAGE);
    }
    __device__ T *queries(int step) const { return stages + step % 2 * STAGE; }
    __device__ T *upstream(int step) const { return queries(step) + Cut::KEYS * PITCH; }
    __device__ T *learned_of(int slots) const {
        return learned + slots % 2 * Cut::ROWS * LEARNED_PITCH;
    }
};

/* Cut::ROWS keys; Cut::KEYS: queries of a step. */
template <typename Cut, typename T>
__global__ void __launch_bounds__(Cut::THREADS, Cut::TOGETHER)
    online_key_kernel([[maybe_unused]] Problem p, [[maybe_unused]] OnlineBackward<T> b) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
    typedef MatrixTile<T> Sum;
    typedef OnlineKeyShared<Cut, T> Shared;
    constexpr int THREADS = Cut::THREADS, STEP = Cut::KEYS, QUERY_TILES = STEP / TILE;
    constexpr int CHANNEL_TILES = ONLINE_CHANNELS / TILE, VALUE_TILES = Cut::WIDTH / TILE;
    DLSN_SHARED(memory);
    Pieces pieces(memory);
    const Shared shared(pieces, p);
    const Place<Cut::ROWS> place(p);
    const int32_t *order = b.in.order + int64_t(place.turn) * p.length;
    const int64_t base = place.image * p.length;
    const int padded_slots = up(p.slots, STEP), steps = padded_slots / STEP * 3,
              row = warp_index() * TILE;

    if (threadIdx.x < Cut::ROWS) {
        const int slot = place.first_slot + int(threadIdx.x), sorted = place.chunk * p.slots + slot;
        const int pixel = slot < p.slots ? pixel_of(p, order, place.chunk, slot) : -1;
        shared.own[threadIdx.x] = pixel;
        shared.target[threadIdx.x] = slot < p.slots && sorted >= p.length ? sorted : pixel;
    }
    /* Queries that see the keys: those of the chunk after, the chunk, and the one before. Missing
     * ones get weight 0. */
    for (int i = int(threadIdx.x); i < 3 * padded_slots; i += THREADS) {
        const int chunk = (place.chunk + p.chunks + 1 - i / padded_slots) % p.chunks;
        const int slot = i % padded_slots;
        const bool exists = slot < p.queries(chunk);
        const int pixel = exists ? pixel_of(p, order, chunk, slot) : -1;
        shared.other[i] = pixel;
        shared.combined[i] = exists ? b.combined[base + pixel] * LOG2_E : INFINITY;
        shared.delta[i] = exists ? b.delta[base + pixel] : 0.0f;
    }
    __syncthreads();
    /* Step s: slots from s / 3 * STEP on, of neighbor s % 3. */
    const auto first_of = [&](int s) { return s % 3 * padded_slots + s / 3 * STEP; };
    const auto load = [&](int s) {
        if (s < steps) {
            const int *pixels = shared.other + first_of(s), slot = s / 3 * STEP;
            gather_all<STEP, ONLINE_CHANNELS, THREADS>(
                shared.queries(s), b.in.query + base * p.channels, p.channels, p.channels, pixels);
            gather_all<STEP, Cut::WIDTH, THREADS>(shared.upstream(s), b.grad_out + base * p.width,
                                                  p.width, p.width, pixels);
            if (s % 3 == 0)
                gather_all<Cut::ROWS, STEP, THREADS>(
                    shared.learned_of(s / 3), b.in.fc_score + base * p.chunk + slot, p.chunk,
                    p.chunk - slot < STEP ? p.chunk - slot : STEP, shared.own);
        }
        end_copies();
    };
    gather_all<Cut::ROWS, ONLINE_CHANNELS, THREADS>(shared.keys, b.in.key + base * p.channels,
                                                    p.channels, p.channels, shared.own);
    gather_all<Cut::ROWS, Cut::WIDTH, THREADS>(shared.values, b.in.value + base * p.width, p.width,
                                               p.width, shared.own);
    load(0);

    T *keys = shared.keys + row * Shared::PITCH, *values = shared.values + row * Shared::WIDE_PITCH;
    bool exists[units::LANE_ROWS];
#pragma unroll
    for (int i = 0; i < 8; ++i)
        exists[units::lane_row(i)] = shared.own[row + units::row_of(i)] >= 0;
    Sum grad_value[VALUE_TILES], grad_key[CHANNEL_TILES];
    float grad_score[QUERY_TILES][8] = {};
#pragma unroll
    for (Sum &sum : grad_value) sum.clear();
#pragma unroll
    for (Sum &sum : grad_key) sum.clear();
    for (int s = 0; s < steps; ++s) {
        wait_for_all();
        __syncthreads(); /* all have this step's rows and have done with those that are replaced now */
        load(s + 1);
        const T *queries = shared.queries(s), *upstream = shared.upstream(s);
        const int first = first_of(s), slot = s / 3 * STEP;
        float scores[QUERY_TILES][8];
        Sum slopes[QUERY_TILES];
#pragma unroll
        for (int t = 0; t < QUERY_TILES; ++t) {
            typename Sum::Left pairs;
            pairs.load(shared.learned_of(s / 3) + row * Shared::LEARNED_PITCH + t * TILE,
                       Shared::LEARNED_PITCH);
            units::sums_of<T>(scores[t], pairs.part);
            slopes[t].clear();
        }
#pragma unroll
        for (int k = 0; k < CHANNEL_TILES; ++k) {
            typename Sum::Left own;
            own.load(keys + k * TILE, Shared::PITCH);
#pragma unroll
            for (int t = 0; t < QUERY_TILES; ++t) {
                typename Sum::template Right<true> other;
                other.load(queries + t * TILE * Shared::PITCH + k * TILE, Shared::PITCH);
                units::multiply<T>(scores[t], own.part, other.part);
            }
        }
#pragma unroll 4
        for (int k = 0; k < VALUE_TILES; ++k) {
            typename Sum::Left own;
            own.load(values + k * TILE, Shared::WIDE_PITCH);
#pragma unroll
            for (int t = 0; t < QUERY_TILES; ++t) {
                typename Sum::template Right<true> other;
                other.load(upstream + t * TILE * Shared::WIDE_PITCH + k * TILE, Shared::WIDE_PITCH);
                slopes[t].multiply(own, other);
            }
        }
#pragma unroll
        for (int t = 0; t < QUERY_TILES; ++t) {
#pragma unroll
            for (int i = 0; i < 8; ++i) {
                const int query = first + t * TILE + units::column_of(i);
                const float weight =
                    units::power_of_two(scores[t][i] * LOG2_E - shared.combined[query]);
                scores[t][i] = exists[units::lane_row(i)] ? weight : 0.0f;
                slopes[t].sum[i] = scores[t][i] * (slopes[t].sum[i] - shared.delta[query]);
                grad_score[t][i] += slopes[t].sum[i];
            }
            typename Sum::Left weights, changes;
            units::left_of<T>(weights.part, scores[t]);
            units::left_of<T>(changes.part, slopes[t].sum);
            const int key_tile = (place.first_slot + row) / TILE, query_tile = slot / TILE + t;
            if (key_tile < score_tiles(p) && query_tile < score_tiles(p))
                *reinterpret_cast<int4 *>(b.scores + score_tile(p, place.turn, place.chunk, s % 3,
                                                                key_tile, query_tile)) =
                    make_int4(int(changes.part[0]), int(changes.part[1]), int(changes.part[2]),
                              int(changes.part[3]));
#pragma unroll
            for (int d = 0; d < VALUE_TILES; ++d) {
                typename Sum::template Right<false> other;
                other.load(upstream + t * TILE * Shared::WIDE_PITCH + d * TILE, Shared::WIDE_PITCH);
                grad_value[d].multiply(weights, other);
            }
#pragma unroll
            for (int d = 0; d < CHANNEL_TILES; ++d) {
                typename Sum::template Right<false> other;
                other.load(queries + t * TILE * Shared::PITCH + d * TILE, Shared::PITCH);
                grad_key[d].multiply(changes, other);
            }
        }
        if (s % 3 == 2) {
            T *to = b.fc_score + int64_t(place.turn) * (p.length + p.padding) * p.slots + slot;
#pragma unroll
            for (int t = 0; t < QUERY_TILES; ++t)
#pragma unroll
                for (int i = 0; i < 8; ++i) {
                    const int target = shared.target[row + units::row_of(i)];
                    const int column = t * TILE + units::column_of(i);
                    if (target >= 0 && slot + column < p.slots)
                        to[int64_t(target) * p.slots + column] = narrow<T>(grad_score[t][i]);
                    grad_score[t][i] = 0.0f;
                }
        }
    }
    /* A warp's keys and values are its own: they make room for its results. */
#pragma unroll
    for (int d = 0; d < VALUE_TILES; ++d) {
        unsigned pairs[4];
        units::left_of<T>(pairs, grad_value[d].sum);
        units::store_left(values + d * TILE, Shared::WIDE_PITCH, pairs);
    }
#pragma unroll
    for (int d = 0; d < CHANNEL_TILES; ++d) {
        unsigned pairs[4];
        units::left_of<T>(pairs, grad_key[d].sum);
        units::store_left(keys + d * TILE, Shared::PITCH, pairs);
    }
    __syncwarp();
    const int64_t rows = int64_t(place.turn) * (p.length + p.padding);
    scatter_tile<Cut::WIDTH>(b.value + rows * p.width, p.width, values, shared.target + row);
    scatter_tile<ONLINE_CHANNELS>(b.key + rows * p.channels, p.channels, keys, shared.target + row);
#endif
}

}  // namespace

#endif
