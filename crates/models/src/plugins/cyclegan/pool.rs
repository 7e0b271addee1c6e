//! The history of generated images that discriminators are trained on (Shrivastava et al. 2017; CycleGAN paper, section 4).

use std::collections::HashMap;

use dfdx::shapes::HasShape;
use diptych_domain::{NamedTensor, TensorData, TensorInfo};
use diptych_imgops::{
    ImageDevice, Images4, OpError, download_images, exchange_images, join_images, split_images, upload_images,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::networks::params::WeightsError;

/// Up to `size` earlier images, whatever an image is.
#[derive(Clone, Debug, PartialEq)]
struct Pool<I> {
    size: usize,
    images: Vec<I>,
}

/// What becomes of an image that is given to a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Draw {
    /// It is stored, and stays.
    Stored,
    /// It stays unstored.
    Passed,
    /// It changes places with the one in this slot.
    Swapped(usize),
}

impl<I: Clone> Pool<I> {
    /// What becomes of the images of a batch of `n`: while the pool fills, each is stored; after that it passes half of the
    /// time, and otherwise changes places with one drawn uniformly. `seed` decides all draws of the batch.
    fn draw(&self, n: usize, seed: u64) -> Vec<Draw> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        (0..n)
            .map(|i| {
                if self.images.len() + i < self.size {
                    Draw::Stored
                } else if rng.random::<f64>() > 0.5 {
                    Draw::Swapped(rng.random_range(0..self.size))
                } else {
                    Draw::Passed
                }
            })
            .collect()
    }

    /// Replaces the images of a batch by what the discriminator shall see. True where an image was replaced.
    fn exchange(&mut self, batch: &mut [I], draws: &[Draw]) -> bool {
        for (image, draw) in batch.iter_mut().zip(draws) {
            match draw {
                Draw::Stored => self.images.push(image.clone()),
                Draw::Passed => {}
                Draw::Swapped(slot) => std::mem::swap(&mut self.images[*slot], image),
            }
        }
        draws.iter().any(|draw| matches!(draw, Draw::Swapped(_)))
    }

    /// The slots that the images of a batch change places with, where that is all there is to do: none is stored, and no two have
    /// the same slot.
    fn slots(&mut self, draws: &[Draw]) -> Option<Vec<Option<&mut I>>> {
        let mut slots: Vec<Option<&mut I>> = draws.iter().map(|_| None).collect();
        let mut wanted: HashMap<usize, usize> = HashMap::new();
        for (i, draw) in draws.iter().enumerate() {
            match draw {
                Draw::Stored => return None,
                Draw::Passed => {}
                Draw::Swapped(slot) => {
                    if wanted.insert(*slot, i).is_some() {
                        return None;
                    }
                }
            }
        }
        for (slot, image) in self.images.iter_mut().enumerate() {
            if let Some(i) = wanted.get(&slot) {
                slots[*i] = Some(image);
            }
        }
        Some(slots)
    }
}

/// Up to `size` earlier images of one domain, on the device: what a step exchanges never leaves it. A checkpoint saves them all.
pub struct ImagePool<D: ImageDevice> {
    device: D,
    shape: [usize; 3],
    pool: Pool<Images4<D>>,
}

impl<D: ImageDevice> ImagePool<D> {
    /// An empty pool of up to `size` images of `shape` (channels, height, width); with size 0 it passes everything through.
    pub fn new(device: D, size: usize, shape: [usize; 3]) -> Self {
        let images = Vec::new();
        Self {
            device,
            shape,
            pool: Pool { size, images },
        }
    }

    /// What the discriminator shall see in place of a batch of images of the pool's shape. `seed` decides all draws.
    ///
    /// # Errors
    /// [`OpError::Shape`] for images of another shape; [`OpError::Device`] where the device fails.
    pub fn exchange(&mut self, batch: Images4<D>, seed: u64) -> Result<Images4<D>, OpError> {
        if self.pool.size == 0 {
            return Ok(batch);
        }
        let (n, c, h, w) = *batch.shape();
        if [c, h, w] != self.shape {
            let problem = format!("images of {:?} for a pool of {:?}", [c, h, w], self.shape);
            return Err(OpError::shape("pool", problem));
        }
        let draws = self.pool.draw(n, seed);
        if let Some(mut slots) = self.pool.slots(&draws) {
            return exchange_images(&batch, &mut slots);
        }
        let mut images = split_images(&batch)?;
        if self.pool.exchange(&mut images, &draws) {
            join_images(&images)
        } else {
            Ok(batch)
        }
    }

