/* Enough of CUDA to run the kernels on the CPU: threads of a block are fibers that switch at
 * barriers. Shows wrong indices, missing barriers that deadlock, and wrong mathematics; it shows
 * neither races between barriers nor speed. Shared memory starts as NaN and has its exact size, so
 * that an address sanitizer finds accesses beyond it. */
#pragma once

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <functional>
#include <initializer_list>
#include <memory>
#include <type_traits>
#include <vector>

#define __global__
#define __device__
#define __host__
#define __launch_bounds__(...)

struct alignas(16) int4 {
    int x, y, z, w;
};
inline int4 make_int4(int x, int y, int z, int w) { return {x, y, z, w}; }
struct Index {
    unsigned x;
};

namespace emulation {

struct Barrier {
    int arrived = 0, generation = 0;
};

/* Copies that a thread started: they are carried out when it waits for them, not before, so that a
 * missing wait shows itself as NaN. */
struct Copies {
    struct Copy {
        void *to;
        const void *from;
        bool exists;
    };
    std::vector<std::vector<Copy>> groups = {{}};

    void start(void *to, const void *from, bool exists) {
        if (reinterpret_cast<uintptr_t>(to) % 16 || reinterpret_cast<uintptr_t>(from) % 16) {
            fprintf(stderr, "misaligned copy: %p to %p\n", from, to);
            abort();
        }
        groups.back().push_back({to, from, exists});
    }
    void wait_for_all_but(size_t last) { /* of the groups that ended; the newest one is open */
        while (groups.size() > last + 1) {
            for (const Copy &copy : groups.front())
                if (copy.exists)
                    memcpy(copy.to, copy.from, 16);
                else
                    memset(copy.to, 0, 16);
            groups.erase(groups.begin());
        }
    }
};

struct Fiber {
    ucontext_t context;
    std::unique_ptr<char[]> stack;
    Copies copies;
    bool done = false;
};

inline std::vector<Fiber> fibers;
inline std::vector<Barrier> warp_barriers;
inline std::vector<float> exchanged;
inline Barrier block_barrier;
inline ucontext_t scheduler;
inline std::function<void()> body;
inline unsigned current, block_index;
inline bool progressed;
inline unsigned char *shared_memory;

inline void wait(Barrier &barrier, int members) {
    const int generation = barrier.generation;
    if (++barrier.arrived == members) {
        barrier.arrived = 0;
        ++barrier.generation;
        progressed = true;
    }
    while (barrier.generation == generation)
        swapcontext(&fibers[current].context, &scheduler);
}

inline void run_fiber() {
    body();
    fibers[current].done = true;
    progressed = true;
    swapcontext(&fibers[current].context, &scheduler);
}

inline void launch(unsigned blocks, unsigned threads, size_t bytes, std::function<void()> kernel) {
    constexpr size_t STACK = 256 * 1024;
    body = std::move(kernel);
    if (fibers.size() != threads) fibers = std::vector<Fiber>(threads);
    exchanged.assign(threads, 0.0f);
    for (block_index = 0; block_index < blocks; ++block_index) {
        void *memory = nullptr;
        if (posix_memalign(&memory, 128, bytes ? bytes : 128)) abort();
        shared_memory = static_cast<unsigned char *>(memory);
        memset(shared_memory, 0xff, bytes);
        block_barrier = Barrier();
        warp_barriers.assign(threads / 32, Barrier());
        for (Fiber &fiber : fibers) {
            if (!fiber.stack) fiber.stack.reset(new char[STACK]);
            getcontext(&fiber.context);
            fiber.context.uc_stack.ss_sp = fiber.stack.get();
            fiber.context.uc_stack.ss_size = STACK;
            fiber.context.uc_link = nullptr;
            fiber.done = false;
            fiber.copies = Copies();
            makecontext(&fiber.context, run_fiber, 0);
        }
        for (bool running = true; running;) {
            running = progressed = false;
            for (current = 0; current < threads; ++current)
                if (!fibers[current].done) {
                    running = true;
                    swapcontext(&scheduler, &fibers[current].context);
                }
            if (running && !progressed) {
                fprintf(stderr, "deadlock: a barrier was not reached by all threads\n");
                abort();
            }
        }
        free(memory);
    }
}

struct ThreadIndex {
    struct X {
        operator unsigned() const { return current; }
    } x;
};
struct BlockIndex {
    struct X {
        operator unsigned() const { return block_index; }
    } x;
};

}  // namespace emulation

