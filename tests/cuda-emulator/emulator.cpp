// A GPU for machines that have none: the driver, NVRTC and cuDNN as far as Diptych calls them, on the host.
//
// It stands in for libcuda.so.1, libnvrtc.so.13 and libcudnn.so.9 (scripts/test-cuda-kernels puts it in their places), so that
// everything above them is tested as it is: launches, parameters, geometry, memory. It computes with kernels.cu itself and with
// convolutions straight from their definition. Speed, races and cuDNN's own behaviour are beyond it.
//
// Every allocation ends at an unreadable page, so that a step past its end stops the process, and begins as NaN, so that memory
// that nobody wrote shows in results.
//
// Environment: EMULATOR_DEVICES, EMULATOR_DRIVER (13000), EMULATOR_MEMORY (bytes), EMULATOR_PROCESSORS (6),
// EMULATOR_PLANES (1: cuDNN has nothing for channels-last), EMULATOR_FAIL (N: the N-th launch fails, and all after it),
// EMULATOR_NULL (1: nothing is computed and memory is zeros, to time what the host does), EMULATOR_GRAPHS (0: the driver records
// no graphs).

#include "shim.h"

#include <array>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <sys/mman.h>

#include KERNELS

#define API extern "C" __attribute__((visibility("default"))) int

