//! The CPU's order of weights: panels of sixteen narrow channels.

use dfdx::tensor::Cpu;

use super::FilterKernel;
use crate::cpu::panels;

impl FilterKernel for Cpu {
    fn filter_len(shape: [usize; 4]) -> usize {
        panels::len(shape)
    }

    fn filter_from_public(shape: [usize; 4], values: &[f32]) -> Vec<f32> {
        panels::from_public(shape, values)
    }

    fn filter_to_public(shape: [usize; 4], values: &[f32]) -> Vec<f32> {
        panels::to_public(shape, values)
    }
}
