// Diptych's own kernels. Images are channels-last: `rows` pixels of `columns` channels, as on the CPU, whose kernels define
// what each of these computes.
//
// The same text is compiled by NVRTC for a GPU and by a C++ compiler for the emulator that tests it (tests/cuda-emulator), so it
// uses no header, of warp-level functions only exchanges that all threads of a block take part in, and one-dimensional blocks of
// 256 threads. Lengths are below 2^31.
//
// Reductions are deterministic: a block adds in a fixed tree, and the block that happens to finish last adds the blocks' sums in
// their order. `ticket` counts finished blocks; it is zero before and after. `partial` has a sum in f64 for each block.

typedef unsigned int u32;
typedef unsigned long long u64;

#define THREADS 256
#define EACH(i, len) for (u32 i = blockIdx.x * THREADS + threadIdx.x; i < (len); i += gridDim.x * THREADS)

// Activations: none, straight on either side of zero (`slope` below), tanh, sigmoid.
#define NONE 0
#define STRAIGHT 1
#define TANH 2
#define SIGMOID 3

// Comparisons are written so that NaN takes the branch that keeps it.
static __device__ float activated(int kind, float slope, float v) {
    if (kind == STRAIGHT) return v < 0.0f ? slope * v : v;
    if (kind == TANH) return tanhf(v);
    if (kind == SIGMOID) return 1.0f / (1.0f + expf(-v));
    return v;
}

// `g` times the activation's slope, given its output.
static __device__ float sloped(int kind, float slope, float y, float g) {
    if (kind == STRAIGHT) return y > 0.0f ? g : slope * g;
    if (kind == TANH) return g * (1.0f - y * y);
    if (kind == SIGMOID) return g * (y * (1.0f - y));
    return g;
}

// A gradient: overwritten while it is fresh, else added to.
static __device__ void give(float *gradient, u32 i, u32 fresh, float v) {
    gradient[i] = fresh ? v : gradient[i] + v;
}

// Four values at once, where lengths and channels are multiples of four: addresses are then multiples of 16 bytes, since tensors
// begin at such. `i` counts fours.
#define EACH_FOUR(i, len) EACH(i, (len) / 4)

static __device__ float4 four(const float *x, u32 i) { return ((const float4 *)x)[i]; }
static __device__ void set_four(float *x, u32 i, float4 v) { ((float4 *)x)[i] = v; }
static __device__ float4 plus(float4 a, float4 b) { return make_float4(a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w); }
static __device__ void give_four(float *gradient, u32 i, u32 fresh, float4 v) {
    set_four(gradient, i, fresh ? v : plus(four(gradient, i), v));
}
template <typename F> static __device__ float4 map(float4 a, F f) { return make_float4(f(a.x), f(a.y), f(a.z), f(a.w)); }
template <typename F> static __device__ float4 map(float4 a, float4 b, F f) {
    return make_float4(f(a.x, b.x), f(a.y, b.y), f(a.z, b.z), f(a.w, b.w));
}

extern "C" __global__ void activate(u32 len, int kind, float slope, const float *x, float *y) {
    if (len % 4 == 0) {
        EACH_FOUR(i, len) set_four(y, i, map(four(x, i), [=](float v) { return activated(kind, slope, v); }));
        return;
    }
    EACH(i, len) y[i] = activated(kind, slope, x[i]);
}

extern "C" __global__ void scale_by_slope(u32 len, int kind, float slope, const float *y, const float *g, float *out) {
    if (len % 4 == 0) {
        EACH_FOUR(i, len) set_four(out, i, map(four(y, i), four(g, i), [=](float y, float g) { return sloped(kind, slope, y, g); }));
        return;
    }
    EACH(i, len) out[i] = sloped(kind, slope, y[i], g[i]);
}

extern "C" __global__ void activation_backward(u32 len, int kind, float slope, const float *y, const float *g, u32 fresh, float *gx) {
    if (len % 4 == 0) {
        EACH_FOUR(i, len) give_four(gx, i, fresh, map(four(y, i), four(g, i), [=](float y, float g) { return sloped(kind, slope, y, g); }));
        return;
    }
    EACH(i, len) give(gx, i, fresh, sloped(kind, slope, y[i], g[i]));
}

extern "C" __global__ void bias_activate(u32 len, u32 columns, const float *bias, int kind, float slope, float *y) {
    if (columns % 4 == 0) {
        EACH_FOUR(i, len) {
            float4 v = four(y, i);
            if (bias) v = plus(v, four(bias, i % (columns / 4)));
            set_four(y, i, map(v, [=](float v) { return activated(kind, slope, v); }));
        }
        return;
    }
    EACH(i, len) {
        float v = bias ? y[i] + bias[i % columns] : y[i];
        y[i] = activated(kind, slope, v);
    }
}

extern "C" __global__ void add(u32 len, const float *a, const float *b, float *out) {
    if (len % 4 == 0) {
        EACH_FOUR(i, len) set_four(out, i, plus(four(a, i), four(b, i)));
        return;
    }
    EACH(i, len) out[i] = a[i] + b[i];
}

extern "C" __global__ void accumulate(u32 len, const float *g, u32 fresh, float *out) {
    if (len % 4 == 0) {
        EACH_FOUR(i, len) give_four(out, i, fresh, four(g, i));
        return;
    }
    EACH(i, len) give(out, i, fresh, g[i]);
}

extern "C" __global__ void concat(u32 len, u32 ca, u32 cb, u32 rectified, const float *a, const float *b, float *y) {
    u32 c = ca + cb;
    if (ca % 4 == 0 && cb % 4 == 0) {
        EACH_FOUR(i, len) {
            u32 row = 4 * i / c, k = 4 * i - row * c;
            float4 v = k < ca ? four(a, (row * ca + k) / 4) : four(b, (row * cb + (k - ca)) / 4);
            if (rectified) v = map(v, [](float v) { return v < 0.0f ? 0.0f : v; });
            set_four(y, i, v);
        }
        return;
    }
    EACH(i, len) {
        u32 row = i / c, k = i - row * c;
        float v = k < ca ? a[row * ca + k] : b[row * cb + (k - ca)];
        y[i] = rectified && v < 0.0f ? 0.0f : v;
    }
}

extern "C" __global__ void concat_backward(u32 len, u32 c, u32 offset, u32 channels, const float *gy, u32 fresh, float *g) {
    if (c % 4 == 0 && offset % 4 == 0 && channels % 4 == 0) {
        EACH_FOUR(i, len) {
            u32 row = 4 * i / c;
            give_four(g, i, fresh, four(gy, (row * channels + offset + (4 * i - row * c)) / 4));
        }
        return;
    }
    EACH(i, len) {
        u32 row = i / c;
        give(g, i, fresh, gy[row * channels + offset + (i - row * c)]);
    }
}

