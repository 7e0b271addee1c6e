//! Convolutions of images that are made from others first: joined ones, or ones with a mirrored border. Only a few images are made
//! at a time, in a work buffer that stays in the cache until it has been read, and made again for the gradients: kept for a batch, they would be
//! the largest tensors of a U-Net, and the copy of every layer's input in a ResNet.

use crate::activation::Activation;
use crate::activation::cpu::scale_by_slope;
use crate::concat::cpu::{add_part, join};
use crate::conv::Direction;
use crate::cpu::convolve::{Gradient, Images, Wanted, gradients, next, product};
use crate::cpu::scratch::with_scratch;
use crate::geometry::ConvGeometry;
use crate::reflection_pad::cpu::{fold, mirrored};

/// Values of images that are made at a time, where more than one image's.
const MADE_VALUES: usize = 1 << 20;

/// How images are made from `P` parts, on the side that a convolution reads.
pub(crate) trait Recipe<const P: usize> {
    /// Values of an image of each part.
    fn image_lens(&self, g: &ConvGeometry) -> [usize; P];

    /// Makes the images of `g`. All of `made` is overwritten.
    fn make(&self, g: &ConvGeometry, parts: [&[f32]; P], made: &mut [f32]);

    /// Adds the gradient of the images that have been made to those of their parts. It may be changed.
    fn spread(&self, g: &ConvGeometry, made: &[f32], gradient: &mut [f32], parts: [&mut [f32]; P]);
}

/// The ReLU of two images' channels side by side, so many of each, on the narrow side.
pub(crate) struct Join(pub(crate) [usize; 2]);

impl Recipe<2> for Join {
    fn image_lens(&self, g: &ConvGeometry) -> [usize; 2] {
        self.0.map(|channels| g.narrow_len() * channels)
    }

    fn make(&self, _: &ConvGeometry, [a, b]: [&[f32]; 2], made: &mut [f32]) {
        join([(a, self.0[0]), (b, self.0[1])], true, made);
    }

    fn spread(&self, g: &ConvGeometry, made: &[f32], gradient: &mut [f32], [a, b]: [&mut [f32]; 2]) {
        scale_by_slope(Activation::Relu, made, gradient);
        add_part(self.0[0], 0, g.narrow_c, gradient, a);
        add_part(self.0[1], self.0[0], g.narrow_c, gradient, b);
    }
}

/// A border of so many pixels that mirrors the image, on the wide side.
pub(crate) struct Mirror(pub(crate) usize);

impl Mirror {
    fn inner(&self, g: &ConvGeometry) -> [usize; 2] {
        [g.wide_h - 2 * self.0, g.wide_w - 2 * self.0]
    }
}

impl Recipe<1> for Mirror {
    fn image_lens(&self, g: &ConvGeometry) -> [usize; 1] {
        let [h, w] = self.inner(g);
        [h * w * g.wide_c]
    }

    fn make(&self, g: &ConvGeometry, [x]: [&[f32]; 1], made: &mut [f32]) {
        let [h, w] = self.inner(g);
        mirrored(x, (g.wide_c, h, w), self.0, made);
    }

    fn spread(&self, g: &ConvGeometry, _: &[f32], gradient: &mut [f32], [x]: [&mut [f32]; 1]) {
        let [h, w] = self.inner(g);
        fold(gradient, (g.wide_c, h, w), self.0, x);
    }
}

/// The gradients that are wanted: the parts', all or none, which are added to, and the weight's.
pub(crate) struct WantedOfMade<'a, const P: usize> {
    pub(crate) parts: Option<[&'a mut [f32]; P]>,
    pub(crate) weight: Option<Gradient<'a>>,
}

/// What a convolution reads, in which the values of `P` tensors are.
pub(crate) trait Input<const P: usize> {
    /// The convolution. `out` is overwritten.
    fn product(
        &self,
        direction: Direction,
        g: &ConvGeometry,
        parts: [&[f32]; P],
        weight: &[f32],
        out: &mut [f32],
    );

