//! The three products that every convolution and transposed convolution is made of, each by the algorithm that suits its
//! geometry: Winograd where many output positions share a small weight, else direct summation. Images are channels-last,
//! weights in panels.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::conv::Direction;
use crate::cpu::direct;
use crate::cpu::winograd::Plan;
use crate::geometry::ConvGeometry;

static EXACT: AtomicBool = AtomicBool::new(false);

/// Turns Winograd off (or on again) in this process: results then carry direct summation's rounding error alone, about
/// 3e-7 of a layer's output instead of 1.5e-6.
pub fn set_exact(exact: bool) {
    EXACT.store(exact, Ordering::Relaxed);
}

fn plan(g: &ConvGeometry) -> Option<Plan> {
    if EXACT.load(Ordering::Relaxed) {
        None
    } else {
        Plan::choose(g)
    }
}

/// Bytes that one side's images, or their points, may take in a work buffer, where those of one image are not more.
const IMAGES_BYTES: usize = 20 << 20;

/// How many of a batch's images are worked on at a time, so that work buffers take no more of them than `IMAGES_BYTES`.
fn at_once(g: &ConvGeometry, plan: Option<Plan>) -> usize {
    let image = plan.map_or_else(|| direct::image_len(g), |plan| plan.most_points(g));
    IMAGES_BYTES / (4 * image)
}

/// Some images of a batch at a time.
pub(crate) struct Images {
    /// Their geometry.
    pub(crate) g: ConvGeometry,
    first: usize,
}

impl Images {
    /// Calls `work` for at most `most` images after the other, as evenly as goes.
    pub(crate) fn each(g: &ConvGeometry, most: usize, work: impl FnMut(Self)) {
        let n = g.n.div_ceil(g.n.div_ceil(most.max(1)).max(1)).max(1);
        (0..g.n)
            .step_by(n)
            .map(|first| Self {
                g: ConvGeometry {
                    n: n.min(g.n - first),
                    ..*g
                },
                first,
            })
            .for_each(work);
    }

    /// Where they are among images of so many values.
    pub(crate) fn values(&self, image: usize) -> Range<usize> {
        self.first * image..(self.first + self.g.n) * image
    }

    /// Where they are in the narrow images.
    pub(crate) fn narrow(&self) -> Range<usize> {
        self.values(self.g.narrow_len() * self.g.narrow_c)
    }

    /// Where they are in the output of this direction.
    pub(crate) fn output(&self, direction: Direction) -> Range<usize> {
        match direction {
            Direction::Narrow => self.narrow(),
            Direction::Widen => self.wide(),
        }
    }

    /// Where they are in the wide images.
    pub(crate) fn wide(&self) -> Range<usize> {
        self.values(self.g.wide_len() * self.g.wide_c)
    }
}

/// Narrow images from wide ones: a convolution's forward pass. `out` is overwritten.
fn narrow(g: &ConvGeometry, wide: &[f32], weight: &[f32], out: &mut [f32]) {
    let plan = plan(g);
    Images::each(g, at_once(g, plan), |these| {
        let (g, wide, out) = (&these.g, &wide[these.wide()], &mut out[these.narrow()]);
        match plan {
            Some(plan) => plan.with_wide(g, wide, |wide| plan.forward(g, wide, weight, out, false)),
            None => direct::narrow(g, wide, weight, out, false),
        }
    });
}

/// Wide images from narrow ones: a transposed convolution's forward pass. `out` is overwritten.
fn widen(g: &ConvGeometry, narrow: &[f32], weight: &[f32], out: &mut [f32]) {
    let plan = plan(g);
    Images::each(g, at_once(g, plan), |these| {
        let (g, narrow, out) = (&these.g, &narrow[these.narrow()], &mut out[these.wide()]);
        match plan {
            Some(plan) => plan.with_narrow(g, narrow, |narrow| plan.adjoint(g, narrow, weight, out, false)),
            None => direct::widen(g, narrow, weight, out, false),
        }
    });
}

/// A gradient, which is added to where the flag is set, else overwritten.
pub(crate) type Gradient<'a> = (&'a mut [f32], bool);