// Two values to a draw of SplitMix64: see `DropoutMask::factor`.
static __device__ u64 drawn(u64 seed, u32 pair) {
    u64 z = seed + ((u64)pair + 1) * 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

extern "C" __global__ void dropout(u32 len, u64 seed, u32 threshold, float scale, const float *x, u32 fresh, float *y) {
    EACH(pair, (len + 1) / 2) {
        u64 bits = drawn(seed, pair);
        u32 i = 2 * pair;
        give(y, i, fresh, x[i] * ((u32)bits < threshold ? 0.0f : scale));
        if (i + 1 < len) give(y, i + 1, fresh, x[i + 1] * ((u32)(bits >> 32) < threshold ? 0.0f : scale));
    }
}

// The source position of padded position `i`, for `padding < len`.
static __device__ u32 mirror(u32 i, u32 padding, u32 len) {
    u32 at = i < padding ? padding - i : i - padding;
    return at < len ? at : 2 * (len - 1) - at;
}

extern "C" __global__ void reflection_pad(u32 len, u32 c, u32 h, u32 w, u32 padding, const float *x, float *y) {
    u32 ph = h + 2 * padding, pw = w + 2 * padding;
    if (c % 4 == 0) {
        u32 fours = c / 4;
        EACH_FOUR(i, len) {
            u32 pixel = i / fours, k = i - pixel * fours;
            u32 row = pixel / pw, column = pixel - row * pw;
            u32 image = row / ph, line = row - image * ph;
            set_four(y, i, four(x, ((image * h + mirror(line, padding, h)) * w + mirror(column, padding, w)) * fours + k));
        }
        return;
    }
    EACH(i, len) {
        u32 pixel = i / c, k = i - pixel * c;
        u32 row = pixel / pw, column = pixel - row * pw;
        u32 image = row / ph, line = row - image * ph;
        y[i] = x[((image * h + mirror(line, padding, h)) * w + mirror(column, padding, w)) * c + k];
    }
}

// The padded positions that mirror position `at`: itself, and one beyond each near edge.
static __device__ u32 mirrored(u32 at, u32 padding, u32 len, u32 *places) {
    u32 count = 0;
    places[count++] = at + padding;
    if (at > 0 && at <= padding) places[count++] = padding - at;
    if (at + 1 < len && at + 1 + padding >= len) places[count++] = 2 * (len - 1) - at + padding;
    return count;
}

extern "C" __global__ void reflection_pad_backward(u32 len, u32 c, u32 h, u32 w, u32 padding, const float *gy, u32 fresh, float *gx) {
    u32 ph = h + 2 * padding, pw = w + 2 * padding;
    if (c % 4 == 0) {
        u32 fours = c / 4;
        EACH_FOUR(i, len) {
            u32 pixel = i / fours, k = i - pixel * fours;
            u32 row = pixel / w, column = pixel - row * w;
            u32 image = row / h, line = row - image * h;
            float4 sum = four(gy, ((image * ph + line + padding) * pw + column + padding) * fours + k);
            // Pixels further than `padding` from every edge are mirrored nowhere.
            if (line <= padding || column <= padding || line + padding + 1 >= h || column + padding + 1 >= w) {
                u32 lines[3], columns[3];
                u32 nl = mirrored(line, padding, h, lines), nc = mirrored(column, padding, w, columns);
                for (u32 a = 0; a < nl; a++)
                    for (u32 b = a == 0; b < nc; b++) sum = plus(sum, four(gy, ((image * ph + lines[a]) * pw + columns[b]) * fours + k));
            }
            give_four(gx, i, fresh, sum);
        }
        return;
    }
    EACH(i, len) {
        u32 pixel = i / c, k = i - pixel * c;
        u32 row = pixel / w, column = pixel - row * w;
        u32 image = row / h, line = row - image * h;
        u32 lines[3], columns[3];
        u32 nl = mirrored(line, padding, h, lines), nc = mirrored(column, padding, w, columns);
        float sum = 0.0f;
        for (u32 a = 0; a < nl; a++)
            for (u32 b = 0; b < nc; b++) sum += gy[((image * ph + lines[a]) * pw + columns[b]) * c + k];
        give(gx, i, fresh, sum);
    }
}

// What a line of `len`, continued by reflection without repeating its ends, shows at `i`: see `fit::mirror`.
static __device__ u32 continued(u32 i, u32 len) {
    if (len == 1) return 0;
    u32 period = 2 * (len - 1), at = i % period;
    return at < len ? at : period - at;
}

extern "C" __global__ void fit(u32 len, u32 c, u32 h, u32 w, u32 fh, u32 fw, const float *x, float *y) {
    EACH(i, len) {
        u32 pixel = i / c, k = i - pixel * c;
        u32 row = pixel / fw, column = pixel - row * fw;
        u32 image = row / fh, line = row - image * fh;
        y[i] = x[((image * h + continued(line, h)) * w + continued(column, w)) * c + k];
    }
}

// The position after `i` at which a line of `len` shows `at` again.
static __device__ u32 shown_again(u32 i, u32 at, u32 len) {
    if (len == 1) return i + 1;
    u32 period = 2 * (len - 1), forth = i % period == at;
    // At its ends a line turns: it shows them once a period.
    if (at == 0 || at == len - 1) return i + period;
    return i + (forth ? period - 2 * at : 2 * at);
}

extern "C" __global__ void fit_backward(u32 len, u32 c, u32 h, u32 w, u32 fh, u32 fw, const float *gy, u32 fresh, float *gx) {
    EACH(i, len) {
        u32 pixel = i / c, k = i - pixel * c;
        u32 row = pixel / w, column = pixel - row * w;
        u32 image = row / h, line = row - image * h;
        float sum = 0.0f;
        for (u32 a = line; a < fh; a = shown_again(a, line, h))
            for (u32 b = column; b < fw; b = shown_again(b, column, w)) sum += gy[((image * fh + a) * fw + b) * c + k];
        give(gx, i, fresh, sum);
    }
}

// The two source positions of an upsampled position, and the second one's weight.
static __device__ float sources(u32 bilinear, u32 i, u32 len, u32 *low, u32 *high) {
    if (!bilinear) {
        *low = *high = i / 2;
        return 0.0f;
    }
    float step = len > 1 ? (float)(len - 1) / (float)(2 * len - 1) : 0.0f;
    float at = (float)i * step;
    u32 l = (u32)at;
    if (l > len - 1) l = len - 1;
    *low = l;
    *high = l + 1 < len ? l + 1 : len - 1;
    return at - (float)l;
}

extern "C" __global__ void upsample(u32 len, u32 bilinear, u32 c, u32 h, u32 w, const float *x, float *y) {
    EACH(i, len) {
        u32 pixel = i / c, k = i - pixel * c;
        u32 row = pixel / (2 * w), column = pixel - row * (2 * w);
        u32 image = row / (2 * h), line = row - image * (2 * h);
        u32 r0, r1, c0, c1;
        float fy = sources(bilinear, line, h, &r0, &r1), fx = sources(bilinear, column, w, &c0, &c1);
        const float *top = x + (image * h + r0) * w * c + k, *bottom = x + (image * h + r1) * w * c + k;
        float upper = top[c0 * c] * (1.0f - fx) + top[c1 * c] * fx;
        float lower = bottom[c0 * c] * (1.0f - fx) + bottom[c1 * c] * fx;
        y[i] = upper * (1.0f - fy) + lower * fy;
    }
}

// Upsampled positions that may read from position `at`: from, and one past the last.
static __device__ u32 readers(u32 bilinear, u32 at, u32 len, u32 *end) {
    if (!bilinear) {
        *end = 2 * at + 2;
        return 2 * at;
    }
    if (len < 2) {
        *end = 2 * len;
        return 0;
    }
    float step = (float)(len - 1) / (float)(2 * len - 1);
    float first = ((float)at - 1.0f) / step - 1.0f, last = ((float)at + 1.0f) / step + 2.0f;
    *end = last < (float)(2 * len) ? (u32)last : 2 * len;
    return first > 0.0f ? (u32)first : 0;
}

extern "C" __global__ void upsample_backward(u32 len, u32 bilinear, u32 c, u32 h, u32 w, const float *gy, u32 fresh, float *gx) {
    EACH(i, len) {
        u32 pixel = i / c, k = i - pixel * c;
        u32 row = pixel / w, column = pixel - row * w;
        u32 image = row / h, line = row - image * h;
        u32 line_end, column_end;
        u32 line_start = readers(bilinear, line, h, &line_end), column_start = readers(bilinear, column, w, &column_end);
        float sum = 0.0f;
        for (u32 a = line_start; a < line_end; a++) {
            u32 r0, r1;
            float fy = sources(bilinear, a, h, &r0, &r1);
            float share = (r0 == line ? 1.0f - fy : 0.0f) + (r1 == line ? fy : 0.0f);
            if (share == 0.0f) continue;
            for (u32 b = column_start; b < column_end; b++) {
                u32 c0, c1;
                float fx = sources(bilinear, b, w, &c0, &c1);
                float part = (c0 == column ? 1.0f - fx : 0.0f) + (c1 == column ? fx : 0.0f);
                if (part != 0.0f) sum += share * part * gy[((image * 2 * h + a) * 2 * w + b) * c + k];
            }
        }
        give(gx, i, fresh, sum);
    }
}

// Channels-last from `[n, c, h, w]` order; `pixels` is `h w`. Added to what is there unless it is fresh.
extern "C" __global__ void planes_to_pixels(u32 len, u32 c, u32 pixels, const float *x, u32 fresh, float *y) {
    EACH(i, len) {
        u32 row = i / c, k = i - row * c;
        u32 image = row / pixels;
        give(y, i, fresh, x[(image * c + k) * pixels + (row - image * pixels)]);
    }
}

// The other way round.
extern "C" __global__ void pixels_to_planes(u32 len, u32 c, u32 pixels, const float *x, u32 fresh, float *y) {
    EACH(i, len) {
        u32 plane = i / pixels, at = i - plane * pixels;
        u32 image = plane / c, k = plane - image * c;
        give(y, i, fresh, x[(image * pixels + at) * c + k]);
    }
}

// `share a + (1 - share) b`, with a share for each image of `each` values.
extern "C" __global__ void mix(u32 len, u32 each, const float *a, const float *b, const float *shares, float *out) {
    EACH(i, len) {
        float share = shares[i / each];
        out[i] = share * a[i] + (1.0f - share) * b[i];
    }
}

// A new image into `out`; where another is kept, that one instead, and the new one in its place.
extern "C" __global__ void exchange(u32 len, const float *image, float *kept, float *out) {
    EACH(i, len) {
        float v = image[i];
        if (kept) {
            out[i] = kept[i];
            kept[i] = v;
        } else {
            out[i] = v;
        }
    }
}

// ---- Reductions ------------------------------------------------------------------------------------------------------------

// Adds what the threads of a block hold, in a fixed tree; thread `t < width` gets the sum over threads t, t + width, ...
template <typename T> static __device__ T tree(T value, T *shared, u32 width) {
    u32 t = threadIdx.x;
    shared[t] = value;
    __syncthreads();
    for (u32 half = THREADS / 2; half >= width; half /= 2) {
        if (t < half) shared[t] += shared[t + half];
        __syncthreads();
    }
    T sum = shared[t < width ? t : 0];
    __syncthreads();
    return sum;
}

// Whether this block is the last of `blocks` to come here. Everything that the others wrote before is visible then.
static __device__ bool is_last(u32 *ticket, u32 blocks) {
    __shared__ u32 mine;
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) {
        mine = atomicAdd(ticket, 1u);
        if (mine == blocks - 1) *ticket = 0;
    }
    __syncthreads();
    u32 place = mine;
    __syncthreads();
    __threadfence();
    return place == blocks - 1;
}

