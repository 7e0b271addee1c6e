//! The machine that the dashboard runs on: processors, memory, GPUs, and the processes that train.

use std::process::{Command, Stdio};
use std::sync::Mutex;

use diptych_domain::RunId;
use diptych_store::Home;
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

/// What was seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Machine {
    /// The machine's name.
    pub host: String,
    /// Each processor's load, from 0 to 1.
    pub cpus: Vec<f64>,
    /// Bytes of memory in use.
    pub used: u64,
    /// Bytes of memory.
    pub memory: u64,
    /// The GPUs.
    pub gpus: Vec<Gpu>,
    /// The processes that train runs, as far as they are on this machine.
    pub trainers: Vec<Trainer>,
}

/// A GPU.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gpu {
    /// What it is.
    pub name: String,
    /// Its load, from 0 to 1.
    pub load: f64,
    /// Bytes of its memory in use.
    pub used: u64,
    /// Bytes of its memory.
    pub memory: u64,
    /// Degrees Celsius.
    pub celsius: f64,
    /// Watts.
    pub watts: f64,
}

/// A process that trains a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Trainer {
    /// The run.
    pub run: RunId,
    /// Its number.
    pub pid: u32,
    /// The machine that it is on.
    pub host: String,
    /// Processors that it keeps busy; nothing where it is elsewhere.
    pub cores: Option<f64>,
    /// Bytes of memory; likewise.
    pub memory: Option<u64>,
    /// Whether it has been asked to stop.
    pub stopping: bool,
}

/// Looks at the machine; loads are those since it looked last.
#[derive(Default)]
pub struct Watcher {
    system: Mutex<Option<System>>,
}

impl Watcher {
    /// Looks, with the processes that train `runs`.
    pub async fn look(&self, home: &Home, runs: &[RunId]) -> Machine {
        let mut trainers = Vec::new();
        for run in runs {
            // A run that has gone meanwhile is no trouble.
            let Ok(details) = home.details(run).await else {
                continue;
            };
            let Some(owner) = details.owner else { continue };
            trainers.push(Trainer {
                run: run.clone(),
                pid: owner.pid,
                host: owner.host,
                cores: None,
                memory: None,
                stopping: details.stop_requested,
            });
        }
        let mut machine = self.here(&mut trainers);
        machine.trainers = trainers;
        machine
    }

    fn here(&self, trainers: &mut [Trainer]) -> Machine {
        let mut slot = self
            .system
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if slot.is_none() {
            *slot = System::new().ok();
        }
        let host = System::host_name().unwrap_or_default();
        let Some(system) = slot.as_mut() else {
            return Machine {
                host,
                ..Machine::default()
            };
        };
        system.refresh_cpu_usage();
        system.refresh_memory();
        let pids: Vec<Pid> = trainers
            .iter()
            .filter(|t| t.host == host)
            .map(|t| Pid::from_u32(t.pid))
            .collect();
        let what = ProcessRefreshKind::nothing().with_cpu().with_memory();
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&pids), true, what);
        for trainer in trainers.iter_mut().filter(|t| t.host == host) {
            if let Some(process) = system.process(Pid::from_u32(trainer.pid)) {
                trainer.cores = Some(f64::from(process.cpu_usage()) / 100.0);
                trainer.memory = Some(process.memory());
            }
        }
        Machine {
            host,
            cpus: system
                .cpus()
                .iter()
                .map(|c| f64::from(c.usage()) / 100.0)
                .collect(),
            used: system.used_memory(),
            memory: system.total_memory(),
            gpus: Vec::new(),
            trainers: Vec::new(),
        }
    }
}

/// The GPUs, as NVIDIA's own tool sees them; none where there is no such tool.
pub fn gpus() -> Vec<Gpu> {
    let asked = Command::new("nvidia-smi")
        .args([
            "--query-gpu=name,utilization.gpu,memory.used,memory.total,temperature.gpu,power.draw",
            "--format=csv,noheader,nounits",
        ])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    match asked {
        Ok(output) if output.status.success() => parse(&String::from_utf8_lossy(&output.stdout)),
        _ => Vec::new(),
    }
}

fn parse(text: &str) -> Vec<Gpu> {
    const MIB: f64 = 1_048_576.0;
    let line = |line: &str| {
        let mut fields = line.rsplitn(6, ',').map(str::trim);
        // What a GPU does not tell is `[N/A]`.
        let mut number = || fields.next().map(|f| f.parse::<f64>().unwrap_or(f64::NAN));
        let (watts, celsius, memory, used, load) = (number()?, number()?, number()?, number()?, number()?);
        Some(Gpu {
            name: fields.next()?.to_owned(),
            load: load / 100.0,
            used: (used * MIB) as u64,
            memory: (memory * MIB) as u64,
            celsius,
            watts,
        })
    };
    text.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nvidias_tool_prints_is_read() {
        let gpus = parse(
            "NVIDIA H100 80GB HBM3, 37, 1024, 81559, 41, 123.45\nOdd, Name, [N/A], 5, 10, 30, [N/A]\nnonsense\n",
        );
        assert_eq!(gpus.len(), 2);
        assert_eq!(
            (gpus[0].name.as_str(), gpus[0].load, gpus[0].used >> 20),
            ("NVIDIA H100 80GB HBM3", 0.37, 1024)
        );
        assert_eq!(gpus[1].name, "Odd, Name");
        assert!(gpus[1].load.is_nan() && gpus[1].watts.is_nan());
    }
}
