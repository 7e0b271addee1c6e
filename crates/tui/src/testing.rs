//! What the tests of this crate share: a small home's worth of runs, a dashboard on them, its screen as text.

use std::collections::BTreeMap;
use std::sync::Arc;

use crossterm::event::KeyEvent;
use diptych_domain::cell::SweepCell;
use diptych_domain::{MetricKey, MetricSummary, ParamValue, RunId, RunStatus, RunSummary};
use diptych_plots::series::{Along, Raw, Reduced};
use diptych_store::{CheckpointRecord, EventRecord, ImageRecord, LogLine, ProcessIdentity, RunDetails};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Size;

use crate::effect::{Effect, Reply, RunPage};
use crate::engine::curves::{Curve, CurveRequest};
use crate::engine::machine::{Machine, Trainer};
use crate::engine::pictures::Picture;
use crate::event::Event;
use crate::keys::{Chord, Keymap};
use crate::screen;
use crate::state::State;
use crate::state::runs::News;
use crate::theme::{Depth, Theme};
use crate::update::{begin, update};

/// The time in tests.
pub const NOW: f64 = 1_795_600_000.0;

/// Eight runs: losses by layers, two seeds each, in several states; one cell is missing.
pub fn runs() -> Vec<RunSummary> {
    let mut runs = Vec::new();
    let mut n = 0;
    for layers in [1, 3, 5] {
        for (loss, lambda) in [("L1", 0.0), ("L1+cGAN", 1.0)] {
            for seed in [1, 2] {
                if layers == 5 && loss == "L1+cGAN" {
                    continue;
                }
                n += 1;
                runs.push(run(n, layers, loss, lambda, seed));
            }
        }
    }
    runs.reverse();
    let set = |run: &mut RunSummary, status, step, message: Option<&str>| {
        (run.status, run.step, run.epoch) = (status, step, step / 100);
        run.message = message.map(str::to_owned);
    };
    set(&mut runs[0], RunStatus::Running, 1220, None);
    set(&mut runs[1], RunStatus::Queued, 0, None);
    runs[1].metrics.clear();
    set(
        &mut runs[4],
        RunStatus::Diverged,
        700,
        Some("loss/G_GAN is NaN at step 700"),
    );
    runs[2].tags = vec!["baseline".into()];
    runs
}

