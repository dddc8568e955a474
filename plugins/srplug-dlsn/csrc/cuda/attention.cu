/* Hashed attention on CUDA devices.
 *
 * A block of 256 threads works on 32 rows: queries in the forward pass and for grad_query, keys for
 * the other gradients. Rows of other pixels are gathered through the order straight into shared
 * memory, a few at a time. Rounds are independent in the forward pass and merged by a second kernel;
 * in the backward pass they follow one another, so that every sum is taken in a fixed order without
 * atomics. Scores, softmax and sums are float32 for all types; float32 inputs are multiplied as
 * float32.
 */
#include "../attention.h"
#include "tile.cuh"

namespace {

constexpr int WARPS = 8, THREADS = 32 * WARPS;
constexpr int ROWS = 32;      /* of a block: two tiles */
constexpr int MAX_TILES = 4;  /* per warp: 32 x 256 results of a block */
constexpr int MAX_WIDTH = WARPS * MAX_TILES / 2 * TILE;
constexpr int KEYS = 64;      /* keys that are scored at a time in the forward pass */

struct Problem {
    int images, length, rounds, channels, width, chunk; /* N L h C D T */
    int slots, chunks, padding, row_tiles;               /* row_tiles: blocks of ROWS per chunk */

    explicit Problem(const DlsnSizes &size)
        : images(int(size.images)), length(int(size.length)), rounds(int(size.rounds)),
          channels(int(size.channels)), width(int(size.width)), chunk(int(size.chunk)),
          slots(chunk < length ? chunk : length), chunks((length + slots - 1) / slots),
          padding(chunks * slots - length), row_tiles((slots + ROWS - 1) / ROWS) {}

    /* Sorted position that a slot shows; beyond the end the last ones are repeated. */
    __host__ __device__ int source(int slot) const { return slot < length ? slot : slot - padding; }
    __host__ __device__ int queries(int of_chunk) const {
        const int left = length - of_chunk * slots;
        return left < slots ? left : slots;
    }
};

template <typename T> struct Inputs {
    const T *query, *key, *value, *fc_score;
    const int32_t *order;
};

__host__ __device__ inline int up(int count, int multiple) {
    return (count + multiple - 1) / multiple * multiple;
}
/* Elements from one row to the next in shared memory: whole tiles and 16 bytes against conflicts. */
template <typename T> __host__ __device__ inline int pitch_of(int width) {
    return up(width, TILE) + 16 / int(sizeof(T));
}

/* Pieces of shared memory; on the host, with a null start, it counts. */
class Pieces {
  public:
    __host__ __device__ explicit Pieces(unsigned char *start) : start_(start), used_(0) {}
    template <typename T> __host__ __device__ T *take(int count) {
        T *piece = start_ ? reinterpret_cast<T *>(start_ + used_) : nullptr;
        used_ += up(count * int(sizeof(T)), 128);
        return piece;
    }
    __host__ __device__ int used() const { return used_; }

