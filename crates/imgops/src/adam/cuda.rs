//! Adam on a GPU: one launch for all tensors of a network.

use dfdx::shapes::{HasShape, Shape};
use dfdx::tensor::{Cuda, CudaError, Storage, Tensor};

use super::{AdamConfig, AdamKernel, AdamTensor};
use crate::cuda::kernels::{Kernel, real};
use crate::cuda::memory::{buffer, pointer};
use crate::cuda::trained::{Addresses, with_table};

fn step(config: &AdamConfig, t: u64, tensors: &[Addresses]) -> Result<(), CudaError> {
    let (step, correction) = config.corrections(t);
    let factors = [
        step,
        correction,
        config.eps,
        config.beta1,
        config.beta2,
        1.0 - config.beta1,
        1.0 - config.beta2,
    ];
    with_table(tensors, |rt, table, blocks| {
        let args: Vec<_> = table.into_iter().chain(factors.map(|f| real(f as f32))).collect();
        rt.launch(Kernel::Adam, [blocks, 1, 1], &args)
    })
}

impl AdamKernel for Cuda {
    fn adam_step<S: Shape>(
        &self,
        config: &AdamConfig,
        t: u64,
        param: &mut Tensor<S, f32, Self>,
        grad: &mut <Self as Storage<f32>>::Vec,
        clear: bool,
        m: &mut <Self as Storage<f32>>::Vec,
        v: &mut <Self as Storage<f32>>::Vec,
    ) -> Result<(), CudaError> {
        let len = param.shape().num_elements();
        let (param, grad, m, v) = (pointer(param)?, buffer(grad), buffer(m), buffer(v));
        step(
            config,
            t,
            &[Addresses {
                param,
                grad,
                m,
                v,
                len,
                clear,
            }],
        )
    }

    // A tensor is changed where it is, clones of it included: nobody keeps one of a trained tensor across an update.
    fn adam_steps(
        &self,
        config: &AdamConfig,
        t: u64,
        tensors: Vec<AdamTensor<'_, Self>>,
    ) -> Result<(), CudaError> {
        let addresses = |t: AdamTensor<'_, Self>| {
            Ok(Addresses {
                param: pointer(t.param)?,
                grad: buffer(t.grad),
                m: buffer(t.m),
                v: buffer(t.v),
                len: Storage::<f32>::len(self, t.grad),
                clear: t.clear,
            })
        };
        let tensors: Vec<Addresses> = tensors
            .into_iter()
            .map(addresses)
            .collect::<Result<_, CudaError>>()?;
        step(config, t, &tensors)
    }
}
