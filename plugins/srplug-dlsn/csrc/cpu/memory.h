/* One block of scratch memory, cut into pieces; one share of it per thread. */
#ifndef DLSN_CPU_MEMORY_H
#define DLSN_CPU_MEMORY_H

#include <stdint.h>
#include <stdlib.h>
#ifdef _OPENMP
#include <omp.h>
#endif

namespace {

constexpr int64_t CACHE_LINE = 64; /* bytes */

/* Pieces of one block of memory, each on its own cache lines; from address 0 they are only counted. */
class Arena {
  public:
    explicit Arena(uintptr_t start) : next_(start) {}
    template <typename T> T *take(int64_t count) {
        const uintptr_t piece = next_;
        next_ +=
            uintptr_t(count * int64_t(sizeof(T)) + 2 * CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
        return reinterpret_cast<T *>(piece);
    }
    int64_t used() const { return int64_t(next_); }

  private:
    uintptr_t next_;
};

/* One zeroed, aligned block, freed at the end of the scope. */
class Block {
  public:
    explicit Block(int64_t bytes) : raw_(calloc(size_t(bytes) + CACHE_LINE, 1)) {}
    ~Block() { free(raw_); }
    Block(const Block &) = delete;
    Block &operator=(const Block &) = delete;
    bool failed() const { return !raw_; }
    uintptr_t start() const {
        return (reinterpret_cast<uintptr_t>(raw_) + CACHE_LINE - 1) & ~uintptr_t(CACHE_LINE - 1);
    }

  private:
    void *raw_;
};

int thread_number() {
#ifdef _OPENMP
    return omp_get_thread_num();
#else
    return 0;
#endif
}

int limit_threads(int threads, int64_t units) {
    if (threads < 1) threads = 1;
    return units < threads ? int(units) : threads;
}

}  // namespace

#endif
