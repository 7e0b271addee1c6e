//! One hash for everything that a run looks at.

use crate::dataset::Dataset;
use crate::error::DataError;

/// The fingerprint of several splits, in hex: that of the only one, or BLAKE3 over those of all, in their order.
///
/// # Errors
/// Files that cannot be read.
pub fn fingerprint(splits: &[&Dataset]) -> Result<String, DataError> {
    let prints: Vec<String> = splits.iter().map(|s| s.fingerprint()).collect::<Result<_, _>>()?;
    Ok(match prints.as_slice() {
        [only] => only.clone(),
        several => blake3::hash(several.concat().as_bytes()).to_hex().to_string(),
    })
}

#[cfg(test)]
mod tests {
    use diptych_domain::spec::DataSpec;

    use super::*;
    use crate::Split;

    #[test]
    fn held_out_images_count_too() {
        let print = |edit: bool| {
            let dir = tempfile::tempdir().unwrap();
            for name in ["train/0.png", "val/0.png"] {
                std::fs::create_dir_all(dir.path().join(name).parent().unwrap()).unwrap();
                std::fs::write(dir.path().join(name), name).unwrap();
            }
            if edit {
                std::fs::write(dir.path().join("val/0.png"), "another").unwrap();
            }
            let spec = DataSpec {
                root: dir.path().display().to_string(),
                ..DataSpec::default()
            };
            let [train, val] = [Split::Train, Split::Val].map(|s| Dataset::open(&spec, s).unwrap());
            let alone = fingerprint(&[&train]).unwrap();
            assert_eq!(alone, train.fingerprint().unwrap());
            (alone, fingerprint(&[&train, &val]).unwrap())
        };
        let (before, after) = (print(false), print(true));
        assert_eq!(before.0, after.0);
        assert!(before.1 != after.1 && before.1 != before.0);
    }
}