/// The forward pass that reads the map in this direction.
pub(crate) fn product(direction: Direction, g: &ConvGeometry, x: &[f32], weight: &[f32], out: &mut [f32]) {
    match direction {
        Direction::Narrow => narrow(g, x, weight, out),
        Direction::Widen => widen(g, x, weight, out),
    }
}

/// The gradients that are wanted.
pub(crate) struct Wanted<'a> {
    /// The input's.
    pub(crate) x: Option<Gradient<'a>>,
    /// The weight's.
    pub(crate) weight: Option<Gradient<'a>>,
}

impl Wanted<'_> {
    /// Those of some images, whose place in the input is given. What the first ones bring to the weight is added to from then on.
    fn of(&mut self, place: Range<usize>) -> Wanted<'_> {
        Wanted {
            x: self
                .x
                .as_mut()
                .map(|(x, accumulate)| (&mut x[place], *accumulate)),
            weight: next(&mut self.weight),
        }
    }
}

/// A weight's gradient for some images, and to be added to by the next ones.
pub(crate) fn next<'a>(weight: &'a mut Option<Gradient<'_>>) -> Option<Gradient<'a>> {
    let (out, accumulate) = weight.as_mut()?;
    Some((out, std::mem::replace(accumulate, true)))
}

/// The gradients of [`narrow`]: `grad` is the narrow images'.
fn narrow_gradients(g: &ConvGeometry, wide: &[f32], weight: &[f32], grad: &[f32], mut wanted: Wanted<'_>) {
    let plan = plan(g);
    Images::each(g, at_once(g, plan), |these| {
        let (g, wanted) = (&these.g, wanted.of(these.wide()));
        let (wide, grad) = (&wide[these.wide()], &grad[these.narrow()]);
        let Some(plan) = plan else {
            if let Some((out, accumulate)) = wanted.weight {
                direct::weight_gradient(g, wide, grad, out, accumulate);
            }
            if let Some((out, accumulate)) = wanted.x {
                direct::widen(g, grad, weight, out, accumulate);
            }
            return;
        };
        plan.with_narrow(g, grad, |grad| {
            if let Some((out, accumulate)) = wanted.weight {
                plan.with_wide(g, wide, |wide| {
                    plan.weight_gradient(g, wide, grad, out, accumulate);
                });
            }
            if let Some((out, accumulate)) = wanted.x {
                plan.adjoint(g, grad, weight, out, accumulate);
            }
        });
    });
}

/// The gradients of [`widen`]: `grad` is the wide images'.
fn widen_gradients(g: &ConvGeometry, narrow: &[f32], weight: &[f32], grad: &[f32], mut wanted: Wanted<'_>) {
    let plan = plan(g);
    Images::each(g, at_once(g, plan), |these| {
        let (g, wanted) = (&these.g, wanted.of(these.narrow()));
        let (narrow, grad) = (&narrow[these.narrow()], &grad[these.wide()]);
        let Some(plan) = plan else {
            if let Some((out, accumulate)) = wanted.weight {
                direct::weight_gradient(g, grad, narrow, out, accumulate);
            }
            if let Some((out, accumulate)) = wanted.x {
                direct::narrow(g, grad, weight, out, accumulate);
            }
            return;
        };
        plan.with_wide(g, grad, |grad| {
            if let Some((out, accumulate)) = wanted.weight {
                plan.with_narrow(g, narrow, |narrow| {
                    plan.weight_gradient(g, grad, narrow, out, accumulate);
                });
            }
            if let Some((out, accumulate)) = wanted.x {
                plan.forward(g, grad, weight, out, accumulate);
            }
        });
    });
}

