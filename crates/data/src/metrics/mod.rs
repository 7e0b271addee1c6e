//! How near images are to their targets, one value for each image of a batch; and how near sets of images are to each other.
//!
//! Values are taken as they are, in floating point; nothing is rounded to 8 bits first.

mod checkerboard;
mod confusion;
mod correlation;
mod diversity;
mod histogram;
mod l1;
mod outline;
mod psnr;
mod ssim;
mod swd;

use diptych_domain::Images;

pub use checkerboard::period_two_energy;
pub use confusion::Confusion;
pub use correlation::correlation;
pub use diversity::mean_pairwise_l1;
pub use histogram::Histogram;
pub use l1::l1;
pub use outline::{Outline, outline};
pub use psnr::psnr;
pub use ssim::ssim;
pub use swd::{Patches, Swd};

/// Batches that cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetricError {
    /// Two shapes.
    #[error("cannot compare images of {left:?} with images of {right:?} (count, channels, height, width)")]
    Shapes {
        /// `[n, c, h, w]` of the first.
        left: [usize; 4],
        /// `[n, c, h, w]` of the second.
        right: [usize; 4],
    },
    /// Images without pixels, or a buffer of another length than its shape says.
    #[error("images of {shape:?} (count, channels, height, width) with {len} values hold nothing to compare")]
    Hollow {
        /// `[n, c, h, w]`.
        shape: [usize; 4],
        /// Values in the buffer.
        len: usize,
    },
}

/// Whether both hold the same number of whole images of one shape.
fn comparable(left: &Images, right: &Images) -> Result<(), MetricError> {
    if left.shape() != right.shape() {
        return Err(MetricError::Shapes {
            left: left.shape(),
            right: right.shape(),
        });
    }
    for images in [left, right] {
        let (shape, len) = (images.shape(), images.data.len());
        if len == 0 || shape.iter().product::<usize>() != len {
            return Err(MetricError::Hollow { shape, len });
        }
    }
    Ok(())
}

#[cfg(test)]
mod fixtures {
    use super::Images;

    /// Two batches of two images, 3 x 24 x 20, by a linear congruential generator; the second is the first with noise.
    pub fn noisy() -> (Images, Images) {
        let mut x = 99u32;
        let mut next = || {
            x = x.wrapping_mul(1_103_515_245).wrapping_add(12345) & 0x7fff_ffff;
            ((x >> 16) & 0xff) as f32 / 255.0
        };
        let (mut a, mut b) = (Images::zeros(2, 3, 24, 20), Images::zeros(2, 3, 24, 20));
        for (p, q) in a.data.iter_mut().zip(&mut b.data) {
            let (base, noise) = (next(), next());
            (*p, *q) = (2.0 * base - 1.0, 2.0 * (0.8 * base + 0.2 * noise) - 1.0);
        }
        (a, b)
    }

    /// What every metric must refuse.
    pub fn refuses(metric: impl Fn(&Images, &Images) -> Result<Vec<f64>, super::MetricError>) {
        let shapes = metric(&Images::zeros(1, 3, 4, 4), &Images::zeros(1, 3, 4, 5));
        assert_eq!(
            shapes,
            Err(super::MetricError::Shapes {
                left: [1, 3, 4, 4],
                right: [1, 3, 4, 5]
            })
        );
        let hollow = metric(&Images::default(), &Images::default());
        assert_eq!(
            hollow,
            Err(super::MetricError::Hollow {
                shape: [0; 4],
                len: 0
            })
        );
        let mut short = Images::zeros(1, 1, 2, 2);
        short.data.pop();
        assert!(metric(&short, &Images::zeros(1, 1, 2, 2)).is_err());
    }
}
