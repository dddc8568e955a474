/* Forward pass of one round for at most 64 channels and 256 columns of values, on devices whose matrix
 * units take all types.
 *
 * A warp has 16 queries, whose scores, softmax and sums stay in its registers: what was scored is
 * the left factor of the product with the values as it stands. The softmax is relative to a bound
 * that follows the largest score so far. Rows are copied STAGES steps ahead, with one barrier a step.
 */
#ifndef DLSN_CUDA_ONLINE_KERNELS_CUH
#define DLSN_CUDA_ONLINE_KERNELS_CUH

#include "online_rows.cuh"

namespace {

constexpr int STAGES = 3; /* of rows: those that are worked on and two that are copied */
/* Binary orders by which scores may exceed the bound before all sums are scaled down. */
constexpr float HEADROOM = 8.0f;

template <typename Cut, typename T> struct OnlineShared {
    static constexpr int PITCH = online_pitch<T>(ONLINE_CHANNELS),
                         LEARNED_PITCH = online_pitch<T>(Cut::ROWS),
                         VALUE_PITCH = online_pitch<T>(Cut::WIDTH);
    static constexpr int STAGE = Cut::KEYS * (PITCH + LEARNED_PITCH + VALUE_PITCH);
    static_assert(Cut::ROWS * VALUE_PITCH <= STAGES * STAGE,
                  "results find room where the rows of steps were");
    int *near, *own;
    T *queries, *stages;

    __host__ __device__ OnlineShared(Pieces &pieces, const Problem &p) {
        near = pieces.take<int>(up(3 * p.slots, Cut::KEYS));
        own = pieces.take<int>(Cut::ROWS);
        queries = pieces.take<T>(Cut::ROWS * PITCH);
        stages = pieces.take<T>(STAGES * STAGE);
    }
    __device__ T *keys(int step) const { return stages + step % STAGES * STAGE; }
    __device__ T *learned(int step) const { return keys(step) + Cut::KEYS * PITCH; }
    __device__ T *values(int step) const { return learned(step) + Cut::KEYS * LEARNED_PITCH; }
};

/* Softmax of a warp's 16 rows as their scores come in. */
struct OnlineSoftmax {
    float top[units::LANE_ROWS], base[units::LANE_ROWS], total[units::LANE_ROWS];

    __device__ OnlineSoftmax() {
#pragma unroll
        for (int r = 0; r < units::LANE_ROWS; ++r) top[r] = -INFINITY, base[r] = total[r] = 0.0f;
    }
    /* Weights, in place of scores; `scale(factors of rows)` is called if former ones become smaller. */
    template <typename Sum, int COUNT, typename Scale>
    __device__ void weigh(Sum (&scores)[COUNT], const Scale &scale) {
        float largest[units::LANE_ROWS];
        bool grows = false;
#pragma unroll
        for (int r = 0; r < units::LANE_ROWS; ++r) {
            largest[r] = -INFINITY;
#pragma unroll
            for (int e = 0; e < 8 * COUNT; ++e)
                if (units::lane_row(e % 8) == r)
                    largest[r] = fmaxf(largest[r], scores[e / 8].sum[e % 8]);
            largest[r] = units::largest_of_row(largest[r]);
            grows |= largest[r] > top[r] + HEADROOM;
        }
        if (units::any(grows)) {
            float factors[units::LANE_ROWS];
#pragma unroll
            for (int r = 0; r < units::LANE_ROWS; ++r) {
                const float before = top[r] * LOG2_E;
                top[r] = fmaxf(top[r], largest[r]);
                base[r] = top[r] == -INFINITY ? 0.0f : top[r] * LOG2_E;
                factors[r] = units::power_of_two(before - base[r]);
                total[r] *= factors[r];
            }
            scale(factors);
        }
#pragma unroll
        for (int t = 0; t < COUNT; ++t)
#pragma unroll
            for (int i = 0; i < 8; ++i) {
                const int r = units::lane_row(i);
                float &score = scores[t].sum[i];
                score = units::power_of_two(score * LOG2_E - base[r]);
                total[r] += score;
            }
    }
};

template <typename Cut, typename A>
__global__ void __launch_bounds__(Cut::THREADS, Cut::TOGETHER)
    online_kernel([[maybe_unused]] Problem p, [[maybe_unused]] Inputs<typename A::T> in,
                  [[maybe_unused]] typename A::T *parts, [[maybe_unused]] float *lse) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
    typedef typename OnlineTileOf<A>::type Tiles;
    typedef typename Tiles::Sum Sum;
    typedef typename Tiles::T T;
    typedef OnlineShared<Cut, T> Shared;
    constexpr int THREADS = Cut::THREADS, KEYS = Cut::KEYS, KEY_TILES = KEYS / TILE;
    constexpr int DEPTH = Sum::DEPTH, DEPTHS = ONLINE_CHANNELS / DEPTH,
                  VALUE_TILES = Cut::WIDTH / TILE;
    DLSN_SHARED(memory);
    Pieces pieces(memory);
    const Shared shared(pieces, p);
    const Place<Cut::ROWS> place(p);
    const int32_t *order = in.order + int64_t(place.turn) * p.length;
    const T *query = in.query + place.image * p.length * p.channels;
    const T *key = in.key + place.image * p.length * p.channels;
    const T *value = in.value + place.image * p.length * p.width;
    const T *learned = in.fc_score + place.image * p.length * p.chunk + place.first_slot;
    const int learned_width =
        p.chunk - place.first_slot < Cut::ROWS ? p.chunk - place.first_slot : Cut::ROWS;
    const int count = 3 * p.slots, steps = up(count, KEYS) / KEYS, row = warp_index() * TILE;

