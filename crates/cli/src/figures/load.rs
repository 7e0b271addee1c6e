//! Reading what figures need: each series once, two at a time, and nothing of it kept that is not drawn.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use diptych_domain::RunSummary;
use diptych_plots::kinds::images::{Content, Shot};
use diptych_plots::kinds::{Alarm, Curve, Request};
use diptych_plots::series::{Along, Raw, Reduced};
use diptych_plots::{FigureError, FigureSpec};
use diptych_store::{Home, ImageRecord, StoreError};
use tokio::task::JoinSet;

use crate::failure::Failure;
use crate::session::Session;

/// Series in memory at a time: a million points are 32 MB.
const AT_ONCE: usize = 2;

/// Reads the series that were asked for.
pub fn series(
    session: &Session,
    spec: &FigureSpec,
    runs: &[RunSummary],
    requests: Vec<Request>,
) -> Result<Vec<Curve>, Failure> {
    let jobs: Vec<(usize, Request, Along)> = requests
        .into_iter()
        .enumerate()
        .map(|(i, request)| {
            let along = Along::of(spec.x, &runs[request.run]);
            (i, request, along)
        })
        .collect();
    let smoothing = spec.smoothing;
    let ids: Vec<_> = runs.iter().map(|r| r.id.clone()).collect();
    let home = session.home.clone();
    let mut curves = session.wait(async move {
        let mut waiting = jobs.into_iter();
        let mut at_work: JoinSet<Result<(usize, Curve), StoreError>> = JoinSet::new();
        let mut done = Vec::new();
        loop {
            while at_work.len() < AT_ONCE {
                let Some((i, request, along)) = waiting.next() else {
                    break;
                };
                let (home, id) = (home.clone(), ids[request.run].clone());
                at_work.spawn(async move { Ok((i, one(&home, &id, request, along, smoothing).await?)) });
            }
            match at_work.join_next().await {
                None => return Ok(done),
                Some(Ok(curve)) => done.push(curve?),
                Some(Err(e)) => {
                    return Err(StoreError::WriterStopped {
                        message: format!("reading a series: {e}"),
                    });
                }
            }
        }
    })?;
    curves.sort_by_key(|(i, _)| *i);
    Ok(curves.into_iter().map(|(_, curve)| curve).collect())
}

async fn one(
    home: &Home,
    id: &diptych_domain::RunId,
    request: Request,
    along: Along,
    smoothing: f64,
) -> Result<Curve, StoreError> {
    let series = home.metrics(id, &request.key, ..).await?;
    let raw = Raw {
        steps: series.steps,
        epochs: series.epochs,
        walls: series.walls,
        values: series.values,
    };
    Ok(Curve {
        run: request.run,
        plain: Reduced::of(&raw, &along, 0.0),
        smooth: request.smooth.then(|| Reduced::of(&raw, &along, smoothing)),
        key: request.key,
    })
}

/// The runs' alarms, where they began.
pub fn alarms(session: &Session, spec: &FigureSpec, runs: &[RunSummary]) -> Result<Vec<Alarm>, Failure> {
    let mut alarms = Vec::new();
    for (i, run) in runs.iter().enumerate() {
        let along = Along::of(spec.x, run);
        for event in session.wait(session.home.events(&run.id))? {
            let Some(message) = event
                .detail
                .filter(|_| event.kind == "health")
                .filter(|m| begins(m))
            else {
                continue;
            };
            alarms.push(Alarm {
                run: i,
                x: along.place(event.step, event.epoch, event.wall),
                message,
            });
        }
    }
    Ok(alarms)
}

/// Whether a health event says that something has begun to be wrong, rather than that it has ended.
pub fn begins(message: &str) -> bool {
    !message.contains(", after the alarm of step ")
}

/// The runs' images, each with its file.
pub fn image_shots(session: &Session, runs: &[RunSummary]) -> Result<Vec<(Shot, PathBuf)>, Failure> {
    let mut shots = Vec::new();
    for (i, run) in runs.iter().enumerate() {
        let folder = session.home.run_dir(&run.id);
        for record in session.wait(session.home.images(&run.id))? {
            shots.push((shot(i, &record), folder.join(&record.path)));
        }
    }
    Ok(shots)
}

fn shot(run: usize, record: &ImageRecord) -> Shot {
    Shot {
        run,
        step: record.step,
        role: record.role.0.clone(),
        probe: record.probe,
        caption: record.caption.clone(),
    }
}

/// An image's file.
pub fn content(path: &Path) -> Result<Content, FigureError> {
    let refuse = |problem: String| FigureError::Export {
        form: "the figure",
        problem: format!("{}: {problem}", path.display()),
    };
    let data = std::fs::read(path).map_err(|e| refuse(e.to_string()))?;
    let (width, height) = png_size(&data).ok_or_else(|| refuse("this is no PNG".into()))?;
    Ok(Content {
        data: Arc::from(data),
        width,
        height,
    })
}

/// Width and height in a PNG's header.
pub fn png_size(data: &[u8]) -> Option<(u32, u32)> {
    let header = data.strip_prefix(b"\x89PNG\r\n\x1a\n")?.get(8..16)?;
    let number = |at: usize| header.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
    Some((number(0)?, number(4)?))
}