// Where a block works in a reduction over the rows of each column: `width` (a power of two) columns from `blockIdx.x`, rows
// from `blockIdx.y`, group `blockIdx.z`.
struct Tile {
    u32 column, row, step, end;
    bool inside;
};

static __device__ Tile tile(u32 rows, u32 columns, u32 chunk, u32 width) {
    Tile t;
    t.column = blockIdx.x * width + threadIdx.x % width;
    t.inside = t.column < columns;
    t.row = blockIdx.y * chunk + threadIdx.x / width;
    t.step = THREADS / width;
    t.end = blockIdx.y * chunk + chunk;
    if (t.end > rows) t.end = rows;
    return t;
}

// Adds two sums over all rows of this thread's column. True in the threads (one to a column) that get the totals.
static __device__ bool column_totals(const Tile &t, float a, float b, u32 columns, u32 width, double *partial, u32 *ticket, double *total_a, double *total_b) {
    __shared__ float floats[THREADS];
    __shared__ double doubles[THREADS];
    float sum_a = tree(a, floats, width), sum_b = tree(b, floats, width);
    u32 chunks = gridDim.y, group = blockIdx.z;
    bool mine = threadIdx.x < width && t.inside;
    if (chunks == 1) {
        *total_a = sum_a;
        *total_b = sum_b;
        return mine;
    }
    double *sums = partial + (u64)group * chunks * 2 * columns;
    if (mine) {
        sums[(u64)(2 * blockIdx.y) * columns + t.column] = sum_a;
        sums[(u64)(2 * blockIdx.y + 1) * columns + t.column] = sum_b;
    }
    if (!is_last(ticket + group * gridDim.x + blockIdx.x, chunks)) return false;
    double whole_a = 0.0, whole_b = 0.0;
    if (t.inside) {
#pragma unroll 4
        for (u32 chunk = threadIdx.x / width; chunk < chunks; chunk += t.step) {
            whole_a += __ldcg(sums + (u64)(2 * chunk) * columns + t.column);
            whole_b += __ldcg(sums + (u64)(2 * chunk + 1) * columns + t.column);
        }
    }
    *total_a = tree(whole_a, doubles, width);
    *total_b = tree(whole_b, doubles, width);
    return mine;
}

