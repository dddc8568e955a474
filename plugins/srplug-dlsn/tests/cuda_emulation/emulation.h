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
#include <vector>

#define __global__
#define __device__
#define __host__
#define __launch_bounds__(count)

struct int4 {
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

struct Fiber {
    ucontext_t context;
    std::unique_ptr<char[]> stack;
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

/* ---- matrix units: every lane holds the whole fragment ---- */

namespace nvcuda::wmma {
struct matrix_a;
struct matrix_b;
struct accumulator;
struct row_major;
struct col_major;
enum layout_t { mem_row_major };

template <typename Use, int M, int N, int K, typename T, typename Layout = void> struct fragment {
    float x[16][16];
};
template <int M, int N, int K> void fill_fragment(fragment<accumulator, M, N, K, float> &f, float v) {
    for (auto &row : f.x)
        for (float &x : row) x = v;
}
inline void check(const void *pointer, unsigned pitch, size_t size) {
    if (reinterpret_cast<uintptr_t>(pointer) % 32 || pitch * size % 16) {
        fprintf(stderr, "misaligned tile: %p, pitch %u\n", pointer, pitch);
        abort();
    }
}
template <typename Use, typename T, typename Layout>
void load_matrix_sync(fragment<Use, 16, 16, 16, T, Layout> &f, const T *from, unsigned pitch) {
    check(from, pitch, sizeof(T));
    constexpr bool by_column = std::is_same<Layout, col_major>::value;
    for (int i = 0; i < 16; ++i)
        for (int j = 0; j < 16; ++j)
            f.x[i][j] = emulated_float(by_column ? from[j * pitch + i] : from[i * pitch + j]);
    __syncwarp();
}
template <typename T, typename Layout>
void mma_sync(fragment<accumulator, 16, 16, 16, float> &d,
              const fragment<matrix_a, 16, 16, 16, T, row_major> &a,
              const fragment<matrix_b, 16, 16, 16, T, Layout> &b,
              const fragment<accumulator, 16, 16, 16, float> &c) {
    for (int i = 0; i < 16; ++i)
        for (int j = 0; j < 16; ++j) {
            float sum = c.x[i][j];
            for (int k = 0; k < 16; ++k) sum += a.x[i][k] * b.x[k][j];
            d.x[i][j] = sum;
        }
    __syncwarp();
}
inline void store_matrix_sync(float *to, const fragment<accumulator, 16, 16, 16, float> &f,
                              unsigned pitch, layout_t) {
    check(to, pitch, sizeof(float));
    for (int i = 0; i < 16; ++i)
        for (int j = 0; j < 16; ++j) to[i * pitch + j] = f.x[i][j];
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