    /// The gradients of [`Input::product`], given the output's.
    fn gradients(
        &self,
        direction: Direction,
        g: &ConvGeometry,
        parts: [&[f32]; P],
        weight: &[f32],
        grad: &[f32],
        wanted: WantedOfMade<'_, P>,
    );
}

/// Images as they are.
pub(crate) struct Plain;

impl Input<1> for Plain {
    fn product(
        &self,
        direction: Direction,
        g: &ConvGeometry,
        [x]: [&[f32]; 1],
        weight: &[f32],
        out: &mut [f32],
    ) {
        product(direction, g, x, weight, out);
    }

    fn gradients(
        &self,
        direction: Direction,
        g: &ConvGeometry,
        [x]: [&[f32]; 1],
        weight: &[f32],
        grad: &[f32],
        wanted: WantedOfMade<'_, 1>,
    ) {
        let wanted = Wanted {
            x: wanted.parts.map(|[gx]| (gx, true)),
            weight: wanted.weight,
        };
        gradients(direction, g, x, weight, grad, wanted);
    }
}

/// Images as a recipe makes them.
impl<const P: usize, R: Recipe<P>> Input<P> for R {
    fn product(
        &self,
        direction: Direction,
        g: &ConvGeometry,
        parts: [&[f32]; P],
        weight: &[f32],
        out: &mut [f32],
    ) {
        each_made(self, direction, g, parts, |these, made| {
            let out = &mut out[these.output(direction)];
            product(direction, &these.g, made, weight, out);
        });
    }

    fn gradients(
        &self,
        direction: Direction,
        g: &ConvGeometry,
        parts: [&[f32]; P],
        weight: &[f32],
        grad: &[f32],
        mut wanted: WantedOfMade<'_, P>,
    ) {
        let lens = self.image_lens(g);
        each_made(self, direction, g, parts, |these, made| {
            let (g, grad) = (&these.g, &grad[these.output(direction)]);
            let weight_only = Wanted {
                x: None,
                weight: next(&mut wanted.weight),
            };
            let Some(parts) = &mut wanted.parts else {
                return gradients(direction, g, made, weight, grad, weight_only);
            };
            with_scratch(made.len(), |gradient| {
                let both = Wanted {
                    x: Some((&mut *gradient, false)),
                    ..weight_only
                };
                gradients(direction, g, made, weight, grad, both);
                let mut at = 0;
                let parts = parts.each_mut().map(|part| {
                    at += 1;
                    &mut part[these.values(lens[at - 1])]
                });
                self.spread(g, made, gradient, parts);
            });
        });
    }
}

