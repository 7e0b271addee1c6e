//! The operations' definitions, in f64 and as plainly as they can be written.

pub type Shape = [usize; 4];

#[derive(Clone, Debug)]
pub struct Array {
    pub shape: Shape,
    pub values: Vec<f64>,
}

impl Array {
    pub fn zeros(shape: Shape) -> Self {
        Self {
            shape,
            values: vec![0.0; shape.iter().product()],
        }
    }

    /// Values in (-1, 1) that follow no simple rule.
    pub fn pattern(shape: Shape, seed: usize) -> Self {
        let len: usize = shape.iter().product();
        let value = |i: usize| f64::from((((i * 7919 + seed * 104_729) % 1013) as f32 - 506.0) / 512.0);
        Self {
            shape,
            values: (0..len).map(value).collect(),
        }
    }

    pub fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        Self {
            shape: self.shape,
            values: self.values.iter().map(|v| f(*v)).collect(),
        }
    }

    pub fn zip(&self, other: &Self, f: impl Fn(f64, f64) -> f64) -> Self {
        Self {
            shape: self.shape,
            values: self
                .values
                .iter()
                .zip(&other.values)
                .map(|(a, b)| f(*a, *b))
                .collect(),
        }
    }

    pub fn index(&self, n: usize, c: usize, y: usize, x: usize) -> usize {
        ((n * self.shape[1] + c) * self.shape[2] + y) * self.shape[3] + x
    }

    pub fn at(&self, n: usize, c: usize, y: usize, x: usize) -> f64 {
        self.values[self.index(n, c, y, x)]
    }

    pub fn build(shape: Shape, f: impl Fn(usize, usize, usize, usize) -> f64) -> Self {
        let mut out = Self::zeros(shape);
        for n in 0..shape[0] {
            for c in 0..shape[1] {
                for y in 0..shape[2] {
                    for x in 0..shape[3] {
                        let i = out.index(n, c, y, x);
                        out.values[i] = f(n, c, y, x);
                    }
                }
            }
        }
        out
    }
}

pub fn conv2d(x: &Array, w: &Array, b: &[f64], stride: usize, padding: usize) -> Array {
    let [n, inp, h, wd] = x.shape;
    let [out, _, k, _] = w.shape;
    let side = |len: usize| (len + 2 * padding).checked_sub(k).map_or(0, |v| v / stride + 1);
    Array::build([n, out, side(h), side(wd)], |n, o, oy, ox| {
        let mut sum = b[o];
        for c in 0..inp {
            for ky in 0..k {
                for kx in 0..k {
                    let (y, x_at) = (
                        (oy * stride + ky).wrapping_sub(padding),
                        (ox * stride + kx).wrapping_sub(padding),
                    );
                    if y < h && x_at < wd {
                        sum += x.at(n, c, y, x_at) * w.at(o, c, ky, kx);
                    }
                }
            }
        }
        sum
    })
}

pub fn conv_transpose2d(
    x: &Array,
    w: &Array,
    b: &[f64],
    stride: usize,
    padding: usize,
    extra: usize,
) -> Array {
    let [n, inp, h, wd] = x.shape;
    let [_, out, k, _] = w.shape;
    let side = |len: usize| ((len - 1) * stride + k + extra).saturating_sub(2 * padding);
    let mut y = Array::build([n, out, side(h), side(wd)], |_, o, _, _| b[o]);
    for i in 0..n {
        for c in 0..inp {
            for (iy, ix) in (0..h).flat_map(|iy| (0..wd).map(move |ix| (iy, ix))) {
                for o in 0..out {
                    for (ky, kx) in (0..k).flat_map(|ky| (0..k).map(move |kx| (ky, kx))) {
                        let (oy, ox) = (
                            (iy * stride + ky).wrapping_sub(padding),
                            (ix * stride + kx).wrapping_sub(padding),
                        );
                        if oy < y.shape[2] && ox < y.shape[3] {
                            let at = y.index(i, o, oy, ox);
                            y.values[at] += x.at(i, c, iy, ix) * w.at(c, o, ky, kx);
                        }
                    }
                }
            }
        }
    }
    y
}

fn normalise(group: &mut [&mut f64]) {
    let n = group.len() as f64;
    let mean = group.iter().map(|v| **v).sum::<f64>() / n;
    let var = group.iter().map(|v| (**v - mean).powi(2)).sum::<f64>() / n;
    group
        .iter_mut()
        .for_each(|v| **v = (**v - mean) / (var + f64::from(1e-5f32)).sqrt());
}

pub fn instance_norm(x: &Array) -> Array {
    let mut y = x.clone();
    for plane in y.values.chunks_mut(x.shape[2] * x.shape[3]) {
        normalise(&mut plane.iter_mut().collect::<Vec<_>>());
    }
    y
}

