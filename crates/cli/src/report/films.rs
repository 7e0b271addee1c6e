//! Probes' images along training, small enough for one page: a strip of frames a run, probe and role.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;
use std::path::{Path, PathBuf};

use diptych_domain::RunSummary;
use diptych_plots::kinds::images::roles::{self, is_fixed, rank};
use diptych_plots::kinds::images::{Shot, spaced};
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{ImageReader, RgbImage};
use rayon::prelude::*;

use super::spec::ReportSpec;
use crate::failure::Failure;
use crate::figures;
use crate::session::Session;

/// Bytes of all pictures; as base64 a third more.
const BUDGET: usize = 9_500_000;
/// Sides that frames may have.
const SIDES: [u32; 9] = [256, 208, 176, 144, 120, 96, 80, 64, 48];
const QUALITY: u8 = 80;
/// Runs whose images are shown.
const MOST_RUNS: usize = 24;

/// A probe, a run by its place, and a role.
type Of = (u32, usize, String);
/// The files of a film's frames.
type Frames = (Of, Vec<Option<PathBuf>>);

/// An image that does not change: an input or a target.
pub struct Still {
    /// The probe.
    pub probe: u32,
    /// What it is.
    pub role: String,
    /// The runs that have it, by their places.
    pub runs: Vec<usize>,
    /// JPEG.
    pub data: Vec<u8>,
}

/// What a run made of a probe, a frame a step, below each other.
pub struct Film {
    /// The run, by its place.
    pub run: usize,
    /// The probe.
    pub probe: u32,
    /// What it shows.
    pub role: String,
    /// JPEG.
    pub data: Vec<u8>,
}

/// All pictures of a report.
#[derive(Default)]
pub struct Films {
    /// The steps of the frames.
    pub steps: Vec<u64>,
    /// The probes, with where they come from.
    pub probes: Vec<(u32, String)>,
    /// Inputs and targets.
    pub stills: Vec<Still>,
    /// Outputs.
    pub films: Vec<Film>,
    /// Width and height of a frame.
    pub frame: (u32, u32),
    /// What was left out.
    pub notes: Vec<String>,
}

/// Chooses, reads and packs images.
pub fn make(session: &Session, spec: &ReportSpec, runs: &[RunSummary]) -> Result<Films, Failure> {
    if spec.probes == 0 || spec.steps == 0 {
        return Ok(Films::default());
    }
    let mut notes = Vec::new();
    if runs.len() > MOST_RUNS {
        notes.push(format!(
            "Images of the first {MOST_RUNS} of {} runs are shown.",
            runs.len()
        ));
    }
    let found = figures::image_shots(session, &runs[..runs.len().min(MOST_RUNS)])?;
    let (mut named, files): (Vec<Shot>, Vec<PathBuf>) = found.into_iter().unzip();
    roles::name_each(&mut named);
    let shots: Vec<(Shot, PathBuf)> = named.into_iter().zip(files).collect();
    let made: BTreeSet<u64> = shots
        .iter()
        .filter(|(s, _)| !is_fixed(&s.role))
        .map(|(s, _)| s.step)
        .collect();
    if made.is_empty() {
        return Ok(Films::default());
    }
    let steps = spaced(&made.into_iter().collect::<Vec<_>>(), spec.steps);
    let all: BTreeMap<u32, String> = shots.iter().map(|(s, _)| (s.probe, s.caption.clone())).collect();
    if all.len() > spec.probes {
        notes.push(format!("{} of {} probes are shown.", spec.probes, all.len()));
    }
    let probes: Vec<(u32, String)> = all.into_iter().take(spec.probes).collect();
    let shown = |shot: &Shot| probes.iter().any(|(p, _)| *p == shot.probe);
    let mut by_film: BTreeMap<Of, Vec<(u64, &Path)>> = BTreeMap::new();
    let mut still_files: BTreeMap<(u32, String, usize), &Path> = BTreeMap::new();
    for (shot, path) in shots.iter().filter(|(s, _)| shown(s)) {
        if is_fixed(&shot.role) {
            still_files.insert((shot.probe, shot.role.clone(), shot.run), path);
        } else {
            by_film
                .entry((shot.probe, shot.run, shot.role.clone()))
                .or_default()
                .push((shot.step, path));
        }
    }
    let frames: Vec<Frames> = by_film
        .into_iter()
        .map(|(of, files)| {
            let at = |step: &u64| {
                files
                    .iter()
                    .filter(|(s, _)| s <= step)
                    .max_by_key(|(s, _)| *s)
                    .map(|(_, p)| p.to_path_buf())
            };
            (of, steps.iter().map(at).collect())
        })
        .collect();
    let natural = frames
        .iter()
        .flat_map(|(_, f)| f.iter().flatten())
        .find_map(|p| image::image_dimensions(p).ok())
        .unwrap_or((64, 64));
    let count = frames.len() * steps.len();
    let mut frame = frame_size(natural, count, &frames)?;
    let films = loop {
        let packed: Vec<Film> = frames
            .par_iter()
            .map(|((probe, run, role), files)| {
                Ok(Film {
                    run: *run,
                    probe: *probe,
                    role: role.clone(),
                    data: strip(files, frame)?,
                })
            })
            .collect::<Result<_, Failure>>()?;
        let size: usize = packed.iter().map(|f| f.data.len()).sum();
        match SIDES.iter().find(|s| **s < frame.0) {
            // The samples were smoother than the rest.
            Some(smaller) if size > BUDGET => frame = scaled(natural, *smaller),
            _ => break packed,
        }
    };
    let mut stills: Vec<Still> = Vec::new();
    let mut seen: BTreeMap<(u32, String, Vec<u8>), usize> = BTreeMap::new();
    for ((probe, role, run), path) in still_files {
        let Ok(bytes) = std::fs::read(path) else { continue };
        let hash = blake3::hash(&bytes).as_bytes().to_vec();
        let place = match seen.get(&(probe, role.clone(), hash.clone())) {
            Some(place) => *place,
            None => {
                stills.push(Still {
                    probe,
                    role: role.clone(),
                    runs: Vec::new(),
                    data: strip(&[Some(path.to_path_buf())], frame)?,
                });
                seen.insert((probe, role, hash), stills.len() - 1);
                stills.len() - 1
            }
        };
        stills[place].runs.push(run);
    }
    // Of each probe: what goes in, then what comes out, role by role.
    let mut films = films;
    stills.sort_by(|a, b| {
        a.probe
            .cmp(&b.probe)
            .then_with(|| rank(&a.role).cmp(&rank(&b.role)))
    });
    films.sort_by(|a, b| {
        a.probe
            .cmp(&b.probe)
            .then_with(|| rank(&a.role).cmp(&rank(&b.role)))
    });
    Ok(Films {
        steps,
        probes,
        stills,
        films,
        frame,
        notes,
    })
}

