//! A network's tensors, by their public names.

use dfdx::shapes::HasShape;
use diptych_domain::{NamedTensor, TensorData, TensorInfo};
use diptych_imgops::{Filter, ImageDevice, OpError, Vector};

/// A tensor of a network.
pub(crate) enum Value<D: ImageDevice> {
    /// A convolution's weight.
    Weight(Filter<D>),
    /// A bias, or a norm's scale or shift.
    Vector(Vector<D>),
    /// A running mean or variance: not trained by gradient.
    Running(Vector<D>),
    /// `num_batches_tracked`.
    Count(i64),
}

/// A tensor with its name.
pub(crate) struct Param<D: ImageDevice> {
    pub(crate) name: String,
    pub(crate) value: Value<D>,
}

impl<D: ImageDevice> Param<D> {
    fn shape(&self) -> Vec<usize> {
        match &self.value {
            Value::Weight(t) => t.shape().to_vec(),
            Value::Vector(t) | Value::Running(t) => vec![t.shape().0],
            Value::Count(_) => Vec::new(),
        }
    }

    fn info(&self) -> TensorInfo {
        let integer = matches!(self.value, Value::Count(_));
        TensorInfo {
            name: self.name.clone(),
            shape: self.shape(),
            integer,
        }
    }
}

/// The tensors of one network, in the order of the public checkpoints.
pub struct ParamSet<D: ImageDevice> {
    device: D,
    pub(crate) params: Vec<Param<D>>,
}

/// A tensor that does not fit a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeightsError {
    /// The network has no such tensor.
    #[error("the network has no tensor `{0}`")]
    Unknown(String),
    /// The file lacks a tensor.
    #[error("the tensor `{0}` is missing")]
    Missing(String),
    /// Another shape or type.
    #[error("the tensor `{name}` has shape {given:?}, the network's has {expected:?}")]
    Shape {
        /// The tensor.
        name: String,
        /// The network's shape.
        expected: Vec<usize>,
        /// The given shape.
        given: Vec<usize>,
    },
    /// Whole numbers where reals belong, or the other way round.
    #[error("the tensor `{0}` has the wrong number type")]
    Type(String),
    /// The device failed.
    #[error(transparent)]
    Op(#[from] OpError),
}

impl<D: ImageDevice> ParamSet<D> {
    /// An empty set.
    pub fn new(device: D) -> Self {
        Self {
            device,
            params: Vec::new(),
        }
    }

    /// The device that the tensors are on.
    pub fn device(&self) -> &D {
        &self.device
    }

    /// Adds a convolution's weight, zeroed until it is initialised or loaded; returns its index.
    pub(crate) fn add_weight(&mut self, name: String, shape: [usize; 4]) -> Result<usize, OpError> {
        let filter = Filter::zeros(&self.device, shape)?;
        Ok(self.push(name, Value::Weight(filter)))
    }

    /// Adds a bias, or a norm's scale or shift.
    pub(crate) fn add_vector(&mut self, name: String, len: usize, fill: f32) -> Result<usize, OpError> {
        let tensor = self.vector(len, fill)?;
        Ok(self.push(name, Value::Vector(tensor)))
    }

    /// Adds a running statistic.
    pub(crate) fn add_running(&mut self, name: String, len: usize, fill: f32) -> Result<usize, OpError> {
        let tensor = self.vector(len, fill)?;
        Ok(self.push(name, Value::Running(tensor)))
    }

    /// Adds a counter.
    pub(crate) fn add_count(&mut self, name: String) -> usize {
        self.push(name, Value::Count(0))
    }

    fn vector(&self, len: usize, fill: f32) -> Result<Vector<D>, OpError> {
        self.device
            .try_tensor_from_vec(vec![fill; len], (len,))
            .map_err(OpError::device("new vector"))
    }

    fn push(&mut self, name: String, value: Value<D>) -> usize {
        debug_assert!(
            self.params.iter().all(|p| p.name != name),
            "two tensors named {name}"
        );
        self.params.push(Param { name, value });
        self.params.len() - 1
    }

    /// A convolution's weight by the index that [`ParamSet::add_weight`] returned.
    pub(crate) fn weight(&self, index: usize) -> &Filter<D> {
        match &self.params[index].value {
            Value::Weight(t) => t,
            _ => unreachable!("indices come from add_weight"),
        }
    }

    /// A vector by the index that [`ParamSet::add_vector`] returned.
    pub(crate) fn vector_at(&self, index: usize) -> &Vector<D> {
        match &self.params[index].value {
            Value::Vector(t) | Value::Running(t) => t,
            _ => unreachable!("indices come from add_vector and add_running"),
        }
    }