  private:
    unsigned char *start_;
    int used_;
};

__device__ inline int warp_index() { return int(threadIdx.x) / 32; }
__device__ inline int lane_index() { return int(threadIdx.x) % 32; }

/* Pixel of a slot of a chunk (any slot), safe against orders that are no permutations. */
__device__ inline int pixel_of(const Problem &p, const int32_t *order, int chunk, int slot) {
    const int pixel = order[p.source(chunk * p.slots + slot)];
    return pixel < 0 ? 0 : pixel < p.length ? pixel : p.length - 1;
}

/* Rows of pixels, columns [first, first + width), into shared memory; zeros for pixel -1 and from
 * `width` to the end of the last tile. */
template <typename T>
__device__ void gather(T *to, int pitch, const T *from, int row_width, int first, int width,
                       const int *pixels, int rows) {
    constexpr int PACK = 16 / int(sizeof(T));
    const int columns = up(width, TILE);
    if (row_width % PACK == 0 && width % PACK == 0) { /* then first is a multiple, too */
        const int packs = columns / PACK;
        for (int e = int(threadIdx.x); e < rows * packs; e += THREADS) {
            const int row = e / packs, column = e % packs * PACK;
            int4 value = make_int4(0, 0, 0, 0);
            if (pixels[row] >= 0 && column < width)
                value = *reinterpret_cast<const int4 *>(from + int64_t(pixels[row]) * row_width +
                                                        first + column);
            *reinterpret_cast<int4 *>(to + row * pitch + column) = value;
        }
        return;
    }
    for (int e = int(threadIdx.x); e < rows * columns; e += THREADS) {
        const int row = e / columns, column = e % columns;
        to[row * pitch + column] =
            pixels[row] >= 0 && column < width
                ? from[int64_t(pixels[row]) * row_width + first + column]
                : narrow<T>(0.0f);
    }
}

/* out (ROWS, columns) = a (ROWS, depth) * b^T, b (columns, depth), tiles shared out to the warps
 * from `first_warp` on. */
template <typename T>
__device__ void score(const T *a, const T *b, int pitch, int depth, int columns, float *out,
                      int out_pitch) {
    for (int t = warp_index(); t < 2 * (columns / TILE); t += WARPS) {
        const int row = t % 2 * TILE, column = t / 2 * TILE;
        Tile<T> tile;
        tile.clear();
        for (int k = 0; k < depth; k += TILE)
            tile.template multiply<true>(a + row * pitch + k, pitch, b + column * pitch + k, pitch);
        tile.store(out + row * out_pitch + column, out_pitch);
    }
}

/* ROWS x width sums in the registers of a block; warp w holds tiles w, w + 8, ... */
template <typename T> struct Sums {
    Tile<T> tiles[MAX_TILES];

    __device__ void clear() {
#pragma unroll
        for (int i = 0; i < MAX_TILES; ++i) tiles[i].clear();
    }
    /* += a (ROWS, depth) * b (depth, width) */
    __device__ void add(const T *a, int a_pitch, const T *b, int b_pitch, int depth, int width) {
        const int count = 2 * ((width + TILE - 1) / TILE);
        for (int k = 0; k < depth; k += TILE)
#pragma unroll
            for (int i = 0; i < MAX_TILES; ++i) {
                const int t = warp_index() + i * WARPS;
                if (t < count)
                    tiles[i].template multiply<false>(a + t % 2 * TILE * a_pitch + k, a_pitch,
                                                      b + k * b_pitch + t / 2 * TILE, b_pitch);
            }
    }
    /* write(row, column, sum) for all results; `stage` has TILE * TILE floats per warp. */
    template <typename Write> __device__ void each(int width, float *stage, const Write &write) {
        float *mine = stage + warp_index() * TILE * TILE;
        const int count = 2 * ((width + TILE - 1) / TILE);
#pragma unroll
        for (int i = 0; i < MAX_TILES; ++i) {
            const int t = warp_index() + i * WARPS;
            if (t < count) {
                tiles[i].store(mine, TILE);
                __syncwarp();
                for (int e = lane_index(); e < TILE * TILE; e += 32) {
                    const int column = t / 2 * TILE + e % TILE;
                    if (column < width) write(t % 2 * TILE + e / TILE, column, mine[e]);
                }
                __syncwarp();
            }
        }
    }
};

__device__ inline float over_warp(float x, bool maximum) {
    for (int step = 16; step > 0; step /= 2) {
        const float other = __shfl_xor_sync(0xffffffffu, x, step);
        x = maximum ? fmaxf(x, other) : x + other;
    }
    return x;
}

/* ---- forward ---- */

template <typename T> struct ForwardShared {
    int *near, *own;
    float *top, *sum, *scores;
    T *queries, *block;
    int pitch, score_pitch, value_pitch;

    __host__ __device__ ForwardShared(Pieces &pieces, const Problem &p, int value_keys) {
        const int near_count = up(3 * p.slots, TILE);
        const int columns = p.width < MAX_WIDTH ? p.width : MAX_WIDTH;
        pitch = pitch_of<T>(p.channels);
        score_pitch = near_count + 4;
        value_pitch = pitch_of<T>(columns);
        near = pieces.take<int>(near_count);
        own = pieces.take<int>(ROWS);
        top = pieces.take<float>(ROWS);
        sum = pieces.take<float>(ROWS);
        scores = pieces.take<float>(ROWS * score_pitch);
        queries = pieces.take<T>(ROWS * pitch);
        /* keys, then values, then results, one after the other */
        const int keys = KEYS * pitch * int(sizeof(T));
        const int values = value_keys * value_pitch * int(sizeof(T));
        const int stage = WARPS * TILE * TILE * int(sizeof(float));
        const int most = keys > values ? keys : values;
        block = reinterpret_cast<T *>(pieces.take<unsigned char>(most > stage ? most : stage));
    }
};

/* exp(score - top) of one row per warp, in place; T is not wider than float, and what is overwritten
 * has been read. */
template <typename T>
__device__ void softmax_row(float *scores, int count, float *top, float *sum) {
    float largest = -INFINITY;
    for (int j = lane_index(); j < count; j += 32) largest = fmaxf(largest, scores[j]);
    largest = over_warp(largest, true);
    T *weights = reinterpret_cast<T *>(scores);
    float total = 0.0f;
    for (int first = 0; first < up(count, TILE); first += 32) {
        const int j = first + lane_index();
        const float weight = j < count ? expf(scores[j] - largest) : 0.0f;
        total += weight;
        __syncwarp();
        if (j < up(count, TILE)) weights[j] = narrow<T>(weight);
        __syncwarp();
    }
    total = over_warp(total, false);
    if (lane_index() == 0) {
        *top = largest;
        *sum = total;
    }
}

template <typename T>
__global__ void __launch_bounds__(THREADS)
forward_kernel(Problem p, Inputs<T> in, float *parts, float *lse, int value_keys) {
    DLSN_SHARED(memory);
    Pieces pieces(memory);
    const ForwardShared<T> shared(pieces, p, value_keys);
    const int row_tile = int(blockIdx.x) % p.row_tiles, chunk = int(blockIdx.x) / p.row_tiles % p.chunks;
    const int turn = int(blockIdx.x) / (p.row_tiles * p.chunks); /* image * rounds + round */
    const int64_t image = turn / p.rounds;
    const int32_t *order = in.order + int64_t(turn) * p.length;
    const T *query = in.query + image * p.length * p.channels;
    const T *key = in.key + image * p.length * p.channels;
    const T *value = in.value + image * p.length * p.width;
    const T *fc_score = in.fc_score + image * p.length * p.chunk;
    const int count = 3 * p.slots, padded_count = up(count, TILE);
    const int first_slot = row_tile * ROWS;

    for (int j = int(threadIdx.x); j < padded_count; j += THREADS)
        shared.near[j] =
            j < count ? pixel_of(p, order, (chunk + p.chunks - 1 + j / p.slots) % p.chunks, j % p.slots)
                      : -1;
    if (threadIdx.x < ROWS) {
        const int slot = first_slot + int(threadIdx.x);
        shared.own[threadIdx.x] = slot < p.queries(chunk) ? pixel_of(p, order, chunk, slot) : -1;
    }
    __syncthreads();
    gather(shared.queries, shared.pitch, query, p.channels, 0, p.channels, shared.own, ROWS);
    for (int first = 0; first < padded_count; first += KEYS) {
        const int here = padded_count - first < KEYS ? padded_count - first : KEYS;
        __syncthreads();
        gather(shared.block, shared.pitch, key, p.channels, 0, p.channels, shared.near + first, here);
        __syncthreads();
        score(shared.queries, shared.block, shared.pitch, p.channels, here, shared.scores + first,
              shared.score_pitch);
    }
    __syncthreads();
    for (int e = int(threadIdx.x); e < ROWS * count; e += THREADS) {
        const int row = e % ROWS, j = e / ROWS;
        if (first_slot + row < p.slots)
            shared.scores[row * shared.score_pitch + j] +=
                widen(fc_score[int64_t(shared.near[j]) * p.chunk + first_slot + row]);
    }
    __syncthreads();
    for (int row = warp_index(); row < ROWS; row += WARPS)
        softmax_row<T>(shared.scores + row * shared.score_pitch, count, shared.top + row,
                       shared.sum + row);
    const T *weights = reinterpret_cast<const T *>(shared.scores);
    const int weight_pitch = shared.score_pitch * int(sizeof(float) / sizeof(T));
    for (int column = 0; column < p.width; column += MAX_WIDTH) {
        const int width = p.width - column < MAX_WIDTH ? p.width - column : MAX_WIDTH;
        Sums<T> sums;
        sums.clear();
        for (int first = 0; first < padded_count; first += value_keys) {
            const int here = padded_count - first < value_keys ? padded_count - first : value_keys;
            __syncthreads();
            gather(shared.block, shared.value_pitch, value, p.width, column, width,
                   shared.near + first, here);
            __syncthreads();
            sums.add(weights + first, weight_pitch, shared.block, shared.value_pitch, here, width);
        }
        __syncthreads();
        float *to = parts + int64_t(turn) * p.length * p.width + column;
        sums.each(width, reinterpret_cast<float *>(shared.block), [&](int row, int d, float x) {
            if (shared.own[row] >= 0)
                to[int64_t(shared.own[row]) * p.width + d] = x / shared.sum[row];
        });
    }
    if (threadIdx.x < ROWS && shared.own[threadIdx.x] >= 0)
        lse[int64_t(turn) * p.length + shared.own[threadIdx.x]] =
            shared.top[threadIdx.x] + logf(shared.sum[threadIdx.x]);
}

/* log(sum exp) over the rounds of a pixel. */
__device__ inline float combine(const float *lse, int rounds, int length) {
    float top = lse[0], sum = 0.0f;
    for (int round = 1; round < rounds; ++round) top = fmaxf(top, lse[int64_t(round) * length]);
    for (int round = 0; round < rounds; ++round) sum += expf(lse[int64_t(round) * length] - top);
    return top + logf(sum);
}

/* One warp per pixel: out = sum over rounds of exp(lse - combined) * part. */
template <typename T>
__global__ void merge_kernel(Problem p, const float *parts, const float *lse, T *out) {
    const int64_t pixel = int64_t(blockIdx.x) * WARPS + warp_index();
    if (pixel >= int64_t(p.images) * p.length) return;
    const int64_t image = pixel / p.length, position = pixel % p.length;
    const float *own = lse + image * p.rounds * p.length + position;
    const float combined = combine(own, p.rounds, p.length);
    for (int d = lane_index(); d < p.width; d += 32) {
        float sum = 0.0f;
        for (int round = 0; round < p.rounds; ++round)
            sum += expf(own[int64_t(round) * p.length] - combined) *
                   parts[((image * p.rounds + round) * p.length + position) * p.width + d];
        out[pixel * p.width + d] = narrow<T>(sum);
    }
}

/* ---- backward ---- */

template <typename T> struct Backward {
    Inputs<T> in;
    const T *grad_out;
    const float *combined, *delta;                   /* (N, L) */
    float *grad_query, *grad_key, *grad_value, *grad_fc_score;
    float *key_copies, *value_copies, *score_copies; /* (N, padding, C | D | T) */
    int round, block;                                /* block: pixels of the other side at a time */
};

/* One warp per pixel: combined log-sum-exp and grad_out . out. */
template <typename T>
__global__ void prepare_kernel(Problem p, const T *grad_out, const T *out, const float *lse,
                               float *combined, float *delta) {
    const int64_t pixel = int64_t(blockIdx.x) * WARPS + warp_index();
    if (pixel >= int64_t(p.images) * p.length) return;
    float sum = 0.0f;
    for (int d = lane_index(); d < p.width; d += 32)
        sum += widen(grad_out[pixel * p.width + d]) * widen(out[pixel * p.width + d]);
    sum = over_warp(sum, false);
    if (lane_index() == 0) {
        delta[pixel] = sum;
        combined[pixel] = combine(lse + pixel / p.length * p.rounds * p.length + pixel % p.length,
                                  p.rounds, p.length);
    }
}

template <typename T> struct BackwardShared {
    int *own, *other;
    float *combined, *delta, *scores, *slopes, *stage;
    T *narrow_rows, *wide_rows, *narrow_block, *wide_block, *weights, *changes;
    int pitch, wide_pitch, score_pitch, weight_pitch;

    __host__ __device__ BackwardShared(Pieces &pieces, const Problem &p, int block) {
        const int side = block > ROWS ? block : ROWS;
        pitch = pitch_of<T>(p.channels);
        wide_pitch = pitch_of<T>(p.width);
        score_pitch = block + 4;
        weight_pitch = pitch_of<T>(block);
        own = pieces.take<int>(ROWS);
        other = pieces.take<int>(block);
        combined = pieces.take<float>(side);
        delta = pieces.take<float>(side);
        narrow_rows = pieces.take<T>(ROWS * pitch);     /* key | query */
        wide_rows = pieces.take<T>(ROWS * wide_pitch);  /* value | grad_out */
        narrow_block = pieces.take<T>(block * pitch);
        wide_block = pieces.take<T>(block * wide_pitch);
        weights = pieces.take<T>(ROWS * weight_pitch);
        changes = pieces.take<T>(ROWS * weight_pitch);
        /* scores and slopes; in the end the results */
        const int both = 2 * ROWS * score_pitch, results = WARPS * TILE * TILE;
        scores = pieces.take<float>(both > results ? both : results);
        slopes = scores + ROWS * score_pitch;
        stage = scores;
    }
};

/* Gradients of 32 keys: value, key and fc_score. Scores as (key, query). */
template <typename T>
__global__ void __launch_bounds__(THREADS) key_kernel(Problem p, Backward<T> b) {
    DLSN_SHARED(memory);
    Pieces pieces(memory);
    const BackwardShared<T> shared(pieces, p, b.block);
    const int row_tile = int(blockIdx.x) % p.row_tiles, chunk = int(blockIdx.x) / p.row_tiles % p.chunks;
    const int64_t image = int(blockIdx.x) / (p.row_tiles * p.chunks);
    const int32_t *order = b.in.order + (image * p.rounds + b.round) * p.length;
    const int64_t base = image * p.length;
    const T *fc_score = b.in.fc_score + base * p.chunk;
    const int first_slot = row_tile * ROWS;

    if (threadIdx.x < ROWS) {
        const int slot = first_slot + int(threadIdx.x);
        shared.own[threadIdx.x] = slot < p.slots ? pixel_of(p, order, chunk, slot) : -1;
    }
    __syncthreads();
    gather(shared.narrow_rows, shared.pitch, b.in.key + base * p.channels, p.channels, 0, p.channels,
           shared.own, ROWS);
    gather(shared.wide_rows, shared.wide_pitch, b.in.value + base * p.width, p.width, 0, p.width,
           shared.own, ROWS);

    /* Where a row's results go: its pixel, or for a copy its place among the copies. */
    const auto target = [&](int row, float *pixels, float *copies, int width) {
        const int slot = chunk * p.slots + first_slot + row;
        return slot < p.length
                   ? pixels + (base + shared.own[row]) * width
                   : copies + (image * p.padding + slot - p.length) * width;
    };
    Sums<T> grad_value, grad_key;
    grad_value.clear();
    grad_key.clear();
    for (int first = 0; first < p.slots; first += b.block) {
        float grad_score[ROWS * 64 / THREADS] = {};
        for (int neighbour = 0; neighbour < 3; ++neighbour) {
            const int other = (chunk + p.chunks + 1 - neighbour) % p.chunks;
            __syncthreads();
            for (int i = int(threadIdx.x); i < b.block; i += THREADS) {
                const bool exists = first + i < p.queries(other);
                const int pixel = exists ? pixel_of(p, order, other, first + i) : -1;
                shared.other[i] = pixel;
                shared.combined[i] = exists ? b.combined[base + pixel] : 0.0f;
                shared.delta[i] = exists ? b.delta[base + pixel] : 0.0f;
            }
            __syncthreads();
            gather(shared.narrow_block, shared.pitch, b.in.query + base * p.channels, p.channels, 0,
                   p.channels, shared.other, b.block);
            gather(shared.wide_block, shared.wide_pitch, b.grad_out + base * p.width, p.width, 0,
                   p.width, shared.other, b.block);
            __syncthreads();
            score(shared.narrow_rows, shared.narrow_block, shared.pitch, p.channels, b.block,
                  shared.scores, shared.score_pitch);
            score(shared.wide_rows, shared.wide_block, shared.wide_pitch, p.width, b.block,
                  shared.slopes, shared.score_pitch);
            __syncthreads();
#pragma unroll
            for (int i = 0; i < ROWS * 64 / THREADS; ++i) {
                const int e = int(threadIdx.x) + i * THREADS;
                if (e >= ROWS * b.block) break;
                const int row = e / b.block, column = e % b.block;
                float weight = 0.0f, change = 0.0f;
                if (shared.own[row] >= 0 && shared.other[column] >= 0) {
                    const float learned =
                        widen(fc_score[int64_t(shared.own[row]) * p.chunk + first + column]);
                    const int at = row * shared.score_pitch + column;
                    weight = expf(shared.scores[at] + learned - shared.combined[column]);
                    change = weight * (shared.slopes[at] - shared.delta[column]);
                }
                grad_score[i] += change;
                shared.weights[row * shared.weight_pitch + column] = narrow<T>(weight);
                shared.changes[row * shared.weight_pitch + column] = narrow<T>(change);
            }
            __syncthreads();
            grad_value.add(shared.weights, shared.weight_pitch, shared.wide_block,
                           shared.wide_pitch, b.block, p.width);
            grad_key.add(shared.changes, shared.weight_pitch, shared.narrow_block, shared.pitch,
                         b.block, p.channels);
        }
#pragma unroll
        for (int i = 0; i < ROWS * 64 / THREADS; ++i) {
            const int e = int(threadIdx.x) + i * THREADS;
            if (e >= ROWS * b.block) break;
            const int row = e / b.block, slot = first + e % b.block;
            if (shared.own[row] >= 0 && slot < p.slots)
                target(row, b.grad_fc_score, b.score_copies, p.chunk)[slot] += grad_score[i];
        }
    }
    __syncthreads();
    grad_value.each(p.width, shared.stage, [&](int row, int d, float x) {
        if (shared.own[row] >= 0) target(row, b.grad_value, b.value_copies, p.width)[d] += x;
    });
    grad_key.each(p.channels, shared.stage, [&](int row, int d, float x) {
        if (shared.own[row] >= 0) target(row, b.grad_key, b.key_copies, p.channels)[d] += x;
    });
}

/* Gradient of 32 queries. Scores as (query, key). */
template <typename T>
__global__ void __launch_bounds__(THREADS) query_kernel(Problem p, Backward<T> b) {
    DLSN_SHARED(memory);
    Pieces pieces(memory);
    const BackwardShared<T> shared(pieces, p, b.block);
    const int row_tile = int(blockIdx.x) % p.row_tiles, chunk = int(blockIdx.x) / p.row_tiles % p.chunks;
    const int64_t image = int(blockIdx.x) / (p.row_tiles * p.chunks);
    const int32_t *order = b.in.order + (image * p.rounds + b.round) * p.length;
    const int64_t base = image * p.length;
    const T *fc_score = b.in.fc_score + base * p.chunk;
    const int first_slot = row_tile * ROWS, count = 3 * p.slots;

    if (threadIdx.x < ROWS) {
        const int slot = first_slot + int(threadIdx.x);
        const bool exists = slot < p.queries(chunk);
        const int pixel = exists ? pixel_of(p, order, chunk, slot) : -1;
        shared.own[threadIdx.x] = pixel;
        shared.combined[threadIdx.x] = exists ? b.combined[base + pixel] : 0.0f;
        shared.delta[threadIdx.x] = exists ? b.delta[base + pixel] : 0.0f;
    }
    __syncthreads();
    gather(shared.narrow_rows, shared.pitch, b.in.query + base * p.channels, p.channels, 0,
           p.channels, shared.own, ROWS);
    gather(shared.wide_rows, shared.wide_pitch, b.grad_out + base * p.width, p.width, 0, p.width,
           shared.own, ROWS);
    Sums<T> grad_query;
    grad_query.clear();
    for (int first = 0; first < count; first += b.block) {
        __syncthreads();
        for (int i = int(threadIdx.x); i < b.block; i += THREADS) {
            const int j = first + i;
            const int neighbour = (chunk + p.chunks - 1 + j / p.slots) % p.chunks;
            shared.other[i] = j < count ? pixel_of(p, order, neighbour, j % p.slots) : -1;
        }
        __syncthreads();
        gather(shared.narrow_block, shared.pitch, b.in.key + base * p.channels, p.channels, 0,
               p.channels, shared.other, b.block);
        gather(shared.wide_block, shared.wide_pitch, b.in.value + base * p.width, p.width, 0, p.width,
               shared.other, b.block);
        __syncthreads();
        score(shared.narrow_rows, shared.narrow_block, shared.pitch, p.channels, b.block,
              shared.scores, shared.score_pitch);
        score(shared.wide_rows, shared.wide_block, shared.wide_pitch, p.width, b.block,
              shared.slopes, shared.score_pitch);
        __syncthreads();
        for (int e = int(threadIdx.x); e < ROWS * b.block; e += THREADS) {
            const int row = e % ROWS, column = e / ROWS;
            float change = 0.0f;
            if (shared.own[row] >= 0 && shared.other[column] >= 0) {
                const float learned =
                    widen(fc_score[int64_t(shared.other[column]) * p.chunk + first_slot + row]);
                const int at = row * shared.score_pitch + column;
                change = expf(shared.scores[at] + learned - shared.combined[row]) *
                         (shared.slopes[at] - shared.delta[row]);
            }
            shared.changes[row * shared.weight_pitch + column] = narrow<T>(change);
        }
        __syncthreads();
        grad_query.add(shared.changes, shared.weight_pitch, shared.narrow_block, shared.pitch,
                       b.block, p.channels);
    }
    __syncthreads();
    grad_query.each(p.channels, shared.stage, [&](int row, int d, float x) {
        if (shared.own[row] >= 0) b.grad_query[(base + shared.own[row]) * p.channels + d] += x;
    });
}

/* What copies of pixels in padded slots gathered goes to the pixels; one thread per column, copies
 * in order. The table is left at zero for the next round. */
__global__ void copies_kernel(Problem p, const int32_t *order, int round, float *copies, float *grad,
                              int width) {
    const int64_t column = int64_t(blockIdx.x) * THREADS + threadIdx.x;
    if (column >= int64_t(p.images) * width) return;
    const int64_t image = column / width, d = column % width;
    for (int i = 0; i < p.padding; ++i) {
        const int pixel = pixel_of(p, order + (image * p.rounds + round) * p.length, 0, p.length + i);
        float *copy = copies + (image * p.padding + i) * width + d;
        grad[(image * p.length + pixel) * width + d] += *copy;
        *copy = 0.0f;
    }
}

template <typename T> __global__ void narrow_kernel(const float *from, T *to, int64_t count) {
    const int64_t i = int64_t(blockIdx.x) * THREADS + threadIdx.x;
    if (i < count) to[i] = narrow<T>(from[i]);
}

/* ---- host ---- */

int64_t blocks_for(int64_t count, int64_t per_block) { return (count + per_block - 1) / per_block; }

/* Sets the device and puts the old one back. */
class DeviceGuard {
  public:
    explicit DeviceGuard(int device) {
        status = cudaGetDevice(&before_);
        if (status == cudaSuccess && before_ != device) status = cudaSetDevice(device);
    }
    ~DeviceGuard() { cudaSetDevice(before_); }
    cudaError_t status;