fn scaled((w, h): (u32, u32), side: u32) -> (u32, u32) {
    let side = side.min(w.max(h));
    let of = |v: u32| {
        (f64::from(v) * f64::from(side) / f64::from(w.max(h)))
            .round()
            .max(1.0) as u32
    };
    (of(w), of(h))
}

/// The largest frame with which all stay within the budget, by the size of some of them.
fn frame_size(natural: (u32, u32), count: usize, frames: &[Frames]) -> Result<(u32, u32), Failure> {
    const SAMPLES: usize = 12;
    let all: Vec<&PathBuf> = frames
        .iter()
        .filter_map(|(_, f)| f.iter().flatten().next_back())
        .collect();
    let some: Vec<&PathBuf> = all
        .iter()
        .step_by(all.len().div_ceil(SAMPLES).max(1))
        .copied()
        .collect();
    for side in SIDES {
        let size = scaled(natural, side);
        let mut bytes = 0;
        for path in &some {
            bytes += strip(&[Some((*path).clone())], size)?.len();
        }
        if bytes as f64 / some.len().max(1) as f64 * count as f64 <= BUDGET as f64 * 0.9 {
            return Ok(size);
        }
    }
    Ok(scaled(natural, SIDES[SIDES.len() - 1]))
}

/// Images below each other as JPEG; grey where there is none.
fn strip(files: &[Option<PathBuf>], (w, h): (u32, u32)) -> Result<Vec<u8>, Failure> {
    let mut all = RgbImage::from_pixel(w, h * files.len() as u32, image::Rgb([128, 128, 128]));
    let mut before: Option<(&PathBuf, RgbImage)> = None;
    for (i, path) in files.iter().enumerate() {
        let Some(path) = path else { continue };
        // A step without an image of its own shows the one before.
        let picture = match before.take() {
            Some((same, picture)) if same == path => picture,
            _ => read(path, (w, h))?,
        };
        image::imageops::replace(&mut all, &picture, 0, i64::from(h) * i as i64);
        before = Some((path, picture));
    }
    let mut out = Vec::new();
    JpegEncoder::new_with_quality(&mut out, QUALITY)
        .encode_image(&all)
        .map_err(|e| Failure::new(format!("cannot pack images: {e}")))?;
    Ok(out)
}

fn read(path: &Path, (w, h): (u32, u32)) -> Result<RgbImage, Failure> {
    let refuse = |e: String| Failure::new(format!("{}: {e}", path.display()));
    let bytes = std::fs::read(path).map_err(|e| refuse(e.to_string()))?;
    let picture = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|e| refuse(e.to_string()))?
        .decode()
        .map_err(|e| refuse(e.to_string()))?;
    let picture = if (picture.width(), picture.height()) == (w, h) {
        picture
    } else {
        picture.resize_exact(w, h, FilterType::Triangle)
    };
    Ok(picture.into_rgb8())
}
