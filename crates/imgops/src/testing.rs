//! The device that tests of this workspace run on: the CPU, or in a build with CUDA the GPU that `DIPTYCH_TEST_DEVICE` names.

#[cfg(not(feature = "cuda"))]
mod place {
    /// Where tests compute.
    pub type TestDevice = dfdx::tensor::Cpu;

    /// It.
    pub fn device() -> TestDevice {
        TestDevice::default()
    }

    /// Images whose values are in `[n, c, h, w]` order on the device too, where it takes such.
    pub fn planes(values: Vec<f32>, shape: (usize, usize, usize, usize)) -> crate::Images4<TestDevice> {
        dfdx::tensor::TensorFromVec::tensor_from_vec(&device(), values, shape)
    }
}

#[cfg(feature = "cuda")]
mod place {
    use crate::arithmetic::{Arithmetic, Precision};
    use crate::cuda::open;

    /// Where tests compute.
    pub type TestDevice = dfdx::tensor::Cuda;

    /// It. Convolutions are in f32, unless `DIPTYCH_TEST_PRECISION` says `tf32`.
    ///
    /// # Panics
    /// Where `DIPTYCH_TEST_DEVICE` names no GPU that can be opened, or tests would share it.
    pub fn device() -> TestDevice {
        let name = std::env::var("DIPTYCH_TEST_DEVICE").unwrap_or_default();
        let ordinal = name.strip_prefix("cuda:").and_then(|n| n.parse().ok());
        let Some(ordinal) = ordinal else {
            panic!(
                "tests of a build with CUDA run on the GPU that DIPTYCH_TEST_DEVICE names, such as cuda:0, not `{name}`"
            );
        };
        assert_eq!(
            std::env::var("RUST_TEST_THREADS").as_deref(),
            Ok("1"),
            "tests share the GPU: set RUST_TEST_THREADS=1"
        );
        let precision = match std::env::var("DIPTYCH_TEST_PRECISION").as_deref() {
            Ok("tf32") => Precision::Tf32,
            _ => Precision::F32,
        };
        open(
            ordinal,
            Arithmetic {
                precision,
                fast: false,
            },
        )
        .unwrap_or_else(|problem| panic!("{name}: {problem}"))
    }

    /// Images; a GPU has one order of them.
    pub fn planes(values: Vec<f32>, shape: (usize, usize, usize, usize)) -> crate::Images4<TestDevice> {
        crate::upload_images(&device(), &values, shape).unwrap_or_else(|e| panic!("{e}"))
    }
}

pub use place::{TestDevice, device, planes};