    for (int j = int(threadIdx.x); j < steps * KEYS; j += THREADS)
        shared.near[j] =
            j < count ? pixel_of(p, order, (place.chunk + p.chunks - 1 + j / p.slots) % p.chunks,
                                 j % p.slots)
                      : -1;
    if (threadIdx.x < Cut::ROWS) {
        const int slot = place.first_slot + int(threadIdx.x);
        shared.own[threadIdx.x] =
            slot < p.queries(place.chunk) ? pixel_of(p, order, place.chunk, slot) : -1;
    }
    __syncthreads();
    const auto load = [&](int step) {
        if (step < steps) {
            const int *pixels = shared.near + step * KEYS;
            gather_all<KEYS, ONLINE_CHANNELS, THREADS>(shared.keys(step), key, p.channels,
                                                       p.channels, pixels);
            gather_all<KEYS, Cut::ROWS, THREADS>(shared.learned(step), learned, p.chunk,
                                                 learned_width, pixels);
            gather_all<KEYS, Cut::WIDTH, THREADS>(shared.values(step), value, p.width, p.width,
                                                  pixels);
        }
        end_copies();
    };
    gather_all<Cut::ROWS, ONLINE_CHANNELS, THREADS>(shared.queries, query, p.channels, p.channels,
                                                    shared.own);
    load(0);
    load(1);

    const T *own = shared.queries + row * Shared::PITCH;
    typename Sum::Left queries[Tiles::KEEPS_LEFT ? DEPTHS : 1];
    Sum sums[VALUE_TILES];
    OnlineSoftmax softmax;
#pragma unroll
    for (Sum &sum : sums) sum.clear();
    for (int step = 0; step < steps; ++step) {
        wait_for_all_but_the_last();
        __syncthreads(); /* all have this step's rows and have done with those that are replaced now */
        load(step + 2);
        if (Tiles::KEEPS_LEFT && step == 0)
#pragma unroll
            for (int k = 0; k < DEPTHS; ++k)
                queries[Tiles::KEEPS_LEFT ? k : 0].load(own + k * DEPTH, Shared::PITCH);

        Sum scores[KEY_TILES]; /* start at the learned scores, which lie as (key, query) */
#pragma unroll
        for (int t = 0; t < KEY_TILES; ++t)
            Tiles::load_transposed(scores[t],
                                   shared.learned(step) + t * TILE * Shared::LEARNED_PITCH + row,
                                   Shared::LEARNED_PITCH);
#pragma unroll
        for (int k = 0; k < DEPTHS; ++k) {
            typename Sum::Left &left = queries[Tiles::KEEPS_LEFT ? k : 0];
            if (!Tiles::KEEPS_LEFT) left.load(own + k * DEPTH, Shared::PITCH);
#pragma unroll
            for (int t = 0; t < KEY_TILES; ++t) {
                typename Sum::template Right<true> keys;
                keys.load(shared.keys(step) + t * TILE * Shared::PITCH + k * DEPTH, Shared::PITCH);
                scores[t].multiply(left, keys);
            }
        }
        if ((step + 1) * KEYS > count)
#pragma unroll
            for (int e = 0; e < 8 * KEY_TILES; ++e)
                if (step * KEYS + e / 8 * TILE + units::column_of(e % 8) >= count)
                    scores[e / 8].sum[e % 8] = -INFINITY;
        softmax.weigh(scores, [&](const float (&factors)[units::LANE_ROWS]) {
#pragma unroll
            for (Sum &sum : sums)
#pragma unroll
                for (int i = 0; i < 8; ++i) sum.sum[i] *= factors[units::lane_row(i)];
        });
#pragma unroll
        for (int t = 0; t < KEY_TILES; ++t)
            Tiles::add_product(sums, scores[t],
                               shared.values(step) + t * TILE * Shared::VALUE_PITCH,
                               Shared::VALUE_PITCH);
    }

    float total[units::LANE_ROWS], share[units::LANE_ROWS];
#pragma unroll
    for (int r = 0; r < units::LANE_ROWS; ++r) {
        total[r] = units::sum_of_row(softmax.total[r]);
        share[r] = 1.0f / total[r];
    }
#pragma unroll
    for (int i = 0; i < 8; ++i) {
        const int at = shared.own[row + units::row_of(i)];
        if (units::column_of(i) == 0 && at >= 0)
            lse[int64_t(place.turn) * p.length + at] =
                softmax.top[units::lane_row(i)] + logf(total[units::lane_row(i)]);
    }
    __syncthreads(); /* the rows of the steps are not needed any more */
    T *results = shared.stages + row * Shared::VALUE_PITCH;
#pragma unroll
    for (int d = 0; d < VALUE_TILES; ++d) {
#pragma unroll
        for (int i = 0; i < 8; ++i) sums[d].sum[i] *= share[units::lane_row(i)];
        Tiles::store(results + d * TILE, Shared::VALUE_PITCH, sums[d]);
    }
    __syncwarp();
    parts += int64_t(place.turn) * p.length * p.width;
    scatter_tile<Cut::WIDTH>(parts, p.width, results, shared.own + row);
#endif
}

}  // namespace

#endif
