//! Writes exports.

use std::path::Path;
use std::sync::Arc;

use diptych_domain::RunSummary;
use diptych_plots::export::{self, Form};
use diptych_plots::kinds::images::{Content as Image, Shot};
use diptych_plots::kinds::{self, Curve, Loaded};
use diptych_plots::series::{Along, Reduced};
use diptych_plots::spec::Kind;
use diptych_plots::{Figure, FigureSpec, Provenance};
use diptych_store::Home;

use crate::export::{Content, Export};
use crate::host::Host;

/// Writes an export; says what it wrote.
///
/// # Errors
/// What cannot be read, drawn or written.
pub async fn write(home: &Home, host: &Arc<dyn Host>, export: Export) -> Result<String, String> {
    let path = export.path.clone();
    has_folder(&path)?;
    let bytes = match export.content {
        Content::Text(text) => text.into_bytes(),
        Content::Figure { spec, runs, form } => figure(home, &spec, &runs, form).await?,
        Content::Table {
            runs,
            by,
            metric,
            against,
            form,
        } => {
            let host = host.clone();
            let table = move || host.table(&runs, &by, &metric, against.as_deref(), &form);
            tokio::task::spawn_blocking(table)
                .await
                .map_err(|e| e.to_string())??
                .into_bytes()
        }
    };
    let size = diptych_domain::human::bytes(bytes.len() as u64);
    save(&path, &bytes).map_err(|e| format!("cannot write {}: {e}", path.display()))?;
    Ok(format!("wrote {} ({size})", path.display()))
}

async fn figure(home: &Home, spec: &FigureSpec, runs: &[RunSummary], form: Form) -> Result<Vec<u8>, String> {
    let drawn = match spec.kind {
        Kind::Images => images(home, spec, runs).await?,
        _ => {
            let loaded = curves(home, spec, runs).await?;
            kinds::build(spec, runs, &loaded).map_err(|e| e.to_string())?
        }
    };
    let generator = concat!("diptych ", env!("CARGO_PKG_VERSION"));
    let provenance = Provenance::of(generator, spec, runs);
    let spec = spec.clone();
    let encode = move || export::bytes(&drawn, &spec, &provenance, form).map_err(|e| e.to_string());
    tokio::task::spawn_blocking(encode)
        .await
        .map_err(|e| e.to_string())?
}

async fn curves(home: &Home, spec: &FigureSpec, runs: &[RunSummary]) -> Result<Loaded, String> {
    let mut loaded = Loaded::default();
    for request in kinds::plan(spec, runs).map_err(|e| e.to_string())? {
        let run = &runs[request.run];
        let raw = super::curves::points(home, &run.id, &request.key).await?;
        let along = Along::of(spec.x, run);
        loaded.curves.push(Curve {
            run: request.run,
            key: request.key,
            plain: Reduced::of(&raw, &along, 0.0),
            smooth: request.smooth.then(|| Reduced::of(&raw, &along, spec.smoothing)),
        });
    }
    Ok(loaded)
}

async fn images(home: &Home, spec: &FigureSpec, runs: &[RunSummary]) -> Result<Figure, String> {
    let mut shots = Vec::new();
    let mut files = Vec::new();
    for (at, run) in runs.iter().enumerate() {
        for image in home.images(&run.id).await.map_err(|e| e.to_string())? {
            shots.push(Shot {
                run: at,
                step: image.step,
                role: image.role.0,
                probe: image.probe,
                caption: image.caption,
            });
            files.push((home.run_dir(&run.id).join(image.path), image.width, image.height));
        }
    }
    let grid = kinds::images::grid(spec, runs, &shots).map_err(|e| e.to_string())?;
    let content = |at: usize| {
        let (path, width, height) = &files[at];
        let data = std::fs::read(path).map_err(|e| diptych_plots::FigureError::Empty {
            why: format!("{} cannot be read: {e}", path.display()),
        })?;
        Ok(Image {
            data: data.into(),
            width: *width,
            height: *height,
        })
    };
    kinds::images::figure(spec, runs, &shots, grid, content).map_err(|e| e.to_string())
}

fn has_folder(path: &Path) -> Result<(), String> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
            Err(format!("there is no folder {}", folder.display()))
        }
        _ => Ok(()),
    }
}

/// Written under another name, then renamed: a file is whole or not there.
fn save(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.{}", std::process::id()));
    std::fs::write(&temporary, bytes)?;
    std::fs::rename(&temporary, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_folder_is_named() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(has_folder(&dir.path().join("a.svg")), Ok(()));
        assert_eq!(has_folder(Path::new("a.svg")), Ok(()));
        let missing = dir.path().join("none/a.svg");
        assert_eq!(
            has_folder(&missing),
            Err(format!(
                "there is no folder {}",
                dir.path().join("none").display()
            ))
        );
    }
}
