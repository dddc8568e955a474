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
    while (barrier.generation == generation) swapcontext(&fibers[current].context, &scheduler);
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
    /* Of a problem that is too large for the CPU a test may ask for the last blocks alone. */
    const char *last = getenv("DLSN_EMULATED_LAST_BLOCKS");
    const unsigned wanted = last ? unsigned(atoi(last)) : blocks;
    for (block_index = blocks - (wanted < blocks ? wanted : blocks); block_index < blocks;
         ++block_index) {
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
inline void wait_for_all() { emulation::fibers[emulation::current].copies.wait_for_all_but(0); }

#define DLSN_SHARED(name) unsigned char *name = emulation::shared_memory
#define DLSN_LAUNCH(kernel, blocks, threads, bytes, stream, ...) \
    emulation::launch(unsigned(blocks), threads, size_t(bytes),  \
                      [=] { (void)(stream), kernel(__VA_ARGS__); })

/* ---- numbers ---- */

namespace emulation {
inline unsigned bits_of(float x) {
    unsigned bits;
    memcpy(&bits, &x, 4);
    return bits;
}
inline float number(unsigned bits) {
    float x;
    memcpy(&x, &bits, 4);
    return x;
}
}  // namespace emulation

struct __half {
    _Float16 value;
};
inline float __half2float(__half x) { return float(x.value); }
inline __half __float2half(float x) { return {_Float16(x)}; }

struct __nv_bfloat16 {
    uint16_t bits;
};
inline float __bfloat162float(__nv_bfloat16 x) { return emulation::number(uint32_t(x.bits) << 16); }
inline __nv_bfloat16 __float2bfloat16(float x) {
    const uint32_t bits = emulation::bits_of(x);
    if (x != x) return {0x7fff};
    return {uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16)};
}
inline float emulated_float(float x) { return x; }
inline float emulated_float(__half x) { return __half2float(x); }
inline float emulated_float(__nv_bfloat16 x) { return __bfloat162float(x); }

template <typename T> T narrowed(float x);
template <> inline __half narrowed<__half>(float x) { return __float2half(x); }
template <> inline __nv_bfloat16 narrowed<__nv_bfloat16>(float x) { return __float2bfloat16(x); }

/* ---- matrix units: a lane has half a row of the sums, and half a row of a or of b^T ---- */

