/* Backward pass of one round, for any type: gradients of keys, values and learned scores, and of
 * queries. Every sum is taken in a fixed order. float32 always comes here, 16-bit types where
 * online_key_kernel.cuh does not take them. */
#ifndef DLSN_CUDA_BACKWARD_KERNELS_CUH
#define DLSN_CUDA_BACKWARD_KERNELS_CUH

#include "forward_kernels.cuh"

namespace {

template <typename T> struct Backward {
    Inputs<T> in;
    const T *grad_out;
    const float *combined, *delta; /* (N, L) */
    /* Of each round: (N, h, L, C) of queries; (N, h, L + padding, C | D | slots) of the others, whose
     * last rows are of the copies in padded slots. */
    T *query, *key, *value, *fc_score;
    int step; /* pixels of the other side at a time */
};

/* The rows of a block and those of the other side: both have a narrow part (C: key | query) and a
 * wide one (D: value | grad_out). */
template <int ROWS, typename T> struct BackwardShared {
    int *own, *other;        /* pixels, -1: none; other: of all steps */
    float *combined, *delta; /* of the pixels that are queries */
    float *scores, *slopes;  /* in parts_of parts */
    T *narrow, *wide, *weights, *changes;
    T *narrow_steps, *wide_steps; /* two: one is copied while the other is worked on */
    int pitch, wide_pitch, score_pitch, weight_pitch, parts, part_size;

    __host__ __device__ BackwardShared(Pieces &pieces, const Problem &p, int step) {
        const int others = 3 * up(p.slots, step), queries = others > ROWS ? others : ROWS;
        pitch = pitch_of<T>(p.channels);
        wide_pitch = pitch_of<T>(p.width);
        score_pitch = step + 4;
        weight_pitch = pitch_of<T>(step);
        parts = parts_of<ROWS>(step);
        part_size = ROWS * score_pitch;
        own = pieces.take<int>(ROWS);
        other = pieces.take<int>(others);
        combined = pieces.take<float>(queries);
        delta = pieces.take<float>(queries);
        narrow = pieces.take<T>(ROWS * pitch);
        wide = pieces.take<T>(ROWS * wide_pitch);
        narrow_steps = pieces.take<T>(2 * step * pitch);
        wide_steps = pieces.take<T>(2 * step * wide_pitch);
        weights = pieces.take<T>(ROWS * weight_pitch);
        changes = pieces.take<T>(ROWS * weight_pitch);
        scores = pieces.take<float>(2 * parts * part_size);
        slopes = scores + parts * part_size;
    }
    __device__ float sum(const float *of, int row, int column) const {
        const float *first = of + row * score_pitch + column;
        return parts == 1 ? *first : *first + first[part_size];
    }
    __device__ T *narrow_step(int index, int step) const {
        return narrow_steps + index % 2 * step * pitch;
    }
    __device__ T *wide_step(int index, int step) const {
        return wide_steps + index % 2 * step * wide_pitch;
    }
    /* Starts to copy the rows of the other side, `first` being the first one of a step. */
    __device__ void load(int index, int first, int step, const T *narrow_rows, int channels,
                         const T *wide_rows, int width) const {
        gather<ROWS>(narrow_step(index, step), pitch, narrow_rows, channels, 0, channels,
                     other + first, step);
        gather<ROWS>(wide_step(index, step), wide_pitch, wide_rows, width, 0, width, other + first,
                     step);
    }
    /* Scores and slopes of the own rows with those of a step. */
    template <typename A>
    __device__ void products(int index, int step, int channels, int width) const {
        score<ROWS, A, false>(narrow, narrow_step(index, step), pitch, channels, step, scores,
                              score_pitch, parts, part_size);
        score<ROWS, A, false>(wide, wide_step(index, step), wide_pitch, width, step, slopes,
                              score_pitch, parts, part_size);
    }
};

constexpr int LARGEST_STEP = 64;

/* Gradients of ROWS keys: value, key and fc_score. Scores as (key, query). */
template <int ROWS, typename A>
__global__ void __launch_bounds__(Block<ROWS>::THREADS, Block<ROWS>::TOGETHER)
    key_kernel(Problem p, Backward<typename A::T> b) {
    typedef typename A::T T;
    constexpr int THREADS = Block<ROWS>::THREADS, MOST = ROWS * LARGEST_STEP / THREADS;
    const int own_column = int(threadIdx.x) % b.step, own_row = int(threadIdx.x) / b.step;
    DLSN_SHARED(memory);
    Pieces pieces(memory);
    const BackwardShared<ROWS, T> shared(pieces, p, b.step);
    const Place<ROWS> place(p);
    const int32_t *order = b.in.order + int64_t(place.turn) * p.length;
    const int64_t base = place.image * p.length;
    const T *fc_score = b.in.fc_score + base * p.chunk;
    const int padded_slots = up(p.slots, b.step), steps = padded_slots / b.step * 3;

    if (threadIdx.x < ROWS) {
        const int slot = place.first_slot + int(threadIdx.x);
        shared.own[threadIdx.x] = slot < p.slots ? pixel_of(p, order, place.chunk, slot) : -1;
    }
    /* Queries that see the keys: those of the chunk after, the chunk, and the one before. */
    for (int i = int(threadIdx.x); i < 3 * padded_slots; i += THREADS) {
        const int chunk = (place.chunk + p.chunks + 1 - i / padded_slots) % p.chunks;
        const int slot = i % padded_slots;
        const bool exists = slot < p.queries(chunk);
        const int pixel = exists ? pixel_of(p, order, chunk, slot) : -1;
        shared.other[i] = pixel;
        shared.combined[i] = exists ? b.combined[base + pixel] : 0.0f;
        shared.delta[i] = exists ? b.delta[base + pixel] : 0.0f;
    }
    __syncthreads();
    /* Step s: slots from s / 3 * step on, of neighbor s % 3. */
    const auto first_of = [&](int s) { return s % 3 * padded_slots + s / 3 * b.step; };
    const auto load = [&](int s) {
        if (s < steps)
            shared.load(s, first_of(s), b.step, b.in.query + base * p.channels, p.channels,
                        b.grad_out + base * p.width, p.width);
        end_copies();
    };
    gather<ROWS>(shared.narrow, shared.pitch, b.in.key + base * p.channels, p.channels, 0,
                 p.channels, shared.own, ROWS);
    gather<ROWS>(shared.wide, shared.wide_pitch, b.in.value + base * p.width, p.width, 0, p.width,
                 shared.own, ROWS);
    load(0);

    /* Where a row's results go: to its pixel, or for a copy behind the pixels. */
    const auto target = [&](int row) {
        const int slot = place.chunk * p.slots + place.first_slot + row;
        return int64_t(place.turn) * (p.length + p.padding) +
               (slot < p.length ? shared.own[row] : slot);
    };
    Sums<ROWS, A> grad_value, grad_key;
    grad_value.clear();
    grad_key.clear();
    float grad_score[MOST] = {};
    for (int s = 0; s < steps; ++s) {
        const int first = first_of(s), first_slot = s / 3 * b.step;
        load(s + 1);
        wait_for_all_but_the_last();
        __syncthreads();
        shared.template products<A>(s, b.step, p.channels, p.width);
        __syncthreads();
#pragma unroll
        for (int i = 0; i < MOST; ++i) {
            const int row = own_row + i * (THREADS / b.step), column = own_column;
            if (row >= ROWS) break;
            float weight = 0.0f, change = 0.0f;
            if (shared.own[row] >= 0 && shared.other[first + column] >= 0) {
                const float learned =
                    widen(fc_score[int64_t(shared.own[row]) * p.chunk + first_slot + column]);
                weight = exponential(shared.sum(shared.scores, row, column) + learned -
                                     shared.combined[first + column]);
                change = weight *
                         (shared.sum(shared.slopes, row, column) - shared.delta[first + column]);
            }
            grad_score[i] += change;
            if (s % 3 == 2) {
                const int slot = first_slot + column;
                if (shared.own[row] >= 0 && slot < p.slots)
                    b.fc_score[target(row) * p.slots + slot] = narrow<T>(grad_score[i]);
                grad_score[i] = 0.0f;
            }
            shared.weights[row * shared.weight_pitch + column] = narrow<T>(weight);
            shared.changes[row * shared.weight_pitch + column] = narrow<T>(change);
        }
        __syncthreads();
        grad_value.add(shared.weights, shared.weight_pitch, shared.wide_step(s, b.step),
                       shared.wide_pitch, b.step, p.width);
        grad_key.add(shared.changes, shared.weight_pitch, shared.narrow_step(s, b.step),
                     shared.pitch, b.step, p.channels);
        __syncthreads();
    }
    grad_value.each(p.width, [&](int row, int d, float x) {
        if (shared.own[row] >= 0) b.value[target(row) * p.width + d] = narrow<T>(x);
    });
    grad_key.each(p.channels, [&](int row, int d, float x) {
        if (shared.own[row] >= 0) b.key[target(row) * p.channels + d] = narrow<T>(x);
    });
}

/* Gradient of ROWS queries. Scores as (query, key). */
template <int ROWS, typename A>
__global__ void __launch_bounds__(Block<ROWS>::THREADS, Block<ROWS>::TOGETHER)
    query_kernel(Problem p, Backward<typename A::T> b) {
    typedef typename A::T T;
    constexpr int THREADS = Block<ROWS>::THREADS;
    DLSN_SHARED(memory);
    Pieces pieces(memory);
    const BackwardShared<ROWS, T> shared(pieces, p, b.step);
    const Place<ROWS> place(p);
    const int32_t *order = b.in.order + int64_t(place.turn) * p.length;
    const int64_t base = place.image * p.length;
    const T *fc_score = b.in.fc_score + base * p.chunk;
    const int count = 3 * p.slots, steps = up(count, b.step) / b.step;

    if (threadIdx.x < ROWS) {
        const int slot = place.first_slot + int(threadIdx.x);
        const bool exists = slot < p.queries(place.chunk);
        const int pixel = exists ? pixel_of(p, order, place.chunk, slot) : -1;
        shared.own[threadIdx.x] = pixel;
        shared.combined[threadIdx.x] = exists ? b.combined[base + pixel] : 0.0f;
        shared.delta[threadIdx.x] = exists ? b.delta[base + pixel] : 0.0f;
    }
    for (int j = int(threadIdx.x); j < steps * b.step; j += THREADS)
        shared.other[j] =
            j < count ? pixel_of(p, order, (place.chunk + p.chunks - 1 + j / p.slots) % p.chunks,
                                 j % p.slots)
                      : -1;
    __syncthreads();
    const auto load = [&](int s) {
        if (s < steps)
            shared.load(s, s * b.step, b.step, b.in.key + base * p.channels, p.channels,
                        b.in.value + base * p.width, p.width);
        end_copies();
    };
    gather<ROWS>(shared.narrow, shared.pitch, b.in.query + base * p.channels, p.channels, 0,
                 p.channels, shared.own, ROWS);
    gather<ROWS>(shared.wide, shared.wide_pitch, b.grad_out + base * p.width, p.width, 0, p.width,
                 shared.own, ROWS);
    load(0);
    Sums<ROWS, A> grad_query;
    grad_query.clear();
    for (int s = 0; s < steps; ++s) {
        load(s + 1);
        wait_for_all_but_the_last();
        __syncthreads();
        shared.template products<A>(s, b.step, p.channels, p.width);
        __syncthreads();
#pragma unroll 8
        for (int column = int(threadIdx.x) / ROWS; column < b.step; column += THREADS / ROWS) {
            const int row = int(threadIdx.x) % ROWS, pixel = shared.other[s * b.step + column];
            float change = 0.0f;
            if (shared.own[row] >= 0 && pixel >= 0) {
                const float learned =
                    widen(fc_score[int64_t(pixel) * p.chunk + place.first_slot + row]);
                change = exponential(shared.sum(shared.scores, row, column) + learned -
                                     shared.combined[row]) *
                         (shared.sum(shared.slopes, row, column) - shared.delta[row]);
            }
            shared.changes[row * shared.weight_pitch + column] = narrow<T>(change);
        }
        __syncthreads();
        grad_query.add(shared.changes, shared.weight_pitch, shared.narrow_step(s, b.step),
                       shared.pitch, b.step, p.channels);
        __syncthreads();
    }
    grad_query.each(p.channels, [&](int row, int d, float x) {
        if (shared.own[row] >= 0)
            b.query[(int64_t(place.turn) * p.length + shared.own[row]) * p.channels + d] =
                narrow<T>(x);
    });
}

}  // namespace

#endif