/// The gradients of [`product`].
pub(crate) fn gradients(
    direction: Direction,
    g: &ConvGeometry,
    x: &[f32],
    weight: &[f32],
    grad: &[f32],
    wanted: Wanted<'_>,
) {
    match direction {
        Direction::Narrow => narrow_gradients(g, x, weight, grad, wanted),
        Direction::Widen => widen_gradients(g, x, weight, grad, wanted),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::cpu::panels;
    use crate::geometry::ConvConfig;

    /// The difference's root mean square over the expected values'.
    pub(crate) fn error(got: &[f32], want: &[f32]) -> f64 {
        let square = |v: &mut dyn Iterator<Item = f32>| v.map(|v| f64::from(v).powi(2)).sum::<f64>();
        let off = square(&mut got.iter().zip(want).map(|(a, b)| a - b));
        (off / square(&mut want.iter().copied())).sqrt()
    }

    pub(crate) fn values(len: usize, seed: usize) -> Vec<f32> {
        (0..len)
            .map(|i| ((i * 37 + seed * 11) % 101) as f32 / 50.0 - 1.0)
            .collect()
    }

    #[test]
    fn batches_are_split_evenly_and_whole() {
        let g = ConvGeometry::conv2d((5, 2, 6, 6), [3, 2, 4, 4], None, ConvConfig::new(2, 1)).unwrap();
        for (most, sizes) in [(0, vec![1; 5]), (2, vec![2, 2, 1]), (4, vec![3, 2]), (9, vec![5])] {
            let (mut got, mut next) = (Vec::new(), [0, 0]);
            Images::each(&g, most, |these| {
                got.push(these.g.n);
                let ranges = [these.narrow(), these.wide()];
                assert_eq!(ranges.each_ref().map(|range| range.start), next);
                next = ranges.map(|range| range.end);
            });
            assert_eq!(got, sizes);
            assert_eq!(next, [5 * 9 * 3, 5 * 36 * 2]);
        }
    }

    /// Batches whose work buffers hold some of their images only, against each image by itself.
    #[test]
    fn a_batch_in_parts_is_its_images() {
        for (inp, out, side, kernel, stride) in [(96, 96, 128, 4, 2), (48, 96, 80, 4, 1), (4, 96, 320, 4, 2)]
        {
            let image = (inp, side, side);
            let shape = [out, inp, kernel, kernel];
            let geometry = |n| {
                let x = (n, image.0, image.1, image.2);
                ConvGeometry::conv2d(x, shape, None, ConvConfig::new(stride, 1)).unwrap()
            };
            let (g, one) = (geometry(3), geometry(1));
            let most = at_once(&g, plan(&g));
            assert!((1..3).contains(&most), "{most} of {g:?}");
            assert_eq!(plan(&g).is_some(), plan(&one).is_some());
            let (wide_len, narrow_len) = (inp * g.wide_len(), out * g.narrow_len());
            let weight = panels::from_public(panels::shape(&g), &values(shape.iter().product(), 1));
            let (wide, small) = (values(3 * wide_len, 2), values(3 * narrow_len, 3));
            let passes =
                |g: &ConvGeometry, wide: &[f32], small: &[f32], gw: &mut [Vec<f32>; 2], accumulate: bool| {
                    let mut out = [small, wide, wide, small].map(|like| vec![0.0; like.len()]);
                    let [y, x, gx, gy] = &mut out;
                    narrow(g, wide, &weight, y);
                    widen(g, small, &weight, x);
                    let [first, second] = gw;
                    let wanted = |x, weight| Wanted {
                        x: Some((x, false)),
                        weight: Some((weight, accumulate)),
                    };
                    narrow_gradients(g, wide, &weight, small, wanted(&mut gx[..], &mut first[..]));
                    widen_gradients(g, small, &weight, wide, wanted(&mut gy[..], &mut second[..]));
                    out
                };
            let nothing = || [vec![f32::NAN; weight.len()], vec![f32::NAN; weight.len()]];
            let (mut gw, mut sums) = (nothing(), nothing());
            let batch = passes(&g, &wide, &small, &mut gw, false);
            for n in 0..3 {
                let (x, y) = (
                    n * wide_len..(n + 1) * wide_len,
                    n * narrow_len..(n + 1) * narrow_len,
                );
                let single = passes(&one, &wide[x.clone()], &small[y.clone()], &mut sums, n > 0);
                for ((batch, single), place) in batch.iter().zip(&single).zip([&y, &x, &x, &y]) {
                    let off = error(&batch[place.clone()], single);
                    assert!(off < 1e-6, "{off:.1e}, image {n} of {g:?}");
                }
            }
            for (got, want) in gw.iter().zip(&sums) {
                let off = error(got, want);
                assert!(off < 1e-5, "{off:.1e} of {g:?}");
            }
        }
    }
}