    /// Two running statistics to be updated, and their counter advanced.
    pub(crate) fn running_mut(&mut self, first: usize) -> (&mut Vector<D>, &mut Vector<D>) {
        match &mut self.params[first..first + 3] {
            [
                Param {
                    value: Value::Running(mean),
                    ..
                },
                Param {
                    value: Value::Running(var),
                    ..
                },
                Param {
                    value: Value::Count(count),
                    ..
                },
            ] => {
                *count += 1;
                (mean, var)
            }
            _ => unreachable!("a batch norm adds its mean, variance and counter in a row"),
        }
    }

    /// Every tensor's name, shape and type.
    pub fn infos(&self) -> Vec<TensorInfo> {
        self.params.iter().map(Param::info).collect()
    }

    /// How many values are trained.
    pub fn trained_values(&self) -> usize {
        let trained = self
            .params
            .iter()
            .filter(|p| matches!(p.value, Value::Weight(_) | Value::Vector(_)));
        trained.map(|p| p.shape().iter().product::<usize>()).sum()
    }

    /// The index of a name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.params.iter().position(|p| p.name == name)
    }

    /// One tensor's values.
    pub fn read(&self, index: usize) -> NamedTensor {
        let param = &self.params[index];
        let data = match &param.value {
            Value::Weight(t) => TensorData::F32(t.to_public()),
            Value::Vector(t) | Value::Running(t) => TensorData::F32(to_host(t)),
            Value::Count(n) => TensorData::I64(vec![*n]),
        };
        NamedTensor {
            name: param.name.clone(),
            shape: param.shape(),
            data,
        }
    }

    /// Every tensor's values.
    pub fn read_all(&self) -> Vec<NamedTensor> {
        (0..self.params.len()).map(|i| self.read(i)).collect()
    }

    /// Checks that a tensor fits the one at `index`.
    fn check(&self, index: usize, tensor: &NamedTensor) -> Result<(), WeightsError> {
        let expected = self.params[index].shape();
        if expected != tensor.shape {
            let (name, given) = (tensor.name.clone(), tensor.shape.clone());
            return Err(WeightsError::Shape {
                name,
                expected,
                given,
            });
        }
        let integer = matches!(self.params[index].value, Value::Count(_));
        let (given_integer, len) = match &tensor.data {
            TensorData::F32(v) => (false, v.len()),
            TensorData::I64(v) => (true, v.len()),
        };
        if integer != given_integer || len != expected.iter().product::<usize>() {
            return Err(WeightsError::Type(tensor.name.clone()));
        }
        Ok(())
    }

    /// Sets one tensor.
    ///
    /// # Errors
    /// Where it does not fit.
    pub fn write(&mut self, index: usize, tensor: &NamedTensor) -> Result<(), WeightsError> {
        self.check(index, tensor)?;
        match (&mut self.params[index].value, &tensor.data) {
            (Value::Weight(t), TensorData::F32(v)) => t.set_public(v)?,
            (Value::Vector(t) | Value::Running(t), TensorData::F32(v)) => t.copy_from(v),
            (Value::Count(n), TensorData::I64(v)) => *n = v.first().copied().unwrap_or(0),
            _ => return Err(WeightsError::Type(tensor.name.clone())),
        }
        Ok(())
    }

    /// Sets the tensor of that name.
    ///
    /// # Errors
    /// Where there is none, or it does not fit.
    pub fn write_named(&mut self, tensor: &NamedTensor) -> Result<(), WeightsError> {
        let index = self
            .find(&tensor.name)
            .ok_or_else(|| WeightsError::Unknown(tensor.name.clone()))?;
        self.write(index, tensor)
    }

    /// Sets every tensor at once, or none. Old checkpoints carry `running_mean`, `running_var` and
    /// `num_batches_tracked` of instance norms that have no such tensors: those are passed over, as in the reference.
    ///
    /// # Errors
    /// The first tensor that is missing, unknown or of another shape.
    pub fn write_all(&mut self, tensors: &[NamedTensor]) -> Result<(), WeightsError> {
        let mut places = Vec::with_capacity(tensors.len());
        for tensor in tensors {
            match self.find(&tensor.name) {
                Some(index) => {
                    self.check(index, tensor)?;
                    places.push((index, tensor));
                }
                None if is_stale_statistic(&tensor.name) => {}
                None => return Err(WeightsError::Unknown(tensor.name.clone())),
            }
        }
        if let Some(missing) = (0..self.params.len()).find(|i| places.iter().all(|(j, _)| i != j)) {
            return Err(WeightsError::Missing(self.params[missing].name.clone()));
        }
        places
            .into_iter()
            .try_for_each(|(index, tensor)| self.write(index, tensor))
    }
}

fn is_stale_statistic(name: &str) -> bool {
    ["running_mean", "running_var", "num_batches_tracked"]
        .iter()
        .any(|s| name.ends_with(s))
}

fn to_host<D: ImageDevice>(t: &Vector<D>) -> Vec<f32> {
    let mut values = vec![0.0; t.shape().0];
    t.copy_into(&mut values);
    values
}