// Adds the sum of every column to `out`: a bias' gradient.
extern "C" __global__ void column_sums(u32 rows, u32 columns, u32 chunk, u32 width, double *partial, u32 *ticket, const float *x, u32 fresh, float *out) {
    Tile t = tile(rows, columns, chunk, width);
    float sum = 0.0f;
    if (t.inside) {
#pragma unroll 4
        for (u32 r = t.row; r < t.end; r += t.step) sum += x[r * columns + t.column];
    }
    double total, unused;
    if (column_totals(t, sum, 0.0f, columns, width, partial, ticket, &total, &unused)) give(out, t.column, fresh, (float)total);
}

// Mean and `1 / sqrt(biased variance + eps)` of each column of each group, from deviations from the group's first row; running
// statistics (mean, unbiased variance) move by `momentum` where given.
extern "C" __global__ void moments(u32 rows, u32 columns, u32 chunk, u32 width, double *partial, u32 *ticket, const float *x, float eps, float *mean, float *inv_std, float momentum, float *running_mean, float *running_var) {
    Tile t = tile(rows, columns, chunk, width);
    const float *group = x + blockIdx.z * rows * columns;
    float centre = t.inside ? group[t.column] : 0.0f, a = 0.0f, b = 0.0f;
    if (t.inside) {
#pragma unroll 4
        for (u32 r = t.row; r < t.end; r += t.step) {
            float d = group[r * columns + t.column] - centre;
            a += d;
            b += d * d;
        }
    }
    double sum, square;
    if (!column_totals(t, a, b, columns, width, partial, ticket, &sum, &square)) return;
    u32 s = blockIdx.z * columns + t.column;
    double shift = sum / rows, var = square / rows - shift * shift, m = (double)centre + shift;
    if (var < 0.0) var = 0.0;
    mean[s] = (float)m;
    inv_std[s] = (float)(1.0 / sqrt(var + (double)eps));
    if (running_mean) {
        running_mean[s] += momentum * ((float)m - running_mean[s]);
        running_var[s] += momentum * ((float)(var * rows / (rows - 1.0)) - running_var[s]);
    }
}

// `1 / sqrt(var + eps)`, and a copy of the mean.
extern "C" __global__ void running_statistics(u32 len, float eps, const float *mean, const float *var, float *mean_out, float *inv_std) {
    EACH(i, len) {
        mean_out[i] = mean[i];
        inv_std[i] = (float)(1.0 / sqrt((double)var[i] + (double)eps));
    }
}

// `y = f((x - mean) inv_std weight + bias)`; `each` values to a group. `slope` is 1 without an activation.
extern "C" __global__ void normalise(u32 len, u32 columns, u32 each, const float *x, const float *mean, const float *inv_std, const float *weight, const float *bias, float slope, float *y) {
    if (columns % 4 == 0) {
        u32 fours = columns / 4, group = each / 4;
        EACH_FOUR(i, len) {
            u32 column = i % fours, s = i / group * fours + column;
            float4 scale = four(inv_std, s), v = map(four(x, i), four(mean, s), [](float x, float m) { return x - m; });
            if (weight) scale = map(scale, four(weight, column), [](float s, float w) { return s * w; });
            float4 shift = bias ? four(bias, column) : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
            v = make_float4(fmaf(v.x, scale.x, shift.x), fmaf(v.y, scale.y, shift.y), fmaf(v.z, scale.z, shift.z), fmaf(v.w, scale.w, shift.w));
            set_four(y, i, map(v, [=](float v) { return v < 0.0f ? slope * v : v; }));
        }
        return;
    }
    EACH(i, len) {
        u32 column = i % columns, s = i / each * columns + column;
        float scale = weight ? inv_std[s] * weight[column] : inv_std[s];
        float v = fmaf(x[i] - mean[s], scale, bias ? bias[column] : 0.0f);
        y[i] = v < 0.0f ? slope * v : v;
    }
}

// What the backward pass of a norm needs of each column: means of the gradient before the activation, alone and with the input;
// gradients of scale and shift where given.
extern "C" __global__ void norm_sums(u32 rows, u32 columns, u32 chunk, u32 width, double *partial, u32 *ticket, const float *x, const float *gy, const float *mean, const float *inv_std, const float *weight, const float *bias, float slope, u32 batch_statistics, float *mean_g, float *tilt, u32 fresh_weight, float *grad_weight, u32 fresh_bias, float *grad_bias) {
    Tile t = tile(rows, columns, chunk, width);
    u32 s = blockIdx.z * columns + t.column, base = blockIdx.z * rows * columns;
    float a = 0.0f, b = 0.0f;
    if (t.inside) {
        float m = mean[s], scale = weight ? inv_std[s] * weight[t.column] : inv_std[s], shift = bias ? bias[t.column] : 0.0f;
#pragma unroll 4
        for (u32 r = t.row; r < t.end; r += t.step) {
            u32 i = base + r * columns + t.column;
            float d = x[i] - m, v = fmaf(d, scale, shift), g = v > 0.0f ? gy[i] : slope * gy[i];
            a += g;
            b = fmaf(g, d, b);
        }
    }
    double plain, weighted;
    if (!column_totals(t, a, b, columns, width, partial, ticket, &plain, &weighted)) return;
    double inv = inv_std[s];
    if (grad_weight) {
        give(grad_weight, t.column, fresh_weight, (float)(weighted * inv));
        give(grad_bias, t.column, fresh_bias, (float)plain);
    }
    mean_g[s] = batch_statistics ? (float)(plain / rows) : 0.0f;
    tilt[s] = batch_statistics ? (float)(weighted * inv * inv / rows) : 0.0f;
}

