//! The history of generated images that discriminators are trained on (Shrivastava et al. 2017; CycleGAN paper, section 4).

use diptych_domain::{NamedTensor, TensorData, TensorInfo};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::networks::params::WeightsError;

/// Up to `size` earlier images of one domain, in host memory: a step exchanges a single image for each of its batch, and a
/// checkpoint saves them all.
#[derive(Clone, Debug, PartialEq)]
pub struct ImagePool {
    shape: [usize; 3],
    size: usize,
    count: usize,
    /// `size` images, of which the first `count` are there; the rest are zeros.
    images: Vec<f32>,
}

impl ImagePool {
    /// An empty pool of up to `size` images of `shape` (channels, height, width); with size 0 it passes everything through.
    pub fn new(size: usize, shape: [usize; 3]) -> Self {
        Self {
            shape,
            size,
            count: 0,
            images: vec![0.0; size * shape.iter().product::<usize>()],
        }
    }

    /// Images stored.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether no image is stored.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The most images that it stores.
    pub fn capacity(&self) -> usize {
        self.size
    }

    /// The shape of its images: channels, height, width.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// Replaces the images of a batch (one after another, each of the pool's shape) by what the discriminator shall see.
    /// While the pool fills, an image is stored and stays; after that it stays unstored half of the time, and otherwise
    /// changes places with one drawn uniformly. `seed` decides all draws of the batch. True where an image was replaced.
    pub fn exchange(&mut self, batch: &mut [f32], seed: u64) -> bool {
        let len = self.shape.iter().product::<usize>();
        if self.size == 0 || len == 0 {
            return false;
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut replaced = false;
        for image in batch.chunks_exact_mut(len) {
            if self.count < self.size {
                self.images[self.count * len..][..len].copy_from_slice(image);
                self.count += 1;
            } else if rng.random::<f64>() > 0.5 {
                let slot = rng.random_range(0..self.size);
                self.images[slot * len..][..len].swap_with_slice(image);
                replaced = true;
            }
        }
        replaced
    }

    /// The state's tensors, of the same shapes however full the pool is; none for a pool of size 0.
    pub fn infos(&self) -> Vec<TensorInfo> {
        if self.size == 0 {
            return Vec::new();
        }
        let [c, h, w] = self.shape;
        let info = |name: &str, shape, integer| TensorInfo {
            name: name.into(),
            shape,
            integer,
        };
        vec![
            info("count", Vec::new(), true),
            info("images", vec![self.size, c, h, w], false),
        ]
    }

    /// One tensor of the state.
    ///
    /// # Errors
    /// An unknown name.
    pub fn read(&self, name: &str) -> Result<NamedTensor, WeightsError> {
        let info = self.info(name)?;
        let data = if info.integer {
            TensorData::I64(vec![self.count as i64])
        } else {
            TensorData::F32(self.images.clone())
        };
        Ok(NamedTensor {
            name: info.name,
            shape: info.shape,
            data,
        })
    }

    /// Sets one tensor of the state.
    ///
    /// # Errors
    /// An unknown name, another shape or type, or a count that is not 0 to the pool's size.
    pub fn write(&mut self, tensor: &NamedTensor) -> Result<(), WeightsError> {
        let info = self.info(&tensor.name)?;
        if info.shape != tensor.shape {
            return Err(WeightsError::Shape {
                name: info.name,
                expected: info.shape,
                given: tensor.shape.clone(),
            });
        }
        let wrong_type = || WeightsError::Type(tensor.name.clone());
        match (&tensor.data, info.integer) {
            (TensorData::I64(values), true) => {
                let count = values.first().and_then(|&n| usize::try_from(n).ok());
                self.count = count.filter(|&n| n <= self.size).ok_or_else(wrong_type)?;
            }
            (TensorData::F32(values), false) if values.len() == self.images.len() => {
                self.images.copy_from_slice(values);
            }
            _ => return Err(wrong_type()),
        }
        Ok(())
    }

    fn info(&self, name: &str) -> Result<TensorInfo, WeightsError> {
        self.infos()
            .into_iter()
            .find(|i| i.name == name)
            .ok_or_else(|| WeightsError::Unknown(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Images of two values, both the image's number.
    fn batch(numbers: &[f32]) -> Vec<f32> {
        numbers.iter().flat_map(|&n| [n, n]).collect()
    }

    fn pool(size: usize) -> ImagePool {
        ImagePool::new(size, [1, 1, 2])
    }

    #[test]
    fn a_pool_of_size_0_passes_everything_through() {
        let (mut pool, mut images) = (pool(0), batch(&[1.0, 2.0]));
        assert!(!pool.exchange(&mut images, 1));
        assert_eq!((images, pool.len()), (batch(&[1.0, 2.0]), 0));
        assert!(pool.infos().is_empty());
    }

    #[test]
    fn a_filling_pool_stores_and_returns_each_image() {
        let mut pool = pool(5);
        for step in 0..2 {
            let given = batch(&[2.0 * step as f32, 2.0 * step as f32 + 1.0]);
            let mut images = given.clone();
            assert!(!pool.exchange(&mut images, step));
            assert_eq!(images, given);
        }
        assert_eq!(pool.len(), 4);
        assert_eq!(pool.images, [batch(&[0.0, 1.0, 2.0, 3.0]), vec![0.0; 2]].concat());
    }

    #[test]
    fn nothing_is_lost_or_doubled_and_the_size_holds_whatever_the_seed() {
        for (seed, size) in (0..60u64).map(|seed| (seed, 1 + seed as usize % 7)) {
            let mut pool = pool(size);
            let mut out = Vec::new();
            for step in 0..40u64 {
                let mut images = batch(&[2.0 * step as f32, 2.0 * step as f32 + 1.0]);
                pool.exchange(&mut images, seed * 1000 + step);
                assert!(pool.len() <= size);
                out.extend(images);
            }
            assert_eq!(pool.len(), size);
            assert!(
                pool.images.chunks(2).all(|image| image[0] == image[1]),
                "images stay whole"
            );
            // What went out or is still inside: every image that went in, the first `size` of them twice, since those
            // were returned when they were stored.
            let mut all: Vec<i64> = out
                .chunks(2)
                .chain(pool.images.chunks(2))
                .map(|i| i[0] as i64)
                .collect();
            all.sort_unstable();
            let mut expected: Vec<i64> = (0..80).chain(0..size as i64).collect();
            expected.sort_unstable();
            assert_eq!(all, expected, "seed {seed}");
        }
    }

    #[test]
    fn half_of_the_images_are_swapped_with_slots_drawn_evenly() {
        let mut pool = pool(4);
        pool.exchange(&mut batch(&[0.0, 1.0, 2.0, 3.0]), 0);
        let (mut swapped, mut slots) = (0, [0; 4]);
        for step in 0..4000u64 {
            let before = pool.images.clone();
            if pool.exchange(&mut batch(&[step as f32 + 4.0]), step) {
                swapped += 1;
                let changed = (0..4).find(|i| pool.images[2 * i] != before[2 * i]);
                slots[changed.unwrap()] += 1;
            }
        }
        assert!((1850..2150).contains(&swapped), "{swapped}");
        assert!(slots.iter().all(|&n| n > 400), "{slots:?}");
    }

    #[test]
    fn the_same_seed_draws_the_same_and_the_state_carries_all() {
        let mut one = pool(3);
        for step in 0..6 {
            one.exchange(&mut batch(&[step as f32]), step);
        }
        let mut two = pool(3);
        for info in one.infos() {
            two.write(&one.read(&info.name).unwrap()).unwrap();
        }
        assert_eq!(one, two);
        for step in 6..40 {
            let (mut a, mut b) = (batch(&[step as f32]), batch(&[step as f32]));
            assert_eq!(one.exchange(&mut a, step), two.exchange(&mut b, step));
            assert_eq!(a, b);
        }
        assert_eq!(one, two);
    }

    #[test]
    fn state_that_does_not_fit_is_refused() {
        let mut pool = pool(3);
        let tensor = |name: &str, shape: &[usize], data| NamedTensor {
            name: name.into(),
            shape: shape.to_vec(),
            data,
        };
        let mut message = |t| pool.write(&t).unwrap_err().to_string();
        assert_eq!(
            message(tensor("images", &[2, 1, 1, 2], TensorData::F32(vec![0.0; 4]))),
            "the tensor `images` has shape [2, 1, 1, 2], the network's has [3, 1, 1, 2]"
        );
        for data in [
            TensorData::I64(vec![4]),
            TensorData::I64(vec![-1]),
            TensorData::F32(vec![1.0]),
        ] {
            assert!(message(tensor("count", &[], data)).contains("`count`"));
        }
        assert!(message(tensor("other", &[], TensorData::I64(vec![0]))).contains("`other`"));
        assert!(pool.is_empty() && pool.capacity() == 3 && pool.shape() == [1, 1, 2]);
    }
}
