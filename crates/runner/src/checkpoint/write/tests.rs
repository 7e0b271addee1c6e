use std::io::Cursor;

use super::super::meta::example;
use super::*;
use crate::testing::Line;

/// A writer that is full after so many bytes.
struct Full<W> {
    inner: W,
    left: usize,
}

impl<W: Write> Write for Full<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let n = self.inner.write(&bytes[..bytes.len().min(self.left)])?;
        self.left -= n;
        Ok(n)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<W: Seek> Seek for Full<W> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

fn bytes(model: &Line) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    let len = stream(&mut out, model, &example()).unwrap();
    let bytes = out.into_inner();
    assert_eq!(len, bytes.len() as u64);
    bytes
}

#[test]
fn any_safetensors_reader_can_open_it() {
    let model = Line::new(3);
    let bytes = bytes(&model);
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(tensors.len(), 5);
    let weight = tensors.tensor("G.model.weight").unwrap();
    assert_eq!(
        (weight.shape(), weight.dtype()),
        (&[3][..], safetensors::Dtype::F32)
    );
    let expected: Vec<u8> = model.values[0].iter().flat_map(|v| v.to_le_bytes()).collect();
    assert_eq!(weight.data(), expected);
    let steps = tensors.tensor("G.model.steps").unwrap();
    assert_eq!(steps.data(), 5i64.to_le_bytes());
}

#[test]
fn long_tensors_are_written_whole() {
    let model = Line::new(CHUNK + 3);
    let bytes = bytes(&model);
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(tensors.tensor("optim.G.v").unwrap().data().len(), (CHUNK + 3) * 8);
}

#[test]
fn the_same_state_gives_the_same_bytes() {
    assert_eq!(bytes(&Line::new(2)), bytes(&Line::new(2)));
}

#[test]
fn a_full_disk_is_an_error_wherever_it_strikes() {
    let model = Line::new(3);
    let len = bytes(&model).len();
    for left in 0..len {
        let mut out = Full {
            inner: Cursor::new(Vec::new()),
            left,
        };
        let error = stream(&mut out, &model, &example())
            .unwrap_err()
            .at(Path::new("x"));
        let CheckpointError::Write { path, source } = error else {
            panic!("{error}");
        };
        assert_eq!(path, Path::new("x"));
        assert_eq!(source.kind(), io::ErrorKind::StorageFull);
    }
}

#[test]
fn values_that_are_not_finite_are_never_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut model = Line::new(3);
    model.values[2][1] = f32::NAN;
    let path = folder.path().join("new.tmp");
    let error = Temporary::write(path.clone(), Path::new("t"), &model, &example())
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        "tensor `optim.G.m` holds a value that is not finite at step 12"
    );
    assert!(!path.exists());
}

#[test]
fn a_failed_publication_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let temporary = Temporary::write(
        folder.path().join("new.tmp"),
        Path::new("t"),
        &Line::new(1),
        &example(),
    )
    .unwrap();
    let target = folder.path().join("gone").join("last.safetensors");
    assert!(matches!(
        temporary.publish(&target),
        Err(CheckpointError::Write { path, .. }) if path == target
    ));
}

#[test]
fn a_checkpoint_being_read_stays_the_one_that_was_opened() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("best.safetensors");
    fs::write(&path, bytes(&Line::new(3))).unwrap();
    let opened = super::super::Checkpoint::open(&path).unwrap();
    // As a trainer does it: another file takes the name.
    let newer = dir.path().join("newer");
    fs::write(&newer, bytes(&Line::new(7))).unwrap();
    fs::rename(&newer, &path).unwrap();
    opened.verify().unwrap();
    let tensors = opened.network("G").unwrap();
    let shapes: Vec<&[usize]> = tensors.iter().map(|t| t.shape.as_slice()).collect();
    assert!(shapes.contains(&[3].as_slice()), "{shapes:?}");
}
