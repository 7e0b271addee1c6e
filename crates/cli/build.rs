//! Notes the commit that the binary is built from, where there is one.

use std::process::Command;

fn main() {
    let described = Command::new("git")
        .args(["describe", "--always", "--dirty", "--tags"])
        .output()
        .ok()
        .filter(|output| output.status.success())
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty());
    println!(
        "cargo::rustc-env=DIPTYCH_COMMIT={}",
        described.as_deref().unwrap_or("unknown")
    );
    // The reflog grows with every commit and checkout.
    for path in ["HEAD", "logs/HEAD"] {
        let file = Command::new("git")
            .args(["rev-parse", "--git-path", path])
            .output();
        if let Ok(text) = file.map(|o| String::from_utf8_lossy(&o.stdout).trim().to_owned())
            && !text.is_empty()
        {
            println!("cargo::rerun-if-changed={text}");
        }
    }
    println!("cargo::rerun-if-changed=build.rs");
}
