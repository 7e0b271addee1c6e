//! Adam over a network's trained tensors, and the gradient buffers that live as long as it does.

use dfdx::shapes::HasShape;
use dfdx::tensor::Gradients;
use diptych_domain::{NamedTensor, TensorData, TensorInfo};
use diptych_imgops::adam::AdamTensor;
use diptych_imgops::filter::GradientBuffer;
use diptych_imgops::{AdamConfig, ImageDevice, OpError};

use crate::networks::params::{ParamSet, Value, WeightsError};

/// One trained tensor's gradient and moments, in the tensor's own order.
struct Slot<D: ImageDevice> {
    index: usize,
    grad: Gradient<D>,
    m: D::Vec,
    v: D::Vec,
}

/// Where a gradient is between tapes.
enum Gradient<D: ImageDevice> {
    /// A weight's own buffer: tapes add to it wherever they are.
    Kept(GradientBuffer<D>),
    /// A short vector's: lent to a tape and collected from it.
    Lent(D::Vec),
}

impl<D: ImageDevice> Gradient<D> {
    fn kept(&self) -> Option<&GradientBuffer<D>> {
        match self {
            Self::Kept(buffer) => Some(buffer),
            Self::Lent(_) => None,
        }
    }
}

/// Adam for one network. Gradients accumulate in buffers that are lent to the tape and cleared by [`Adam::step`].
pub struct Adam<D: ImageDevice> {
    config: AdamConfig,
    steps: i64,
    slots: Vec<Slot<D>>,
    /// Whether updates measure their gradients.
    watched: bool,
    /// The norm that the latest watched update saw.
    norm: Option<f64>,
}

impl<D: ImageDevice> Adam<D> {
    /// Zero moments and gradients for every trained tensor of `params`.
    ///
    /// # Errors
    /// Where the device has no memory for them.
    pub fn new(params: &mut ParamSet<D>, config: AdamConfig) -> Result<Self, OpError> {
        let device = params.device().clone();
        let alloc = |len| device.try_alloc_len(len).map_err(OpError::device("adam"));
        let mut slots = Vec::new();
        for (index, param) in params.params.iter_mut().enumerate() {
            let (grad, len) = match &mut param.value {
                Value::Weight(t) => (Gradient::Kept(t.keep_gradient()?), t.stored_values().shape().0),
                Value::Vector(t) => (Gradient::Lent(alloc(t.shape().0)?), t.shape().0),
                Value::Running(_) | Value::Count(_) => continue,
            };
            let (m, v) = (alloc(len)?, alloc(len)?);
            slots.push(Slot { index, grad, m, v });
        }
        Ok(Self {
            config,
            steps: 0,
            slots,
            watched: false,
            norm: None,
        })
    }

    /// Sets the learning rate.
    pub fn set_learning_rate(&mut self, lr: f64) {
        self.config.lr = lr;
    }

