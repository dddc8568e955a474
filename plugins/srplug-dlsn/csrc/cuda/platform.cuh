/* What the kernels take from CUDA. Tests replace it by an emulation on the CPU. */
#ifndef DLSN_CUDA_PLATFORM_CUH
#define DLSN_CUDA_PLATFORM_CUH

#ifdef DLSN_EMULATION
#include "emulation.h"
#else
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <mma.h>

#define DLSN_SHARED(name) extern __shared__ __align__(128) unsigned char name[]
#define DLSN_LAUNCH(kernel, blocks, threads, bytes, stream, ...) \
    kernel<<<dim3(unsigned(blocks)), dim3(threads), size_t(bytes), stream>>>(__VA_ARGS__)
#endif

#endif
