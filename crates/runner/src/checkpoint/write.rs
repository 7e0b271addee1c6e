//! Writing a checkpoint: streamed tensor by tensor, atomic, checksummed.

use std::fs::{self, File};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;

use diptych_domain::{NamedTensor, TensorData, TensorInfo};
use diptych_models::{Model, ModelError};

use super::error::CheckpointError;
use super::layout::{Layout, describe};
use super::meta::CheckpointMeta;

/// Values converted at a time.
const CHUNK: usize = 16 * 1024;

/// A whole file under a temporary name, which vanishes when this is dropped; it stays under the names given to it by then.
pub(super) struct Temporary {
    path: PathBuf,
    /// Open until it is synced.
    file: Option<File>,
    /// Bytes of the file.
    pub len: u64,
}

impl Temporary {
    /// Writes the model's state to `path`, on its way to `target` (which errors name). Three tensors at most are in memory.
    pub fn write(
        path: PathBuf,
        target: &Path,
        model: &dyn Model,
        meta: &CheckpointMeta,
    ) -> Result<Self, CheckpointError> {
        let fail = |e: io::Error| StreamError::from(e).at(target);
        let file = File::create(&path).map_err(fail)?;
        let mut temporary = Self {
            path,
            file: None,
            len: 0,
        };
        let mut out = BufWriter::with_capacity(1 << 20, file);
        temporary.len = stream(&mut out, model, meta).map_err(|e| e.at(target))?;
        temporary.file = Some(out.into_inner().map_err(|e| fail(e.into_error()))?);
        Ok(temporary)
    }

    /// Waits until the file is on the disk.
    pub fn sync(&mut self, target: &Path) -> Result<(), CheckpointError> {
        let synced = self.file.take().map_or(Ok(()), |file| file.sync_all());
        synced.map_err(|source| CheckpointError::Write {
            path: target.to_owned(),
            source,
        })
    }

    /// Makes the file appear as `target`, replacing what was there, in one step. The temporary name stays.
    pub fn publish(&self, target: &Path) -> Result<(), CheckpointError> {
        let fail = |source| CheckpointError::Write {
            path: target.to_owned(),
            source,
        };
        let staged = target.with_extension("staged.tmp");
        remove_if_there(&staged).map_err(fail)?;
        let put = || {
            // A second name costs nothing; where the file system has none, a copy does.
            if fs::hard_link(&self.path, &staged).is_err() {
                fs::copy(&self.path, &staged)?;
                File::open(&staged)?.sync_all()?;
            }
            fs::rename(&staged, target)
        };
        put().map_err(|e| {
            // The first error is the one to report.
            let _ = fs::remove_file(&staged);
            fail(e)
        })
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Nothing depends on it: leftovers are swept when the next training of this run starts.
        let _ = fs::remove_file(&self.path);
    }
}

/// Removes a file; one that is not there is no error.
pub(super) fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// Makes renames in `folder` durable.
pub(super) fn sync_folder(folder: &Path) -> Result<(), CheckpointError> {
    #[cfg(unix)]
    File::open(folder)
        .and_then(|f| f.sync_all())
        .map_err(|source| CheckpointError::Write {
            path: folder.to_owned(),
            source,
        })?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// A failure before the path is known.
#[derive(Debug)]
enum StreamError {
    Io(io::Error),
    Other(CheckpointError),
}

impl StreamError {
    fn at(self, path: &Path) -> CheckpointError {
        match self {
            Self::Io(source) => CheckpointError::Write {
                path: path.to_owned(),
                source,
            },
            Self::Other(e) => e,
        }
    }
}

impl From<io::Error> for StreamError {
    fn from(e: io::Error) -> Self {
        Self::Io(e)
    }
}

/// Writes the whole file and returns its length. The checksum goes in last. While a tensor is hashed and written, the model is asked
/// for the next one.
fn stream<W: Write + Seek + Send>(
    out: &mut W,
    model: &dyn Model,
    meta: &CheckpointMeta,
) -> Result<u64, StreamError> {
    let (layout, head) = Layout::new(meta, &model.state()).map_err(io::Error::from)?;
    thread::scope(|scope| {
        let (send, tensors) = mpsc::sync_channel::<NamedTensor>(1);
        let writer = scope.spawn(|| write_all(out, &head, tensors, layout.sum_at as u64));
        let read = read_all(model, &layout, meta.step, &send);
        drop(send);
        let written = writer
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        read?;
        written.map_err(StreamError::Io)
    })?;
    Ok(layout.file_len())
}

/// Hands every tensor on, until nobody takes them any more.
fn read_all(
    model: &dyn Model,
    layout: &Layout,
    step: u64,
    to: &mpsc::SyncSender<NamedTensor>,
) -> Result<(), StreamError> {
    for entry in &layout.entries {
        let name = &entry.info.name;
        let tensor = model.read_state(name).map_err(|source| {
            StreamError::Other(CheckpointError::Tensor {
                tensor: name.clone(),
                source,
            })
        })?;
        check(&tensor, &entry.info, step).map_err(StreamError::Other)?;
        if to.send(tensor).is_err() {
            break; // writing has failed, and says why
        }
    }
    Ok(())
}

/// Writes head and tensors, then the checksum of both at its place.
fn write_all<W: Write + Seek>(
    out: &mut W,
    head: &[u8],
    tensors: mpsc::Receiver<NamedTensor>,
    sum_at: u64,
) -> io::Result<()> {
    let mut sum = blake3::Hasher::new();
    let mut put = |bytes: &[u8], out: &mut W| {
        sum.update(bytes);
        out.write_all(bytes)
    };
    put(head, out)?;
    for tensor in tensors {
        match &tensor.data {
            TensorData::F32(values) => chunked(values, f32::to_le_bytes, |bytes| put(bytes, out))?,
            TensorData::I64(values) => chunked(values, i64::to_le_bytes, |bytes| put(bytes, out))?,
        }
    }
    out.seek(SeekFrom::Start(sum_at))?;
    out.write_all(sum.finalize().to_hex().as_bytes())?;
    out.flush()
}

/// Hands the values' bytes to `put`, some thousand values at a time.
fn chunked<T: Copy, const N: usize>(
    values: &[T],
    bytes_of: impl Fn(T) -> [u8; N],
    mut put: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut bytes = vec![0; CHUNK * N];
    for chunk in values.chunks(CHUNK) {
        let bytes = &mut bytes[..chunk.len() * N];
        for (bytes, value) in bytes.chunks_exact_mut(N).zip(chunk) {
            bytes.copy_from_slice(&bytes_of(*value));
        }
        put(bytes)?;
    }
    Ok(())
}

/// A tensor must be what the state announced, and finite.
fn check(tensor: &NamedTensor, info: &TensorInfo, step: u64) -> Result<(), CheckpointError> {
    let (len, integer) = match &tensor.data {
        TensorData::F32(v) => (v.len(), false),
        TensorData::I64(v) => (v.len(), true),
    };
    if len != info.numel() || integer != info.integer {
        let source = ModelError::Weights(format!(
            "the model announced {} and gave {len} values of shape {:?}",
            describe(info),
            tensor.shape
        ));
        return Err(CheckpointError::Tensor {
            tensor: info.name.clone(),
            source,
        });
    }
    match &tensor.data {
        TensorData::F32(values) if !values.iter().all(|v| v.is_finite()) => Err(CheckpointError::NonFinite {
            tensor: info.name.clone(),
            step,
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