    /// Gradients for a tape, with this network's buffers in place.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn lend(&mut self, params: &ParamSet<D>) -> Result<Gradients<f32, D>, OpError> {
        let mut grads = Gradients::leaky();
        self.exchange(params, &mut grads)?;
        Ok(grads)
    }

    /// Puts this network's buffers in place among gradients that several networks share.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn lend_to(&mut self, params: &ParamSet<D>, grads: &mut Gradients<f32, D>) -> Result<(), OpError> {
        self.exchange(params, grads)
    }

    /// Takes the buffers back from shared gradients, with what the tape added to them.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn collect_from(
        &mut self,
        params: &ParamSet<D>,
        grads: &mut Gradients<f32, D>,
    ) -> Result<(), OpError> {
        self.exchange(params, grads)
    }

    /// Takes the buffers back, with what the tape added to them.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn collect(&mut self, params: &ParamSet<D>, mut grads: Gradients<f32, D>) -> Result<(), OpError> {
        self.exchange(params, &mut grads)
    }

    fn exchange(&mut self, params: &ParamSet<D>, grads: &mut Gradients<f32, D>) -> Result<(), OpError> {
        for slot in &mut self.slots {
            if let (Value::Vector(t), Gradient::Lent(grad)) =
                (&params.params[slot.index].value, &mut slot.grad)
            {
                // Where a place is made, what it first holds is a placeholder.
                let place = params.device().without_filling(|| grads.get_or_alloc_mut(t));
                std::mem::swap(place.map_err(OpError::device("gradients"))?, grad);
            }
        }
        Ok(())
    }

    /// Whether the next updates measure their gradients: another reading of each.
    pub fn watch(&mut self, on: bool) {
        self.watched = on;
    }

    /// The norm (L2, over all tensors together) of the gradients that the latest update used; `None` where it was not watched.
    pub fn gradient_norm(&self) -> Option<f64> {
        self.norm
    }

    /// One update of every tensor; clears the gradients.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn step(&mut self, params: &mut ParamSet<D>) -> Result<(), OpError> {
        self.steps += 1;
        let device = params.device().clone();
        let failed = OpError::device::<D::Err>;
        // Gradients that are locked stay so until the update is done; those of short vectors are in their place.
        let handles: Vec<Option<GradientBuffer<D>>> =
            self.slots.iter().map(|s| s.grad.kept().cloned()).collect();
        let mut kept = Vec::with_capacity(handles.len());
        for handle in &handles {
            let Some(handle) = handle else {
                kept.push(None);
                continue;
            };
            let mut grad = handle.lock();
            if !grad.finish() {
                // No tape has reached this weight since the last update.
                clear(&device, &mut grad.values).map_err(failed("adam"))?;
            }
            kept.push(Some(grad));
        }
        let gradients = self
            .slots
            .iter()
            .zip(&kept)
            .filter_map(|(slot, kept)| match (&slot.grad, kept) {
                (Gradient::Lent(grad), _) => Some(grad),
                (_, kept) => kept.as_ref().map(|grad| &grad.values),
            });
        self.norm = if self.watched {
            let all: Vec<&D::Vec> = gradients.collect();
            Some(device.sums_of_squares(&all).map_err(failed("adam"))?.sqrt())
        } else {
            None
        };
        let mut tensors = Vec::with_capacity(self.slots.len());
        let mut values = params.params.iter_mut().enumerate();
        for ((index, grad, m, v), kept) in grads(&mut self.slots).zip(&mut kept) {
            let value = values
                .find(|(i, _)| *i == index)
                .map(|(_, param)| &mut param.value);
            let (param, grad, clear) = match (value, grad, kept) {
                (Some(Value::Weight(p)), _, Some(kept)) => (p.stored_values_mut(), &mut kept.values, false),
                (Some(Value::Vector(p)), Some(grad), _) => (p, grad, true),
                _ => continue,
            };
            tensors.push(AdamTensor {
                param,
                grad,
                clear,
                m,
                v,
            });
        }
        device
            .adam_steps(&self.config, self.steps.unsigned_abs(), tensors)
            .map_err(failed("adam"))
    }

    /// The state's tensors: `t`, then `m.<name>` and `v.<name>` of every trained tensor.
    pub fn infos(&self, params: &ParamSet<D>) -> Vec<TensorInfo> {
        let infos = params.infos();
        let mut out = vec![TensorInfo {
            name: "t".into(),
            shape: Vec::new(),
            integer: true,
        }];
        for slot in &self.slots {
            for moment in ["m", "v"] {
                let info = &infos[slot.index];
                let name = format!("{moment}.{}", info.name);
                out.push(TensorInfo {
                    name,
                    shape: info.shape.clone(),
                    integer: false,
                });
            }
        }
        out
    }

    /// One tensor of the state.
    ///
    /// # Errors
    /// An unknown name, or a failing device.
    pub fn read(&self, params: &ParamSet<D>, name: &str) -> Result<NamedTensor, WeightsError> {
        if name == "t" {
            let data = TensorData::I64(vec![self.steps]);
            return Ok(NamedTensor {
                name: name.into(),
                shape: Vec::new(),
                data,
            });
        }
        let (slot, first, info) = self.find(params, name)?;
        let buffer = if first {
            &self.slots[slot].m
        } else {
            &self.slots[slot].v
        };
        let values = params
            .device()
            .buffer_to_host(buffer)
            .map_err(OpError::device("read moments"))?;
        let values = match &params.params[self.slots[slot].index].value {
            Value::Weight(t) => D::filter_to_public(t.shape(), &values),
            _ => values,
        };
        Ok(NamedTensor {
            name: name.into(),
            shape: info.shape,
            data: TensorData::F32(values),
        })
    }

    /// Sets one tensor of the state.
    ///
    /// # Errors
    /// An unknown name, another shape or type, or a failing device.
    pub fn write(&mut self, params: &ParamSet<D>, tensor: &NamedTensor) -> Result<(), WeightsError> {
        let wrong_type = || WeightsError::Type(tensor.name.clone());
        if tensor.name == "t" {
            let TensorData::I64(v) = &tensor.data else {
                return Err(wrong_type());
            };
            self.steps = *v.first().ok_or_else(wrong_type)?;
            return Ok(());
        }
        let (slot, first, info) = self.find(params, &tensor.name)?;
        if info.shape != tensor.shape {
            let (name, given) = (tensor.name.clone(), tensor.shape.clone());
            return Err(WeightsError::Shape {
                name,
                expected: info.shape,
                given,
            });
        }
        let TensorData::F32(values) = &tensor.data else {
            return Err(wrong_type());
        };
        if values.len() != info.numel() {
            return Err(wrong_type());
        }
        let slot = &mut self.slots[slot];
        let stored = match &params.params[slot.index].value {
            Value::Weight(t) => &D::filter_from_public(t.shape(), values),
            _ => values,
        };
        let buffer = if first { &mut slot.m } else { &mut slot.v };
        params
            .device()
            .buffer_from_host(buffer, stored)
            .map_err(OpError::device("write moments"))?;
        Ok(())
    }

    fn find(&self, params: &ParamSet<D>, name: &str) -> Result<(usize, bool, TensorInfo), WeightsError> {
        let unknown = || WeightsError::Unknown(name.to_owned());
        let (moment, rest) = name.split_once('.').ok_or_else(unknown)?;
        let index = params.find(rest).ok_or_else(unknown)?;
        let slot = self
            .slots
            .iter()
            .position(|s| s.index == index)
            .ok_or_else(unknown)?;
        let first = match moment {
            "m" => true,
            "v" => false,
            _ => return Err(unknown()),
        };
        Ok((slot, first, params.infos().swap_remove(index)))
    }
}

