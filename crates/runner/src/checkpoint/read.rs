//! Reading a checkpoint: nothing is applied to a model before the whole file is known to be sound and to fit.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use diptych_domain::{NamedTensor, TensorData};
use diptych_models::{Model, ModelError};

use super::error::CheckpointError;
use super::layout::{DIGITS, Entry, HeaderError, Layout, MAX_HEADER, PREFIX};
use super::meta::{CheckpointMeta, VERSION};

/// A checkpoint file whose header has been read. It stays the file that it was, also where a trainer puts a newer one in its place
/// meanwhile.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    path: PathBuf,
    file: Arc<File>,
    layout: Layout,
}

/// An open file read from a place of one's own.
struct Cursor {
    file: Arc<File>,
    at: u64,
}

impl Read for Cursor {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read_at(buffer, self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for Cursor {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let from = |base: u64, by: i64| base.checked_add_signed(by);
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => from(self.at, by),
            SeekFrom::End(by) => from(self.file.metadata()?.len(), by),
        };
        self.at = at.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}

impl Checkpoint {
    /// Reads the header. This is quick; the values are not looked at yet.
    ///
    /// # Errors
    /// Where the file cannot be read, is truncated, is no checkpoint, or comes from a newer version.
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        let read = |source| CheckpointError::Read {
            path: path.to_owned(),
            source,
        };
        let damaged = |problem: String| CheckpointError::Damaged {
            path: path.to_owned(),
            problem,
        };
        let file = Arc::new(File::open(path).map_err(read)?);
        let file_len = file.metadata().map_err(read)?.len();
        let mut prefix = [0; PREFIX];
        if file_len < PREFIX as u64 {
            return Err(damaged(format!("it has only {file_len} bytes")));
        }
        let mut from = Cursor {
            file: Arc::clone(&file),
            at: 0,
        };
        from.read_exact(&mut prefix).map_err(read)?;
        let header_len = u64::from_le_bytes(prefix);
        if header_len > MAX_HEADER || header_len > file_len - PREFIX as u64 {
            return Err(damaged(format!(
                "its header should have {header_len} bytes, but the file has {file_len}"
            )));
        }
        let mut head = prefix.to_vec();
        from.take(header_len).read_to_end(&mut head).map_err(read)?;
        let layout = Layout::parse(&head, file_len).map_err(|e| match e {
            HeaderError::Damaged(problem) => damaged(problem),
            HeaderError::Version(found) => CheckpointError::Version {
                path: path.to_owned(),
                found,
                supported: VERSION,
            },
        })?;
        Ok(Self {
            path: path.to_owned(),
            file,
            layout,
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the header says.
    pub fn meta(&self) -> &CheckpointMeta {
        &self.layout.meta
    }

    /// Compares the whole file with its checksum.
    ///
    /// # Errors
    /// [`CheckpointError::Damaged`] where they differ.
    pub fn verify(&self) -> Result<(), CheckpointError> {
        let mut file = self.file();
        let mut head = vec![0; self.layout.head_len];
        file.read_exact(&mut head).map_err(|e| self.unreadable(e))?;
        let place = self.layout.sum_at..self.layout.sum_at + DIGITS;
        let stated = head
            .get(place.clone())
            .map(<[u8]>::to_vec)
            .ok_or_else(|| self.damaged("it changed while it was read".into()))?;
        head[place].fill(b'0');
        let mut sum = blake3::Hasher::new();
        sum.update(&head);
        let mut buffer = vec![0; 1 << 20];
        loop {
            match file.read(&mut buffer).map_err(|e| self.unreadable(e))? {
                0 => break,
                n => sum.update(&buffer[..n]),
            };
        }
        if sum.finalize().to_hex().as_bytes() == stated.as_slice() {
            Ok(())
        } else {
            Err(self.damaged("its checksum does not match its content".into()))
        }
    }

    /// Whether this checkpoint is one of `plugin`'s.
    ///
    /// # Errors
    /// [`CheckpointError::Model`].
    pub fn expect_model(&self, plugin: &str) -> Result<(), CheckpointError> {
        if self.meta().model == plugin {
            return Ok(());
        }
        Err(CheckpointError::Model {
            path: self.path.clone(),
            found: self.meta().model.clone(),
            expected: plugin.to_owned(),
        })
    }

    /// Whether the model's state has the names and shapes of this checkpoint's tensors.
    pub fn fits(&self, model: &dyn Model) -> bool {
        self.layout.difference(&model.state()).is_none()
    }

    /// Sets every tensor of the model's state, moments included, after [`Checkpoint::verify`].
    ///
    /// # Errors
    /// Where the file is damaged, or [`CheckpointError::Architecture`] with the first tensor that differs;
    /// the model is unchanged then.
    pub fn restore(&self, model: &mut dyn Model) -> Result<(), CheckpointError> {
        if let Some((tensor, found, expected)) = self.layout.difference(&model.state()) {
            return Err(CheckpointError::Architecture {
                path: self.path.clone(),
                tensor,
                found,
                expected,
            });
        }
        self.verify()?;
        let mut file = self.file();
        for entry in &self.layout.entries {
            let tensor = self.read(&mut file, entry)?;
            model
                .write_state(&tensor)
                .map_err(|source| CheckpointError::Tensor {
                    tensor: tensor.name.clone(),
                    source,
                })?;
        }
        Ok(())
    }

    /// The tensors of one network, named as in weights files (without the network in front). Optimiser state is not read.
    ///
    /// # Errors
    /// Where the file is damaged or has no such network.
    pub fn network(&self, network: &str) -> Result<Vec<NamedTensor>, CheckpointError> {
        self.verify()?;
        let prefix = format!("{network}.");
        let mut file = self.file();
        let mut tensors = Vec::new();
        for entry in &self.layout.entries {
            if let Some(name) = entry.info.name.strip_prefix(&prefix) {
                let mut tensor = self.read(&mut file, entry)?;
                tensor.name = name.to_owned();
                tensors.push(tensor);
            }
        }
        if tensors.is_empty() {
            return Err(CheckpointError::Tensor {
                tensor: prefix,
                source: ModelError::Weights(format!(
                    "checkpoint {} has no such network; it has {}",
                    self.path.display(),
                    self.meta().networks.join(", ")
                )),
            });
        }
        Ok(tensors)
    }

    /// Sets the weights of one network of the model and nothing else: enough to apply it.
    ///
    /// # Errors
    /// As [`Checkpoint::network`]; or where the tensors do not fit the model's network.
    pub fn restore_network(&self, model: &mut dyn Model, network: &str) -> Result<(), CheckpointError> {
        let tensors = self.network(network)?;
        model
            .set_weights(network, &tensors)
            .map_err(|source| CheckpointError::Tensor {
                tensor: format!("{network}.…"),
                source,
            })
    }

    fn read(&self, file: &mut BufReader<Cursor>, entry: &Entry) -> Result<NamedTensor, CheckpointError> {
        let at = self.layout.head_len as u64 + entry.bytes.start;
        let len = usize::try_from(entry.bytes.end - entry.bytes.start)
            .map_err(|_| self.damaged(format!("tensor `{}` is too large", entry.info.name)))?;
        let mut bytes = vec![0; len];
        file.seek(SeekFrom::Start(at))
            .and_then(|_| file.read_exact(&mut bytes))
            .map_err(|e| self.unreadable(e))?;
        let data = if entry.info.integer {
            TensorData::I64(
                bytes
                    .as_chunks()
                    .0
                    .iter()
                    .map(|b| i64::from_le_bytes(*b))
                    .collect(),
            )
        } else {
            TensorData::F32(
                bytes
                    .as_chunks()
                    .0
                    .iter()
                    .map(|b| f32::from_le_bytes(*b))
                    .collect(),
            )
        };
        Ok(NamedTensor {
            name: entry.info.name.clone(),
            shape: entry.info.shape.clone(),
            data,
        })
    }

    fn file(&self) -> BufReader<Cursor> {
        let file = Arc::clone(&self.file);
        BufReader::with_capacity(1 << 20, Cursor { file, at: 0 })
    }

    fn unreadable(&self, source: io::Error) -> CheckpointError {
        CheckpointError::Read {
            path: self.path.clone(),
            source,
        }
    }

    fn damaged(&self, problem: String) -> CheckpointError {
        CheckpointError::Damaged {
            path: self.path.clone(),
            problem,
        }
    }
}
