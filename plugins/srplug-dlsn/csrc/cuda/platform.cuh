/* What the kernels take from CUDA. Tests replace it by an emulation on the CPU. */
#ifndef DLSN_CUDA_PLATFORM_CUH
#define DLSN_CUDA_PLATFORM_CUH

#ifdef DLSN_EMULATION
#include "emulation.h"
#else
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#define DLSN_SHARED(name) extern __shared__ __align__(128) unsigned char name[]
#define DLSN_LAUNCH(kernel, blocks, threads, bytes, stream, ...) \
    kernel<<<dim3(unsigned(blocks)), dim3(threads), size_t(bytes), stream>>>(__VA_ARGS__)

namespace {

/* 16 bytes of device memory into shared memory, or zeros, while the thread goes on. Older devices
 * copy at once. */
__device__ inline void copy_async(void *to, const void *from, bool exists) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(
                     unsigned(__cvta_generic_to_shared(to))),
                 "l"(from), "r"(exists ? 16 : 0)
                 : "memory");
#else
    *static_cast<int4 *>(to) = exists ? *static_cast<const int4 *>(from) : make_int4(0, 0, 0, 0);
#endif
}
/* Ends a group of this thread's copies. */
__device__ inline void end_copies() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
    asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}
/* Waits for this thread's groups but the last one; a barrier shows them to the other threads. */
__device__ inline void wait_for_all_but_the_last() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
    asm volatile("cp.async.wait_group 1;" ::: "memory");
#endif
}
__device__ inline void wait_for_all() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
    asm volatile("cp.async.wait_group 0;" ::: "memory");
#endif
}

}  // namespace
#endif

namespace {

constexpr int WARP = 32;       /* threads that run together */
constexpr int COPY_BYTES = 16; /* that one thread moves at a time, and how they are aligned */

}  // namespace

#endif