namespace {

long setting(const char *name, long otherwise) {
    const char *text = std::getenv(name);
    return text && *text ? std::atol(text) : otherwise;
}

// ---- Memory

const bool null_device = setting("EMULATOR_NULL", 0) != 0;

constexpr size_t PAGE = 4096;
struct Allocation {
    char *base;
    size_t mapped, bytes;
};
std::map<uint64_t, Allocation> allocations;
size_t held = 0;

int allocate(uint64_t *place, size_t bytes) {
    if (bytes == 0) return 1;
    if (held + bytes > size_t(setting("EMULATOR_MEMORY", 1l << 40))) return 2;
    size_t rounded = (bytes + 15) / 16 * 16, pages = (rounded + PAGE - 1) / PAGE * PAGE;
    char *base = static_cast<char *>(mmap(nullptr, pages + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (base == MAP_FAILED) return 2;
    mprotect(base + pages, PAGE, PROT_NONE);
    char *start = base + pages - rounded;
    if (!null_device) std::memset(start, 0xff, rounded); // fresh pages are zeros
    *place = reinterpret_cast<uint64_t>(start);
    allocations[*place] = {base, pages + PAGE, bytes};
    held += bytes;
    return 0;
}

int release(uint64_t pointer) {
    auto found = allocations.find(pointer);
    if (found == allocations.end()) return 1;
    munmap(found->second.base, found->second.mapped);
    held -= found->second.bytes;
    allocations.erase(found);
    return 0;
}

// Whether `bytes` from `pointer` are within one allocation.
bool inside(uint64_t pointer, size_t bytes) {
    auto after = allocations.upper_bound(pointer);
    if (after == allocations.begin()) return false;
    auto it = std::prev(after);
    return pointer + bytes <= it->first + it->second.bytes;
}

// ---- Kernels

struct Entry {
    const char *name;
    bool meets; // its threads meet at barriers
    void (*call)(void *parameters);
    size_t parameters;
};

template <typename... A, size_t... I> void unpack(void (*f)(A...), void **p, std::index_sequence<I...>) {
    f(*static_cast<std::remove_reference_t<A> *>(p[I])...);
}
template <auto F, typename... A> void unpack_all(void (*)(A...), void *p) {
    unpack(F, static_cast<void **>(p), std::index_sequence_for<A...>{});
}
template <auto F> void call(void *p) { unpack_all<F>(F, p); }

template <typename... A> constexpr size_t arity(void (*)(A...)) { return sizeof...(A); }

#define PLAIN(name) {#name, false, call<name>, arity(name)}
#define MEETS(name) {#name, true, call<name>, arity(name)}
const Entry entries[] = {
    PLAIN(activate), PLAIN(scale_by_slope), PLAIN(activation_backward), PLAIN(bias_activate), PLAIN(add), PLAIN(accumulate),
    PLAIN(concat), PLAIN(concat_backward), PLAIN(dropout), PLAIN(reflection_pad), PLAIN(reflection_pad_backward), PLAIN(fit), PLAIN(fit_backward), PLAIN(upsample),
    PLAIN(upsample_backward), PLAIN(planes_to_pixels), PLAIN(pixels_to_planes), PLAIN(mix), PLAIN(exchange), MEETS(column_sums), MEETS(moments),
    PLAIN(running_statistics), PLAIN(normalise), MEETS(norm_sums), PLAIN(norm_backward), MEETS(tangent_means), PLAIN(norm_tangent),
    PLAIN(norm_tangent_backward), PLAIN(norm_tangent_weight), MEETS(weights_of_few), PLAIN(fold), MEETS(narrow_of_few),
    MEETS(narrow_of_few_pixels), MEETS(widen_of_few_pixels), MEETS(loss), PLAIN(loss_backward), MEETS(penalty),
    PLAIN(penalty_direction), PLAIN(adam), MEETS(squares), PLAIN(self_test),
    PLAIN(clear), PLAIN(put),
};

long launches = 0;
bool failed() {
    long at = setting("EMULATOR_FAIL", 0);
    return at > 0 && launches >= at;
}

// ---- Graphs

// A kernel with its parameters, eight bytes each as Diptych gives them; or what another library has put on the stream.
struct Node {
    const Entry *entry = nullptr;
    std::array<unsigned, 3> grid{};
    std::array<uint64_t, 32> values{};
    std::function<int()> other;
};
struct Graph {
    std::vector<std::unique_ptr<Node>> nodes;
};
// What can be run: a copy of a graph, in which nodes are found by the original's.
struct Exec {
    std::vector<std::pair<const Node *, Node>> nodes;
};
Graph *capturing = nullptr; // what the one stream that is recorded has been given so far
void *captured = nullptr;   // that stream
bool recorded(void *stream) { return capturing && stream == captured; }

int run_kernel(const Entry &e, std::array<unsigned, 3> grid, void **parameters) {
    launches++;
    if (null_device && e.call != call<self_test>) return 0;
    if (failed()) return 700;
    gridDim = {grid[0], grid[1], grid[2]};
    for (unsigned z = 0; z < grid[2]; z++)
        for (unsigned y = 0; y < grid[1]; y++)
            for (unsigned x = 0; x < grid[0]; x++) {
                blockIdx = {x, y, z};
                if (e.meets) {
                    fibers::block(THREADS, e.call, parameters, e.name);
                } else {
                    for (unsigned t = 0; t < THREADS; t++) {
                        threadIdx = {t, 0, 0};
                        e.call(parameters);
                    }
                }
            }
    return 0;
}

void set(Node &node, const Entry &e, std::array<unsigned, 3> grid, void **parameters) {
    node.entry = &e;
    node.grid = grid;
    for (size_t i = 0; i < e.parameters; i++) std::memcpy(&node.values[i], parameters[i], sizeof(uint64_t));
}

int run_node(Node &node) {
    if (!node.entry) return node.other();
    void *places[32];
    for (size_t i = 0; i < node.values.size(); i++) places[i] = &node.values[i];
    return run_kernel(*node.entry, node.grid, places);
}

} // namespace

API cuInit(unsigned) { return 0; }
API cuDriverGetVersion(int *version) { return *version = int(setting("EMULATOR_DRIVER", 13000)), 0; }
API cuDeviceGetCount(int *count) { return *count = int(setting("EMULATOR_DEVICES", 1)), 0; }
API cuDeviceGet(int *device, int ordinal) {
    if (ordinal < 0 || ordinal >= setting("EMULATOR_DEVICES", 1)) return 101;
    return *device = ordinal, 0;
}
API cuDeviceGetName(char *name, int len, int) { return std::snprintf(name, size_t(len), "Diptych's emulator"), 0; }
API cuDeviceGetPCIBusId(char *name, int len, int) { return std::snprintf(name, size_t(len), "0000:00:00.0"), 0; }
API cuDeviceGetAttribute(int *value, unsigned attribute, int) {
    switch (attribute) {
    case 16: *value = int(setting("EMULATOR_PROCESSORS", 6)); break;
    case 75: *value = 9; break;
    case 76: *value = 0; break;
    case 115: *value = 1; break; // memory pools
    default: *value = 0;
    }
    return 0;
}
API cuDeviceTotalMem_v2(size_t *bytes, int) { return *bytes = size_t(setting("EMULATOR_MEMORY", 1l << 34)), 0; }
API cuDevicePrimaryCtxRetain(void **context, int) { return *context = reinterpret_cast<void *>(1), 0; }
API cuDevicePrimaryCtxRelease_v2(int) { return 0; }
API cuCtxSetCurrent(void *) { return 0; }
API cuCtxGetCurrent(void **context) { return *context = reinterpret_cast<void *>(1), 0; }
API cuMemGetInfo_v2(size_t *free, size_t *total) {
    *total = size_t(setting("EMULATOR_MEMORY", 1l << 34));
    *free = *total > held ? *total - held : 0;
    return 0;
}
API cuMemAllocAsync(uint64_t *place, size_t bytes, void *) { return allocate(place, bytes); }
API cuMemAlloc_v2(uint64_t *place, size_t bytes) { return allocate(place, bytes); }
API cuMemFreeAsync(uint64_t pointer, void *) { return release(pointer); }
API cuMemFree_v2(uint64_t pointer) { return release(pointer); }
API cuMemHostAlloc(void **place, size_t bytes, unsigned) { return *place = std::malloc(bytes), 0; }
API cuMemFreeHost(void *place) { return std::free(place), 0; }
static int copy(void *to, const void *from, size_t bytes, uint64_t device) {
    if (failed()) return 700;
    if (capturing) return 900; // nothing waits while something is recorded
    if (bytes && !inside(device, bytes)) return 1;
    std::memmove(to, from, bytes);
    return 0;
}
API cuMemcpyHtoD_v2(uint64_t to, const void *from, size_t bytes) { return copy(reinterpret_cast<void *>(to), from, bytes, to); }
API cuMemcpyHtoDAsync_v2(uint64_t to, const void *from, size_t bytes, void *) { return cuMemcpyHtoD_v2(to, from, bytes); }
API cuMemcpyDtoH_v2(void *to, uint64_t from, size_t bytes) { return copy(to, reinterpret_cast<void *>(from), bytes, from); }
API cuMemcpyDtoHAsync_v2(void *to, uint64_t from, size_t bytes, void *) { return cuMemcpyDtoH_v2(to, from, bytes); }
API cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, size_t bytes, void *) {
    if (bytes && !inside(from, bytes)) return 1;
    return copy(reinterpret_cast<void *>(to), reinterpret_cast<void *>(from), bytes, to);
}
API cuMemcpyDtoD_v2(uint64_t to, uint64_t from, size_t bytes) { return cuMemcpyDtoDAsync_v2(to, from, bytes, nullptr); }
API cuMemsetD8Async(uint64_t to, unsigned char byte, size_t bytes, void *) {
    if (!inside(to, bytes)) return 1;
    std::memset(reinterpret_cast<void *>(to), byte, bytes);
    return 0;
}
API cuMemsetD8_v2(uint64_t to, unsigned char byte, size_t bytes) { return cuMemsetD8Async(to, byte, bytes, nullptr); }
API cuModuleLoadData(void **module, const void *image) {
    if (std::memcmp(image, "EMULATED", 8) != 0) return 200;
    return *module = reinterpret_cast<void *>(1), 0;
}
API cuModuleUnload(void *) { return 0; }
API cuModuleGetFunction(const void **function, void *, const char *name) {
    for (const Entry &e : entries)
        if (std::strcmp(e.name, name) == 0) return *function = &e, 0;
    return 500;
}
API cuLaunchKernel(const void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned, void *stream, void **parameters, void **) {
    if (!gx || !gy || !gz || gy > 65535 || gz > 65535 || bx != THREADS || by != 1 || bz != 1) return 1;
    const Entry &e = *static_cast<const Entry *>(function);
    if (!recorded(stream)) return run_kernel(e, {gx, gy, gz}, parameters);
    capturing->nodes.push_back(std::make_unique<Node>());
    set(*capturing->nodes.back(), e, {gx, gy, gz}, parameters);
    return 0;
}
API cuStreamBeginCapture_v2(void *stream, unsigned) {
    if (!stream || capturing) return 900; // the default stream cannot be recorded
    if (setting("EMULATOR_GRAPHS", 1) == 0) return 801;
    capturing = new Graph, captured = stream;
    return 0;
}
API cuStreamEndCapture(void *stream, Graph **graph) {
    if (!recorded(stream)) return 901;
    *graph = capturing, capturing = nullptr;
    return 0;
}
API cuStreamGetCaptureInfo_v2(void *stream, unsigned *status, uint64_t *, Graph **, const Node *const **nodes, size_t *count) {
    static const Node *latest;
    *status = recorded(stream);
    if (!*status) return 0;
    latest = capturing->nodes.empty() ? nullptr : capturing->nodes.back().get();
    return *nodes = &latest, *count = latest != nullptr, 0;
}
API cuGraphInstantiateWithFlags(Exec **exec, const Graph *graph, unsigned long long) {
    *exec = new Exec;
    for (const auto &node : graph->nodes) (*exec)->nodes.push_back({node.get(), *node});
    return 0;
}
struct NodeParameters {
    const Entry *function;
    unsigned grid[3], block[3], shared;
    void **parameters, **extra;
    void *kernel, *context;
};
API cuGraphExecKernelNodeSetParams_v2(Exec *exec, const Node *node, const NodeParameters *p) {
    for (auto &[original, copy] : exec->nodes) {
        if (original != node) continue;
        if (copy.entry != p->function || p->block[0] != THREADS || p->block[1] != 1 || p->block[2] != 1) return 1;
        return set(copy, *p->function, {p->grid[0], p->grid[1], p->grid[2]}, p->parameters), 0;
    }
    return 1;
}
API cuGraphLaunch(Exec *exec, void *stream) {
    if (recorded(stream)) return 900;
    for (auto &[original, node] : exec->nodes)
        if (int code = run_node(node)) return code;
    return 0;
}
API cuGraphExecDestroy(Exec *exec) { return delete exec, 0; }
API cuGraphDestroy(Graph *graph) { return delete graph, 0; }
API cuStreamCreate(void **stream, unsigned) { return *stream = reinterpret_cast<void *>(2), 0; }
API cuStreamDestroy_v2(void *) { return 0; }
API cuStreamSynchronize(void *) { return failed() ? 700 : 0; }
API cuStreamWaitEvent(void *, void *, unsigned) { return 0; }
API cuEventCreate(void **event, unsigned) { return *event = reinterpret_cast<void *>(3), 0; }
API cuEventDestroy_v2(void *) { return 0; }
API cuEventRecord(void *, void *) { return 0; }
API cuEventSynchronize(void *) { return 0; }
API cuEventElapsedTime(float *milliseconds, void *, void *) { return *milliseconds = 0.0f, 0; }

// ---- NVRTC

API nvrtcVersion(int *major, int *minor) { return *major = 13, *minor = 0, 0; }
API nvrtcCreateProgram(void **program, const char *, const char *, int, const char *const *, const char *const *) {
    return *program = reinterpret_cast<void *>(4), 0;
}
API nvrtcCompileProgram(void *, int, const char *const *) { return 0; }
API nvrtcDestroyProgram(void **) { return 0; }
API nvrtcGetProgramLogSize(void *, size_t *size) { return *size = 1, 0; }
API nvrtcGetProgramLog(void *, char *log) { return *log = 0, 0; }
API nvrtcGetCUBINSize(void *, size_t *size) { return *size = 8, 0; }
API nvrtcGetCUBIN(void *, char *image) { return std::memcpy(image, "EMULATED", 8), 0; }

// ---- cuDNN

struct Tensor {
    int order, n, c, h, w; // a filter's k, c, r, s
    size_t at(int i, int k, int y, int x) const {
        return order == 1 ? ((size_t(i) * h + y) * w + x) * c + k : ((size_t(i) * c + k) * h + y) * w + x;
    }
    size_t bytes() const { return size_t(n) * c * h * w * sizeof(float); }
};
struct Convolution {
    int padding, stride, math;
};
struct Offer {
    int algorithm, status;
    float time;
    size_t workspace;
    int deterministic, math, reserved[3];
};
static_assert(sizeof(Offer) == 48, "the layout of cudnnConvolutionFwdAlgoPerf_t");

extern "C" __attribute__((visibility("default"))) size_t cudnnGetVersion() { return 91300; }
static void *cudnn_stream = nullptr;
API cudnnCreate(void **handle) { return *handle = reinterpret_cast<void *>(5), 0; }
API cudnnSetStream(void *, void *stream) { return cudnn_stream = stream, 0; }
API cudnnCreateTensorDescriptor(Tensor **t) { return *t = new Tensor{}, 0; }
API cudnnDestroyTensorDescriptor(Tensor *t) { return delete t, 0; }
API cudnnSetTensor4dDescriptor(Tensor *t, int order, int type, int n, int c, int h, int w) {
    if (type != 0 || n <= 0 || c <= 0 || h <= 0 || w <= 0) return 2000;
    return *t = {order, n, c, h, w}, 0;
}
API cudnnCreateFilterDescriptor(Tensor **t) { return *t = new Tensor{}, 0; }
API cudnnDestroyFilterDescriptor(Tensor *t) { return delete t, 0; }
API cudnnSetFilter4dDescriptor(Tensor *t, int type, int order, int k, int c, int r, int s) {
    return cudnnSetTensor4dDescriptor(t, order, type, k, c, r, s);
}
API cudnnCreateConvolutionDescriptor(Convolution **c) { return *c = new Convolution{}, 0; }
API cudnnDestroyConvolutionDescriptor(Convolution *c) { return delete c, 0; }
API cudnnSetConvolution2dDescriptor(Convolution *c, int ph, int pw, int sh, int sw, int dh, int dw, int mode, int type) {
    if (ph != pw || sh != sw || sh <= 0 || dh != 1 || dw != 1 || mode != 1 || type != 0) return 2000;
    return *c = {ph, sh, 0}, 0;
}
API cudnnSetConvolutionMathType(Convolution *c, int math) { return c->math = math, 0; }

static bool fits(const Tensor *wide, const Tensor *filter, const Convolution *c, const Tensor *narrow) {
    auto side = [c](int wide, int kernel) { return (wide + 2 * c->padding - kernel) / c->stride + 1; };
    return wide->n == narrow->n && wide->c == filter->c && narrow->c == filter->n && side(wide->h, filter->h) == narrow->h &&
           side(wide->w, filter->w) == narrow->w && wide->order == narrow->order && wide->order == filter->order;
}
API cudnnGetConvolution2dForwardOutputDim(const Convolution *c, const Tensor *x, const Tensor *w, int *n, int *k, int *h, int *width) {
    *n = x->n, *k = w->n;
    *h = (x->h + 2 * c->padding - w->h) / c->stride + 1;
    *width = (x->w + 2 * c->padding - w->w) / c->stride + 1;
    return 0;
}

constexpr int ALGORITHM = 7;
constexpr size_t WORKSPACE = 64;
static int offers(const Tensor *wide, const Tensor *filter, const Convolution *c, const Tensor *narrow, int *given, Offer *out) {
    *given = 0;
    if (!fits(wide, filter, c, narrow)) return 2002;
    if (wide->order == 1 && setting("EMULATOR_PLANES", 0)) return 3000;
    out[0] = {1, 3000, -1, 0, 1, 3, {}};                        // not supported
    out[1] = {2, 0, -1, 0, 0, c->math, {}};                     // does not repeat
    out[2] = {ALGORITHM, 0, -1, WORKSPACE, 1, c->math, {}};
    return *given = 3, 0;
}
API cudnnGetConvolutionForwardAlgorithm_v7(void *, const Tensor *x, const Tensor *w, const Convolution *c, const Tensor *y, int, int *given, Offer *out) {
    return offers(x, w, c, y, given, out);
}
API cudnnGetConvolutionBackwardDataAlgorithm_v7(void *, const Tensor *w, const Tensor *dy, const Convolution *c, const Tensor *dx, int, int *given, Offer *out) {
    return offers(dx, w, c, dy, given, out);
}
API cudnnGetConvolutionBackwardFilterAlgorithm_v7(void *, const Tensor *x, const Tensor *dy, const Convolution *c, const Tensor *dw, int, int *given, Offer *out) {
    return offers(x, dw, c, dy, given, out);
}
// An operand's values in channels-last order.
static std::vector<float> pixels(const Tensor &t, const float *values) {
    std::vector<float> out(t.bytes() / sizeof(float));
    size_t i = 0;
    for (int n = 0; n < t.n; n++)
        for (int y = 0; y < t.h; y++)
            for (int x = 0; x < t.w; x++)
                for (int c = 0; c < t.c; c++) out[i++] = values[t.at(n, c, y, x)];
    return out;
}

// Calls `f` with the places of the channels of a wide pixel, of a narrow value and of the weight between them, for every product.
template <typename F> static void products(const Tensor &wide, const Tensor &narrow, const Tensor &filter, const Convolution &c, F f) {
    for (int n = 0; n < narrow.n; n++)
        for (int p = 0; p < narrow.h; p++)
            for (int q = 0; q < narrow.w; q++)
                for (int r = 0; r < filter.h; r++) {
                    int y = p * c.stride - c.padding + r;
                    if (y < 0 || y >= wide.h) continue;
                    for (int s = 0; s < filter.w; s++) {
                        int x = q * c.stride - c.padding + s;
                        if (x < 0 || x >= wide.w) continue;
                        size_t pixel = ((size_t(n) * wide.h + y) * wide.w + x) * wide.c, value = ((size_t(n) * narrow.h + p) * narrow.w + q) * narrow.c;
                        for (int k = 0; k < narrow.c; k++) f(pixel, value + k, ((size_t(k) * filter.h + r) * filter.w + s) * wide.c);
                    }
                }
}
static int run_now(const Tensor &wide, uint64_t wide_at, const Tensor &narrow, uint64_t narrow_at, const Tensor &filter, uint64_t filter_at, const Convolution &c, int algorithm, uint64_t workspace, size_t bytes, float alpha, float beta, int result) {
    if (null_device) return 0;
    if (failed()) return 5000;
    if (!fits(&wide, &filter, &c, &narrow)) return 2002;
    if ((algorithm != ALGORITHM && algorithm != 2) || alpha != 1.0f || (beta != 0.0f && beta != 1.0f)) return 2000;
    if (algorithm == ALGORITHM && (bytes < WORKSPACE || !inside(workspace, bytes))) return 2003;
    if (!inside(wide_at, wide.bytes()) || !inside(narrow_at, narrow.bytes()) || !inside(filter_at, filter.bytes())) return 2004;
    const Tensor &of = result == 0 ? wide : result == 1 ? narrow : filter;
    float *out = reinterpret_cast<float *>(result == 0 ? wide_at : result == 1 ? narrow_at : filter_at);
    auto values = [&](int operand, const Tensor &t, uint64_t at) {
        return operand == result ? std::vector<float>() : pixels(t, reinterpret_cast<float *>(at));
    };
    std::vector<float> w = values(0, wide, wide_at), n = values(1, narrow, narrow_at), f = values(2, filter, filter_at);
    std::vector<double> sums(of.bytes() / sizeof(float));
    const int channels = wide.c;
    if (result == 0) products(wide, narrow, filter, c, [&](size_t a, size_t b, size_t d) {
        double g = n[b];
        for (int i = 0; i < channels; i++) sums[a + i] += g * f[d + i];
    });
    if (result == 1) products(wide, narrow, filter, c, [&](size_t a, size_t b, size_t d) {
        double lanes[4] = {};
        for (int i = 0; i < channels; i++) lanes[i % 4] += double(w[a + i]) * f[d + i];
        sums[b] += lanes[0] + lanes[1] + lanes[2] + lanes[3];
    });
    if (result == 2) products(wide, narrow, filter, c, [&](size_t a, size_t b, size_t d) {
        double g = n[b];
        for (int i = 0; i < channels; i++) sums[d + i] += g * w[a + i];
    });
    size_t i = 0;
    for (int j = 0; j < of.n; j++)
        for (int y = 0; y < of.h; y++)
            for (int x = 0; x < of.w; x++)
                for (int k = 0; k < of.c; k++, i++) {
                    float &to = out[of.at(j, k, y, x)];
                    to = beta == 0.0f ? float(sums[i]) : float(to + sums[i]);
                }
    return 0;
}
// Runs a convolution or records it; descriptors are copied.
static int run(const Tensor &wide, uint64_t wide_at, const Tensor &narrow, uint64_t narrow_at, const Tensor &filter, uint64_t filter_at, const Convolution &c, int algorithm, uint64_t workspace, size_t bytes, float alpha, float beta, int result) {
    if (!recorded(cudnn_stream)) return run_now(wide, wide_at, narrow, narrow_at, filter, filter_at, c, algorithm, workspace, bytes, alpha, beta, result);
    capturing->nodes.push_back(std::make_unique<Node>());
    capturing->nodes.back()->other = [=] {
        return run_now(wide, wide_at, narrow, narrow_at, filter, filter_at, c, algorithm, workspace, bytes, alpha, beta, result);
    };
    return 0;
}
API cudnnConvolutionForward(void *, const float *alpha, const Tensor *xd, uint64_t x, const Tensor *wd, uint64_t w, const Convolution *c, int algorithm, uint64_t space, size_t bytes, const float *beta, const Tensor *yd, uint64_t y) {
    return run(*xd, x, *yd, y, *wd, w, *c, algorithm, space, bytes, *alpha, *beta, 1);
}
API cudnnConvolutionBackwardData(void *, const float *alpha, const Tensor *wd, uint64_t w, const Tensor *dyd, uint64_t dy, const Convolution *c, int algorithm, uint64_t space, size_t bytes, const float *beta, const Tensor *dxd, uint64_t dx) {
    return run(*dxd, dx, *dyd, dy, *wd, w, *c, algorithm, space, bytes, *alpha, *beta, 0);
}
API cudnnConvolutionBackwardFilter(void *, const float *alpha, const Tensor *xd, uint64_t x, const Tensor *dyd, uint64_t dy, const Convolution *c, int algorithm, uint64_t space, size_t bytes, const float *beta, const Tensor *dwd, uint64_t dw) {
    return run(*xd, x, *dyd, dy, *dwd, dw, *c, algorithm, space, bytes, *alpha, *beta, 2);
}