inline emulation::ThreadIndex threadIdx;
inline emulation::BlockIndex blockIdx;

inline void __syncthreads() {
    emulation::wait(emulation::block_barrier, int(emulation::fibers.size()));
}
inline void __syncwarp() { emulation::wait(emulation::warp_barriers[emulation::current / 32], 32); }
inline float __shfl_xor_sync(unsigned, float x, int mask) {
    emulation::exchanged[emulation::current] = x;
    __syncwarp();
    const float other = emulation::exchanged[emulation::current ^ unsigned(mask)];
    __syncwarp();
    return other;
}

inline void copy_async(void *to, const void *from, bool exists) {
    emulation::fibers[emulation::current].copies.start(to, from, exists);
}
inline void end_copies() { emulation::fibers[emulation::current].copies.groups.push_back({}); }
inline void wait_for_all_but_the_last() {
    emulation::fibers[emulation::current].copies.wait_for_all_but(1);
}

#define DLSN_SHARED(name) unsigned char *name = emulation::shared_memory
#define DLSN_LAUNCH(kernel, blocks, threads, bytes, stream, ...) \
    emulation::launch(unsigned(blocks), threads, size_t(bytes), [=] { (void)(stream), kernel(__VA_ARGS__); })

/* ---- numbers ---- */

struct __half {
    _Float16 value;
};
inline float __half2float(__half x) { return float(x.value); }
inline __half __float2half(float x) { return {_Float16(x)}; }

struct __nv_bfloat16 {
    uint16_t bits;
};
inline float __bfloat162float(__nv_bfloat16 x) {
    const uint32_t bits = uint32_t(x.bits) << 16;
    float value;
    memcpy(&value, &bits, 4);
    return value;
}
inline __nv_bfloat16 __float2bfloat16(float x) {
    uint32_t bits;
    memcpy(&bits, &x, 4);
    if (x != x) return {0x7fff};
    return {uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16)};
}
inline float emulated_float(__half x) { return __half2float(x); }
inline float emulated_float(__nv_bfloat16 x) { return __bfloat162float(x); }

/* ---- matrix units: a lane has half a row of the sums, with the factors that these take ---- */