  private:
    int before_ = 0;
};

int shared_limit(int device) {
    int bytes = 0;
    cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device);
    return bytes;
}

bool fits_integers(const DlsnSizes &size) {
    const int64_t limit = INT32_MAX;
    return size.length + size.chunk < limit && size.images < limit && size.rounds < limit &&
           size.channels < 4096 && size.width < limit / 4 && size.chunk < limit / 16 &&
           size.images * size.rounds * (size.length / ROWS + size.length + 1) < limit;
}

template <typename T>
int forward(const DlsnSizes &size, const DlsnForward &tensors, void *workspace, int device,
            cudaStream_t stream) {
    const Problem p(size);
    int value_keys = 32, bytes = 0;
    for (; value_keys >= TILE; value_keys /= 2) {
        Pieces count(nullptr);
        ForwardShared<T> layout(count, p, value_keys);
        (void)layout;
        bytes = count.used();
        if (bytes <= shared_limit(device)) break;
    }
    if (value_keys < TILE) return DLSN_UNSUPPORTED;
    const cudaError_t status = cudaFuncSetAttribute(
        forward_kernel<T>, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes);
    if (status != cudaSuccess) return int(status);
    const Inputs<T> in = {static_cast<const T *>(tensors.query), static_cast<const T *>(tensors.key),
                          static_cast<const T *>(tensors.value),
                          static_cast<const T *>(tensors.fc_score), tensors.order};
    float *parts = static_cast<float *>(workspace), *lse = static_cast<float *>(tensors.lse);
    const int64_t units = int64_t(p.images) * p.rounds * p.chunks * p.row_tiles;
    DLSN_LAUNCH(forward_kernel<T>, units, THREADS, bytes, stream, p, in, parts, lse, value_keys);
    DLSN_LAUNCH(merge_kernel<T>, blocks_for(size.images * size.length, WARPS), THREADS, 0, stream, p,
                parts, lse, static_cast<T *>(tensors.out));
    return int(cudaGetLastError());
}