// `scale (g - mean_g - d tilt)`, where `d` is the distance from the mean and `g` the gradient before the activation.
static __device__ float norm_slope(float gy, float d, float scale, float shift, float slope, float mean_g, float tilt) {
    float g = fmaf(d, scale, shift) > 0.0f ? gy : slope * gy;
    return scale * (g - mean_g - d * tilt);
}

// The input's gradient: see `norm_slope`.
extern "C" __global__ void norm_backward(u32 len, u32 columns, u32 each, const float *x, const float *gy, const float *mean, const float *inv_std, const float *weight, const float *bias, float slope, const float *mean_g, const float *tilt, u32 fresh, float *gx) {
    if (columns % 4 == 0) {
        u32 fours = columns / 4, group = each / 4;
        EACH_FOUR(i, len) {
            u32 column = i % fours, s = i / group * fours + column;
            float4 scale = four(inv_std, s), d = map(four(x, i), four(mean, s), [](float x, float m) { return x - m; }), g = four(gy, i);
            if (weight) scale = map(scale, four(weight, column), [](float s, float w) { return s * w; });
            float4 shift = bias ? four(bias, column) : make_float4(0.0f, 0.0f, 0.0f, 0.0f), m = four(mean_g, s), t = four(tilt, s);
            float4 out = make_float4(norm_slope(g.x, d.x, scale.x, shift.x, slope, m.x, t.x), norm_slope(g.y, d.y, scale.y, shift.y, slope, m.y, t.y),
                                     norm_slope(g.z, d.z, scale.z, shift.z, slope, m.z, t.z), norm_slope(g.w, d.w, scale.w, shift.w, slope, m.w, t.w));
            give_four(gx, i, fresh, out);
        }
        return;
    }
    EACH(i, len) {
        u32 column = i % columns, s = i / each * columns + column;
        float scale = weight ? inv_std[s] * weight[column] : inv_std[s];
        give(gx, i, fresh, norm_slope(gy[i], x[i] - mean[s], scale, bias ? bias[column] : 0.0f, slope, mean_g[s], tilt[s]));
    }
}

// Of values `v` over each column of each group: the means of `v` and of `u v`, with `u` the normalised `x`. Without `mean`, the
// mean of `v x` instead, and 0.
extern "C" __global__ void tangent_means(u32 rows, u32 columns, u32 chunk, u32 width, double *partial, u32 *ticket, const float *x, const float *v, const float *mean, const float *inv_std, double *plain, double *with_input) {
    Tile t = tile(rows, columns, chunk, width);
    u32 s = blockIdx.z * columns + t.column, base = blockIdx.z * rows * columns;
    float a = 0.0f, b = 0.0f;
    if (t.inside) {
#pragma unroll 4
        for (u32 r = t.row; r < t.end; r += t.step) {
            u32 i = base + r * columns + t.column;
            if (mean) {
                a += v[i];
                b = fmaf(x[i] - mean[s], v[i], b);
            } else {
                a = fmaf(x[i], v[i], a);
            }
        }
    }
    double sum, weighted;
    if (!column_totals(t, a, b, columns, width, partial, ticket, &sum, &weighted)) return;
    plain[s] = sum / rows;
    if (mean) with_input[s] = weighted * (double)inv_std[s] / rows;
}

// `weight s (t - <t> - u <u t>)`: how a norm's output changes along a tangent.
extern "C" __global__ void norm_tangent(u32 len, u32 columns, u32 each, const float *x, const float *tangent, const float *mean, const float *inv_std, const float *weight, const double *plain, const double *with_input, float *y) {
    EACH(i, len) {
        u32 column = i % columns, s = i / each * columns + column;
        double inv = inv_std[s], k = weight ? inv * weight[column] : inv;
        float along = (float)k, back = (float)(-k * inv * with_input[s]);
        y[i] = fmaf(back, x[i] - mean[s], along * (tangent[i] - (float)plain[s]));
    }
}

// With u the normalised input, A = <u g>, B = <u t>, C = <g t> - <g><t>: the gradients of the tangent and of the input.
extern "C" __global__ void norm_tangent_backward(u32 len, u32 columns, u32 each, const float *x, const float *tangent, const float *gy, const float *mean, const float *inv_std, const float *weight, const double *t_plain, const double *t_with, const double *g_plain, const double *g_with, const double *products, u32 fresh_tangent, float *grad_tangent, u32 fresh_x, float *grad_x) {
    EACH(i, len) {
        u32 column = i % columns, s = i / each * columns + column;
        double inv = inv_std[s], k = weight ? inv * weight[column] : inv;
        double a = g_with[s], b = t_with[s], c = products[s] - g_plain[s] * t_plain[s];
        float g = gy[i] - (float)g_plain[s], t = tangent[i] - (float)t_plain[s], d = x[i] - mean[s];
        give(grad_tangent, i, fresh_tangent, fmaf((float)(-k * inv * a), d, (float)k * g));
        float sum = (float)(-k * inv * b) * g;
        sum = fmaf((float)(-k * inv * a), t, sum);
        give(grad_x, i, fresh_x, fmaf((float)(-k * inv * inv * (c - 3.0 * a * b)), d, sum));
    }
}

// The gradient of a norm's scale in its tangent: `M s (C - A B)`, summed over groups.
extern "C" __global__ void norm_tangent_weight(u32 columns, u32 groups, u32 rows, const float *inv_std, const double *t_plain, const double *t_with, const double *g_plain, const double *g_with, const double *products, u32 fresh, float *grad_weight) {
    EACH(column, columns) {
        float sum = fresh ? 0.0f : grad_weight[column];
        for (u32 group = 0; group < groups; group++) {
            u32 s = group * columns + column;
            double c = products[s] - g_plain[s] * t_plain[s];
            sum += (float)((double)rows * inv_std[s] * (c - g_with[s] * t_with[s]));
        }
        grad_weight[column] = sum;
    }
}

// ---- Convolutions that cuDNN is slow at ------------------------------------------------------------------------------------

#define TAPS 7
#define LANES 64
#define GROUPS (THREADS / LANES)