/// Calls `work` for some images after the other, as they have been made.
fn each_made<const P: usize>(
    recipe: &impl Recipe<P>,
    direction: Direction,
    g: &ConvGeometry,
    parts: [&[f32]; P],
    mut work: impl FnMut(&Images, &[f32]),
) {
    let image = match direction {
        Direction::Narrow => g.wide_len() * g.wide_c,
        Direction::Widen => g.narrow_len() * g.narrow_c,
    };
    let lens = recipe.image_lens(g);
    Images::each(g, MADE_VALUES / image, |these| {
        with_scratch(these.g.n * image, |made| {
            let parts = std::array::from_fn(|i| &parts[i][these.values(lens[i])]);
            recipe.make(&these.g, parts, made);
            work(&these, made);
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::convolve::tests::{error, values};
    use crate::cpu::panels;
    use crate::geometry::ConvConfig;

    /// Compares a batch whose images are made a few at a time, `most` of them, with the convolution of `whole`, all of them made before,
    /// whose gradient `spread` adds to the parts' own.
    fn check<const P: usize, R: Recipe<P>>(
        g: &ConvGeometry,
        (recipe, direction, of): (R, Direction, [&[f32]; P]),
        most: usize,
        whole: &[f32],
        spread: impl Fn(&mut [f32], &mut [Vec<f32>; P]),
    ) {
        assert_eq!(MADE_VALUES / (whole.len() / g.n), most);
        let weight = panels::from_public(panels::shape(g), &values(g.narrow_c * g.window(), 3));
        let (n, c, h, w) = direction.output(g);
        let (mut got, mut want) = (vec![f32::NAN; n * c * h * w], vec![f32::NAN; n * c * h * w]);
        recipe.product(direction, g, of, &weight, &mut got);
        product(direction, g, whole, &weight, &mut want);
        let close = |got: &[f32], want: &[f32]| {
            let off = error(got, want);
            assert!(off < 1e-6, "{off:.1e}");
        };
        close(&got, &want);

        // Parts' gradients that there are already, a weight's that is overwritten.
        let grad = values(want.len(), 4);
        let before = || of.map(|part| vec![1.0; part.len()]);
        let (mut parts, mut gw) = (before(), vec![f32::NAN; weight.len()]);
        let wanted = WantedOfMade {
            parts: Some(parts.each_mut().map(|part| &mut part[..])),
            weight: Some((&mut gw, false)),
        };
        recipe.gradients(direction, g, of, &weight, &grad, wanted);
        let (mut gx, mut all) = (vec![f32::NAN; whole.len()], vec![f32::NAN; weight.len()]);
        let wanted = Wanted {
            x: Some((&mut gx, false)),
            weight: Some((&mut all, false)),
        };
        gradients(direction, g, whole, &weight, &grad, wanted);
        let mut want = before();
        spread(&mut gx, &mut want);
        parts.iter().zip(&want).for_each(|(got, want)| close(got, want));
        close(&gw, &all);
        // The same again, added, for the weight alone.
        let wanted = WantedOfMade {
            parts: None,
            weight: Some((&mut gw, true)),
        };
        recipe.gradients(direction, g, of, &weight, &grad, wanted);
        all.iter_mut().for_each(|v| *v *= 2.0);
        close(&gw, &all);
    }

    #[test]
    fn images_joined_a_few_at_a_time_are_those_of_the_batch() {
        let (n, side, ca, cb, out) = (3, 64, 48, 80, 4);
        let (x, shape) = ((n, ca + cb, side, side), [ca + cb, out, 4, 4]);
        let g = ConvGeometry::conv_transpose2d(x, shape, None, ConvConfig::new(2, 1)).unwrap();
        let pixels = n * g.narrow_len();
        let (a, b) = (values(pixels * ca, 1), values(pixels * cb, 2));
        let mut whole = vec![0.0; pixels * (ca + cb)];
        join([(&a, ca), (&b, cb)], true, &mut whole);
        let made = (Join([ca, cb]), Direction::Widen, [&a[..], &b]);
        check(&g, made, 2, &whole, |gx, [ga, gb]| {
            scale_by_slope(Activation::Relu, &whole, gx);
            add_part(ca, 0, ca + cb, gx, ga);
            add_part(cb, ca, ca + cb, gx, gb);
        });
    }

    #[test]
    fn images_mirrored_a_few_at_a_time_are_those_of_the_batch() {
        let (n, h, w, c, out, padding) = (3, 60, 50, 130, 5, 3);
        let x = (n, c, h + 2 * padding, w + 2 * padding);
        let g = ConvGeometry::conv2d(x, [out, c, 3, 3], None, ConvConfig::new(2, 0)).unwrap();
        let images = values(n * h * w * c, 1);
        let mut whole = vec![0.0; n * g.wide_len() * c];
        mirrored(&images, (c, h, w), padding, &mut whole);
        let made = (Mirror(padding), Direction::Narrow, [&images[..]]);
        check(&g, made, 2, &whole, |gx, [part]| {
            fold(gx, (c, h, w), padding, part)
        });
    }
}
