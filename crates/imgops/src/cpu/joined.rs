//! Transposed convolutions of the ReLU of two images' channels side by side. Only a few images are joined at a time, into a work
//! buffer that stays in the cache until it has been read: the whole batch's would be the largest tensor that a U-Net keeps.

use crate::activation::Activation;
use crate::activation::cpu::scale_by_slope;
use crate::concat::cpu::{add_part, join};
use crate::cpu::convolve::{Images, Wanted, next, widen, widen_gradients};
use crate::cpu::scratch::with_scratch;
use crate::geometry::ConvGeometry;

/// Values of images that are joined at a time, where more than one image's.
const JOINED_VALUES: usize = 2 << 20;

/// The images whose channels lie side by side on the narrow side.
#[derive(Clone, Copy)]
pub(crate) struct Joined<'a> {
    /// Values and channels of each.
    pub(crate) parts: [(&'a [f32], usize); 2],
}

/// The gradients that are wanted, as of [`Wanted`]; those of both parts or of none.
pub(crate) struct WantedOfJoined<'a> {
    pub(crate) parts: Option<[&'a mut [f32]; 2]>,
    pub(crate) weight: Option<(&'a mut [f32], bool)>,
}

impl Joined<'_> {
    /// Calls `work` for some images after the other, with their joined values.
    fn each(&self, g: &ConvGeometry, mut work: impl FnMut(&Images, &[f32])) {
        let image = g.narrow_len() * g.narrow_c;
        Images::each(g, JOINED_VALUES / image, |these| {
            with_scratch(these.g.n * image, |joined| {
                let parts = self.parts.map(|(part, c)| (&part[these.narrow(c)], c));
                join(parts, true, joined);
                work(&these, joined);
            });
        });
    }

    /// Wide images from the joined ones. `out` is overwritten.
    pub(crate) fn widen(&self, g: &ConvGeometry, weight: &[f32], out: &mut [f32]) {
        self.each(g, |these, joined| {
            widen(&these.g, joined, weight, &mut out[these.wide()]);
        });
    }

    /// The gradients of [`Joined::widen`]: `grad` is the wide images'.
    pub(crate) fn widen_gradients(
        &self,
        g: &ConvGeometry,
        weight: &[f32],
        grad: &[f32],
        mut wanted: WantedOfJoined<'_>,
    ) {
        self.each(g, |these, joined| {
            let (g, grad) = (&these.g, &grad[these.wide()]);
            let weight_too = Wanted {
                x: None,
                weight: next(&mut wanted.weight),
            };
            let Some(parts) = &mut wanted.parts else {
                return widen_gradients(g, joined, weight, grad, weight_too);
            };
            with_scratch(joined.len(), |gradient| {
                gradient.fill(0.0);
                let both = Wanted {
                    x: Some(&mut *gradient),
                    ..weight_too
                };
                widen_gradients(g, joined, weight, grad, both);
                scale_by_slope(Activation::Relu, joined, gradient);
                let mut offset = 0;
                for (part, (_, c)) in parts.iter_mut().zip(self.parts) {
                    add_part(c, offset, g.narrow_c, gradient, &mut part[these.narrow(c)]);
                    offset += c;
                }
            });
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::convolve::tests::{error, values};
    use crate::cpu::panels;
    use crate::geometry::ConvConfig;

    /// Three images of which two are joined at a time, against all of them joined before.
    #[test]
    fn images_joined_a_few_at_a_time_are_those_of_the_batch() {
        let (n, side, ca, cb, out) = (3, 64, 48, 160, 4);
        let shape = [ca + cb, out, 4, 4];
        let g = ConvGeometry::conv_transpose2d((n, ca + cb, side, side), shape, None, ConvConfig::new(2, 1))
            .unwrap();
        assert_eq!(JOINED_VALUES / (g.narrow_len() * g.narrow_c), 2);
        let pixels = n * g.narrow_len();
        let (a, b) = (values(pixels * ca, 1), values(pixels * cb, 2));
        let weight = panels::from_public(panels::shape(&g), &values(shape.iter().product(), 3));
        let parts = [(&a[..], ca), (&b[..], cb)];
        let mut whole = vec![0.0; pixels * (ca + cb)];
        join(parts, true, &mut whole);

        let joined = Joined { parts };
        let (mut got, mut want) = (
            vec![f32::NAN; n * g.wide_len() * out],
            vec![f32::NAN; n * g.wide_len() * out],
        );
        joined.widen(&g, &weight, &mut got);
        widen(&g, &whole, &weight, &mut want);
        let off = error(&got, &want);
        assert!(off < 1e-6, "{off:.1e}");

        // A gradient that there is already, a weight's that is overwritten.
        let grad = values(want.len(), 4);
        let (mut ga, mut gb, mut gw) = (
            vec![1.0; a.len()],
            vec![1.0; b.len()],
            vec![f32::NAN; weight.len()],
        );
        let wanted = WantedOfJoined {
            parts: Some([&mut ga, &mut gb]),
            weight: Some((&mut gw, false)),
        };
        joined.widen_gradients(&g, &weight, &grad, wanted);
        let (mut gx, mut all) = (vec![0.0; whole.len()], vec![f32::NAN; weight.len()]);
        let wanted = Wanted {
            x: Some(&mut gx),
            weight: Some((&mut all, false)),
        };
        widen_gradients(&g, &whole, &weight, &grad, wanted);
        scale_by_slope(Activation::Relu, &whole, &mut gx);
        let (mut want_a, mut want_b) = (vec![1.0; a.len()], vec![1.0; b.len()]);
        add_part(ca, 0, ca + cb, &gx, &mut want_a);
        add_part(cb, ca, ca + cb, &gx, &mut want_b);
        for (got, want) in [(&ga, &want_a), (&gb, &want_b), (&gw, &all)] {
            let off = error(got, want);
            assert!(off < 1e-6, "{off:.1e}");
        }
        // The same again, added, for the weight alone.
        let wanted = WantedOfJoined {
            parts: None,
            weight: Some((&mut gw, true)),
        };
        joined.widen_gradients(&g, &weight, &grad, wanted);
        all.iter_mut().for_each(|v| *v *= 2.0);
        let off = error(&gw, &all);
        assert!(off < 1e-6, "{off:.1e}");
    }
}