// The part that some rows of the narrow images, which have `N` channels, have in a 7x7 weight's gradient at stride 1. A thread has
// one wide channel and one line `blockIdx.y` of taps: along a row, each wide value meets the last seven narrow ones.
template <u32 N> static __device__ void few_weights(u32 rows, u32 nh, u32 nw, u32 wh, u32 ww, u32 c, u32 padding, u32 each, const float *wide, const float *narrow, float *partial) {
    __shared__ float shared[THREADS];
    u32 lane = threadIdx.x % LANES, channel = blockIdx.z * LANES + lane, tap = blockIdx.y;
    u32 first = (blockIdx.x * GROUPS + threadIdx.x / LANES) * each, end = first + each < rows ? first + each : rows;
    float sums[N][TAPS];
#pragma unroll
    for (u32 k = 0; k < N; k++)
#pragma unroll
        for (u32 s = 0; s < TAPS; s++) sums[k][s] = 0.0f;
    for (u32 row = first; row < end; row++) {
        u32 image = row / nh, line = row - image * nh + tap;
        if (line < padding || line - padding >= wh || channel >= c) continue;
        const float *x = wide + (image * wh + line - padding) * ww * c + channel, *g = narrow + row * nw * N;
        float seen[TAPS][N];
#pragma unroll
        for (u32 s = 0; s < TAPS; s++)
#pragma unroll
            for (u32 k = 0; k < N; k++) seen[s][k] = 0.0f;
        for (u32 base = 0; base < nw + TAPS - 1; base += TAPS) {
#pragma unroll
            for (u32 j = 0; j < TAPS; j++) {
                u32 at = base + j;
                float v = at >= padding && at - padding < ww ? x[(at - padding) * c] : 0.0f;
#pragma unroll
                for (u32 k = 0; k < N; k++) seen[j][k] = at < nw ? g[at * N + k] : 0.0f;
#pragma unroll
                for (u32 s = 0; s < TAPS; s++)
#pragma unroll
                    for (u32 k = 0; k < N; k++) sums[k][s] = fmaf(seen[(j + TAPS - s) % TAPS][k], v, sums[k][s]);
            }
        }
    }
#pragma unroll
    for (u32 k = 0; k < N; k++) {
#pragma unroll
        for (u32 s = 0; s < TAPS; s++) {
            float sum = tree(sums[k][s], shared, LANES);
            if (threadIdx.x < LANES && channel < c) partial[((blockIdx.x * N + k) * TAPS * TAPS + tap * TAPS + s) * c + channel] = sum;
        }
    }
}

// `partial` is one gradient after another, of each `blockIdx.x`: its rows are `GROUPS each`.
extern "C" __global__ void weights_of_few(u32 rows, u32 nh, u32 nw, u32 wh, u32 ww, u32 c, u32 padding, u32 each, u32 channels, const float *wide, const float *narrow, float *partial) {
    switch (channels) {
    case 1: return few_weights<1>(rows, nh, nw, wh, ww, c, padding, each, wide, narrow, partial);
    case 2: return few_weights<2>(rows, nh, nw, wh, ww, c, padding, each, wide, narrow, partial);
    case 3: return few_weights<3>(rows, nh, nw, wh, ww, c, padding, each, wide, narrow, partial);
    default: return few_weights<4>(rows, nh, nw, wh, ww, c, padding, each, wide, narrow, partial);
    }
}

// The sum of `parts` arrays that lie one after another.
extern "C" __global__ void fold(u32 len, u32 parts, const float *partial, u32 fresh, float *out) {
    EACH(i, len) {
        double sum = 0.0;
#pragma unroll 8
        for (u32 part = 0; part < parts; part++) sum += partial[part * len + i];
        give(out, i, fresh, (float)sum);
    }
}

// A block for each narrow value `blockIdx.x` of `channels` to a pixel, over a window of many wide channels (a multiple of four):
// the last layer of a PatchGAN.
extern "C" __global__ void narrow_of_few(u32 channels, u32 nh, u32 nw, u32 wh, u32 ww, u32 c, u32 taps, u32 stride, u32 padding, const float *wide, const float *filter, u32 fresh, float *narrow) {
    __shared__ float shared[THREADS];
    u32 pixel = blockIdx.x / channels, k = blockIdx.x - pixel * channels;
    u32 row = pixel / nw, q = pixel - row * nw, image = row / nh, p = row - image * nh;
    u32 fours = c / 4, window = taps * taps * fours;
    float sum = 0.0f;
    for (u32 i = threadIdx.x; i < window; i += THREADS) {
        u32 tap = i / fours, at = i - tap * fours, r = tap / taps, s = tap - r * taps;
        u32 y = p * stride + r, x = q * stride + s;
        if (y < padding || y - padding >= wh || x < padding || x - padding >= ww) continue;
        float4 a = four(wide, ((image * wh + y - padding) * ww + x - padding) * fours + at), b = four(filter, k * window + i);
        sum = fmaf(a.x, b.x, fmaf(a.y, b.y, fmaf(a.z, b.z, fmaf(a.w, b.w, sum))));
    }
    sum = tree(sum, shared, 1u);
    if (threadIdx.x == 0) give(narrow, blockIdx.x, fresh, sum);
}

// The most pixels of narrow images that the following kernels take, for a narrow side and for a wide one.
#define NARROW_PIXELS 4
#define PIXELS 16
#define WARPS (THREADS / 32)

// The sum over a warp's threads, in all of them. All threads of the block must be here.
static __device__ float warp_sum(float v) {
    for (u32 distance = 16; distance > 0; distance /= 2) v += __shfl_xor_sync(0xffffffffu, v, distance);
    return v;
}

