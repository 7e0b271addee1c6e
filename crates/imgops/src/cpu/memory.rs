//! Slices of CPU tensors without copies.
//!
//! dfdx keeps a tensor's storage private; the only public views of it are single elements by index. A CPU tensor made
//! by dfdx's constructors is one contiguous `Vec`, so the reference to its first element is the start of all of it.
//! That is what this file relies on, and the only thing.
#![allow(unsafe_code)] // reading a 218 MB weight by copying it twice a step would cost a tenth of the step

use dfdx::shapes::{HasShape, Shape};
use dfdx::tensor::{Cpu, CpuError, Tensor, ZerosTensor};

use crate::cpu::parallel::copy;
use crate::device::Images4;
use crate::layout::{LayoutKernel, new_images};

/// A copy of images, in their order, that `change` may overwrite.
pub(crate) fn changed_copy(
    device: &Cpu,
    x: &Images4<Cpu>,
    change: impl FnOnce(&mut [f32]),
) -> Result<Images4<Cpu>, CpuError> {
    let fill = |values: &mut [f32]| {
        copy(values, slice(x));
        change(values);
    };
    if Cpu::is_arranged(x) {
        return new_images(device, *x.shape(), fill);
    }
    let mut copy: Images4<Cpu> = device.try_zeros_like(x.shape())?;
    fill(slice_mut(&mut copy));
    Ok(copy)
}

/// The values of a tensor in the order that they are stored in. Every tensor of this crate fills its storage: it may be
/// permuted, but none is broadcast or a part of another.
pub(crate) fn slice<S: Shape, T>(t: &Tensor<S, f32, Cpu, T>) -> &[f32] {
    let len = t.shape().num_elements();
    if len == 0 {
        return &[];
    }
    let first: *const f32 = &t[S::Concrete::default()];
    // SAFETY: the tensor owns a contiguous `Vec<f32>` of exactly `num_elements` values (dfdx checks that on
    // construction, and no operation here makes views of parts); `first`, whose index is zero under any strides, is its start, and the borrow of `t`
    // keeps the vector alive and unchanged for as long as the slice lives.
    unsafe { std::slice::from_raw_parts(first, len) }
}

/// The values of a tensor, to be changed. Where the tensor's storage is shared, dfdx copies it first.
pub(crate) fn slice_mut<S: Shape, T>(t: &mut Tensor<S, f32, Cpu, T>) -> &mut [f32] {
    let len = t.shape().num_elements();
    if len == 0 {
        return &mut [];
    }
    let first: *mut f32 = &mut t[S::Concrete::default()];
    // SAFETY: as above; indexing mutably has made the storage unique (`Arc::make_mut`), and the exclusive borrow of `t`
    // lasts as long as the slice.
    unsafe { std::slice::from_raw_parts_mut(first, len) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dfdx::tensor::{AsArray, TensorFromVec};

    #[test]
    fn slices_see_and_change_the_whole_tensor_and_leave_clones_alone() {
        let dev = Cpu::default();
        let mut t = dev.tensor_from_vec(
            (0..24).map(|v| v as f32).collect(),
            (2usize, 3usize, 2usize, 2usize),
        );
        assert_eq!(slice(&t), (0..24).map(|v| v as f32).collect::<Vec<_>>());
        let before = t.clone();
        slice_mut(&mut t)[23] = -1.0;
        assert_eq!(slice(&t)[23], -1.0);
        assert_eq!(slice(&before)[23], 23.0);
        let scalar: crate::Scalar<Cpu> = dev.tensor_from_vec(vec![3.0], ());
        assert_eq!(slice(&scalar), [scalar.array()]);
    }
}
