/* Sizes of a problem, how its order is cut into chunks, and the limits that indices have. */
#ifndef DLSN_CUDA_PROBLEM_CUH
#define DLSN_CUDA_PROBLEM_CUH

#include <stdint.h>

#include "../attention.h"
#include "platform.cuh"

namespace {

constexpr int PIXELS = 8; /* of a block that has one warp for each, 256 threads */

/* Limits of the 32-bit indices of the kernels. */
constexpr int64_t MAX_INDEX = INT32_MAX;
constexpr int64_t MAX_CHANNELS = 4096;             /* a row of queries in shared memory */
constexpr int64_t MAX_VALUE_WIDTH = MAX_INDEX / 4; /* bytes of a row of float32 */
constexpr int64_t MAX_CHUNK = MAX_INDEX / 16;      /* bytes of three chunks of scores */

struct Problem {
    int images, length, rounds, channels, width, chunk; /* N L h C D T */
    int slots, chunks, padding;

    explicit Problem(const DlsnSizes &size)
        : images(int(size.images)), length(int(size.length)), rounds(int(size.rounds)),
          channels(int(size.channels)), width(int(size.width)), chunk(int(size.chunk)),
          slots(chunk < length ? chunk : length), chunks((length + slots - 1) / slots),
          padding(chunks * slots - length) {}

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

bool fits_integers(const DlsnSizes &size) {
    return size.length + size.chunk < MAX_INDEX && size.images < MAX_INDEX &&
           size.rounds < MAX_INDEX && size.channels < MAX_CHANNELS &&
           size.width < MAX_VALUE_WIDTH && size.chunk < MAX_CHUNK &&
           size.images * size.rounds * 2 * (size.length + size.chunk) < MAX_INDEX;
}

/* Which rows a block has: ROWS slots of a chunk, in one round of one image. */
template <int ROWS> struct Place {
    int first_slot, chunk, turn; /* turn: image * rounds + round */
    int64_t image;

    __device__ explicit Place(const Problem &p) {
        const int row_blocks = (p.slots + ROWS - 1) / ROWS, block = int(blockIdx.x);
        first_slot = block % row_blocks * ROWS;
        chunk = block / row_blocks % p.chunks;
        turn = block / (row_blocks * p.chunks);
        image = turn / p.rounds;
    }
    __host__ static int64_t count(const Problem &p) {
        return int64_t(p.images) * p.rounds * p.chunks * ((p.slots + ROWS - 1) / ROWS);
    }
};

/* Pixel of a slot of a chunk (any slot), safe against orders that are no permutations. */
__device__ inline int pixel_of(const Problem &p, const int32_t *order, int chunk, int slot) {
    const int pixel = order[p.source(chunk * p.slots + slot)];
    return pixel < 0 ? 0 : pixel < p.length ? pixel : p.length - 1;
}

}  // namespace

#endif