    /// The state's tensors, of the same shapes however full the pool is; none for a pool of size 0.
    pub fn infos(&self) -> Vec<TensorInfo> {
        if self.pool.size == 0 {
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
            info("images", vec![self.pool.size, c, h, w], false),
        ]
    }

    /// One tensor of the state.
    ///
    /// # Errors
    /// An unknown name.
    pub fn read(&self, name: &str) -> Result<NamedTensor, WeightsError> {
        let info = self.info(name)?;
        let data = if info.integer {
            TensorData::I64(vec![self.pool.images.len() as i64])
        } else {
            // As many as the pool may hold, whatever it does: those that are not there are zeros.
            let mut values = Vec::with_capacity(info.numel());
            for image in &self.pool.images {
                values.extend(download_images(image)?);
            }
            values.resize(self.pool.size * self.shape.iter().product::<usize>(), 0.0);
            TensorData::F32(values)
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
        let [c, h, w] = self.shape;
        let image = |values: &[f32]| upload_images(&self.device, values, (1, c, h, w));
        match (&tensor.data, info.integer) {
            (TensorData::I64(values), true) => {
                let count = values.first().and_then(|&n| usize::try_from(n).ok());
                let count = count.filter(|&n| n <= self.pool.size).ok_or_else(wrong_type)?;
                // The images come with the other tensor, which is after this one in `infos`.
                let empty = vec![0.0; c * h * w];
                while self.pool.images.len() < count {
                    self.pool.images.push(image(&empty)?);
                }
                self.pool.images.truncate(count);
            }
            (TensorData::F32(values), false) if values.len() == info.numel() => {
                let all = values.chunks_exact((c * h * w).max(1));
                self.pool.images = all
                    .take(self.pool.images.len())
                    .map(image)
                    .collect::<Result<_, _>>()?;
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
    use diptych_imgops::testing::{TestDevice, device};

    fn pool(size: usize) -> Pool<i64> {
        let images = Vec::new();
        Pool { size, images }
    }

    /// Exchanges numbers, by slots where that is possible.
    fn exchange(pool: &mut Pool<i64>, batch: &mut [i64], seed: u64) -> bool {
        let draws = pool.draw(batch.len(), seed);
        let Some(slots) = pool.slots(&draws) else {
            return pool.exchange(batch, &draws);
        };
        let mut replaced = false;
        for (image, slot) in batch.iter_mut().zip(slots) {
            if let Some(slot) = slot {
                std::mem::swap(image, slot);
                replaced = true;
            }
        }
        replaced
    }

    /// Images of two values, both the image's number.
    fn batch(numbers: &[f32]) -> Images4<TestDevice> {
        let values: Vec<f32> = numbers.iter().flat_map(|&n| [n, n]).collect();
        upload_images(&device(), &values, (numbers.len(), 1, 1, 2)).unwrap()
    }

    fn image_pool(size: usize) -> ImagePool<TestDevice> {
        ImagePool::new(device(), size, [1, 1, 2])
    }

    #[test]
    fn a_pool_of_size_0_passes_everything_through() {
        let mut pool = image_pool(0);
        assert_eq!(pool.exchange(batch(&[1.0]), 1).unwrap().as_vec(), [1.0; 2]);
        assert!(pool.infos().is_empty());
    }

    #[test]
    fn a_filling_pool_stores_and_returns_each_image() {
        let mut pool = image_pool(5);
        for step in 0..2 {
            let (first, second) = (2.0 * step as f32, 2.0 * step as f32 + 1.0);
            let out = pool.exchange(batch(&[first, second]), step).unwrap();
            assert_eq!(out.as_vec(), [first, first, second, second]);
        }
        let TensorData::F32(images) = pool.read("images").unwrap().data else {
            panic!("images are reals");
        };
        assert_eq!(images, [0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 0.0, 0.0]);
        assert_eq!(pool.read("count").unwrap().data, TensorData::I64(vec![4]));
    }

    #[test]
    fn nothing_is_lost_or_doubled_and_the_size_holds_whatever_the_seed() {
        for (seed, size) in (0..60u64).map(|seed| (seed, 1 + seed as usize % 7)) {
            let mut pool = pool(size);
            let mut out = Vec::new();
            for step in 0..40u64 {
                let mut images = [2 * step as i64, 2 * step as i64 + 1];
                exchange(&mut pool, &mut images, seed * 1000 + step);
                assert!(pool.images.len() <= size);
                out.extend(images);
            }
            assert_eq!(pool.images.len(), size);
            // What went out or is still inside: every image that went in, the first `size` of them twice, since those
            // were returned when they were stored.
            let mut all: Vec<i64> = out.iter().chain(&pool.images).copied().collect();
            all.sort_unstable();
            let mut expected: Vec<i64> = (0..80).chain(0..size as i64).collect();
            expected.sort_unstable();
            assert_eq!(all, expected, "seed {seed}");
        }
    }

    #[test]
    fn half_of_the_images_are_swapped_with_slots_drawn_evenly() {
        let mut pool = pool(4);
        exchange(&mut pool, &mut [0, 1, 2, 3], 0);
        let (mut swapped, mut slots) = (0, [0; 4]);
        for step in 0..4000u64 {
            let before = pool.images.clone();
            if exchange(&mut pool, &mut [step as i64 + 4], step) {
                swapped += 1;
                let changed = (0..4).find(|i| pool.images[*i] != before[*i]);
                slots[changed.unwrap()] += 1;
            }
        }
        assert!((1850..2150).contains(&swapped), "{swapped}");
        assert!(slots.iter().all(|&n| n > 400), "{slots:?}");
    }

    #[test]
    fn swapped_images_come_out_of_the_pool_whole() {
        let mut pool = image_pool(2);
        pool.exchange(batch(&[1.0, 2.0]), 0).unwrap();
        let mut seen = Vec::new();
        for step in 1..20u64 {
            let given = [10.0 * step as f32, 10.0 * step as f32 + 1.0];
            let out = pool.exchange(batch(&given), step).unwrap().as_vec();
            assert!(out.len() == 4 && out[0] == out[1] && out[2] == out[3], "{out:?}");
            seen.extend(out);
        }
        assert!(
            seen.contains(&1.0) && seen.contains(&2.0),
            "the first two came out: {seen:?}"
        );
    }

    #[test]
    fn the_same_seed_draws_the_same_and_the_state_carries_all() {
        let state = |pool: &ImagePool<TestDevice>| {
            let read = |i: TensorInfo| pool.read(&i.name).unwrap();
            pool.infos().into_iter().map(read).collect::<Vec<_>>()
        };
        let mut one = image_pool(3);
        for step in 0..6 {
            one.exchange(batch(&[step as f32]), step).unwrap();
        }
        let mut two = image_pool(3);
        for tensor in state(&one) {
            two.write(&tensor).unwrap();
        }
        assert_eq!(state(&one), state(&two));
        for step in 6..40 {
            let out = [&mut one, &mut two].map(|p| p.exchange(batch(&[step as f32]), step).unwrap().as_vec());
            assert_eq!(out[0], out[1]);
        }
        assert_eq!(state(&one), state(&two));
    }

    #[test]
    fn state_that_does_not_fit_is_refused() {
        let mut pool = image_pool(3);
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
        assert!(pool.exchange(batch(&[1.0]), 0).is_ok());
        let other = upload_images(&device(), &[0.0; 3], (1, 1, 1, 3)).unwrap();
        assert!(
            pool.exchange(other, 0)
                .unwrap_err()
                .to_string()
                .contains("[1, 1, 3]")
        );
    }
}
