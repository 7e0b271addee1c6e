//! Device memory of tensors, without copies.
//!
//! dfdx keeps a tensor's storage private, and its only public reads copy to the host. A tensor's `Debug` text, though, begins
//! `Tensor { id: …, data: CachableCudaSlice { data: CudaSlice { cu_device_ptr: N, len: …`, so a text sink that stops after the
//! number learns the address without copying anything, and without unsafe code. dfdx and cudarc are pinned to the versions that write so; the device's
//! self-test ([`super::device`]) proves it on the machine before anything relies on it.

use std::fmt::{self, Debug, Write};
use std::sync::LazyLock;

use cudarc::driver::DevicePtr;
use dfdx::shapes::{Axes4, HasShape, Shape};
use dfdx::tensor::{Cuda, CudaError, Storage, Tensor, ZerosTensor};
use dfdx::tensor_ops::PermuteTo;

use super::driver::unfilled;
use super::problem::CudaProblem;
use crate::device::{Images4, Scalar, Vector};

/// A gradient's or moment's buffer.
pub(crate) type Buffer = <Cuda as Storage<f32>>::Vec;

/// More values than this are refused: kernels count in 32 bits, and step past the end.
pub(crate) const MOST: usize = 1 << 31;

/// Takes text until the number after `cu_device_ptr: ` is complete.
struct Address {
    matched: usize,
    digits: usize,
    value: u64,
}

impl Write for Address {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        const BEFORE: &[u8] = b"cu_device_ptr: ";
        for byte in text.bytes() {
            if self.matched < BEFORE.len() {
                let again = usize::from(byte == BEFORE[0]);
                self.matched = if byte == BEFORE[self.matched] {
                    self.matched + 1
                } else {
                    again
                };
            } else if byte.is_ascii_digit() {
                self.value = self.value * 10 + u64::from(byte - b'0');
                self.digits += 1;
            } else {
                return Err(fmt::Error); // all that was wanted
            }
        }
        Ok(())
    }
}

/// The device address in a text that names one.
fn address(text: &impl Debug) -> Option<u64> {
    let mut sink = Address {
        matched: 0,
        digits: 0,
        value: 0,
    };
    let _ = write!(sink, "{text:?}");
    (sink.digits > 0).then_some(sink.value)
}

/// Where a tensor's values are on the device.
pub(crate) fn pointer<S: Shape>(t: &Tensor<S, f32, Cuda>) -> Result<u64, CudaError> {
    address(t).ok_or_else(|| {
        let what = "dfdx does not tell where a tensor is".into();
        CudaError::from(CudaProblem::SelfTest { what })
    })
}

/// Whether the order of images is checked, which takes longer than most operations: in tests on a device.
static CHECKED: LazyLock<bool> = LazyLock::new(|| std::env::var_os("DIPTYCH_TEST_DEVICE").is_some());

/// Where images are, which must be channels-last: all that this crate makes on a GPU are.
pub(crate) fn images(x: &Images4<Cuda>) -> Result<u64, CudaError> {
    if *CHECKED && !is_arranged(x) {
        let what =
            "images that are not channels-last: make them with upload_images, not tensor_from_vec".into();
        return Err(CudaProblem::SelfTest { what }.into());
    }
    pointer(x)
}

/// Where a buffer is.
pub(crate) fn buffer(b: &Buffer) -> u64 {
    *b.device_ptr()
}

/// A tensor's number of values, which must be one that kernels can count to.
pub(crate) fn checked(len: usize) -> Result<usize, CudaError> {
    if len < MOST {
        Ok(len)
    } else {
        Err(CudaProblem::TooLarge { len }.into())
    }
}

/// A tensor whose values are unspecified.
fn new<S: Shape>(device: &Cuda, shape: S) -> Result<Tensor<S, f32, Cuda>, CudaError> {
    checked(shape.num_elements())?;
    unfilled(|| device.try_zeros_like(&shape)).0
}

/// Images of shape `[n, c, h, w]`, channels-last, of unspecified values.
pub(crate) fn new_images(
    device: &Cuda,
    (n, c, h, w): (usize, usize, usize, usize),
) -> Result<Images4<Cuda>, CudaError> {
    let stored: Images4<Cuda> = new(device, (n, h, w, c))?;
    stored.try_permute::<(usize, usize, usize, usize), Axes4<0, 3, 1, 2>>()
}

/// A vector of unspecified values.
pub(crate) fn new_vector(device: &Cuda, len: usize) -> Result<Vector<Cuda>, CudaError> {
    new(device, (len,))
}

/// A scalar of unspecified value.
pub(crate) fn new_scalar(device: &Cuda) -> Result<Scalar<Cuda>, CudaError> {
    new(device, ())
}

/// Whether images are channels-last, read from the end of their `Debug` text.
pub(crate) fn is_arranged(x: &Images4<Cuda>) -> bool {
    let (n, c, h, w) = *x.shape();
    if n * c * h * w == 0 || c == 1 || h * w == 1 {
        return true; // both orders are the same
    }
    let text = format!("{x:?}");
    let strides = text
        .rsplit("strides: [")
        .next()
        .and_then(|rest| rest.split(']').next());
    strides == Some(format!("{}, 1, {}, {c}", h * w * c, w * c).as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    #[allow(dead_code)] // read by Debug
    struct CudaSlice {
        cu_device_ptr: u64,
        len: usize,
    }

    #[derive(Debug)]
    #[allow(dead_code)] // read by Debug
    struct Outer {
        id: usize,
        cu_dev: usize,
        data: CudaSlice,
    }

    #[test]
    fn addresses_are_read_from_debug_text() {
        let text = Outer {
            id: 7,
            cu_dev: 3,
            data: CudaSlice {
                cu_device_ptr: 140_000_001_024,
                len: 12,
            },
        };
        assert_eq!(address(&text), Some(140_000_001_024));
        assert_eq!(address(&"cu_device_ptr: none"), None);
        assert_eq!(address(&7), None);
    }
}
