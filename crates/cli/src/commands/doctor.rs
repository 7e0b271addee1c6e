use diptych_imgops::cpu::simd;
use serde_json::json;

use crate::Context;
use crate::failure::Failure;
use crate::render::table::{Align, Cell, Table};
use crate::render::{human, terminal};
use crate::session::{Session, home_path};
use crate::{environment, gpu, output};

/// Check this machine and the home for what training needs
#[derive(clap::Args)]
#[command(after_help = "Examples:
  diptych doctor
  diptych doctor --home /mnt/data/diptych --json")]
pub struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// One thing that was looked at.
struct Check {
    name: &'static str,
    value: String,
    /// What is wrong with it, and what to do.
    problem: Option<String>,
}

impl Check {
    fn good(name: &'static str, value: impl Into<String>) -> Self {
        Self {
            name,
            value: value.into(),
            problem: None,
        }
    }
}

/// What there is to compute with besides the CPU.
fn cuda(found: Option<&gpu::Found>) -> Vec<Check> {
    let Some(found) = found else {
        return vec![Check::good("cuda", gpu::NO_CUDA)];
    };
    let mut checks = Vec::new();
    if let Some(driver) = &found.driver {
        checks.push(Check::good("cuda driver", format!("for CUDA up to {driver}")));
    }
    checks.extend(found.devices.iter().map(|gpu| {
        let memory = human::bytes(gpu.memory_bytes as u64);
        Check::good(
            "gpu",
            format!(
                "{}: {}, compute capability {}, {memory}",
                gpu.device, gpu.name, gpu.capability
            ),
        )
    }));
    let versions = [("cudnn", &found.cudnn), ("nvrtc", &found.nvrtc)];
    checks.extend(
        versions
            .into_iter()
            .filter_map(|(name, v)| Some(Check::good(name, v.as_ref()?))),
    );
    checks.extend(found.problems.iter().map(|problem| Check {
        problem: Some(problem.clone()),
        ..Check::good("cuda", "not to be used")
    }));
    checks
}

/// Less free disk than this is worth a word: some checkpoints of a large model.
const LITTLE_DISK: u64 = 2_000_000_000;

pub fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let path = home_path(context);
    let opened = Session::open(context);
    let disk = environment::disk(&path);
    let features = environment::cpu_features();

    let mut checks = vec![Check::good("diptych", environment::VERSION)];
    checks.push(Check {
        problem: opened.as_ref().err().map(ToString::to_string),
        ..Check::good("home", path.display().to_string())
    });
    if let Ok(session) = &opened {
        let warning = session.home.warnings().first().map(ToString::to_string);
        let kind = disk.as_ref().map_or("unknown", |(kind, _)| kind);
        checks.push(Check {
            problem: warning,
            ..Check::good("file system", kind)
        });
        let runs = session.wait(session.home.list())?.len();
        checks.push(Check::good("runs", runs.to_string()));
    }
    if let Some((_, free)) = &disk {
        let little = *free < LITTLE_DISK;
        checks.push(Check {
            problem: little.then(|| "little is left for checkpoints".to_owned()),
            ..Check::good("free disk", human::bytes(*free))
        });
    }
    checks.push(Check::good("system", environment::os()));
    checks.push(Check {
        problem: (!features.contains(&"fma") && cfg!(target_arch = "x86_64"))
            .then(|| "without AVX2 and FMA training is several times slower".to_owned()),
        ..Check::good(
            "cpu",
            format!("{} ({})", environment::cpu_model(), features.join(" ")),
        )
    });
    checks.push(Check::good("instructions", simd::level().to_string()));
    checks.push(Check::good("threads", environment::cores().to_string()));
    checks.push(Check::good("memory", human::bytes(environment::memory())));
    let found = gpu::look();
    checks.extend(cuda(found.as_ref()));

    if args.json {
        output::json(&json!({
            "version": environment::VERSION,
            "home": {
                "path": path,
                "writable": opened.is_ok(),
                "problem": opened.as_ref().err().map(ToString::to_string),
                "file_system": disk.as_ref().map(|(kind, _)| kind),
                "free_bytes": disk.as_ref().map(|(_, free)| free),
            },
            "cpu": environment::cpu_model(),
            "cpu_features": features,
            "instructions": simd::level().to_string(),
            "threads": environment::cores(),
            "memory_bytes": environment::memory(),
            "cuda": found,
            "problems": checks.iter().filter_map(|c| c.problem.as_ref()).collect::<Vec<_>>(),
        }))?;
    } else {
        let mut table = Table::headless([Align::Left, Align::Left, Align::Wrap]);
        for check in &checks {
            let (mark, style) = if check.problem.is_some() {
                ("!", "31")
            } else {
                ("✓", "32")
            };
            table.row([
                Cell::styled(mark, style),
                check.name.into(),
                check.value.as_str().into(),
            ]);
            if let Some(problem) = &check.problem {
                table.row([
                    Cell::from(""),
                    Cell::from(""),
                    Cell::styled(problem.as_str(), "31"),
                ]);
            }
        }
        output::line(table.render_styled(terminal::width(), terminal::colours()))?;
    }
    opened.map(drop)
}