/* Float tables of the backward pass, one after the other in the workspace. */
struct Tables {
    int64_t combined, delta, key_copies, value_copies, score_copies, query, key, value, fc_score, end;

    Tables(const DlsnSizes &size, bool is_float) {
        const Problem p(size);
        const int64_t pixels = size.images * size.length, copies = size.images * p.padding;
        const int64_t kept = is_float ? 0 : pixels; /* float32 gradients are summed in place */
        combined = 0;
        delta = combined + pixels;
        key_copies = delta + pixels;
        value_copies = key_copies + copies * size.channels;
        score_copies = value_copies + copies * size.width;
        query = score_copies + copies * size.chunk;
        key = query + kept * size.channels;
        value = key + kept * size.channels;
        fc_score = value + kept * size.width;
        end = fc_score + kept * size.chunk;
    }
};

template <typename T>
int backward(const DlsnSizes &size, const DlsnBackward &tensors, void *workspace, int device,
             cudaStream_t stream) {
    constexpr bool is_float = sizeof(T) == sizeof(float);
    const Problem p(size);
    if (p.width > MAX_WIDTH || p.channels > MAX_WIDTH) return DLSN_UNSUPPORTED;
    int block = is_float ? 32 : 64, bytes = 0;
    for (; block >= TILE; block /= 2) {
        Pieces count(nullptr);
        BackwardShared<T> layout(count, p, block);
        (void)layout;
        bytes = count.used();
        if (bytes <= shared_limit(device)) break;
    }
    if (block < TILE) return DLSN_UNSUPPORTED;
    for (const void *kernel : {reinterpret_cast<const void *>(key_kernel<T>),
                               reinterpret_cast<const void *>(query_kernel<T>)}) {
        const cudaError_t status =
            cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes);
        if (status != cudaSuccess) return int(status);
    }
    const Tables tables(size, is_float);
    float *floats = static_cast<float *>(workspace);
    const cudaError_t cleared = cudaMemsetAsync(
        floats + tables.key_copies, 0,
        size_t(tables.end - tables.key_copies) * sizeof(float), stream);
    if (cleared != cudaSuccess) return int(cleared);
    const auto sums = [&](void *gradient, int64_t table) {
        return is_float ? static_cast<float *>(gradient) : floats + table;
    };
    Backward<T> b = {
        {static_cast<const T *>(tensors.query), static_cast<const T *>(tensors.key),
         static_cast<const T *>(tensors.value), static_cast<const T *>(tensors.fc_score),
         tensors.order},
        static_cast<const T *>(tensors.grad_out),
        floats + tables.combined,
        floats + tables.delta,
        sums(tensors.grad_query, tables.query),
        sums(tensors.grad_key, tables.key),
        sums(tensors.grad_value, tables.value),
        sums(tensors.grad_fc_score, tables.fc_score),
        floats + tables.key_copies,
        floats + tables.value_copies,
        floats + tables.score_copies,
        0,
        block,
    };
    DLSN_LAUNCH(prepare_kernel<T>, blocks_for(size.images * size.length, WARPS), THREADS, 0, stream,
                p, b.grad_out, static_cast<const T *>(tensors.out),
                static_cast<const float *>(tensors.lse), floats + tables.combined,
                floats + tables.delta);
    const int64_t units = int64_t(p.images) * p.chunks * p.row_tiles;
    const struct {
        float *copies, *gradient;
        int width;
    } padded[] = {{b.key_copies, b.grad_key, p.channels},
                  {b.value_copies, b.grad_value, p.width},
                  {b.score_copies, b.grad_fc_score, p.chunk}};
    for (int round = 0; round < p.rounds; ++round) {
        b.round = round;
        DLSN_LAUNCH(key_kernel<T>, units, THREADS, bytes, stream, p, b);
        DLSN_LAUNCH(query_kernel<T>, units, THREADS, bytes, stream, p, b);
        if (p.padding)
            for (const auto &of : padded)
                DLSN_LAUNCH(copies_kernel, blocks_for(int64_t(p.images) * of.width, THREADS), THREADS,
                            0, stream, p, b.in.order, round, of.copies, of.gradient, of.width);
    }
    if (!is_float) {
        const int64_t pixels = size.images * size.length;
        const struct {
            const float *from;
            void *to;
            int64_t count;
        } results[] = {{b.grad_query, tensors.grad_query, pixels * size.channels},
                       {b.grad_key, tensors.grad_key, pixels * size.channels},
                       {b.grad_value, tensors.grad_value, pixels * size.width},
                       {b.grad_fc_score, tensors.grad_fc_score, pixels * size.chunk}};
        for (const auto &result : results)
            DLSN_LAUNCH(narrow_kernel<T>, blocks_for(result.count, THREADS), THREADS, 0, stream,
                        result.from, static_cast<T *>(result.to), result.count);
    }
    return int(cudaGetLastError());
}

}  // namespace

