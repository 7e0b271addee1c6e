//! Network weights as safetensors files under their public tensor names: what other tools read and write.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use diptych_domain::{ExperimentSpec, NamedTensor, TensorData};
use safetensors::tensor::{Dtype, SafeTensors, TensorView, View};
use serde::{Deserialize, Serialize};

/// The metadata key under which a file says where it comes from. It is the only one, so that equal weights are equal files.
const KEY: &str = "diptych";

/// Where weights come from: enough to apply them without the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// The network, such as `G`.
    pub network: String,
    /// Steps trained.
    pub step: u64,
    /// The resolved experiment.
    pub spec: ExperimentSpec,
}

/// What can go wrong with a weights file.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// It cannot be read.
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    /// It cannot be written.
    #[error("cannot write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    /// It is no safetensors file, or a damaged one.
    #[error("{} is not a safetensors file: {problem}", path.display())]
    Format { path: PathBuf, problem: String },
    /// A tensor of a type that networks do not have.
    #[error("{}: tensor `{tensor}` is of type {found}; expected F32, F64 or I64", path.display())]
    Type {
        path: PathBuf,
        tensor: String,
        found: String,
    },
}

/// Writes a network, whole or not at all: the file gets its name when it is complete and on disk.
pub fn write(path: &Path, tensors: &[NamedTensor], provenance: &Provenance) -> Result<(), WeightsError> {
    let fail = |source: io::Error| WeightsError::Write {
        path: path.to_owned(),
        source,
    };
    let note = serde_json::to_string(provenance).map_err(|e| fail(e.into()))?;
    let metadata = HashMap::from([(KEY.to_owned(), note)]);
    let views = tensors.iter().map(|t| (t.name.as_str(), Bytes::of(t)));
    let bytes =
        safetensors::serialize(views, Some(metadata)).map_err(|e| fail(io::Error::other(e.to_string())))?;
    let temporary = path.with_extension("safetensors.tmp");
    let written = File::create(&temporary).and_then(|mut file| {
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    });
    written.map_err(|e| {
        // The half-written file is of no use; where it cannot be removed either, the first error matters more.
        let _ = fs::remove_file(&temporary);
        fail(e)
    })
}

/// Reads a network and, where the file says, where it comes from.
pub fn read(path: &Path) -> Result<(Vec<NamedTensor>, Option<Provenance>), WeightsError> {
    let bytes = fs::read(path).map_err(|source| WeightsError::Read {
        path: path.to_owned(),
        source,
    })?;
    let format = |problem: String| WeightsError::Format {
        path: path.to_owned(),
        problem,
    };
    let file = SafeTensors::deserialize(&bytes).map_err(|e| format(e.to_string()))?;
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|e| format(e.to_string()))?;
    let provenance = header
        .metadata()
        .as_ref()
        .and_then(|m| m.get(KEY))
        .and_then(|text| serde_json::from_str(text).ok());
    let mut tensors = Vec::new();
    for (name, view) in file.iter() {
        let data = values(&view).ok_or_else(|| WeightsError::Type {
            path: path.to_owned(),
            tensor: name.to_owned(),
            found: format!("{:?}", view.dtype()),
        })?;
        tensors.push(NamedTensor {
            name: name.to_owned(),
            shape: view.shape().to_vec(),
            data,
        });
    }
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    Ok((tensors, provenance))
}

fn values(view: &TensorView<'_>) -> Option<TensorData> {
    fn each<const N: usize, T>(bytes: &[u8], read: fn([u8; N]) -> T) -> Vec<T> {
        bytes
            .as_chunks::<N>()
            .0
            .iter()
            .map(|chunk| read(*chunk))
            .collect()
    }
    match view.dtype() {
        Dtype::F32 => Some(TensorData::F32(each(view.data(), f32::from_le_bytes))),
        Dtype::F64 => Some(TensorData::F32(each(view.data(), |b| {
            f64::from_le_bytes(b) as f32
        }))),
        Dtype::I64 => Some(TensorData::I64(each(view.data(), i64::from_le_bytes))),
        _ => None,
    }
}

/// A tensor as little-endian bytes.
struct Bytes {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Bytes {
    fn of(tensor: &NamedTensor) -> Self {
        let (dtype, bytes) = match &tensor.data {
            TensorData::F32(v) => (Dtype::F32, v.iter().flat_map(|x| x.to_le_bytes()).collect()),
            TensorData::I64(v) => (Dtype::I64, v.iter().flat_map(|x| x.to_le_bytes()).collect()),
        };
        Self {
            dtype,
            shape: tensor.shape.clone(),
            bytes,
        }
    }
}

impl View for Bytes {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// The network that a file named like `latest_net_G.safetensors` holds.
pub fn network_of(path: &Path) -> Option<&str> {
    let stem = path.file_stem()?.to_str()?;
    stem.rsplit_once("_net_")
        .map(|(_, network)| network)
        .filter(|n| !n.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provenance() -> Provenance {
        Provenance {
            network: "G".into(),
            step: 12,
            spec: serde_json::from_str(r#"{"model": "pix2pix", "params": {"ngf": 8, "lambda_l1": 100.0}}"#)
                .unwrap(),
        }
    }

    fn tensor(name: &str, shape: &[usize], data: TensorData) -> NamedTensor {
        NamedTensor {
            name: name.into(),
            shape: shape.to_vec(),
            data,
        }
    }

    #[test]
    fn weights_come_back_as_they_were_and_equal_weights_are_equal_files() {
        let dir = tempfile::tempdir().unwrap();
        let tensors = vec![
            tensor(
                "model.0.weight",
                &[2, 1],
                TensorData::F32(vec![0.1, -f32::MIN_POSITIVE]),
            ),
            tensor(
                "model.1.num_batches_tracked",
                &[],
                TensorData::I64(vec![i64::MAX]),
            ),
        ];
        let (a, b) = (
            dir.path().join("latest_net_G.safetensors"),
            dir.path().join("b.safetensors"),
        );
        write(&a, &tensors, &provenance()).unwrap();
        write(&b, &tensors, &provenance()).unwrap();
        assert_eq!(read(&a).unwrap(), (tensors, Some(provenance())));
        assert_eq!(fs::read(&a).unwrap(), fs::read(&b).unwrap());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
        assert_eq!(network_of(&a), Some("G"));
        assert_eq!(network_of(&b), None);
    }

    #[test]
    fn damaged_files_and_other_types_are_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.safetensors");
        assert!(matches!(read(&path), Err(WeightsError::Read { .. })));
        fs::write(&path, "hello").unwrap();
        let text = read(&path).unwrap_err().to_string();
        assert!(text.contains("x.safetensors is not a safetensors file"), "{text}");
        let view = TensorView::new(Dtype::U8, vec![1], &[0]).unwrap();
        fs::write(&path, safetensors::serialize([("mask", view)], None).unwrap()).unwrap();
        let text = read(&path).unwrap_err().to_string();
        assert!(text.contains("tensor `mask` is of type U8"), "{text}");
    }
}
