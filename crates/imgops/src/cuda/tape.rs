//! Scalars on the tape, and gradients' buffers.

use dfdx::tensor::{Cuda, CudaError, Gradients, Merge, OwnedTape, PutTape, SplitTape, Storage, Tape};
use dfdx::tensor_ops::Backward;

use super::device::runtime;
use super::driver::unfilled;
use super::kernels::{Kernel, at, uint};
use super::memory::{Buffer, buffer, new_scalar, pointer};
use super::problem::CudaProblem;
use super::trained::{Addresses, with_table};
use crate::device::{GradientBuffer, Scalar, TapeKernel};

impl TapeKernel for Cuda {
    fn add_scalars(
        a: Scalar<Self, OwnedTape<f32, Self>>,
        b: Scalar<Self, OwnedTape<f32, Self>>,
    ) -> Result<Scalar<Self, OwnedTape<f32, Self>>, CudaError> {
        let ((a, tape_a), (b, tape_b)) = (a.split_tape(), b.split_tape());
        let mut tape = tape_a.merge(tape_b);
        let device = a.device().clone();
        let y = new_scalar(&device)?;
        runtime()?.each(
            Kernel::Add,
            1,
            &[at(pointer(&a)?), at(pointer(&b)?), at(pointer(&y)?)],
        )?;
        let ghosts = (y.ghost(), [a.ghost(), b.ghost()]);
        tape.add_backward_op(move |grads| {
            let (output, parts) = ghosts;
            let grad = device.take_buffer(grads.get_or_alloc_mut(&output)?)?;
            for part in parts {
                let g = device.take_slot(|| grads.get_or_alloc_mut(&part))?;
                let (rt, to) = (runtime()?, buffer(&g));
                rt.each(
                    Kernel::Accumulate,
                    1,
                    &[at(buffer(&grad)), uint(rt.start(to)), at(to)],
                )?;
                *grads.get_or_alloc_mut(&part)? = g;
            }
            Ok(())
        });
        Ok(y.put_tape(tape))
    }

    fn run_backward(loss: Scalar<Self, OwnedTape<f32, Self>>) -> Result<Gradients<f32, Self>, CudaError> {
        loss.try_backward()
    }

    fn scalar_to_host(&self, scalar: &Scalar<Self>) -> Result<f32, CudaError> {
        let mut value = [0.0f32];
        runtime()?.read(pointer(scalar)?, &mut value)?;
        Ok(value[0])
    }
}

impl GradientBuffer for Cuda {
    fn take_buffer(&self, slot: &mut Self::Vec) -> Result<Self::Vec, CudaError> {
        let empty = Storage::<f32>::try_alloc_len(self, 0)?;
        Ok(std::mem::replace(slot, empty))
    }

    fn take_slot<'a>(
        &self,
        get: impl FnOnce() -> Result<&'a mut Self::Vec, CudaError>,
    ) -> Result<Self::Vec, CudaError> {
        let (slot, allocated) = unfilled(get);
        let taken = self.take_buffer(slot?)?;
        if allocated {
            runtime()?.set_fresh(buffer(&taken));
        }
        Ok(taken)
    }

    fn without_filling<R>(&self, allocate: impl FnOnce() -> R) -> R {
        unfilled(allocate).0
    }

    fn buffer_to_host(&self, b: &Self::Vec) -> Result<Vec<f32>, CudaError> {
        let mut values = vec![0.0; Storage::<f32>::len(self, b)];
        runtime()?.read(buffer(b), &mut values)?;
        Ok(values)
    }

    fn sum_of_squares(&self, b: &Self::Vec) -> Result<f64, CudaError> {
        self.sums_of_squares(&[b])
    }

    fn sums_of_squares(&self, buffers: &[&Self::Vec]) -> Result<f64, CudaError> {
        let tensors: Vec<Addresses> = buffers
            .iter()
            .map(|b| gradient(self, b))
            .filter(|t| t.len > 0)
            .collect();
        if tensors.is_empty() {
            return Ok(0.0);
        }
        let mut sum = [0.0f64];
        with_table(&tensors, |rt, [table, count], blocks| {
            let (partial, tickets) = rt.sums(blocks as usize + 1, 1)?;
            let out = partial + u64::from(blocks) * 8;
            rt.launch(
                Kernel::Squares,
                [blocks, 1, 1],
                &[table, count, at(partial), at(tickets), at(out)],
            )?;
            rt.read(out, &mut sum)
        })?;
        Ok(sum[0])
    }

    fn buffer_from_host(&self, b: &mut Self::Vec, values: &[f32]) -> Result<(), CudaError> {
        if Storage::<f32>::len(self, b) != values.len() {
            let what = format!(
                "{} values for a buffer of {}",
                values.len(),
                Storage::<f32>::len(self, b)
            );
            return Err(CudaProblem::SelfTest { what }.into());
        }
        runtime()?.write(buffer(b), values)
    }
}

/// A gradient alone, as a table's entry.
fn gradient(device: &Cuda, b: &Buffer) -> Addresses {
    let grad = buffer(b);
    Addresses {
        param: 0,
        grad,
        m: grad,
        v: 0,
        len: Storage::<f32>::len(device, b),
        clear: false,
    }
}
