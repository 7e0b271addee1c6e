//! What there is to say about a device, for those who know no kernels: benchmarks and monitors.

use diptych_domain::DeviceChoice;

/// What this process has asked of a GPU so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceCounts {
    /// Kernels of ours.
    pub launches: u64,
    /// Convolutions given to cuDNN, which launches one to three kernels for each.
    pub convolutions: u64,
    /// Fills with zeros.
    pub fills: u64,
    /// Copies to the host, in each of which the host waits for the device.
    pub reads: u64,
    /// Sequences that were given to the driver as one graph.
    pub graphs: u64,
    /// Launches and convolutions that were given to the driver one by one.
    pub single: u64,
    /// Allocations by the driver.
    pub allocations: u64,
    /// The most bytes of device memory that were held.
    pub peak_bytes: u64,
}

/// The counts of a GPU; `None` for the CPU, which is not counted.
pub fn counts(choice: DeviceChoice) -> Option<DeviceCounts> {
    match choice {
        DeviceChoice::Auto | DeviceChoice::Cpu => None,
        DeviceChoice::Cuda(_) => gpu_counts(),
    }
}

#[cfg(feature = "cuda")]
fn gpu_counts() -> Option<DeviceCounts> {
    let c = diptych_imgops::cuda::counts();
    Some(DeviceCounts {
        launches: c.launches,
        convolutions: c.convolutions,
        fills: c.fills,
        reads: c.reads,
        graphs: c.graphs,
        single: c.single,
        allocations: c.allocations,
        peak_bytes: c.peak_bytes as u64,
    })
}

#[cfg(not(feature = "cuda"))]
fn gpu_counts() -> Option<DeviceCounts> {
    None
}

/// Where a GPU is plugged in, such as `0000:1B:00.0`: other programs count GPUs in other orders. `None` for the CPU, or where
/// the driver does not say.
pub fn bus_id(choice: DeviceChoice) -> Option<String> {
    match choice {
        DeviceChoice::Auto | DeviceChoice::Cpu => None,
        DeviceChoice::Cuda(ordinal) => gpu_bus_id(ordinal),
    }
}

#[cfg(feature = "cuda")]
fn gpu_bus_id(ordinal: usize) -> Option<String> {
    let (_, devices) = diptych_imgops::cuda::devices().ok()?;
    devices
        .into_iter()
        .nth(ordinal)
        .map(|d| d.bus)
        .filter(|bus| !bus.is_empty())
}

#[cfg(not(feature = "cuda"))]
fn gpu_bus_id(_ordinal: usize) -> Option<String> {
    None
}
