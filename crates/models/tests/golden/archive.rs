//! Reading a golden file: tensors and JSON metadata.

use std::collections::HashMap;
use std::path::Path;

use dfdx::tensor::TensorFromVec;
use diptych_domain::{NamedTensor, TensorData};
use diptych_imgops::testing::{TestDevice, device, planes};
use diptych_imgops::{Images4, Vector};
use safetensors::SafeTensors;
use safetensors::tensor::Dtype;

pub struct Archive {
    pub name: String,
    pub device: TestDevice,
    tensors: HashMap<String, NamedTensor>,
    metadata: HashMap<String, serde_json::Value>,
}

impl Archive {
    pub fn open(path: &Path) -> Result<Self, String> {
        let bytes = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let fail = |e: safetensors::SafeTensorError| format!("{}: {e}", path.display());
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(fail)?;
        let metadata = header
            .metadata()
            .iter()
            .flatten()
            .map(|(k, v)| {
                serde_json::from_str(v)
                    .map(|v| (k.clone(), v))
                    .map_err(|e| format!("metadata {k}: {e}"))
            })
            .collect::<Result<_, _>>()?;
        let file = SafeTensors::deserialize(&bytes).map_err(fail)?;
        let mut tensors = HashMap::new();
        for (name, view) in file.tensors() {
            let data = match view.dtype() {
                Dtype::F32 => TensorData::F32(
                    view.data()
                        .chunks_exact(4)
                        .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
                        .collect(),
                ),
                Dtype::I64 => TensorData::I64(
                    view.data()
                        .chunks_exact(8)
                        .map(|b| i64::from_le_bytes(b.try_into().unwrap()))
                        .collect(),
                ),
                other => return Err(format!("{name} has type {other:?}")),
            };
            tensors.insert(
                name.clone(),
                NamedTensor {
                    name,
                    shape: view.shape().to_vec(),
                    data,
                },
            );
        }
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        Ok(Self {
            name,
            device: device(),
            tensors,
            metadata,
        })
    }

    /// An archive without content, for the test of the refusal.
    pub fn unknown(name: &str) -> Self {
        let (tensors, metadata) = (HashMap::new(), HashMap::new());
        Self {
            name: name.into(),
            device: device(),
            tensors,
            metadata,
        }
    }

    pub fn get(&self, key: &str) -> Result<&NamedTensor, String> {
        self.tensors.get(key).ok_or_else(|| format!("no tensor {key}"))
    }

    pub fn values(&self, key: &str) -> Result<&[f32], String> {
        match &self.get(key)?.data {
            TensorData::F32(v) => Ok(v),
            TensorData::I64(_) => Err(format!("{key} holds whole numbers")),
        }
    }

    /// Tensors whose names start with `prefix`, which is cut off.
    pub fn under(&self, prefix: &str) -> Vec<NamedTensor> {
        let cut = |t: &NamedTensor| {
            let name = t.name.strip_prefix(prefix)?.to_owned();
            Some(NamedTensor { name, ..t.clone() })
        };
        self.tensors.values().filter_map(cut).collect()
    }

    pub fn images(&self, key: &str) -> Result<Images4<TestDevice>, String> {
        let tensor = self.get(key)?;
        match tensor.shape[..] {
            [a, b, c, d] => Ok(planes(self.values(key)?.to_vec(), (a, b, c, d))),
            _ => Err(format!("{key} has shape {:?}, not four extents", tensor.shape)),
        }
    }

    pub fn vector(&self, key: &str) -> Result<Vector<TestDevice>, String> {
        let values = self.values(key)?.to_vec();
        let len = values.len();
        Ok(self.device.tensor_from_vec(values, (len,)))
    }

    pub fn number(&self, key: &str) -> Result<f64, String> {
        self.metadata
            .get(key)
            .and_then(serde_json::Value::as_f64)
            .ok_or_else(|| format!("no number {key} in the metadata"))
    }

    pub fn count(&self, key: &str) -> Result<usize, String> {
        Ok(self.number(key)? as usize)
    }

    pub fn text(&self, key: &str) -> Result<&str, String> {
        self.metadata
            .get(key)
            .and_then(serde_json::Value::as_str)
            .ok_or_else(|| format!("no text {key} in the metadata"))
    }

    /// `Kind(a, b, c)` into the kind and its arguments.
    pub fn network(&self, key: &str) -> Result<(&str, Vec<&str>), String> {
        let text = self.text(key)?;
        let inside = text.strip_suffix(')').and_then(|t| t.split_once('('));
        let (kind, args) = inside.ok_or_else(|| format!("{key} = {text} is no network"))?;
        Ok((kind, args.split(',').map(str::trim).collect()))
    }
}

/// Norm of the difference over the norm of what is wanted.
pub fn relative_error(got: &[f32], want: &[f32]) -> f64 {
    assert_eq!(got.len(), want.len(), "lengths");
    let norm = |v: &mut dyn Iterator<Item = f64>| v.map(|x| x * x).sum::<f64>().sqrt();
    let difference = norm(&mut got.iter().zip(want).map(|(a, b)| f64::from(*a) - f64::from(*b)));
    let size = norm(&mut want.iter().map(|v| f64::from(*v)));
    if difference.is_nan() {
        f64::INFINITY
    } else {
        difference / size.max(f64::MIN_POSITIVE)
    }
}