int dlsn_abi_version(void) { return DLSN_ABI_VERSION; }

/* 0 if our kernels can run on the device. */
int dlsn_cuda_probe(int device) {
    int count = 0;
    cudaError_t status = cudaGetDeviceCount(&count);
    if (status != cudaSuccess) return int(status);
    if (device >= count) return int(cudaErrorInvalidDevice);
    const DeviceGuard guard(device);
    if (guard.status != cudaSuccess) return int(guard.status);
    cudaFuncAttributes attributes;
    status = cudaFuncGetAttributes(&attributes, reinterpret_cast<const void *>(forward_kernel<float>));
    if (status != cudaSuccess) cudaGetLastError(); /* do not leave it to the next caller */
    return int(status);
}

const char *dlsn_cuda_error(int status) { return cudaGetErrorString(cudaError_t(status)); }

int64_t dlsn_cuda_forward_workspace(int, const DlsnSizes *size) {
    return size->images * size->rounds * size->length * size->width * int64_t(sizeof(float));
}

int64_t dlsn_cuda_backward_workspace(int type, const DlsnSizes *size) {
    return Tables(*size, type == DLSN_FLOAT32).end * int64_t(sizeof(float));
}

int dlsn_cuda_forward(int type, const DlsnSizes *size, const DlsnForward *tensors, void *workspace,
                      int device, void *stream) {
    if (!fits_integers(*size)) return DLSN_UNSUPPORTED;
    const DeviceGuard guard(device);
    if (guard.status != cudaSuccess) return int(guard.status);
    const cudaStream_t on = static_cast<cudaStream_t>(stream);
    if (type == DLSN_FLOAT32) return forward<float>(*size, *tensors, workspace, device, on);
    if (type == DLSN_FLOAT16) return forward<__half>(*size, *tensors, workspace, device, on);
    if (type == DLSN_BFLOAT16) return forward<__nv_bfloat16>(*size, *tensors, workspace, device, on);
    return DLSN_UNSUPPORTED;
}

int dlsn_cuda_backward(int type, const DlsnSizes *size, const DlsnBackward *tensors, void *workspace,
                       int device, void *stream) {
    if (!fits_integers(*size)) return DLSN_UNSUPPORTED;
    const DeviceGuard guard(device);
    if (guard.status != cudaSuccess) return int(guard.status);
    const cudaStream_t on = static_cast<cudaStream_t>(stream);
    if (type == DLSN_FLOAT32) return backward<float>(*size, *tensors, workspace, device, on);
    if (type == DLSN_FLOAT16) return backward<__half>(*size, *tensors, workspace, device, on);
    if (type == DLSN_BFLOAT16)
        return backward<__nv_bfloat16>(*size, *tensors, workspace, device, on);
    return DLSN_UNSUPPORTED;
}