namespace nvcuda::wmma {
struct matrix_a;
struct matrix_b;
struct accumulator;
struct row_major;
struct col_major;
namespace precision {
struct tf32;
}
enum layout_t { mem_row_major };

constexpr int HALF = 8;
inline int lane_row() { return int(emulation::current % 32 / 2); }
inline int lane_column() { return int(emulation::current % 2) * HALF; }

/* Of a lane: its row of a, its columns of b, its sums. */
template <typename Use, int M, int N, int K, typename T, typename Layout = void> struct fragment {
    static constexpr bool is_a = std::is_same<Use, matrix_a>::value;
    static constexpr int ROWS = std::is_same<Use, matrix_b>::value ? K : 1;
    static constexpr int COLUMNS = is_a ? K : HALF;
    static constexpr int num_elements = ROWS * COLUMNS;
    float x[num_elements];
};
template <int M, int N, int K> void fill_fragment(fragment<accumulator, M, N, K, float> &f, float v) {
    for (float &x : f.x) x = v;
}
inline void check(const void *pointer, unsigned pitch, size_t size) {
    if (reinterpret_cast<uintptr_t>(pointer) % 32 || pitch * size % 16) {
        fprintf(stderr, "misaligned tile: %p, pitch %u\n", pointer, pitch);
        abort();
    }
}
inline float emulated_float(float x) { return x; }
inline float __float_to_tf32(float x) {
    uint32_t bits;
    memcpy(&bits, &x, 4);
    bits = (bits + 0x1000) & ~uint32_t(0x1fff);
    memcpy(&x, &bits, 4);
    return x;
}
/* Without the bits that TF32 lacks; NaN of memory that nobody wrote stays NaN. */
inline float reduced(float x) {
    uint32_t bits;
    memcpy(&bits, &x, 4);
    if (x != x) return 0.0f;
    bits &= ~uint32_t(0x1fff);
    memcpy(&x, &bits, 4);
    return x;
}
template <typename Use, int M, int N, int K, typename T, typename Layout, typename From>
void load_matrix_sync(fragment<Use, M, N, K, T, Layout> &f, const From *from, unsigned pitch) {
    check(from, pitch, sizeof(From));
    constexpr bool by_column = std::is_same<Layout, col_major>::value;
    const int first_row = f.ROWS == 1 ? lane_row() : 0, first_column = f.is_a ? 0 : lane_column();
    for (int i = 0; i < f.ROWS; ++i)
        for (int j = 0; j < f.COLUMNS; ++j) {
            const unsigned row = unsigned(first_row + i), column = unsigned(first_column + j);
            f.x[i * f.COLUMNS + j] =
                emulated_float(by_column ? from[column * pitch + row] : from[row * pitch + column]);
        }
    __syncwarp();
}
template <int M, int N, int K>
void load_matrix_sync(fragment<accumulator, M, N, K, float> &f, const float *from, unsigned pitch,
                      layout_t) {
    load_matrix_sync(f, from, pitch);
}
template <int M, int N, int K, typename T, typename Layout>
void mma_sync(fragment<accumulator, M, N, K, float> &d,
              const fragment<matrix_a, M, N, K, T, row_major> &a,
              const fragment<matrix_b, M, N, K, T, Layout> &b,
              const fragment<accumulator, M, N, K, float> &c) {
    float sum[HALF];
    for (int j = 0; j < HALF; ++j) sum[j] = c.x[j];
    for (int k = 0; k < K; ++k)
        for (int j = 0; j < HALF; ++j) {
            if (std::is_same<T, precision::tf32>::value &&
                (a.x[k] == a.x[k] && b.x[k * HALF + j] == b.x[k * HALF + j]) &&
                (reduced(a.x[k]) != a.x[k] || reduced(b.x[k * HALF + j]) != b.x[k * HALF + j])) {
                fprintf(stderr, "a factor was not rounded to TF32\n");
                abort();
            }
            sum[j] += a.x[k] * b.x[k * HALF + j];
        }
    for (int j = 0; j < HALF; ++j) d.x[j] = sum[j];
    __syncwarp();
}
template <int M, int N, int K>
void store_matrix_sync(float *to, const fragment<accumulator, M, N, K, float> &f, unsigned pitch,
                       layout_t) {
    check(to, pitch, sizeof(float));
    for (int j = 0; j < HALF; ++j) to[unsigned(lane_row()) * pitch + unsigned(lane_column() + j)] = f.x[j];
    __syncwarp();
}
}  // namespace nvcuda::wmma

/* ---- runtime ---- */

typedef void *cudaStream_t;
enum cudaError_t { cudaSuccess = 0, cudaErrorInvalidDevice = 101 };
enum cudaDeviceAttr { cudaDevAttrMaxSharedMemoryPerBlockOptin };
enum cudaFuncAttribute { cudaFuncAttributeMaxDynamicSharedMemorySize };
struct cudaFuncAttributes {};
inline cudaError_t cudaGetDevice(int *device) { return *device = 0, cudaSuccess; }
inline cudaError_t cudaSetDevice(int) { return cudaSuccess; }
inline cudaError_t cudaGetDeviceCount(int *count) { return *count = 1, cudaSuccess; }
inline cudaError_t cudaGetLastError() { return cudaSuccess; }
inline const char *cudaGetErrorString(cudaError_t) { return "emulated"; }
inline cudaError_t cudaMemsetAsync(void *to, int value, size_t bytes, cudaStream_t) {
    return memset(to, value, bytes), cudaSuccess;
}
inline cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr, int) {
    const char *limit = getenv("DLSN_EMULATED_SHARED_MEMORY");
    return *value = limit ? atoi(limit) : 232448, cudaSuccess;
}
template <typename Kernel> cudaError_t cudaFuncSetAttribute(Kernel, cudaFuncAttribute, int) {
    return cudaSuccess;
}
inline cudaError_t cudaFuncGetAttributes(cudaFuncAttributes *, const void *) { return cudaSuccess; }