pub fn batch_norm(x: &Array, w: &[f64], b: &[f64]) -> Array {
    let mut y = x.clone();
    let len = x.shape[2] * x.shape[3];
    for c in 0..x.shape[1] {
        let planes = y
            .values
            .chunks_mut(len)
            .enumerate()
            .filter(|(i, _)| i % x.shape[1] == c);
        normalise(&mut planes.flat_map(|(_, p)| p).collect::<Vec<_>>());
    }
    Array::build(x.shape, |n, c, i, j| y.at(n, c, i, j) * w[c] + b[c])
}

/// How `batch_norm` with these scales (or, for groups of an image, `instance_norm`) changes along `t`.
pub fn norm_tangent(x: &Array, t: &Array, w: &[f64], whole_batch: bool) -> Array {
    let [n, channels, h, wd] = x.shape;
    let group = |k: usize| {
        let members = (0..x.values.len()).filter(move |i| {
            let (plane, same) = (i / (h * wd), k % channels);
            if whole_batch {
                plane % channels == same
            } else {
                plane == k
            }
        });
        members.collect::<Vec<_>>()
    };
    let mut y = x.clone();
    for k in 0..if whole_batch { channels } else { n * channels } {
        let members = group(k);
        let mean =
            |f: &dyn Fn(usize) -> f64| members.iter().map(|i| f(*i)).sum::<f64>() / members.len() as f64;
        let m = mean(&|i| x.values[i]);
        let s = 1.0 / (mean(&|i| (x.values[i] - m).powi(2)) + f64::from(1e-5f32)).sqrt();
        let u = |i: usize| (x.values[i] - m) * s;
        let (mean_t, with_u) = (mean(&|i| t.values[i]), mean(&|i| u(i) * t.values[i]));
        for i in &members {
            y.values[*i] = w[k % channels] * s * (t.values[*i] - mean_t - u(*i) * with_u);
        }
    }
    y
}

pub fn scale_channels(x: &Array, mean: &[f64], var: &[f64], w: &[f64], b: &[f64]) -> Array {
    Array::build(x.shape, |n, c, i, j| {
        (x.at(n, c, i, j) - mean[c]) / (var[c] + f64::from(1e-5f32)).sqrt() * w[c] + b[c]
    })
}

/// The first `h` x `w` of the image tiled with its mirror images, edges shared.
pub fn fit(x: &Array, [h, w]: [usize; 2]) -> Array {
    let bounce = |i: usize, len: usize| {
        let (mut at, mut step) = (0isize, 1isize);
        for _ in 0..i {
            if len > 1 && !(0..len as isize).contains(&(at + step)) {
                step = -step;
            }
            at += if len > 1 { step } else { 0 };
        }
        at as usize
    };
    let [n, c, from_h, from_w] = x.shape;
    Array::build([n, c, h, w], |n, c, y, x_at| {
        x.at(n, c, bounce(y, from_h), bounce(x_at, from_w))
    })
}

pub fn reflection_pad(x: &Array, p: usize) -> Array {
    let [n, c, h, w] = x.shape;
    let mirror = |i: usize, len: usize| {
        let at = i as isize - p as isize;
        let last = len as isize - 1;
        (if at < 0 {
            -at
        } else if at > last {
            2 * last - at
        } else {
            at
        }) as usize
    };
    Array::build([n, c, h + 2 * p, w + 2 * p], |n, c, y, x_at| {
        x.at(n, c, mirror(y, h), mirror(x_at, w))
    })
}

pub fn upsample_nearest(x: &Array) -> Array {
    let [n, c, h, w] = x.shape;
    Array::build([n, c, 2 * h, 2 * w], |n, c, y, x_at| x.at(n, c, y / 2, x_at / 2))
}

pub fn upsample_bilinear(x: &Array) -> Array {
    let [n, c, h, w] = x.shape;
    let place = |i: usize, len: usize| {
        let at = i as f64 * (len - 1) as f64 / (2 * len - 1) as f64;
        let low = (at.floor() as usize).min(len - 1);
        (low, (low + 1).min(len - 1), at - low as f64)
    };
    Array::build([n, c, 2 * h, 2 * w], |n, c, y, x_at| {
        let ((y0, y1, fy), (x0, x1, fx)) = (place(y, h), place(x_at, w));
        let row = |y| x.at(n, c, y, x0) * (1.0 - fx) + x.at(n, c, y, x1) * fx;
        row(y0) * (1.0 - fy) + row(y1) * fy
    })
}

pub fn concat(a: &Array, b: &Array) -> Array {
    let [n, ca, h, w] = a.shape;
    Array::build([n, ca + b.shape[1], h, w], |n, c, y, x| {
        if c < ca {
            a.at(n, c, y, x)
        } else {
            b.at(n, c - ca, y, x)
        }
    })
}