fn run(n: u64, layers: i64, loss: &str, lambda: f64, seed: u64) -> RunSummary {
    let mut spec: diptych_domain::ExperimentSpec =
        serde_json::from_str(r#"{"model": "pix2pix", "name": "losses", "data": {"root": "/sets/facades"}}"#)
            .unwrap();
    spec.seed = seed;
    spec.params.insert("n_layers".into(), ParamValue::Int(layers));
    spec.params.insert("lambda_gan".into(), ParamValue::Float(lambda));
    spec.params
        .insert("norm".into(), ParamValue::Text("batch".into()));
    let summary = |last: f64, best: f64, step: u64| MetricSummary {
        last,
        min: last.min(best),
        max: last.max(best) + 1.0,
        best,
        step,
        count: 200,
    };
    let quality = 18.0 + layers as f64 * 0.4 + lambda + seed as f64 * 0.11;
    let metrics = BTreeMap::from([
        (MetricKey::eval("psnr"), summary(quality, quality + 0.5, 2000)),
        (
            MetricKey::loss("G_L1"),
            summary(30.0 - quality, 29.0 - quality, 2000),
        ),
        (MetricKey::loss("G_GAN"), summary(0.7, 0.6, 2000)),
        (MetricKey::new("perf/step_seconds"), summary(0.25, 0.2, 2000)),
        (MetricKey::new("perf/images_per_second"), summary(4.0, 4.2, 2000)),
        (MetricKey::new("perf/data_wait"), summary(0.03, 0.01, 2000)),
        (MetricKey::new("health/D_accuracy"), summary(0.81, 0.9, 2000)),
    ]);
    RunSummary {
        id: RunId::from_stored(format!("0193{n:028}")),
        name: format!("losses-{loss}-n_layers{layers}-seed{seed}"),
        status: RunStatus::Finished,
        message: None,
        model: "pix2pix".into(),
        tags: Vec::new(),
        note: if n == 1 {
            "the first of them".into()
        } else {
            String::new()
        },
        created: NOW - 7200.0 + n as f64 * 60.0,
        updated: NOW - 100.0 + n as f64,
        epoch: 20,
        step: 2000,
        total_steps: 2000,
        device: "cpu".into(),
        code_version: "0.1.0 (abc)".into(),
        data_fingerprint: Some("f00d".into()),
        archived: false,
        parent: None,
        spec,
        cells: vec![SweepCell {
            sweep: "losses".into(),
            factors: vec![
                ("loss".into(), ParamValue::Text(loss.into())),
                ("params.n_layers".into(), ParamValue::Int(layers)),
                ("seed".into(), ParamValue::Int(seed as i64)),
            ],
        }],
        metrics,
    }
}

/// All of them as the first reading tells it.
pub fn news() -> News {
    News {
        changed: runs(),
        remain: None,
        complete: true,
    }
}

/// A dashboard with a screen of a size.
pub struct Bench {
    pub state: State,
    /// Effects that were asked for and not answered.
    pub effects: Vec<Effect>,
}

impl Bench {
    /// Nothing has been read yet.
    pub fn fresh(width: u16, height: u16) -> Self {
        let theme = Theme { depth: Depth::True };
        let mut state = State::new(
            "/home".into(),
            Keymap::default(),
            theme,
            Size::new(width, height),
            NOW,
        );
        let effects = begin(&mut state);
        Self { state, effects }
    }

    /// The runs have been read, and what is asked for is answered.
    pub fn full(width: u16, height: u16) -> Self {
        let mut bench = Self::fresh(width, height);
        bench.reply(Reply::Runs(Ok(news())));
        bench.answer();
        bench.effects.clear();
        bench
    }

    /// A home without runs.
    pub fn empty(width: u16, height: u16) -> Self {
        let mut bench = Self::fresh(width, height);
        bench.reply(Reply::Runs(Ok(News {
            complete: true,
            ..News::default()
        })));
        bench
    }

    /// The state on a screen of a size, without anything having been answered since.
    pub fn event(&mut self, event: Event) {
        let effects = update(&mut self.state, event);
        self.effects.extend(effects);
    }

    pub fn reply(&mut self, reply: Reply) {
        self.event(Event::Reply(Box::new(reply)));
    }

    /// Presses keys, such as `j space 2`; typed text is in quotes.
    pub fn keys(&mut self, keys: &str) -> &mut Self {
        for key in keys.split(' ').filter(|k| !k.is_empty()) {
            match key.strip_prefix('"') {
                Some(text) => text.trim_end_matches('"').chars().for_each(|c| {
                    let c = if c == '_' { ' ' } else { c };
                    let event = KeyEvent::new(
                        crossterm::event::KeyCode::Char(c),
                        crossterm::event::KeyModifiers::NONE,
                    );
                    self.event(Event::Key(event));
                }),
                None => {
                    let chord: Chord = key.parse().unwrap_or_else(|e| panic!("{e}"));
                    self.event(Event::Key(chord.event()));
                }
            }
            self.answer();
        }
        self
    }

    /// Answers what is asked for, as a home with these runs would, until nothing more is asked.
    pub fn answer(&mut self) {
        for _ in 0..100 {
            let asked = std::mem::take(&mut self.effects);
            if asked.is_empty() {
                return;
            }
            let mut left = Vec::new();
            for effect in asked {
                match reply(&self.state, effect) {
                    Ok(reply) => self.reply(reply),
                    Err(effect) => left.push(effect),
                }
            }
            let nothing_new = self.effects.is_empty();
            self.effects.splice(0..0, left);
            if nothing_new {
                return;
            }
        }
        panic!("it never stops asking: {:?}", self.effects.first());
    }

    /// The screen as text.
    pub fn screen(&self) -> String {
        let backend = TestBackend::new(self.state.size.width, self.state.size.height);
        let mut terminal = Terminal::new(backend).unwrap();
        terminal.draw(|frame| screen::draw(&self.state, frame)).unwrap();
        let buffer = terminal.backend().buffer();
        let width = usize::from(buffer.area.width);
        let rows = buffer.content().chunks(width).map(|row| {
            let text: String = row.iter().map(|cell| cell.symbol()).collect();
            text.trim_end().to_owned()
        });
        rows.collect::<Vec<_>>().join("\n")
    }
}

/// The answer to an effect, or the effect where it has none here.
fn reply(state: &State, effect: Effect) -> Result<Reply, Effect> {
    Ok(match effect {
        Effect::LoadDetails(run) => Reply::Details(run, Ok(Box::new(page()))),
        Effect::LoadCurve(request) => {
            let curve = curve(&request);
            Reply::Curve(request, Ok(curve))
        }
        Effect::MakeGrid(ingredients, request) => {
            Reply::Grid(ingredients, crate::views::ablation::make(&request).map(Box::new))
        }
        Effect::LoadStrip { run, key } => Reply::Strip(run, key, vec![0.5, 0.6, 0.9, 0.8]),
        Effect::LoadImages(run) => Reply::Images(run, Ok(images())),
        Effect::LoadPicture(request) => {
            let name = request.files[0].to_string_lossy().into_owned();
            let picture = if name.contains("corrupt") {
                Err("probe-00-output.png: unexpected end of file".into())
            } else {
                Ok(picture(request.cells))
            };
            Reply::Picture(request, picture)
        }
        Effect::FindDefaults(model) => {
            let defaults = [
                ("n_layers", ParamValue::Int(3)),
                ("lambda_gan", ParamValue::Float(1.0)),
                ("norm", ParamValue::Text("batch".into())),
            ];
            Reply::Defaults(model, defaults.map(|(k, v)| (k.to_owned(), v)).into())
        }
        Effect::LoadQueue => Reply::Queue(Ok(state.system.order.clone())),
        Effect::LookAtMachine(runs) => Reply::Machine(Box::new(machine(&runs))),
        Effect::FindExperiments => Reply::Experiments(vec!["experiments/facades.toml".into()]),
        Effect::Check(of) if of.file.ends_with(".toml") => {
            Reply::Checked(of, Ok("pix2pix, 200 epochs on /sets/facades".into()))
        }
        Effect::Check(of) => Reply::Checked(of, Ok("an experiment is a TOML file; tab completes".into())),
        Effect::FindPaths(typed, _) => {
            let known = ["elsewhere/", "elsewhere/night.toml", "elsewhere/noon.toml"];
            let found = known.into_iter().filter(|p| {
                let rest = p.strip_prefix(typed.as_str());
                rest.is_some_and(|rest| {
                    !rest.is_empty() && rest.find('/').is_none_or(|at| at + 1 == rest.len())
                })
            });
            let found = found.map(str::to_owned).collect();
            Reply::Paths(typed, found)
        }
        Effect::Weigh(runs) => Reply::Weighed(runs, 12_345_678),
        Effect::FindCommand(run) => Reply::Command(format!("diptych train /dev/stdin # {}", run.name)),
        other => return Err(other),
    })
}

fn machine(runs: &[RunId]) -> Machine {
    Machine {
        host: "tower".into(),
        cpus: vec![0.5, 1.0],
        used: 3_000_000_000,
        memory: 16_000_000_000,
        gpus: Vec::new(),
        trainers: runs
            .iter()
            .map(|run| Trainer {
                run: run.clone(),
                pid: 4242,
                host: "tower".into(),
                cores: Some(1.8),
                memory: Some(420_000_000),
                stopping: false,
            })
            .collect(),
    }
}

fn page() -> RunPage {
    RunPage {
        details: RunDetails {
            spec_hash: "abcd".into(),
            spec_json: "{}".into(),
            forks: Vec::new(),
            total_epochs: 20,
            owner: Some(ProcessIdentity {
                pid: 4242,
                started: 1,
                boot: String::new(),
                host: "tower".into(),
                namespace: String::new(),
            }),
            heartbeat: NOW - 1.0,
            stop_requested: false,
        },
        checkpoints: vec![CheckpointRecord {
            step: 1000,
            epoch: 10,
            wall: NOW - 500.0,
            kind: diptych_domain::CheckpointKind::Last,
            path: "checkpoints/last".into(),
            bytes: 12_000_000,
            score: None,
        }],
        events: vec![
            event(NOW - 7000.0, "created", 0, None),
            event(
                NOW - 3000.0,
                "health",
                400,
                Some("D_accuracy is 0.99 since step 300: the discriminator wins"),
            ),
        ],
        environment: vec![
            ("cpu".into(), "Testmaster 9000".into()),
            ("threads".into(), "2".into()),
        ],
        log: (0..30)
            .map(|i| line(NOW - 600.0 + f64::from(i) * 10.0, i))
            .collect(),
        folder: "/home/runs/0193".into(),
    }
}

fn event(wall: f64, kind: &str, step: u64, detail: Option<&str>) -> EventRecord {
    EventRecord {
        wall,
        kind: kind.into(),
        step,
        epoch: step / 100,
        detail: detail.map(str::to_owned),
    }
}

fn line(wall: f64, n: i32) -> LogLine {
    LogLine {
        wall,
        level: if n == 12 {
            diptych_domain::LogLevel::Warn
        } else {
            diptych_domain::LogLevel::Info
        },
        message: format!("epoch {n} done"),
    }
}

/// A falling curve with a spike; runs and metrics differ in their offset.
pub fn curve(request: &CurveRequest) -> Curve {
    let offset: u32 = request.run.as_str().bytes().rev().take(2).map(u32::from).sum();
    let raw = Raw {
        steps: (0..200).map(|i| i * 10).collect(),
        epochs: (0..200).map(|i| i / 10 + 1).collect(),
        walls: (0..200).map(|i| NOW - 3600.0 + i as f64 * 10.0).collect(),
        values: (0..200)
            .map(|i| {
                let spike = if i == 120 { 6.0 } else { 0.0 };
                2.0 + f64::from(offset % 7)
                    + 8.0 * (-f64::from(i) / 60.0).exp()
                    + spike
                    + 0.3 * f64::from(i * 37 % 10) / 10.0
            })
            .collect(),
    };
    let along: &Along = &request.along;
    Curve {
        raw: Reduced::of(&raw, along, 0.0),
        smooth: (request.smoothing > 0.0).then(|| Reduced::of(&raw, along, request.smoothing)),
    }
}

fn images() -> Vec<ImageRecord> {
    let mut images = Vec::new();
    for step in [0, 400, 800, 1200] {
        for probe in 0..2 {
            for role in ["input", "output", "target"] {
                if step > 0 && role != "output" {
                    continue;
                }
                images.push(ImageRecord {
                    step,
                    epoch: step / 100,
                    wall: NOW,
                    role: diptych_domain::ImageRole(role.into()),
                    probe,
                    caption: format!("{probe}.png"),
                    path: format!("images/{step:06}/probe-{probe:02}-{role}.png").into(),
                    width: 64,
                    height: 64,
                });
            }
        }
    }
    images
}

fn picture((width, height): (u16, u16)) -> Picture {
    let side = u32::from(width).min(u32::from(height) * 2).max(1);
    Picture::Blocks(Arc::new(image::RgbImage::from_fn(side, side, |x, y| {
        image::Rgb([(x * 5) as u8, (y * 5) as u8, 90])
    })))
}