// Two narrow channels to a block, for all `pixels` of the narrow images: the weight is read once. `c` is a multiple of four.
extern "C" __global__ void narrow_of_few_pixels(u32 pixels, u32 channels, u32 nh, u32 nw, u32 wh, u32 ww, u32 c, u32 taps, u32 stride, u32 padding, const float *wide, const float *filter, u32 fresh, float *narrow) {
    __shared__ int lines[NARROW_PIXELS], columns[NARROW_PIXELS], images[NARROW_PIXELS];
    __shared__ float totals[2 * NARROW_PIXELS][WARPS];
    if (threadIdx.x < pixels) {
        u32 row = threadIdx.x / nw, image = row / nh;
        images[threadIdx.x] = (int)image;
        lines[threadIdx.x] = (int)((row - image * nh) * stride) - (int)padding;
        columns[threadIdx.x] = (int)((threadIdx.x - row * nw) * stride) - (int)padding;
    }
    __syncthreads();
    u32 k = 2 * blockIdx.x, fours = c / 4, window = taps * taps * fours;
    float sums[2][NARROW_PIXELS];
#pragma unroll
    for (u32 j = 0; j < NARROW_PIXELS; j++) sums[0][j] = sums[1][j] = 0.0f;
    for (u32 i = threadIdx.x; i < window; i += THREADS) {
        u32 tap = i / fours, at = i - tap * fours;
        int r = (int)(tap / taps), s = (int)tap - r * (int)taps;
        // Taps that see nothing but padding need no weights.
        if (pixels == 1 && (lines[0] + r < 0 || lines[0] + r >= (int)wh || columns[0] + s < 0 || columns[0] + s >= (int)ww)) continue;
        float4 a = four(filter, k * window + i), b = k + 1 < channels ? four(filter, (k + 1) * window + i) : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
#pragma unroll
        for (u32 j = 0; j < NARROW_PIXELS; j++) {
            if (j < pixels) {
                int y = lines[j] + r, x = columns[j] + s;
                if (y >= 0 && y < (int)wh && x >= 0 && x < (int)ww) {
                    float4 v = four(wide, (((u32)images[j] * wh + (u32)y) * ww + (u32)x) * fours + at);
                    sums[0][j] = fmaf(v.x, a.x, fmaf(v.y, a.y, fmaf(v.z, a.z, fmaf(v.w, a.w, sums[0][j]))));
                    sums[1][j] = fmaf(v.x, b.x, fmaf(v.y, b.y, fmaf(v.z, b.z, fmaf(v.w, b.w, sums[1][j]))));
                }
            }
        }
    }
#pragma unroll
    for (u32 j = 0; j < NARROW_PIXELS; j++) {
        if (j < pixels) {
            float first = warp_sum(sums[0][j]), second = warp_sum(sums[1][j]);
            if (threadIdx.x % 32 == 0) {
                totals[2 * j][threadIdx.x / 32] = first;
                totals[2 * j + 1][threadIdx.x / 32] = second;
            }
        }
    }
    __syncthreads();
    if (threadIdx.x >= 2 * pixels || k + threadIdx.x % 2 >= channels) return;
    float sum = 0.0f;
    for (u32 warp = 0; warp < WARPS; warp++) sum += totals[threadIdx.x][warp];
    give(narrow, threadIdx.x / 2 * channels + k + threadIdx.x % 2, fresh, sum);
}

// Narrow channels of a block of the next kernel.
#define CHUNK 32
// Fours of wide channels of such a block: a thread has one of them, and one of 16 taps.
#define TILE (THREADS / 16)

// The part that narrow channels from `blockIdx.y * CHUNK` have in wide images twice as high and wide: windows of 4x4, stride 2,
// padding 1. `P` is at least `pixels`, those of the narrow images.
template <u32 P> static __device__ void widen_few_pixels(u32 pixels, u32 channels, u32 nh, u32 nw, u32 c, const float *narrow, const float *filter, float *partial) {
    __shared__ float seen[CHUNK * P];
    __shared__ float4 sums[4 * P * TILE];
    u32 first = blockIdx.y * CHUNK, count = channels - first < CHUNK ? channels - first : CHUNK;
    for (u32 i = threadIdx.x; i < CHUNK * P; i += THREADS) {
        u32 k = i / P, j = i - k * P;
        seen[i] = k < count && j < pixels ? narrow[j * channels + first + k] : 0.0f;
    }
    float4 none = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    for (u32 i = threadIdx.x; i < 4 * P * TILE; i += THREADS) sums[i] = none;
    __syncthreads();
    u32 lane = threadIdx.x % TILE, tap = threadIdx.x / TILE, r = tap / 4, s = tap % 4, fours = c / 4, at = blockIdx.x * TILE + lane;
    // From a single line, the outer taps reach nothing but padding.
    bool works = at < fours && !(nh == 1 && (r == 0 || r == 3)) && !(nw == 1 && (s == 0 || s == 3));
    float4 parts[P];
#pragma unroll
    for (u32 j = 0; j < P; j++) parts[j] = none;
    if (works) {
#pragma unroll 4
        for (u32 k = 0; k < count; k++) {
            float4 w = four(filter, ((first + k) * 16 + tap) * fours + at);
#pragma unroll
            for (u32 j = 0; j < P; j++) {
                float v = seen[k * P + j];
                parts[j] = make_float4(fmaf(v, w.x, parts[j].x), fmaf(v, w.y, parts[j].y), fmaf(v, w.z, parts[j].z), fmaf(v, w.w, parts[j].w));
            }
        }
    }
    // At most four taps meet in a wide pixel: one of each round.
    for (u32 round = 0; round < 4; round++) {
        if (works && r / 2 * 2 + s / 2 == round) {
#pragma unroll
            for (u32 j = 0; j < P; j++) {
                u32 row = j / nw, image = row / nh, y = 2 * (row - image * nh) + r, x = 2 * (j - row * nw) + s;
                // Both are one more than the place.
                if (j < pixels && y >= 1 && y <= 2 * nh && x >= 1 && x <= 2 * nw) {
                    u32 place = ((image * 2 * nh + y - 1) * 2 * nw + x - 1) * TILE + lane;
                    sums[place] = plus(sums[place], parts[j]);
                }
            }
        }
        __syncthreads();
    }
    for (u32 i = threadIdx.x; i < 4 * pixels * TILE; i += THREADS) {
        u32 pixel = i / TILE, four_at = blockIdx.x * TILE + i % TILE;
        if (four_at < fours) set_four(partial, (blockIdx.y * 4 * pixels + pixel) * fours + four_at, sums[i]);
    }
}

extern "C" __global__ void widen_of_few_pixels(u32 pixels, u32 channels, u32 nh, u32 nw, u32 c, const float *narrow, const float *filter, float *partial) {
    if (pixels == 1) return widen_few_pixels<1>(pixels, channels, nh, nw, c, narrow, filter, partial);
    if (pixels <= 4) return widen_few_pixels<4>(pixels, channels, nh, nw, c, narrow, filter, partial);
    return widen_few_pixels<PIXELS>(pixels, channels, nh, nw, c, narrow, filter, partial);
}

// ---- Losses ----------------------------------------------------------------------------------------------------------------

#define VANILLA 0
#define LSGAN 1
#define WGAN 2
#define L1 3
#define MSE 4
#define PRODUCT 5

static __device__ double term_value(int term, float real, float x, float y) {
    double v = x, t = real;
    switch (term) {
    case VANILLA: return (v > 0.0 ? v : 0.0) - v * t + log1p(exp(-fabs(v)));
    case LSGAN: return (v - t) * (v - t);
    case WGAN: return real != 0.0f ? -v : v;
    case L1: return fabsf(x - y);
    case MSE: return (v - y) * (v - y);
    default: return v * y;
    }
}

static __device__ float term_slope(int term, float real, float x, float y, float k) {
    switch (term) {
    case VANILLA: return k * (1.0f / (1.0f + expf(-x)) - real);
    case LSGAN: return k * (2.0f * (x - real));
    case WGAN: return real != 0.0f ? -k : k;
    case L1: return x > y ? k : x < y ? -k : 0.0f; // the subgradient at 0 is 0, as in PyTorch
    case MSE: return 2.0f * k * (x - y);
    default: return k * y;
    }
}

