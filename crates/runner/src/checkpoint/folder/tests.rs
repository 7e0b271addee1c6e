use super::super::meta::example;
use super::*;
use crate::testing::Line;

struct Run {
    dir: tempfile::TempDir,
    folder: CheckpointFolder,
}

impl Run {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let folder = CheckpointFolder::new(dir.path());
        folder.prepare().unwrap();
        Self { dir, folder }
    }

    fn save(&self, step: u64, kinds: &[CheckpointKind]) -> Vec<Saved> {
        let mut model = Line::new(3);
        model.steps = i64::try_from(step).unwrap();
        let meta = CheckpointMeta {
            step,
            epoch: step / 4,
            ..example()
        };
        self.folder.save(&model, &meta, kinds).unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(FOLDER).join(name)
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.dir.path().join(FOLDER))
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn newest_step(&self) -> u64 {
        self.folder.newest().unwrap().unwrap().checkpoint.meta().step
    }
}

use CheckpointKind::{Best, Last, Periodic};

#[test]
fn each_kind_has_its_file_and_nothing_else_stays() {
    let run = Run::new();
    let saved = run.save(4, &[Last, Best, Periodic]);
    assert_eq!(saved[2].path, Path::new("checkpoints/epoch-0001.safetensors"));
    assert_eq!(
        saved[0].bytes,
        fs::metadata(run.path("last.safetensors")).unwrap().len()
    );
    run.save(8, &[Last]);
    run.save(12, &[Last, Periodic]);
    assert_eq!(
        run.names(),
        [
            "best.safetensors",
            "epoch-0001.safetensors",
            "epoch-0003.safetensors",
            "last.safetensors",
            "previous.safetensors"
        ]
    );
    let steps: Vec<u64> = run
        .folder
        .list()
        .unwrap()
        .into_iter()
        .map(|c| c.unwrap().meta().step)
        .collect();
    assert_eq!(steps, [12, 12, 8, 4, 4]);
    assert_eq!(run.folder.best().unwrap().meta().step, 4);
}

#[test]
fn a_state_survives_the_way_through_a_file() {
    let run = Run::new();
    run.save(4, &[Last]);
    let checkpoint = run.folder.newest().unwrap().unwrap().checkpoint;
    let mut model = Line::new(3);
    let mut original = Line::new(3);
    original.steps = 4;
    model.values.iter_mut().for_each(|v| v.fill(9.0));
    checkpoint.restore(&mut model).unwrap();
    assert_eq!(model, original);
    let weights: Vec<String> = checkpoint
        .network("G")
        .unwrap()
        .into_iter()
        .map(|t| t.name)
        .collect();
    assert_eq!(weights, ["model.steps", "model.weight", "model.bias"]);
    model.values[0].fill(7.0);
    checkpoint.restore_network(&mut model, "G").unwrap();
    assert_eq!(model, original);
    assert!(
        checkpoint
            .network("D")
            .unwrap_err()
            .to_string()
            .contains("it has G, D")
    );
}

#[test]
fn another_architecture_is_refused_and_the_model_unchanged() {
    let run = Run::new();
    run.save(4, &[Last]);
    let checkpoint = run.folder.newest().unwrap().unwrap().checkpoint;
    let mut wide = Line::new(5);
    let before = wide.clone();
    let error = checkpoint.restore(&mut wide).unwrap_err().to_string();
    assert!(
        error.ends_with("tensor `G.model.weight` is f32 [3] in the file, but f32 [5] in the model"),
        "{error}"
    );
    assert_eq!(wide, before);
    assert!(checkpoint.expect_model("fake").is_ok());
    let error = checkpoint.expect_model("pix2pix").unwrap_err().to_string();
    assert!(
        error.ends_with("belongs to the model `fake`, not to `pix2pix`"),
        "{error}"
    );
}

#[test]
fn any_flipped_bit_is_noticed() {
    let run = Run::new();
    run.save(4, &[Last]);
    let path = run.path("last.safetensors");
    let good = fs::read(&path).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&path, &bad).unwrap();
        let outcome = Checkpoint::open(&path).and_then(|c| c.verify());
        assert!(outcome.is_err(), "byte {at} of {}", good.len());
    }
}

#[test]
fn any_truncation_is_noticed_and_named() {
    let run = Run::new();
    run.save(4, &[Last]);
    let path = run.path("last.safetensors");
    let good = fs::read(&path).unwrap();
    for len in 0..good.len() {
        fs::write(&path, &good[..len]).unwrap();
        let error = Checkpoint::open(&path).and_then(|c| c.verify()).unwrap_err();
        assert!(
            matches!(&error, CheckpointError::Damaged { path: p, .. } if *p == path),
            "{error}"
        );
    }
}

#[test]
fn a_damaged_last_falls_back_to_the_one_before() {
    let run = Run::new();
    run.save(4, &[Last, Best]);
    run.save(8, &[Last]);
    run.save(12, &[Last]);
    assert_eq!(run.newest_step(), 12);
    let mut bytes = fs::read(run.path("last.safetensors")).unwrap();
    *bytes.last_mut().unwrap() ^= 0x80;
    fs::write(run.path("last.safetensors"), bytes).unwrap();
    let newest = run.folder.newest().unwrap().unwrap();
    assert_eq!(newest.checkpoint.meta().step, 8);
    assert!(
        newest.skipped[0]
            .to_string()
            .contains("last.safetensors is damaged")
    );
    fs::write(run.path("previous.safetensors"), "").unwrap();
    assert_eq!(run.newest_step(), 4);
    fs::write(run.path("best.safetensors"), "text").unwrap();
    let error = run.folder.newest().unwrap_err();
    assert!(matches!(&error, CheckpointError::NoneWhole { problems, .. } if problems.len() == 3));
}

#[test]
fn no_checkpoint_is_no_error_until_one_is_needed() {
    let dir = tempfile::tempdir().unwrap();
    let folder = CheckpointFolder::new(dir.path());
    assert!(folder.newest().unwrap().is_none());
    assert!(matches!(folder.best(), Err(CheckpointError::None { .. })));
}

#[test]
fn leftovers_of_a_killed_process_are_swept() {
    let run = Run::new();
    run.save(4, &[Last]);
    fs::write(run.path("new.tmp"), "half").unwrap();
    fs::write(run.path("last.staged.tmp"), "half").unwrap();
    run.folder.prepare().unwrap();
    assert_eq!(run.names(), ["last.safetensors"]);
}

#[test]
fn a_failed_write_leaves_everything_as_it_was() {
    let run = Run::new();
    run.save(4, &[Last, Best]);
    let before = fs::read(run.path("last.safetensors")).unwrap();
    let mut model = Line::new(3);
    model.values[0][0] = f32::INFINITY;
    assert!(run.folder.save(&model, &example(), &[Last, Best]).is_err());
    assert_eq!(run.names(), ["best.safetensors", "last.safetensors"]);
    assert_eq!(fs::read(run.path("last.safetensors")).unwrap(), before);
}

#[test]
fn a_newer_version_is_no_damage() {
    let run = Run::new();
    run.save(4, &[Last]);
    run.save(8, &[Last]);
    let path = run.path("last.safetensors");
    let text = fs::read(&path).unwrap();
    let at = text.windows(13).position(|w| w == br#""version":"1""#).unwrap();
    let mut newer = text.clone();
    newer[at + 11] = b'2';
    fs::write(&path, newer).unwrap();
    let error = run.folder.newest().unwrap_err().to_string();
    assert!(
        error.ends_with("has format version 2; this build reads up to version 1"),
        "{error}"
    );
}
