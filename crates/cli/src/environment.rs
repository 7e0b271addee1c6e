//! The machine and the program, as they are kept with a run and shown by `doctor`.

use std::path::Path;

use diptych_imgops::cpu::simd;

use crate::compute::Compute;

/// The program's version and the commit that it was built from.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("DIPTYCH_COMMIT"), ")");

/// What is kept with a run: name and value, in the order to show.
pub fn describe(compute: &Compute) -> Vec<(String, String)> {
    let command: Vec<String> = std::env::args_os()
        .map(|a| a.to_string_lossy().into_owned())
        .collect();
    let folder = std::env::current_dir()
        .map(|d| d.display().to_string())
        .unwrap_or_default();
    [
        ("command", command.join(" ")),
        ("folder", folder),
        ("host", sysinfo::System::host_name().unwrap_or_default()),
        ("os", os()),
        ("cpu", cpu_model()),
        ("cpu_features", cpu_features().join(" ")),
        ("cores", cores().to_string()),
        ("threads", compute.threads.to_string()),
        ("instructions", simd::level().to_string()),
        ("arithmetic", compute.arithmetic()),
        ("device", compute.device.to_string()),
        ("memory", memory().to_string()),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into_iter()
    .chain(crate::gpu::describe(compute.device))
    .collect()
}

/// The operating system, in words.
pub fn os() -> String {
    let name = sysinfo::System::long_os_version().unwrap_or_else(|_| std::env::consts::OS.to_owned());
    format!("{name} {}", std::env::consts::ARCH)
}

/// Logical cores that this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, Into::into)
}

/// Bytes of memory; 0 where the system does not say.
pub fn memory() -> u64 {
    sysinfo::System::new().map_or(0, |mut system| {
        system.refresh_memory();
        system.total_memory()
    })
}

/// The processor's name; empty where the system does not say.
pub fn cpu_model() -> String {
    sysinfo::System::new().map_or_else(
        |_| String::new(),
        |mut system| {
            system.refresh_cpu_list(sysinfo::CpuRefreshKind::nothing());
            system
                .cpus()
                .first()
                .map_or_else(String::new, |cpu| cpu.brand().trim().to_owned())
        },
    )
}

/// The vector instructions that the kernels make use of, where the processor has them.
pub fn cpu_features() -> Vec<&'static str> {
    #[cfg(target_arch = "x86_64")]
    let features = [
        ("avx", std::arch::is_x86_feature_detected!("avx")),
        ("avx2", std::arch::is_x86_feature_detected!("avx2")),
        ("fma", std::arch::is_x86_feature_detected!("fma")),
        ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
    ];
    #[cfg(not(target_arch = "x86_64"))]
    let features = [("neon", cfg!(target_feature = "neon"))];
    features
        .into_iter()
        .filter(|(_, there)| *there)
        .map(|(name, _)| name)
        .collect()
}

/// The disk that holds `path`: file system and free bytes.
pub fn disk(path: &Path) -> Option<(String, u64)> {
    let path = path.ancestors().find_map(|p| p.canonicalize().ok())?;
    let disks = sysinfo::Disks::new_with_refreshed_list().ok()?;
    let disk = disks
        .iter()
        .filter(|d| path.starts_with(d.mount_point()))
        .max_by_key(|d| d.mount_point().as_os_str().len())?;
    Some((
        disk.file_system().to_string_lossy().into_owned(),
        disk.available_space(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use diptych_domain::DeviceChoice;

    #[test]
    fn the_machine_is_described() {
        let compute = Compute {
            device: DeviceChoice::Cpu,
            threads: 2,
            exact: true,
            gpu: Default::default(),
        };
        let described = describe(&compute);
        let value = |key: &str| described.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str());
        assert_eq!(value("device"), Some("cpu"));
        assert_eq!(value("threads"), Some("2"));
        assert_eq!(value("arithmetic"), Some("exact"));
        assert!(value("instructions").and_then(simd::Level::named).is_some());
        assert!(value("memory").unwrap().parse::<u64>().unwrap() > 1 << 20);
        assert!(cores() >= 1);
    }
}