// Adds what all threads of all blocks (`gridDim.x` of them, `blockIdx.y` the same) hold. True in the one thread that gets it.
static __device__ bool grand_total(double value, double *partial, u32 *ticket, double *total) {
    __shared__ double doubles[THREADS];
    double sum = tree(value, doubles, 1u);
    if (threadIdx.x == 0) partial[blockIdx.x] = sum;
    if (!is_last(ticket, gridDim.x)) return false;
    double whole = 0.0;
    for (u32 block = threadIdx.x; block < gridDim.x; block += THREADS) whole += __ldcg(partial + block);
    *total = tree(whole, doubles, 1u);
    return threadIdx.x == 0;
}

extern "C" __global__ void loss(u32 len, int term, float real, const float *x, const float *y, double scale, double *partial, u32 *ticket, float *out) {
    double sum = 0.0, total;
    EACH(i, len) sum += term_value(term, real, x[i], y[i]);
    if (grand_total(sum, partial, ticket, &total)) *out = (float)(total / len * scale);
}

extern "C" __global__ void loss_backward(u32 len, int term, float real, const float *x, const float *y, float scale, const float *grad, u32 fresh, float *gx) {
    float k = grad[0] * scale / (float)len;
    EACH(i, len) give(gx, i, fresh, term_slope(term, real, x[i], y[i], k));
}

// The norm of each image's gradient, and `weight mean (norm - 1)^2`. `blockIdx.y` is the image; `partial` is [image][block].
extern "C" __global__ void penalty(u32 each, u32 n, double eps, double weight, const float *g, double *partial, u32 *ticket, double *norms, float *value) {
    __shared__ double doubles[THREADS];
    const float *image = g + blockIdx.y * each;
    double sum = 0.0;
    EACH(i, each) {
        double v = (double)image[i] + eps;
        sum += v * v;
    }
    sum = tree(sum, doubles, 1u);
    if (threadIdx.x == 0) partial[blockIdx.y * gridDim.x + blockIdx.x] = sum;
    if (!is_last(ticket, gridDim.x * gridDim.y) || threadIdx.x != 0) return;
    double mean = 0.0;
    for (u32 i = 0; i < n; i++) {
        double square = 0.0;
        for (u32 block = 0; block < gridDim.x; block++) square += __ldcg(partial + i * gridDim.x + block);
        double norm = sqrt(square);
        norms[i] = norm;
        mean += (norm - 1.0) * (norm - 1.0);
    }
    *value = (float)(weight * (mean / n));
}

// The penalty's own gradient: `2 weight / n (norm - 1) / norm (g + eps)`.
extern "C" __global__ void penalty_direction(u32 len, u32 each, u32 n, double eps, double weight, const float *g, const double *norms, float *out) {
    EACH(i, len) {
        double norm = norms[i / each], factor = 2.0 * weight / n * (norm - 1.0) / norm;
        out[i] = (float)(factor * ((double)g[i] + eps));
    }
}

// ---- Many tensors at once --------------------------------------------------------------------------------------------------

// A trained tensor. Blocks `first ..` of the launch are this tensor's, each with SHARE values of it.
#define SHARE 4096
struct Trained {
    float *param, *grad, *m, *v;
    u32 len, clear, first, unused;
};

// The tensor that a block works on: the last whose `first` is not past it.
static __device__ const Trained *owner(const Trained *tensors, u32 count) {
    u32 low = 0, high = count;
    while (high - low > 1) {
        u32 middle = (low + high) / 2;
        if (tensors[middle].first <= blockIdx.x) low = middle;
        else high = middle;
    }
    return tensors + low;
}

static __device__ void update(float &p, float g, float &m, float &v, float step, float correction, float eps, float b1, float b2, float a1, float a2) {
    m = b1 * m + a1 * g;
    v = b2 * v + a2 * g * g;
    p -= step * m / (sqrtf(v) * correction + eps);
}

// Adam over every trained tensor of a network.
extern "C" __global__ void adam(const Trained *tensors, u32 count, float step, float correction, float eps, float b1, float b2, float a1, float a2) {
    const Trained *t = owner(tensors, count);
    u32 start = (blockIdx.x - t->first) * SHARE, end = start + SHARE < t->len ? start + SHARE : t->len;
    u32 quads = (end - start) / 4;
    float4 *p = (float4 *)(t->param + start), *g = (float4 *)(t->grad + start), *m = (float4 *)(t->m + start), *v = (float4 *)(t->v + start);
    for (u32 i = threadIdx.x; i < quads; i += THREADS) {
        float4 pi = p[i], gi = g[i], mi = m[i], vi = v[i];
        update(pi.x, gi.x, mi.x, vi.x, step, correction, eps, b1, b2, a1, a2);
        update(pi.y, gi.y, mi.y, vi.y, step, correction, eps, b1, b2, a1, a2);
        update(pi.z, gi.z, mi.z, vi.z, step, correction, eps, b1, b2, a1, a2);
        update(pi.w, gi.w, mi.w, vi.w, step, correction, eps, b1, b2, a1, a2);
        p[i] = pi;
        m[i] = mi;
        v[i] = vi;
        if (t->clear) g[i] = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    }
    u32 i = start + 4 * quads + threadIdx.x;
    if (i < end) {
        update(t->param[i], t->grad[i], t->m[i], t->v[i], step, correction, eps, b1, b2, a1, a2);
        if (t->clear) t->grad[i] = 0.0f;
    }
}

// The sum of the squares of every gradient.
extern "C" __global__ void squares(const Trained *tensors, u32 count, double *partial, u32 *ticket, double *out) {
    const Trained *t = owner(tensors, count);
    u32 start = (blockIdx.x - t->first) * SHARE, end = start + SHARE < t->len ? start + SHARE : t->len;
    double sum = 0.0, total;
    for (u32 i = start + threadIdx.x; i < end; i += THREADS) sum += (double)t->grad[i] * t->grad[i];
    if (grand_total(sum, partial, ticket, &total)) *out = total;
}

// Zeros.
extern "C" __global__ void clear(u32 len, u32 *out) {
    EACH(i, len) out[i] = 0;
}

// One value of 32 bits.
extern "C" __global__ void put(u32 len, u32 value, u32 *out) {
    EACH(i, len) out[i] = value;
}

// The device's self-test: a pattern that only a running kernel writes.
extern "C" __global__ void self_test(u32 len, const float *x, float *y) {
    EACH(i, len) y[i] = 2.0f * x[i] + 1.0f;
}