inline float __expf(float x) { return expf(x); }
namespace units {
inline int lane() { return int(emulation::current % 32); }
inline int row_of(int) { return lane() / 2; }
inline int column_of(int i) { return lane() % 2 * 8 + i; }
using emulation::bits_of;
using emulation::number;
inline unsigned leading(float x) { return x == x ? (bits_of(x) + 0x1000) & ~0x1fffu : bits_of(x); }
inline unsigned leading_of_number(float x) { return (bits_of(x) + 0x1000) & ~0x1fffu; }
/* What a matrix unit sees of a factor. */
inline float seen(float x, size_t size) { return size == 4 ? number(bits_of(x) & ~0x1fffu) : x; }
inline void check(const void *pointer, int pitch, size_t size) {
    if (reinterpret_cast<uintptr_t>(pointer) % 16 || size_t(pitch) * size % 16) {
        fprintf(stderr, "misaligned tile: %p, pitch %d\n", pointer, pitch);
        abort();
    }
}
/* Numbers of a factor that a lane holds: two of 16 bits in each of its four parts, or one float. */
template <typename T> constexpr int HELD = 16 / sizeof(T);
template <typename T> void set(unsigned (&to)[4], int i, T x) {
    memcpy(reinterpret_cast<char *>(to) + i * int(sizeof(T)), &x, sizeof(T));
}
template <typename T> float get(const unsigned (&from)[4], int i) {
    T x;
    memcpy(&x, reinterpret_cast<const char *>(from) + i * int(sizeof(T)), sizeof(T));
    return emulated_float(x);
}
/* Half a row of a (16, depth), or half a column of b. */
template <typename T> void load_left(unsigned (&to)[4], const T *a, int pitch) {
    check(a, pitch, sizeof(T));
    constexpr int half = HELD<T>;
    for (int i = 0; i < half; ++i) set(to, i, a[lane() / 2 * pitch + lane() % 2 * half + i]);
    __syncwarp();
}
template <typename T> void load_right_transposed(unsigned (&to)[4], const T *b, int pitch) {
    load_left(to, b, pitch);
}
template <typename T> void load_right(unsigned (&to)[4], const T *b, int pitch) {
    check(b, pitch, sizeof(T));
    constexpr int half = HELD<T>;
    for (int i = 0; i < half; ++i) set(to, i, b[(lane() % 2 * half + i) * pitch + lane() / 2]);
    __syncwarp();
}
template <typename T>
void multiply(float (&sum)[8], const unsigned (&a)[4], const unsigned (&b)[4]) {
    constexpr int half = HELD<T>;
    static float left[1024], right[1024]; /* of all lanes of the warps that are under way */
    const unsigned first = emulation::current / 32 * 32;
    float *lefts = left + first % 1024, *rights = right + first % 1024;
    for (int i = 0; i < half; ++i) {
        lefts[lane()] = seen(get<T>(a, i), sizeof(T)),
        rights[lane()] = seen(get<T>(b, i), sizeof(T));
        __syncwarp();
        for (int side = 0; side < 2; ++side)
            for (int j = 0; j < 8; ++j)
                sum[j] += lefts[lane() / 2 * 2 + side] * rights[(lane() % 2 * 8 + j) * 2 + side];
        __syncwarp();
    }
}
template <typename T> void left_of(unsigned (&to)[4], const float (&sum)[8]) {
    for (int i = 0; i < 8; ++i) set(to, i, narrowed<T>(sum[i]));
}
inline void left_of_half(unsigned (&to)[4], const float (&sum)[8], int half) {
    for (int i = 0; i < 4; ++i) set(to, i, sum[4 * half + i]);
}
inline void load_right_of_half(unsigned (&to)[4], const float *b, int pitch, int half) {
    check(b, pitch, sizeof(float));
    for (int i = 0; i < 4; ++i) set(to, i, b[(lane() % 2 * 8 + 4 * half + i) * pitch + lane() / 2]);
    __syncwarp();
}
template <typename T> void sums_of(float (&to)[8], const unsigned (&left)[4]) {
    for (int i = 0; i < 8; ++i) to[i] = get<T>(left, i);
}
template <typename T> void load_left_transposed(unsigned (&to)[4], const T *a, int pitch) {
    load_right(to, a, pitch);
}
template <typename T> void store_left(T *a, int pitch, const unsigned (&from)[4]) {
    check(a, pitch, sizeof(T));
    memcpy(a + row_of(0) * pitch + column_of(0), from, 16);
}
inline void transpose_left(unsigned (&to)[4], const unsigned (&from)[4]) {
    static uint16_t tiles[32][16][16]; /* of all warps that are under way */
    auto &tile = tiles[emulation::current / 32 % 32];
    memcpy(&tile[lane() / 2][lane() % 2 * 8], from, 16);
    __syncwarp();
    uint16_t column[8];
    for (int i = 0; i < 8; ++i) column[i] = tile[lane() % 2 * 8 + i][lane() / 2];
    memcpy(to, column, 16);
    __syncwarp();
}
constexpr int LANE_ROWS = 1;
constexpr int lane_row(int) { return 0; }
inline float largest_of_row(float x) { return fmaxf(x, __shfl_xor_sync(0xffffffffu, x, 1)); }
inline float sum_of_row(float x) { return x + __shfl_xor_sync(0xffffffffu, x, 1); }
inline bool any(bool x) {
    float count = x;
    for (int step = 16; step > 0; step /= 2) count += __shfl_xor_sync(0xffffffffu, count, step);
    return count > 0;
}
inline float power_of_two(float x) { return exp2f(x); }
}  // namespace units

/* ---- runtime ---- */

typedef void *cudaStream_t;
enum cudaError_t { cudaSuccess = 0, cudaErrorInvalidDevice = 101 };
enum cudaDeviceAttr { cudaDevAttrMaxSharedMemoryPerBlockOptin, cudaDevAttrComputeCapabilityMajor };
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
inline cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int) {
    if (attribute == cudaDevAttrComputeCapabilityMajor) {
#ifdef __CUDA_ARCH__
        return *value = __CUDA_ARCH__ / 100, cudaSuccess;
#else
        return *value = 9, cudaSuccess;
#endif
    }
    const char *limit = getenv("DLSN_EMULATED_SHARED_MEMORY");
    return *value = limit ? atoi(limit) : 232448, cudaSuccess;
}
template <typename Kernel> cudaError_t cudaFuncSetAttribute(Kernel, cudaFuncAttribute, int) {
    return cudaSuccess;
}
inline cudaError_t cudaFuncGetAttributes(cudaFuncAttributes *, const void *) { return cudaSuccess; }
