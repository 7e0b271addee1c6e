//! Fitting images of any size to a model that takes only some. The built-in ones do it themselves, in the same way.

use diptych_domain::Images;
use diptych_models::{InferMode, Model, ModelError, mirror};

/// The coarsest grid that is tried: a network that halves ten times.
const COARSEST: usize = 1024;

/// Applies a model, padding where it must. It finds out once which sizes the model takes.
pub(super) struct Fitter {
    channels: usize,
    mode: InferMode,
    /// Sides that are multiples of this are taken; `None` until it is needed.
    grid: Option<usize>,
}

impl Fitter {
    pub fn new(channels: usize, mode: InferMode) -> Self {
        Self {
            channels,
            mode,
            grid: None,
        }
    }

    /// The model's output for `images`, of the same height and width. Sizes that the model takes are left alone; others are
    /// continued by reflection on the right and at the bottom, and the output is cropped back.
    pub fn infer(&mut self, model: &mut dyn Model, images: &Images) -> Result<Images, ModelError> {
        let refused = match model.infer(images, self.mode) {
            Err(e @ ModelError::Input(_)) => e,
            other => return other,
        };
        let Some(grid) = self.grid(model) else {
            return Err(refused);
        };
        let (h, w) = (images.h.next_multiple_of(grid), images.w.next_multiple_of(grid));
        if (h, w) == (images.h, images.w) {
            return Err(refused);
        }
        let padded = reflect(images, h, w);
        let output = model.infer(&padded, self.mode)?;
        Ok(crop(&output, images.h.min(output.h), images.w.min(output.w)))
    }

    /// The smallest square, by powers of two, that the model takes.
    fn grid(&mut self, model: &mut dyn Model) -> Option<usize> {
        if self.grid.is_none() {
            self.grid = std::iter::successors(Some(1), |side| Some(side * 2))
                .take_while(|side| *side <= COARSEST)
                .find(|&side| {
                    model
                        .infer(&Images::zeros(1, self.channels, side, side), self.mode)
                        .is_ok()
                });
        }
        self.grid
    }
}

fn reflect(images: &Images, h: usize, w: usize) -> Images {
    remap(images, h, w, |y| mirror(y, images.h), |x| mirror(x, images.w))
}

fn crop(images: &Images, h: usize, w: usize) -> Images {
    remap(images, h, w, |y| y, |x| x)
}

fn remap(
    images: &Images,
    h: usize,
    w: usize,
    row: impl Fn(usize) -> usize,
    column: impl Fn(usize) -> usize,
) -> Images {
    let mut out = Images::zeros(images.n, images.c, h, w);
    for plane in 0..images.n * images.c {
        for y in 0..h {
            let from = (plane * images.h + row(y)) * images.w;
            let to = (plane * h + y) * w;
            for x in 0..w {
                out.data[to + x] = images.data[from + column(x)];
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Line;

    fn ramp(h: usize, w: usize) -> Images {
        let data = (0..2 * h * w)
            .map(|i| i as f32 / (2 * h * w) as f32 - 0.5)
            .collect();
        Images {
            n: 1,
            c: 2,
            h,
            w,
            data,
        }
    }

    #[test]
    fn padding_and_cropping_give_back_the_image() {
        let image = ramp(3, 5);
        let padded = reflect(&image, 16, 8);
        assert_eq!(padded.shape(), [1, 2, 16, 8]);
        assert_eq!(crop(&padded, 3, 5), image);
    }

    #[test]
    fn every_size_comes_out_as_it_went_in() {
        let mut any = Line::new(2);
        for (h, w) in [(1, 1), (8, 8), (3, 17), (9, 4), (64, 1)] {
            let expected = any.infer(&ramp(h, w), InferMode::Paper).unwrap();
            let mut picky = Line::new(2).multiple(8);
            let got = Fitter::new(2, InferMode::Paper)
                .infer(&mut picky, &ramp(h, w))
                .unwrap();
            assert_eq!(got, expected, "{h}x{w}");
        }
    }

    #[test]
    fn what_no_padding_helps_is_the_models_own_error() {
        let mut model = Line::new(3);
        let error = Fitter::new(2, InferMode::Paper)
            .infer(&mut model, &ramp(4, 4))
            .unwrap_err();
        assert_eq!(error.to_string(), "2 channels");
        let mut never = Line::new(2).multiple(5000);
        let error = Fitter::new(2, InferMode::Paper)
            .infer(&mut never, &ramp(4, 4))
            .unwrap_err();
        assert_eq!(error.to_string(), "4x4 does not fit");
    }
}