/// Each slot's index, its gradient where that is a short vector's, and its moments.
fn grads<D: ImageDevice>(
    slots: &mut [Slot<D>],
) -> impl Iterator<Item = (usize, Option<&mut D::Vec>, &mut D::Vec, &mut D::Vec)> {
    slots.iter_mut().map(|Slot { index, grad, m, v }| {
        let grad = match grad {
            Gradient::Lent(grad) => Some(grad),
            Gradient::Kept(_) => None,
        };
        (*index, grad, m, v)
    })
}

/// Sets a buffer to zeros.
fn clear<D: ImageDevice>(device: &D, buffer: &mut D::Vec) -> Result<(), D::Err> {
    *buffer = device.try_alloc_len(device.len(buffer))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use dfdx::tensor::Cpu;

    #[test]
    fn an_update_that_no_tape_came_before_sees_a_zero_gradient() {
        let mut params = ParamSet::new(Cpu::default());
        params.add_weight("w".into(), [1, 1, 1, 1]).unwrap();
        let config = AdamConfig {
            lr: 0.1,
            beta1: 0.5,
            beta2: 0.75,
            eps: 1e-8,
        };
        let mut adam = Adam::new(&mut params, config).unwrap();
        let buffer = params.weight(0).kept_gradient().unwrap().clone();
        {
            let mut gradient = buffer.lock();
            assert!(gradient.start(), "a new gradient is fresh");
            gradient.values.fill(0.0);
            gradient.values[0] = 2.0;
        }
        let moments = |adam: &Adam<Cpu>, params: &ParamSet<Cpu>| {
            ["m.w", "v.w"].map(|name| match adam.read(params, name).unwrap().data {
                TensorData::F32(values) => values,
                TensorData::I64(_) => panic!("moments are reals"),
            })
        };
        adam.watch(true);
        adam.step(&mut params).unwrap();
        assert_eq!(moments(&adam, &params), [[1.0], [1.0]]);
        assert_eq!(adam.gradient_norm(), Some(2.0));
        adam.step(&mut params).unwrap();
        assert_eq!(moments(&adam, &params), [[0.5], [0.75]]);
        assert_eq!(adam.gradient_norm(), Some(0.0));
        adam.watch(false);
        adam.step(&mut params).unwrap();
        assert_eq!(adam.gradient_norm(), None);
        assert!(buffer.lock().start(), "an update leaves the gradient fresh");
    }
}
