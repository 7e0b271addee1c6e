//! A batch as single images, and back: no gradients, for images that are kept from step to step.

mod cpu;
#[cfg(feature = "cuda")]
mod cuda;

use dfdx::shapes::HasShape;
use dfdx::tensor::Storage;

use crate::device::{ImageDevice, Images4};
use crate::error::OpError;
use crate::layout::arrange;

/// A device's batches.
pub trait BatchKernel: Storage<f32> {
    /// Image `i` of a batch, in memory of its own.
    ///
    /// # Errors
    /// Where the device fails.
    fn image_of(&self, x: &Images4<Self>, i: usize) -> Result<Images4<Self>, Self::Err>;

    /// The images, all of the first one's shape `[1, c, h, w]`, as one batch.
    ///
    /// # Errors
    /// Where the device fails.
    fn batch_of(&self, images: &[Images4<Self>]) -> Result<Images4<Self>, Self::Err>;

    /// A batch in which some images have changed places with kept ones: image `i` is what was in `slots[i]`, which then has the
    /// batch's, or the batch's own where there is no slot.
    ///
    /// A device whose launches are recorded allocates and launches alike whichever images have slots.
    ///
    /// # Errors
    /// Where the device fails.
    fn exchanged(
        &self,
        x: &Images4<Self>,
        slots: &mut [Option<&mut Images4<Self>>],
    ) -> Result<Images4<Self>, Self::Err>;
}

/// A batch in which image `i` has changed places with the kept image in `slots[i]`, where there is one.
///
/// # Errors
/// [`OpError::Shape`] unless there is a place for each image and kept images are single ones of the batch's shape;
/// [`OpError::Device`] where the device fails.
pub fn exchange_images<D: ImageDevice>(
    x: &Images4<D>,
    slots: &mut [Option<&mut Images4<D>>],
) -> Result<Images4<D>, OpError> {
    let op = "exchange_images";
    let x = arrange(x.clone())?;
    let (n, c, h, w) = *x.shape();
    if slots.len() != n {
        return Err(OpError::shape(
            op,
            format!("{} places for {n} images", slots.len()),
        ));
    }
    for slot in slots.iter_mut().flatten() {
        if *slot.shape() != (1, c, h, w) {
            let shape = *slot.shape();
            return Err(OpError::shape(
                op,
                format!("{shape:?} kept for {:?}", (n, c, h, w)),
            ));
        }
        **slot = arrange(slot.clone())?;
    }
    x.device().exchanged(&x, slots).map_err(OpError::device(op))
}

/// The images `[1, c, h, w]` of a batch `[n, c, h, w]`; a batch of one is given as it is.
///
/// # Errors
/// [`OpError::Device`] where the device fails.
pub fn split_images<D: ImageDevice>(x: &Images4<D>) -> Result<Vec<Images4<D>>, OpError> {
    let x = arrange(x.clone())?;
    if x.shape().0 == 1 {
        return Ok(vec![x]);
    }
    let image = |i| {
        x.device()
            .image_of(&x, i)
            .map_err(OpError::device("split_images"))
    };
    (0..x.shape().0).map(image).collect()
}

/// Images `[1, c, h, w]` as a batch `[n, c, h, w]`; a single one is given as it is.
///
/// # Errors
/// [`OpError::Shape`] for no image, or where shapes differ; [`OpError::Device`] where the device fails.
pub fn join_images<D: ImageDevice>(images: &[Images4<D>]) -> Result<Images4<D>, OpError> {
    let op = "join_images";
    let Some(first) = images.first() else {
        return Err(OpError::shape(op, "no images"));
    };
    if first.shape().0 != 1 || images.iter().any(|x| x.shape() != first.shape()) {
        let shapes: Vec<_> = images.iter().map(|x| *x.shape()).collect();
        return Err(OpError::shape(
            op,
            format!("{shapes:?} are not single images of one shape"),
        ));
    }
    if images.len() == 1 {
        return Ok(first.clone());
    }
    let images: Vec<Images4<D>> = images.iter().cloned().map(arrange).collect::<Result<_, _>>()?;
    first.device().batch_of(&images).map_err(OpError::device(op))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::device;
    use crate::upload_images;

    #[test]
    fn batches_come_apart_and_together_again() {
        let values: Vec<f32> = (0..2 * 3 * 4 * 5).map(|v| v as f32).collect();
        let batch = upload_images(&device(), &values, (2, 3, 4, 5)).unwrap();
        let images = split_images(&batch).unwrap();
        assert_eq!(images.len(), 2);
        assert_eq!(images[1].as_vec(), values[60..]);
        let turned = join_images(&[images[1].clone(), images[0].clone()]).unwrap();
        assert_eq!(turned.as_vec(), [&values[60..], &values[..60]].concat());
        assert_eq!(crate::download_images(&batch).unwrap(), values);
        assert!(join_images::<crate::testing::TestDevice>(&[]).is_err());
        assert!(join_images(&[batch]).is_err());
    }

    #[test]
    fn images_change_places_with_kept_ones() {
        let images = |numbers: &[f32]| {
            let values: Vec<f32> = numbers.iter().flat_map(|&n| [n, n + 0.5]).collect();
            upload_images(&device(), &values, (numbers.len(), 1, 1, 2)).unwrap()
        };
        let (batch, mut first, mut third) = (images(&[1.0, 2.0, 3.0]), images(&[10.0]), images(&[30.0]));
        let out = exchange_images(&batch, &mut [Some(&mut first), None, Some(&mut third)]).unwrap();
        assert_eq!(out.as_vec(), [10.0, 10.5, 2.0, 2.5, 30.0, 30.5]);
        assert_eq!(first.as_vec(), [1.0, 1.5]);
        assert_eq!(third.as_vec(), [3.0, 3.5]);
        assert_eq!(batch.as_vec(), [1.0, 1.5, 2.0, 2.5, 3.0, 3.5]);
        assert_eq!(
            exchange_images(&batch, &mut [None, None, None]).unwrap().as_vec(),
            batch.as_vec()
        );
        assert!(exchange_images(&batch, &mut [None]).is_err());
        assert!(exchange_images(&batch, &mut [Some(&mut images(&[1.0, 2.0])), None, None]).is_err());
    }
}
