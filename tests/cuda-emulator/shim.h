// What CUDA C++ has and C++ has not, for running kernels.cu on a host: one thread after another, blocks in order. Threads of a
// block are fibers, which change places at `__syncthreads`.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#define __global__
#define __device__
#define __shared__ static // blocks run one after another

struct dim3_ {
    unsigned x, y, z;
};
struct alignas(16) float4 {
    float x, y, z, w;
};
static inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }

static dim3_ threadIdx, blockIdx, gridDim;

static inline void __threadfence() {}
template <typename T> static T __ldcg(const T *place) { return *place; }
template <typename T> static T atomicAdd(T *place, T value) {
    T before = *place;
    *place += value;
    return before;
}

namespace fibers {

[[noreturn]] static void die(const char *problem, const char *kernel) {
    std::fprintf(stderr, "cuda-emulator: %s: %s\n", kernel, problem);
    std::abort();
}

// Saves the callee's registers and stack pointer in `*from`, and goes on where `to` was saved.
extern "C" void emulator_swap(void **from, void *to);
#if defined(__x86_64__)
asm(".text\n.globl emulator_swap\n.hidden emulator_swap\nemulator_swap:\n"
    "push %rbp\npush %rbx\npush %r12\npush %r13\npush %r14\npush %r15\n"
    "mov %rsp, (%rdi)\nmov %rsi, %rsp\n"
    "pop %r15\npop %r14\npop %r13\npop %r12\npop %rbx\npop %rbp\nret\n");
#else
#error "the emulator switches fibers on x86-64 only"
#endif

constexpr unsigned THREADS_MOST = 256;
constexpr size_t STACK = 32 * 1024;

enum State { RUNNING, WAITING, DONE };
struct Fiber {
    void *stack_pointer;
    State state;
};
static Fiber all[THREADS_MOST];
static char *stacks;
static void *scheduler;
static unsigned current;
static void (*body)(void *);
static void *argument;

static void entry() {
    body(argument);
    all[current].state = DONE;
    emulator_swap(&all[current].stack_pointer, scheduler);
    std::abort(); // never resumed
}

static void wait() {
    all[current].state = WAITING;
    emulator_swap(&all[current].stack_pointer, scheduler);
}

// Runs a block whose threads meet at barriers.
static void block(unsigned threads, void (*f)(void *), void *arg, const char *kernel) {
    if (!stacks) stacks = static_cast<char *>(std::aligned_alloc(64, STACK * THREADS_MOST));
    body = f;
    argument = arg;
    for (unsigned t = 0; t < threads; t++) {
        // Aligned as the ABI has it on entry to a function: 8 past a multiple of 16.
        void **top = reinterpret_cast<void **>(stacks + STACK * (t + 1) - 16);
        *--top = nullptr;
        *--top = reinterpret_cast<void *>(entry);
        top -= 6;
        for (int i = 0; i < 6; i++) top[i] = nullptr;
        all[t] = {top, RUNNING};
    }
    for (;;) {
        unsigned waiting = 0, done = 0;
        for (unsigned t = 0; t < threads; t++) {
            if (all[t].state == DONE) {
                done++;
                continue;
            }
            current = t;
            threadIdx = {t, 0, 0};
            emulator_swap(&scheduler, all[t].stack_pointer);
            all[t].state == DONE ? done++ : waiting++;
        }
        if (waiting && done) die("some threads of a block wait at a barrier that others never reach", kernel);
        if (!waiting) return;
    }
}

} // namespace fibers

static inline void __syncthreads() { fibers::wait(); }
// An exchange of values within each warp of 32, which all threads of the block must take part in.
static inline float __shfl_xor_sync(unsigned, float v, unsigned distance) {
    static float values[fibers::THREADS_MOST];
    values[threadIdx.x] = v;
    unsigned from = threadIdx.x ^ distance;
    fibers::wait();
    float got = values[from];
    fibers::wait();
    return got;
}
