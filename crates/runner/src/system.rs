//! The machine while a training runs: `system/...` metrics, read on a thread of their own.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use diptych_domain::{DeviceChoice, MetricKey};
use nvml_wrapper::Nvml;
use nvml_wrapper::enum_wrappers::device::TemperatureSensor;
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

/// Time between readings.
const EVERY: Duration = Duration::from_secs(5);

/// Values of one reading.
pub(crate) type Sample = Vec<(MetricKey, f64)>;

/// Readings of the machine, until dropped. Where something cannot be read its values are left out.
pub(crate) struct Monitor {
    samples: Receiver<Sample>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Monitor {
    /// Starts reading every five seconds; the first reading comes after as long.
    pub fn start(device: DeviceChoice) -> Self {
        Self::every(EVERY, device)
    }

    fn every(period: Duration, device: DeviceChoice) -> Self {
        // A reading that nobody has fetched is old by the time of the next.
        let ((sender, samples), (stop, stopped)) = (sync_channel(1), channel::<()>());
        let work = move || {
            let mut host = Host::new();
            let bus = diptych_models::device::bus_id(device);
            let gpu = bus.and_then(|bus| Some((Nvml::init().ok()?, bus)));
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(period) {
                let mut sample = host.read();
                if let Some((nvml, bus)) = &gpu {
                    sample.extend(read_gpu(nvml, bus));
                }
                let _ = sender.try_send(sample);
            }
        };
        let thread = std::thread::Builder::new().name("monitor".into()).spawn(work);
        Self {
            samples,
            stop: Some(stop),
            // Without a thread there are no readings, and the training goes on.
            thread: thread.ok(),
        }
    }

    /// A reading that has not been fetched yet, if there is one.
    pub fn take(&self) -> Option<Sample> {
        self.samples.try_recv().ok()
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // A reading takes milliseconds; one that has panicked has nothing more to say.
            let _ = thread.join();
        }
    }
}

/// This process on the host: the cores that it keeps busy (1 is one whole core) and the memory that it holds.
struct Host {
    system: Option<(System, Pid)>,
}

impl Host {
    fn new() -> Self {
        let pid = sysinfo::get_current_pid().ok();
        let mut host = Self {
            system: System::new().ok().zip(pid),
        };
        // Processor time is told between two readings.
        host.read();
        host
    }

    fn read(&mut self) -> Sample {
        let Some((system, pid)) = &mut self.system else {
            return Vec::new();
        };
        let what = ProcessRefreshKind::nothing().with_cpu().with_memory();
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[*pid]), false, what);
        let Some(process) = system.process(*pid) else {
            return Vec::new();
        };
        vec![
            (
                MetricKey::new("system/cpu_cores"),
                f64::from(process.cpu_usage()) / 100.0,
            ),
            (MetricKey::new("system/memory_bytes"), process.memory() as f64),
        ]
    }
}

/// A GPU: the share of time with a kernel running (0 to 1), memory, power and temperature.
fn read_gpu(nvml: &Nvml, bus: &str) -> Sample {
    let Ok(device) = nvml.device_by_pci_bus_id(bus) else {
        return Vec::new();
    };
    let values = [
        (
            "system/gpu_busy",
            device.utilization_rates().ok().map(|u| f64::from(u.gpu) / 100.0),
        ),
        (
            "system/gpu_memory_bytes",
            device.memory_info().ok().map(|m| m.used as f64),
        ),
        (
            "system/gpu_watts",
            device.power_usage().ok().map(|mw| f64::from(mw) / 1000.0),
        ),
        (
            "system/gpu_celsius",
            device.temperature(TemperatureSensor::Gpu).ok().map(f64::from),
        ),
    ];
    values
        .into_iter()
        .filter_map(|(key, value)| Some((MetricKey::new(key), value?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn this_process_is_read_and_the_thread_ends_with_the_monitor() {
        let monitor = Monitor::every(Duration::from_millis(20), DeviceChoice::Cpu);
        assert_eq!(monitor.take(), None, "no reading before the first period");
        let begun = Instant::now();
        let sample = loop {
            match monitor.take() {
                Some(sample) => break sample,
                None => assert!(begun.elapsed() < Duration::from_secs(30), "no reading"),
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let value = |name: &str| {
            sample
                .iter()
                .find(|(key, _)| key.as_str() == name)
                .map(|(_, v)| *v)
        };
        assert!(
            value("system/memory_bytes").is_some_and(|v| v > 1e6),
            "{sample:?}"
        );
        assert!(value("system/cpu_cores").is_some_and(|v| v >= 0.0), "{sample:?}");
        assert!(sample.iter().all(|(key, _)| key.is_of_the_machine()));
        drop(monitor);
    }
}
